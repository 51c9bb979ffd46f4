/*
 * start.h - schedulers for tests, with the defaults except where a test asks for
 * something else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_START_H
#define TESTS_SUPPORT_SCHED_START_H

#include <magpie/sched.h>

/* The defaults with this number of workers; 0 leaves the default. */
struct mag_sched_config test_sched_config(uint32_t workers);

/* Starts a scheduler.  The test fails if it does not start, or if it has another number
 * of workers. */
struct mag_sched *test_sched_start(uint32_t workers);
struct mag_sched *test_sched_start_as(const struct mag_sched_config *config);

/* The same without places for guests: what a thread from outside begins runs on the
 * workers, and so on no more threads than there are workers. */
struct mag_sched *test_sched_start_alone(uint32_t workers);

/* The same with a fork depth and a stack size; 0 leaves the default of either. */
struct mag_sched *test_sched_start_sized(uint32_t workers, uint32_t fork_depth,
                                         size_t stack_size);

/* Starts a scheduler, or returns NULL: for child processes, which assert nothing. */
struct mag_sched *test_sched_try(uint32_t workers);
/* As test_sched_try and test_sched_start_alone. */
struct mag_sched *test_sched_try_alone(uint32_t workers);
struct mag_sched *test_sched_try_as(const struct mag_sched_config *config);

/* The counters of all workers, added up; `pinned` is left out. */
struct mag_sched_counters test_sched_counters(const struct mag_sched *sched);

#endif

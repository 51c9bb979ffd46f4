/*
 * exit.h - a scheduler whose jobs end their threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_EXIT_H
#define TESTS_SUPPORT_SCHED_EXIT_H

#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/sched.h>

static struct mag_sched *sched;
static shared ran;
static shared begun;

static inline void count(struct mag_job *job)
{
    (void)job;
    (void)add(&ran, 1);
}

static inline void end_thread(struct mag_job *job)
{
    (void)job;
    (void)add(&ran, 1);
    pthread_exit(NULL);
}

static inline void start(uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.local_size = sizeof(int);
    config.spare = 0; /* what a thread waits for runs on a worker */
    set(&ran, 0);
    set(&begun, 0);
    sched = test_sched_start_as(&config);
}

static inline uint64_t ended_threads(void)
{
    return test_sched_counters(sched).ended;
}

static inline void stop(enum mag_sched_stop mode)
{
    assert_int_equal(mag_sched_stop(sched, mode, -1, NULL, NULL), 0);
}

#endif

/*
 * berths.h - schedulers with spare berths, and the work of a thread in one.
 *
 * White-box.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_BERTHS_H
#define TESTS_SUPPORT_SCHED_BERTHS_H

#include "tests/support/cmocka.h"
#include "tests/support/sched/start.h"

#include "sched/fork/join.h"
#include "sched/worker/search.h"
#include "sched/worker/worker.h"

/* Starts a scheduler that has `spare` berths besides those of its workers. */
static inline struct mag_sched *berths_start(uint32_t workers, uint32_t spare)
{
    struct mag_sched_config config = test_sched_config(workers);
    struct mag_sched *sched = NULL;

    config.spare = spare;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    return sched;
}

/* Searches once and runs what it finds, as a worker's loop does.  False: it found
 * nothing. */
static inline bool berth_run_one(struct mag_worker *worker)
{
    struct mag_fork_stack *forks = mag_worker_forks(worker);
    struct mag_work work;

    if (!mag_worker_search(worker, true, &work))
        return false;
    if (work.job != NULL)
        work.job->run(work.job);
    else
        mag_fork_stack_run(forks, &work.child, forks->slots);
    return true;
}

#endif

/*
 * jobs.h - jobs that tests post: one that counts its runs, and one that lasts as long as
 * the test wants.  (A job of fixed duration would not do: a busy machine may get nothing
 * done in that time.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_JOBS_H
#define TESTS_SUPPORT_SCHED_JOBS_H

#include "tests/support/cmocka.h"
#include "tests/support/gate.h"

#include <magpie/sched.h>

struct counted {
    struct mag_job job; /* first */
    _Atomic(uint64_t) runs;
};

static inline void counted_run(struct mag_job *job)
{
    (void)test_add(&((struct counted *)(void *)job)->runs, 1);
}

static inline struct counted counted_make(void)
{
    return (struct counted){.job = {.run = counted_run}};
}

/* A job that begins, and ends when the test lets it go. */
struct holder {
    struct mag_job job; /* first */
    struct gate gate;
    _Atomic(uint64_t) over;
};

static inline void holder_run(struct mag_job *job)
{
    struct holder *holder = (struct holder *)(void *)job;

    gate_pass(&holder->gate);
    (void)test_add(&holder->over, 1);
}

/* Occupies a worker of `sched`: the job is running when this returns. */
static inline void holder_begin(struct holder *holder, struct mag_sched *sched)
{
    *holder = (struct holder){.job = {.run = holder_run}};
    assert_int_equal(mag_sched_post(sched, &holder->job), 0);
    assert_true(gate_is_reached(&holder->gate));
}

static inline void holder_let_go(struct holder *holder)
{
    gate_open(&holder->gate);
}

#endif

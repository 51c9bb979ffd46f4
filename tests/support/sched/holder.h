/*
 * holder.h - what tests of the scheduler share: jobs that last as long as the test
 * wants, instead of for a time within which a busy machine may get nothing done.
 *
 * White-box: it looks at the phase of a scheduler.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_HOLDER_H
#define TESTS_SUPPORT_SCHED_HOLDER_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include "sched/core.h"

static inline uint64_t read_word(_Atomic(uint64_t) *word)
{
    /* acquire: what the jobs before wrote. */
    return atomic_load_explicit(word, memory_order_acquire);
}

static inline void add_one(_Atomic(uint64_t) *word)
{
    /* release: what the job wrote. */
    (void)atomic_fetch_add_explicit(word, 1, memory_order_release);
}

/* By a job: until `sched` is being stopped, and has come to `phase`. */
static inline void stay_until(struct mag_sched *sched, enum mag_phase phase)
{
    double since = test_now();

    while (mag_sched_phase(sched) < phase && !test_gives_up(since))
        test_sleep_ms(1);
}

/* A job that begins, and ends when it is let go. */
struct holder {
    struct mag_job job;
    _Atomic(uint64_t) begun, let_go, over;
};

static inline void hold(struct mag_job *job)
{
    struct holder *holder = (struct holder *)(void *)job;

    add_one(&holder->begun);
    (void)test_wait_for(&holder->let_go, 1);
    add_one(&holder->over);
}

/* Occupies a worker of `sched`: it runs when this returns. */
static inline void holder_begin(struct holder *holder, struct mag_sched *sched)
{
    *holder = (struct holder){.job = {.run = hold}};
    assert_int_equal(mag_sched_post(sched, &holder->job), 0);
    assert_true(test_wait_for(&holder->begun, 1));
}

static inline void holder_let_go(struct holder *holder)
{
    add_one(&holder->let_go);
}

#endif

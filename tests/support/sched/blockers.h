/*
 * blockers.h - jobs that block in regions until the test lets them go, and jobs that note
 * which worker runs them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_BLOCKERS_H
#define TESTS_SUPPORT_SCHED_BLOCKERS_H

#include "tests/support/cmocka.h"
#include "tests/support/gate.h"
#include "tests/support/run.h"

#include <magpie/blocking.h>
#include <pthread.h>

/* A job that blocks in a region until the test lets it go. */
struct blocker {
    struct mag_job job;
    struct gate gate;
    bool nested;
    bool ends_thread;
    uint32_t before, after;
    _Atomic(uint64_t) over;
};

static inline void blocker_run(struct mag_job *job)
{
    struct blocker *blocker = (struct blocker *)(void *)job;
    struct mag_blocking outer;
    struct mag_blocking inner;

    blocker->before = mag_sched_worker();
    mag_blocking_begin(&outer);
    if (blocker->nested)
        mag_blocking_begin(&inner);
    gate_pass(&blocker->gate);
    if (blocker->ends_thread) {
        (void)test_add(&blocker->over, 1);
        pthread_exit(NULL);
    }
    if (blocker->nested)
        mag_blocking_end(&inner);
    mag_blocking_end(&outer);
    blocker->after = mag_sched_worker();
    (void)test_add(&blocker->over, 1);
}

static inline void blocker_begin(struct mag_sched *sched, struct blocker *blocker)
{
    *blocker = (struct blocker){.job = {.run = blocker_run}};
    assert_int_equal(mag_sched_post(sched, &blocker->job), 0);
    assert_true(gate_is_reached(&blocker->gate));
}

static inline void blocker_end(struct blocker *blocker)
{
    gate_open(&blocker->gate);
    assert_true(test_wait_for(&blocker->over, 1));
}

static inline struct mag_blocking_counters blocking_counters(struct mag_sched *sched)
{
    struct mag_blocking_counters now;

    mag_blocking_counters(sched, &now);
    return now;
}

/* Waits until so many stand-ins stand. */
static inline bool blocking_stand_ins_are(struct mag_sched *sched, uint32_t wanted)
{
    double since = test_now();

    while (blocking_counters(sched).standing != wanted && !test_gives_up(since))
        test_sleep_ms(1);
    return blocking_counters(sched).standing == wanted;
}

/* A job that notes which worker runs it. */
struct noted {
    struct mag_job job;
    uint32_t worker;
    _Atomic(uint64_t) over;
};

static inline void noted_run(struct mag_job *job)
{
    struct noted *noted = (struct noted *)(void *)job;

    noted->worker = mag_sched_worker();
    (void)test_add(&noted->over, 1);
}

static inline void noted_post(struct mag_sched *sched, struct noted *noted)
{
    *noted = (struct noted){.job = {.run = noted_run}};
    assert_int_equal(mag_sched_post(sched, &noted->job), 0);
}

#endif

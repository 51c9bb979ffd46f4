/*
 * context.h - what the tests of resuming in the captured context share: two schedulers,
 * what a body sees after an await, and the things that it may await.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_CONTEXT_H
#define TESTS_SUPPORT_VTASK_CONTEXT_H

#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/probe.h"

#include <magpie/magpie.h>

enum { WORKERS = 2, RESULT = 7 };

static struct mag_sched *home, *other;

static int start_both(void **state)
{
    (void)state;
    home = test_sched_start(WORKERS);
    other = test_sched_start(1);
    return 0;
}

static int end_both(void **state)
{
    (void)state;
    mag_sched_destroy(other);
    mag_sched_destroy(home);
    return 0;
}

/* What the body has seen after the await. */
static struct {
    _Atomic(pthread_t) thread;
    struct mag_sched *sched, *after_null;
    struct mag_executor *executor;
    uint32_t worker;
} seen;

static inline void look_around(void)
{
    seen.sched = mag_sched_self();
    seen.worker = mag_sched_worker();
    seen.executor = mag_executor_current();
    /* relaxed: the end of the body's task publishes the rest. */
    atomic_store_explicit(&seen.thread, pthread_self(), memory_order_relaxed);
}

/* Whether the body resumed on the calling thread. */
static inline bool was_here(void)
{
    /* relaxed: this thread's own store, or another thread's. */
    return pthread_equal(atomic_load_explicit(&seen.thread, memory_order_relaxed),
                         pthread_self()) != 0;
}

#endif

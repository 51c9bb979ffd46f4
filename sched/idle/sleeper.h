/*
 * sleeper.h - how one worker sleeps and is woken.  Private to sched/.
 *
 * A worker resets its sleeper, announces itself (idle.h) and sleeps.  The thread that
 * claims the worker wakes it, once.  The word `woken` says whether the wake has been
 * given.  A bed is the thing that the worker sleeps in: by default the futex of the word.
 * Another bed may wait for more than the wake, such as an epoll descriptor with an
 * eventfd in it.
 *
 * Ownership
 *   [A] any thread   [I] immutable while the worker may sleep
 *
 * Edges: release end -> acquire end : what crosses
 *   woken    mag_sleeper_wake (woken) -> mag_sleeper_sleep (woken) : nothing but the wake
 *            itself
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_IDLE_SLEEPER_H
#define SCHED_IDLE_SLEEPER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mag_sleeper;

struct mag_bed {
    /* The worker.  Rests until `wake` has been called since the last rest ended, or
     * until `timeout_ns` (negative: never) has passed.  May return early. */
    void (*rest)(struct mag_sleeper *sleeper, int64_t timeout_ns);

    /* Any thread.  Ends the rest, or the next one. */
    void (*wake)(struct mag_sleeper *sleeper);
};

/* Part of the worker's own memory. */
struct mag_sleeper {
    _Atomic(uint32_t) woken;   /* [A] 1: a wake has been given to this worker */
    const struct mag_bed *bed; /* [I] NULL: the futex of `woken` */
};

static inline void mag_sleeper_init(struct mag_sleeper *sleeper)
{
    atomic_init(&sleeper->woken, 0);
    sleeper->bed = NULL;
}

/* Resets the sleeper's word, before the worker announces itself. */
static inline void mag_sleeper_reset(struct mag_sleeper *sleeper)
{
    /* relaxed: comes before the bit is set, by edge parked; and no thread wakes the
     * worker without taking the bit. */
    atomic_store_explicit(&sleeper->woken, 0, memory_order_relaxed);
}

/* Sleeps until woken or until `timeout_ns` (negative: never) has passed.  True: woken. */
bool mag_sleeper_sleep(struct mag_sleeper *sleeper, int64_t timeout_ns);

/* Gives the wake to the worker that mag_idle_claim returned. */
void mag_sleeper_wake(struct mag_sleeper *sleeper);

#endif

/*
 * state.h - the word that says whether a timer is pending, and in which wheel.
 * Private to sched/.
 *
 *              claim              settle (under the wheel's lock)
 *     NULL ────────────► STARTING ────────────► a wheel
 *      ▲                                        │
 *      └────────────────────────────────────────┘
 *         leave, under that wheel's lock: by a cancel, the clock or a stop
 *
 * The thread that makes a timer leave has taken it, and no other thread can: that is the
 * whole contract of mag_timer_cancel.  A cancel that reads STARTING counts as earlier
 * than the start.  A cancel that reads a wheel takes that wheel's lock and looks again,
 * because the timer may have fired and been started in another wheel meanwhile.
 *
 * Ownership
 *   [A] any thread; from STARTING only its starter, from a wheel only under its lock
 *
 * Edges: release end -> acquire end : what crosses
 *   settled  settle -> mag_timer_wheel : the wheel itself
 *   left     leave -> claim : the thread that took the timer no longer uses its links
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TIMER_STATE_H
#define SCHED_TIMER_STATE_H

#include <magpie/timer.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Stands in place of a wheel while the timer is being started. */
#define MAG_TIMER_STARTING ((struct mag_clock_wheel *)(uintptr_t)1)

/* Any thread.  False: the timer is pending, or being started. */
static inline bool mag_timer_claim(struct mag_timer *timer)
{
    struct mag_clock_wheel *idle = NULL;

    /* left, acquire: its fields may be written.  On failure relaxed: none is touched. */
    return atomic_compare_exchange_strong_explicit(
        &timer->wheel, &idle, MAG_TIMER_STARTING, memory_order_acquire,
        memory_order_relaxed);
}

/* The starter, under the lock of the wheel. */
static inline void mag_timer_settle(struct mag_timer *timer,
                                    struct mag_clock_wheel *wheel)
{
    /* settled, release: the wheel can be used, however the starter came to see it. */
    atomic_store_explicit(&timer->wheel, wheel, memory_order_release);
}

/* Under the lock of the wheel that the timer is in. */
static inline void mag_timer_leave(struct mag_timer *timer)
{
    /* left, release: its links have been read. */
    atomic_store_explicit(&timer->wheel, NULL, memory_order_release);
}

/* Any thread.  The wheel that the timer is in; only that wheel's lock makes the answer
 * sure.  NULL: the timer is not pending. */
static inline struct mag_clock_wheel *mag_timer_wheel(struct mag_timer *timer)
{
    /* settled, acquire: the wheel may be used. */
    struct mag_clock_wheel *wheel =
        atomic_load_explicit(&timer->wheel, memory_order_acquire);

    return wheel != MAG_TIMER_STARTING ? wheel : NULL;
}

/* Under the lock of `wheel`: whether the timer is in `wheel`. */
static inline bool mag_timer_is_in(struct mag_timer *timer,
                                   const struct mag_clock_wheel *wheel)
{
    /* relaxed: the lock orders all changes to and from this value. */
    return atomic_load_explicit(&timer->wheel, memory_order_relaxed) == wheel;
}

#endif

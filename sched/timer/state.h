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
 * Who makes a timer leave has taken it, and nobody else can: that is the whole contract
 * of mag_timer_cancel.  A cancel that reads STARTING stands before the start in time.
 * One that reads a wheel takes that wheel's lock and looks again, because the timer may
 * have fired and been started elsewhere meanwhile.
 *
 * Ownership
 *   [A] any thread; from STARTING only its starter, from a wheel only under its lock
 *
 * Edges: release end -> acquire end : what crosses
 *   settled  settle -> mag_timer_wheel : the wheel itself
 *   left     leave -> claim : that who took the timer has let go of its links
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TIMER_STATE_H
#define SCHED_TIMER_STATE_H

#include <magpie/timer.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Stands for a wheel while the timer is being started. */
#define MAG_TIMER_STARTING ((struct mag_clock_wheel *)(uintptr_t)1)

/* Any thread.  False: it is pending, or being started. */
static inline bool mag_timer_claim(struct mag_timer *timer)
{
    struct mag_clock_wheel *idle = NULL;

    /* left, acquire: its fields may be written.  On failure relaxed: nothing is. */
    return atomic_compare_exchange_strong_explicit(
        &timer->wheel, &idle, MAG_TIMER_STARTING, memory_order_acquire,
        memory_order_relaxed);
}

/* The starter, under the lock of the wheel. */
static inline void mag_timer_settle(struct mag_timer *timer,
                                    struct mag_clock_wheel *wheel)
{
    /* settled, release: the wheel is there, whatever made the starter see it. */
    atomic_store_explicit(&timer->wheel, wheel, memory_order_release);
}

/* Under the lock of the wheel it is in. */
static inline void mag_timer_leave(struct mag_timer *timer)
{
    /* left, release: its links have been read. */
    atomic_store_explicit(&timer->wheel, NULL, memory_order_release);
}

/* Any thread.  The wheel that the timer is in, until that wheel's lock says otherwise;
 * NULL: it is not pending. */
static inline struct mag_clock_wheel *mag_timer_wheel(struct mag_timer *timer)
{
    /* settled, acquire: the wheel may be used. */
    struct mag_clock_wheel *wheel =
        atomic_load_explicit(&timer->wheel, memory_order_acquire);

    return wheel != MAG_TIMER_STARTING ? wheel : NULL;
}

/* Under the lock of `wheel`. */
static inline bool mag_timer_is_in(struct mag_timer *timer,
                                   const struct mag_clock_wheel *wheel)
{
    /* relaxed: the lock orders all changes to and from this value. */
    return atomic_load_explicit(&timer->wheel, memory_order_relaxed) == wheel;
}

#endif

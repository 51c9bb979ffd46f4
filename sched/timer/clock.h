/*
 * clock.h - the wheels of a scheduler and the thread that watches them.  Private to
 * sched/.
 *
 * Timers are spread over several wheels, each with a lock of its own; the thread that
 * starts a timer decides the wheel.  One thread, started by the first timer, sleeps until
 * the earliest timer is due.
 *
 * Why the clock never sleeps too long.  Starter and clock are Dekker's two sides:
 *
 *     starter                              clock
 *     (1) wheel's `next` <- its tick       (3) `until` <- when it means to wake
 *     (2) read `until`                     (4) read the wheels' `next`, sleep if none
 *                                              is earlier
 *
 * All four are seq_cst.  So either the starter sees at (2) that the clock would sleep too
 * long, and wakes it, or the clock sees the timer at (4).  While the clock is awake,
 * `until` is 0.  A cancel leaves `next` and `until` as they are: the clock wakes once in
 * vain, and timers started until then find it waking early enough.
 *
 * Ownership
 *   [I] immutable once the workers run   [A] any thread   [W] under the wheel's lock
 *   [M] under the mutex
 *
 * Edges: release end -> acquire end : what crosses
 *   ready    mag_clock_ensure (ready) -> mag_clock_ensure (ready) : the thread exists
 *   alarm    mag_clock_alarm (wake) -> the clock : nothing but the wake itself
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TIMER_CLOCK_H
#define SCHED_TIMER_CLOCK_H

#include "base/os.h"
#include "base/spin.h"
#include "sched/timer/wheel.h"

#include <magpie/sched.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The most wheels of a clock; 4 KiB each. */
enum { MAG_CLOCK_WHEELS_MAX = 16 };

struct mag_clock_wheel {
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) next; /* [A] written under the lock */
    struct mag_spin lock;                            /* [A] */
    bool orphan; /* [I] in the child of a fork(): the lock and the lists are void */
    struct mag_wheel wheel; /* [W] */
};

struct mag_clock {
    struct mag_clock_wheel *wheels; /* [I] */
    uint32_t count;                 /* [I] */
    struct mag_sched *sched;        /* [I] */

    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) until; /* [A] tick; 0: awake */
    _Atomic(uint32_t) wake;                           /* [A] counts the alarms */
    _Atomic(bool) ready;                              /* [A] the thread exists */
    _Atomic(bool) stopping;                           /* [A] */
    pthread_mutex_t mutex;
    pthread_t thread; /* [M] */
    bool started;     /* [M] `thread` must be joined */
    bool ended;       /* [M] no thread is started any more */
};

/* The clock of a scheduler with so many workers; NULL: no memory. */
struct mag_clock *mag_clock_make(struct mag_sched *sched, uint32_t workers);

/* Frees a clock that has ended.  NULL is allowed. */
void mag_clock_free(struct mag_clock *clock);

/* Makes sure that the thread runs.  0, -EAGAIN or -ESHUTDOWN. */
int mag_clock_ensure(struct mag_clock *clock);

/* Ends the thread; pending timers stay pending.  By the thread that stops the scheduler,
 * at most until a time of mag_os_now_ns.  False: the time is over, and the caller tries
 * again later. */
bool mag_clock_end(struct mag_clock *clock, int64_t until_ns);

/* After the end of the thread: takes a pending timer out of a wheel; NULL: there is
 * none. */
struct mag_timer *mag_clock_take_any(struct mag_clock *clock);

/* In the child of a fork(), where the thread is gone and the locks are void. */
void mag_clock_orphan(struct mag_clock *clock);

/* Wakes the clock. */
MAG_COLD void mag_clock_alarm(struct mag_clock *clock);

/* Under the wheel's lock: a timer wants the clock to look at the wheel by `tick`. */
static inline void mag_clock_hurry(struct mag_clock_wheel *wheel, uint64_t tick)
{
    /* relaxed: written under the lock. */
    if (tick < atomic_load_explicit(&wheel->next, memory_order_relaxed)) {
        /* (1), seq_cst: before (2). */
        atomic_store_explicit(&wheel->next, tick, memory_order_seq_cst);
    }
}

/* After mag_clock_hurry: whether the clock would sleep beyond `tick`.  If so, the caller
 * must wake it. */
static inline bool mag_clock_oversleeps(struct mag_clock *clock, uint64_t tick)
{
    /* (2), seq_cst: after (1). */
    uint64_t until = atomic_load_explicit(&clock->until, memory_order_seq_cst);

    while (tick < until) {
        /* (2), seq_cst, both: as above; of several starters at once only one wakes the
         * clock. */
        if (atomic_compare_exchange_weak_explicit(
                &clock->until, &until, tick, memory_order_seq_cst, memory_order_seq_cst))
            return true;
    }
    return false;
}

/* The clock's thread.  Returns the wheel to look at first, and when; `*ret_second` is
 * when the next of the other wheels wants to be looked at. */
static inline uint32_t mag_clock_first(struct mag_clock *clock, uint64_t *ret_tick,
                                       uint64_t *ret_second)
{
    uint32_t first = 0;

    *ret_tick = MAG_WHEEL_NEVER;
    *ret_second = MAG_WHEEL_NEVER;
    for (uint32_t i = 0; i < clock->count; i++) {
        /* (4), seq_cst: after (3). */
        uint64_t next =
            atomic_load_explicit(&clock->wheels[i].next, memory_order_seq_cst);

        if (next < *ret_tick) {
            *ret_second = *ret_tick;
            *ret_tick = next;
            first = i;
        } else if (next < *ret_second) {
            *ret_second = next;
        }
    }
    return first;
}

/* The clock's thread.  Announces that it is going to sleep until `tick`.  False: a wheel
 * wants to be looked at earlier. */
static inline bool mag_clock_announce(struct mag_clock *clock, uint64_t tick)
{
    uint64_t next;
    uint64_t second;

    /* (3), seq_cst: before (4). */
    atomic_store_explicit(&clock->until, tick, memory_order_seq_cst);
    (void)mag_clock_first(clock, &next, &second);
    return next >= tick;
}

/* The clock's thread is awake again. */
static inline void mag_clock_awake(struct mag_clock *clock)
{
    /* relaxed: only spares starters a wake; (3) and (4) come before the clock sleeps
     * again. */
    atomic_store_explicit(&clock->until, 0, memory_order_relaxed);
}

#endif

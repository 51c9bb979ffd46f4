/*
 * wheel.h - pending timers, by the tick at which they are due: a hierarchical timing
 * wheel.  Private to sched/; plain data: its user brings a lock.
 *
 * After G. Varghese and A. Lauck, "Hashed and hierarchical timing wheels", 1987, scheme
 * 7.  Level l has 64 slots of 64^l ticks.  A timer is on the level of the highest 6-bit
 * digit in which its tick differs from the wheel's present, in the slot of that digit.
 * Two things follow:
 *
 *   - every occupied slot lies ahead of the present on its level; no slot wraps around;
 *   - all timers of a level are due before any timer of the levels above it: the next
 *     slot is the first occupied slot of the lowest occupied level.
 *
 * Moving the present to the beginning of that slot keeps both true once the slot is
 * emptied: due timers are taken, and the others move to lower levels, each timer at most
 * once a level.  A slot is emptied in several steps (`moving`), so that no thread holds
 * the lock for long.  Until the slot is empty the present stands still, and no timer is
 * added to that slot.
 *
 * Costs: add and remove O(1); a timer is moved at most 7 times in all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TIMER_WHEEL_H
#define SCHED_TIMER_WHEEL_H

#include <magpie/timer.h>

#include <stdint.h>

enum {
    MAG_WHEEL_BITS = 6,
    MAG_WHEEL_SLOTS = 1 << MAG_WHEEL_BITS,
    MAG_WHEEL_LEVELS = 8, /* 48 bits: enough for 63 bits of nanoseconds */
    MAG_WHEEL_DUE = MAG_WHEEL_LEVELS * MAG_WHEEL_SLOTS, /* the place of late timers */
    MAG_WHEEL_PLACES
};

/* The tick of a wheel without pending timers. */
#define MAG_WHEEL_NEVER UINT64_MAX

/* Each list is linked by `next`, NULL last; the first one's `prev` is the last one. */
struct mag_wheel {
    uint64_t present;                    /* all ticks up to this one have been emptied */
    uint32_t moving;                     /* the place being emptied, or MAG_WHEEL_DUE */
    uint64_t occupied[MAG_WHEEL_LEVELS]; /* by level, a bit for each slot */
    struct mag_timer *first[MAG_WHEEL_PLACES];
};

/* The tick of a deadline, rounded up; and the tick of the present, rounded down. */
static inline uint64_t mag_wheel_tick_of(int64_t deadline_ns)
{
    uint64_t ns = deadline_ns > 0 ? (uint64_t)deadline_ns : 0;

    return (ns + (uint64_t)MAG_TIMER_TICK_NS - 1) / (uint64_t)MAG_TIMER_TICK_NS;
}

static inline uint64_t mag_wheel_tick_at(int64_t now_ns)
{
    return (uint64_t)now_ns / (uint64_t)MAG_TIMER_TICK_NS;
}

void mag_wheel_init(struct mag_wheel *wheel);

/* When the clock must look at the wheel: at the beginning of the wheel's next slot, at
 * the present if a timer is late, or MAG_WHEEL_NEVER. */
uint64_t mag_wheel_next(const struct mag_wheel *wheel);

/* Adds a timer, by its `tick`.  Returns when the clock must look at the wheel for it. */
uint64_t mag_wheel_add(struct mag_wheel *wheel, struct mag_timer *timer);

void mag_wheel_remove(struct mag_wheel *wheel, struct mag_timer *timer);

/* Moves the present ahead to `now`, but not past an occupied slot. */
void mag_wheel_advance(struct mag_wheel *wheel, uint64_t now);

/* Takes a timer that is due at `now`; NULL: there is none, or `*budget` moves were used
 * up first. */
struct mag_timer *mag_wheel_take(struct mag_wheel *wheel, uint64_t now, uint32_t *budget);

/* Takes any timer, for a caller that drops them all; NULL: the wheel is empty. */
struct mag_timer *mag_wheel_take_any(struct mag_wheel *wheel);

#endif

/*
 * wheel.h - pending timers, by the tick at which they are due: a hierarchical timing
 * wheel.  Private to sched/; plain data, whoever shares it brings a lock.
 *
 * After G. Varghese and A. Lauck, "Hashed and hierarchical timing wheels", 1987: their
 * scheme 7.
 * Level l has 64 slots of 64^l ticks.  A timer stands on the level of the highest 6-bit
 * digit in which its tick differs from the wheel's present, in the slot of that digit; so
 *
 *   - every occupied slot lies ahead of the present on its level, none wraps around;
 *   - all of a level is due before anything of the levels above it: the next slot is the
 *     first of the lowest level that has one.
 *
 * Moving the present to the begin of that slot keeps both true when the slot is emptied:
 * what is due is taken, the rest goes to lower levels, each timer at most once a level.
 * A slot is emptied by and by (`moving`), so that nobody holds the lock for long; until
 * it is empty the present stands still, and no timer is added to that slot.
 *
 * Costs: add and remove O(1); over its life a timer is moved at most 7 times.
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
    MAG_WHEEL_LEVELS = 8, /* 48 bits: all that 63 bits of nanoseconds make */
    MAG_WHEEL_DUE = MAG_WHEEL_LEVELS * MAG_WHEEL_SLOTS, /* the place of what is late */
    MAG_WHEEL_PLACES
};

/* Nothing is pending. */
#define MAG_WHEEL_NEVER UINT64_MAX

/* Each list is linked by `next`, NULL last; the first one's `prev` is the last one. */
struct mag_wheel {
    uint64_t present;                    /* ticks up to here have been emptied */
    uint32_t moving;                     /* the place being emptied, or MAG_WHEEL_DUE */
    uint64_t occupied[MAG_WHEEL_LEVELS]; /* by level, a bit for each slot */
    struct mag_timer *first[MAG_WHEEL_PLACES];
};

/* The tick of a deadline, rounded up; and of the present, rounded down. */
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

/* When the wheel must be looked at: the begin of its next slot, the present if something
 * is late, or MAG_WHEEL_NEVER. */
uint64_t mag_wheel_next(const struct mag_wheel *wheel);

/* Adds a timer, by its `tick`.  Returns when it wants the wheel to be looked at. */
uint64_t mag_wheel_add(struct mag_wheel *wheel, struct mag_timer *timer);

void mag_wheel_remove(struct mag_wheel *wheel, struct mag_timer *timer);

/* Moves the present ahead to `now`, as far as no slot is passed. */
void mag_wheel_advance(struct mag_wheel *wheel, uint64_t now);

/* Takes a timer that is due at `now`; NULL: there is none, or `*budget` moves were made
 * first. */
struct mag_timer *mag_wheel_take(struct mag_wheel *wheel, uint64_t now, uint32_t *budget);

/* Takes any timer, for who drops them all; NULL: the wheel is empty. */
struct mag_timer *mag_wheel_take_any(struct mag_wheel *wheel);

#endif

/*
 * times.h - where a worker's time goes: how long it has run jobs, searched, slept, and
 * waited inside jobs.  Private to sched/.
 *
 * One word for each state holds the nanoseconds spent in it, so that a reader needs a
 * single load.  While the worker is in a state, its word says so, and holds the sum minus
 * the time at which the worker entered the state: a reader adds the present time.
 *
 * A worker reads the clock first and changes its words then.  A reader that comes between
 * the two adds a little too much.  So readers also keep the greatest sum that any of them
 * has returned, and return no less: a time never goes back.
 *
 * The clock is read where a worker begins to wait or has waited, and nowhere else: a
 * worker that always has work never reads it.  So what a worker does between two waits
 * counts as running: jobs, and searches that find work at the first look.
 *
 * Ownership
 *   [W] the worker itself, plain
 *   [C] written by the worker, read by any thread: atomic, relaxed
 *   [A] readers
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TRACE_TIMES_H
#define SCHED_TRACE_TIMES_H

#include <magpie/detail/base.h>

#include <stdatomic.h>
#include <stdint.h>

enum mag_time {
    MAG_TIME_NONE, /* no thread sits here, or one that has not waited yet */
    MAG_TIME_RUN,
    MAG_TIME_SEARCH,
    MAG_TIME_PARK,
    MAG_TIME_BLOCKED, /* inside a job */
    MAG_TIMES,
};

struct mag_times {
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) words[MAG_TIMES]; /* [C] */
    uint32_t state;                                              /* [W] enum mag_time */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) shown[MAG_TIMES]; /* [A] */
};

/* The lowest bit of the word of the state that the worker is in. */
#define MAG_TIME_HERE ((uint64_t)1)

static inline void mag_times_init(struct mag_times *times)
{
    for (uint32_t i = 0; i < MAG_TIMES; i++) {
        atomic_init(&times->words[i], 0);
        atomic_init(&times->shown[i], 0);
    }
    times->state = MAG_TIME_NONE;
}

/* Adds `ns`, which may be negative, to the sum in a word. */
static inline void mag_times_add(_Atomic(uint64_t) *word, int64_t ns, uint64_t here)
{
    /* relaxed, both: there is one writer, and each word means something by itself. */
    uint64_t sum = atomic_load_explicit(word, memory_order_relaxed) & ~MAG_TIME_HERE;
    /* relaxed: as above. */
    atomic_store_explicit(word, (sum + (uint64_t)ns * 2) | here, memory_order_relaxed);
}

/* The worker changes its state at `now_ns`. */
static inline void mag_times_enter(struct mag_times *times, enum mag_time state,
                                   int64_t now_ns)
{
    if (times->state == (uint32_t)state)
        return;
    if (times->state != MAG_TIME_NONE)
        mag_times_add(&times->words[times->state], now_ns, 0);
    if (state != MAG_TIME_NONE)
        mag_times_add(&times->words[state], -now_ns, MAG_TIME_HERE);
    times->state = (uint32_t)state;
}

/* Any thread: one word, to be passed to mag_times_sum. */
static inline uint64_t mag_times_read(struct mag_times *times, enum mag_time state)
{
    /* relaxed: a value of the moment; the caller reads the clock afterwards. */
    return atomic_load_explicit(&times->words[state], memory_order_relaxed);
}

/* The nanoseconds that a word means at `now_ns`. */
static inline uint64_t mag_times_sum(uint64_t word, int64_t now_ns)
{
    uint64_t doubled = word & ~MAG_TIME_HERE;

    if (word & MAG_TIME_HERE)
        doubled += (uint64_t)now_ns * 2;
    /* Two processors may disagree a little about the time. */
    return (int64_t)doubled < 0 ? 0 : doubled / 2;
}

/* Any reader: what to return of this sum, so that no reading is less than one before. */
static inline uint64_t mag_times_show(struct mag_times *times, enum mag_time state,
                                      uint64_t sum)
{
    _Atomic(uint64_t) *shown = &times->shown[state];
    /* relaxed, all: the word orders its own values, and nothing else depends on it. */
    uint64_t most = atomic_load_explicit(shown, memory_order_relaxed);

    /* relaxed, both: as above. */
    while (most < sum &&
           !atomic_compare_exchange_weak_explicit(shown, &most, sum, memory_order_relaxed,
                                                  memory_order_relaxed)) {
        /* `most` is what another reader has returned. */
    }
    return most < sum ? sum : most;
}

#endif

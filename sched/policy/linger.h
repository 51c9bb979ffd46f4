/*
 * linger.h - how long an idle worker searches before it parks, and how many may search at
 * once.  Private to sched/.  Pure functions of values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_LINGER_H
#define SCHED_POLICY_LINGER_H

#include <stdbool.h>
#include <stdint.h>

/* The most pauses of the processor between two searches. */
enum { MAG_LINGER_PAUSES_MAX = 64 };

/* For how long a worker that may not search stays awake, about as long as it takes to
 * fall asleep and to be woken. */
enum { MAG_LINGER_STAND_BY_NS = 2000 };

/* Whether one more worker may search: at most half of the awake workers, but always
 * one. */
static inline bool mag_linger_may_search(uint32_t searching, uint32_t awake)
{
    return searching == 0 || 2 * searching < awake;
}

/* When a worker that begins to search now has to stop, in nanoseconds. */
static inline int64_t mag_linger_until(int64_t now_ns, uint32_t spin_us)
{
    return now_ns + (int64_t)spin_us * 1000;
}

/* The next time budget for searching, between 1 and `most_us`: doubled if the last search
 * found work, else halved. */
static inline uint32_t mag_linger_budget(uint32_t spin_us, uint32_t most_us, bool found)
{
    if (found)
        return spin_us * 2 < most_us ? spin_us * 2 : most_us;
    return spin_us / 2 != 0 ? spin_us / 2 : 1;
}

/* How many pauses to make before the next search.  `last`: how many were made before the
 * last one, or 0. */
static inline uint32_t mag_linger_pauses(uint32_t last)
{
    if (last == 0)
        return 1;
    return last < MAG_LINGER_PAUSES_MAX ? last * 2 : last;
}

#endif

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

/* Pauses of the processor between two searches, at most. */
enum { MAG_LINGER_PAUSES_MAX = 64 };

/* At most half of the workers that are awake search, but always one may. */
static inline bool mag_linger_may_search(uint32_t searching, uint32_t awake)
{
    return searching == 0 || 2 * searching < awake;
}

/* The time at which a worker that begins to search now stops, in nanoseconds. */
static inline int64_t mag_linger_until(int64_t now_ns, uint32_t spin_us)
{
    return now_ns + (int64_t)spin_us * 1000;
}

/* The next budget for searching, at most `most_us`, at least 1: doubled if the last one
 * has paid, else halved. */
static inline uint32_t mag_linger_budget(uint32_t spin_us, uint32_t most_us, bool found)
{
    if (found)
        return spin_us * 2 < most_us ? spin_us * 2 : most_us;
    return spin_us / 2 != 0 ? spin_us / 2 : 1;
}

/* How often to pause between the next two searches; `last`: between the last two, 0
 * before the first. */
static inline uint32_t mag_linger_pauses(uint32_t last)
{
    if (last == 0)
        return 1;
    return last < MAG_LINGER_PAUSES_MAX ? last * 2 : last;
}

#endif

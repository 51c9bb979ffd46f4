/*
 * limit.h - counting submissions up to a limit, and those that wait for room.  Private to
 * sched/.
 *
 * One word has both counts: how many places are taken, and how many wait for one.  A
 * submitter swaps the word: one place more is taken if one is free, else one more waits.
 * A thread that makes room swaps it: one place fewer is taken if nobody waits.  Both look
 * at one word, so one of them sees the other.
 *
 * A place that becomes free while somebody waits is not given back, but handed to the
 * oldest waiter.  So while somebody waits all places are taken, and nobody overtakes.
 *
 * Ownership
 *   [A] any thread   [L] under the limit's lock
 *
 * Edges: none.  A place is a number.  What waiters hold crosses by the lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SUBMIT_LIMIT_H
#define SCHED_SUBMIT_LIMIT_H

#include <magpie/submit_limit.h>

#include <stdatomic.h>

/* The counts in the word. */
#define MAG_LIMIT_TAKEN ((uint64_t)1)
#define MAG_LIMIT_QUEUE ((uint64_t)1 << 32)

static inline uint32_t mag_limit_taken(uint64_t state)
{
    return (uint32_t)state;
}

static inline uint32_t mag_limit_queue(uint64_t state)
{
    return (uint32_t)(state / MAG_LIMIT_QUEUE);
}

/* Takes a place.  False: there is none, or somebody waits for one. */
bool mag_limit_try(struct mag_submit_limit *limit);

/* Takes a place (true), or puts the waiter behind the others. */
bool mag_limit_enter(struct mag_submit_limit *limit, struct mag_limit_waiter *waiter);

/* Gives a place back, or hands it to whoever waits. */
void mag_limit_leave_slow(struct mag_submit_limit *limit);

static inline void mag_limit_leave(struct mag_submit_limit *limit)
{
    if (MAG_UNLIKELY(limit != NULL))
        mag_limit_leave_slow(limit);
}

#endif

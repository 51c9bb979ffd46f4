/*
 * hand.h - the jobs a worker holds in its hand: the one it posted last, and the few it
 * has claimed from its ring.  Private to sched/.
 *
 * A read-modify-write costs as much as a small job, so the owner must not pay one per
 * job.  The owner claims jobs from the ring in batches.  It takes jobs from the batch,
 * and from its LIFO slot, under a lock that is cheap for its owner (owner_lock.h).
 * Thieves can still reach all of these jobs: a thief that found nothing elsewhere revokes
 * the lock.
 *
 * Ownership
 *   [B] under `lock`   [P] written under `lock`, read by any thread as a hint
 *
 * Invariant: claimed[0 .. waiting) are the jobs that are claimed but not yet taken, the
 * oldest one last.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_QUEUE_HAND_H
#define SCHED_QUEUE_HAND_H

#include "sched/queue/owner_lock.h"
#include "sched/queue/runq.h"

#include <magpie/sched.h>

enum { MAG_HAND_SIZE = 16 };

struct mag_hand {
    struct mag_owner_lock lock;
    _Atomic(struct mag_job *) lifo;         /* [P] posted last, or NULL */
    _Atomic(uint32_t) waiting;              /* [P] */
    uint32_t lifo_runs;                     /* owner only: runs from the slot in a row */
    struct mag_job *claimed[MAG_HAND_SIZE]; /* [B] */
};

void mag_hand_init(struct mag_hand *hand, bool fenced);

/* Any thread.  Whether the hand has waiting jobs besides the LIFO slot's; a hint. */
static inline bool mag_hand_waiting(struct mag_hand *hand)
{
    /* relaxed: a hint; the watcher looks again (idle.h). */
    return atomic_load_explicit(&hand->waiting, memory_order_relaxed) != 0;
}

/* Inside the lock, owner only.  Returns the job that was in the LIFO slot before, or
 * NULL. */
static inline struct mag_job *mag_hand_swap_lifo(struct mag_hand *hand,
                                                 struct mag_job *job)
{
    /* relaxed, both: ordered by the lock. */
    struct mag_job *before = atomic_load_explicit(&hand->lifo, memory_order_relaxed);
    /* relaxed: as above; other threads read it as a hint. */
    atomic_store_explicit(&hand->lifo, job, memory_order_relaxed);
    return before;
}

/*
 * Owner only.  Puts a job into the LIFO slot.
 *
 *   Returns    the job that was there before, or NULL
 */
static inline struct mag_job *mag_hand_post(struct mag_hand *hand, struct mag_job *job)
{
    bool fast = mag_owner_lock_enter(&hand->lock);
    struct mag_job *before = mag_hand_swap_lifo(hand, job);

    mag_owner_lock_leave(&hand->lock, fast);
    return before;
}

/* Owner only.  The usual case of mag_hand_post.  False: nothing has changed. */
static inline bool mag_hand_try_post(struct mag_hand *hand, struct mag_job *job,
                                     struct mag_job **ret_before)
{
    if (MAG_UNLIKELY(!mag_owner_lock_try_enter(&hand->lock)))
        return false;
    *ret_before = mag_hand_swap_lifo(hand, job);
    mag_owner_lock_leave_fast(&hand->lock);
    return true;
}

/* Inside the lock: the LIFO slot's job, or NULL. */
static inline struct mag_job *mag_hand_take_lifo(struct mag_hand *hand)
{
    /* relaxed: ordered by the lock. */
    struct mag_job *job = atomic_load_explicit(&hand->lifo, memory_order_relaxed);

    if (job != NULL) {
        /* relaxed: as above. */
        atomic_store_explicit(&hand->lifo, NULL, memory_order_relaxed);
    }
    return job;
}

/* Inside the lock: the oldest claimed job, or NULL. */
static inline struct mag_job *mag_hand_take_claimed(struct mag_hand *hand)
{
    /* relaxed, both: ordered by the lock; other threads read it as a hint. */
    uint32_t waiting = atomic_load_explicit(&hand->waiting, memory_order_relaxed);

    if (waiting == 0)
        return NULL;
    /* relaxed: as above. */
    atomic_store_explicit(&hand->waiting, waiting - 1, memory_order_relaxed);
    struct mag_job *job = hand->claimed[waiting - 1];

    /* So that callers do not compare it with NULL once more. */
    if (job == NULL)
        __builtin_unreachable();
    return job;
}

/* Inside the lock, owner only: the job in the LIFO slot if it is the slot's turn, or the
 * oldest claimed one, or NULL. */
static inline struct mag_job *mag_hand_take_held(struct mag_hand *hand)
{
    struct mag_job *job = NULL;

    if (hand->lifo_runs < MAG_SCHED_LIFO_RUNS)
        job = mag_hand_take_lifo(hand);
    if (job != NULL) {
        hand->lifo_runs++;
        return job;
    }
    job = mag_hand_take_claimed(hand);
    if (job != NULL)
        hand->lifo_runs = 0;
    return job;
}

/* Owner only, outside of the lock: the LIFO slot has used its turns, and no other job
 * waits in hand and ring.  (Only the owner adds jobs.) */
static inline bool mag_hand_is_used_up(struct mag_hand *hand, struct mag_runq *ring)
{
    return hand->lifo_runs == MAG_SCHED_LIFO_RUNS && !mag_hand_waiting(hand) &&
           mag_runq_length(ring) == 0;
}

/*
 * Owner only.  The usual case of mag_hand_take.
 *
 *   Returns    NULL: there is more to do, by mag_hand_take; nothing has changed
 */
static inline struct mag_job *mag_hand_try_take(struct mag_hand *hand)
{
    if (MAG_UNLIKELY(!mag_owner_lock_try_enter(&hand->lock)))
        return NULL;
    struct mag_job *job = mag_hand_take_held(hand);
    mag_owner_lock_leave_fast(&hand->lock);
    return job;
}

/* Owner only, if mag_hand_is_used_up: it is the LIFO slot's turn again. */
static inline void mag_hand_begin_again(struct mag_hand *hand)
{
    hand->lifo_runs = 0;
}

/*
 * Owner only.  The next job to run: the one in the LIFO slot, until MAG_SCHED_LIFO_RUNS
 * jobs in a row came from the slot; then the oldest job of hand and ring; then the slot's
 * again.
 *
 *   Returns    NULL: hand and ring are empty and it is not the slot's turn; the caller
 *              searches elsewhere, and calls again
 */
struct mag_job *mag_hand_take(struct mag_hand *hand, struct mag_runq *ring);

/* Any thread.  The job in the LIFO slot; only for comparing with a later call's
 * result. */
static inline const struct mag_job *mag_hand_peek_lifo(struct mag_hand *hand)
{
    /* relaxed: the pointer is never dereferenced. */
    return atomic_load_explicit(&hand->lifo, memory_order_relaxed);
}

/*
 * Any thread but the owner.  Takes the oldest waiting job out of the hand; if there is
 * none and `and_lifo` is set, the LIFO slot's.
 *
 *   Returns    NULL: there is no such job, or the owner or another thief was inside
 */
struct mag_job *mag_hand_steal(struct mag_hand *hand, bool and_lifo);

#endif

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
 * Invariant: claimed[next .. end) are the jobs that are claimed but not yet taken.
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
    _Atomic(uint32_t) waiting;              /* [P] end - next */
    uint32_t next;                          /* [B] */
    uint32_t end;                           /* [B] */
    uint32_t lifo_runs;                     /* owner only: runs from the slot in a row */
    bool fenced;                            /* [I] see asym.h */
    struct mag_job *claimed[MAG_HAND_SIZE]; /* [B] */
};

void mag_hand_init(struct mag_hand *hand, bool fenced);

/*
 * Owner only.  Puts a job into the LIFO slot.
 *
 *   Returns    the job that was there before, or NULL
 */
static inline struct mag_job *mag_hand_post(struct mag_hand *hand, struct mag_job *job)
{
    bool fast = mag_owner_lock_enter(&hand->lock, hand->fenced);
    /* relaxed, both: ordered by the lock. */
    struct mag_job *before = atomic_load_explicit(&hand->lifo, memory_order_relaxed);
    /* relaxed: as above; other threads read it as a hint. */
    atomic_store_explicit(&hand->lifo, job, memory_order_relaxed);
    mag_owner_lock_leave(&hand->lock, fast);
    return before;
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

/* Inside the lock, owner only: the oldest claimed job, claiming more if there is none; or
 * NULL.  Allows MAG_SCHED_LIFO_RUNS runs from the LIFO slot again. */
struct mag_job *mag_hand_take_oldest(struct mag_hand *hand, struct mag_runq *ring);

/*
 * Owner only.  The next job to run: the one in the LIFO slot, until MAG_SCHED_LIFO_RUNS
 * jobs in a row came from the slot; then the oldest job of hand and ring; then the slot's
 * again.
 *
 *   Returns    NULL: hand and ring are empty and it is not the slot's turn; the caller
 *              searches elsewhere, and calls again
 */
static inline struct mag_job *mag_hand_take(struct mag_hand *hand, struct mag_runq *ring)
{
    bool fast = mag_owner_lock_enter(&hand->lock, hand->fenced);
    struct mag_job *job = NULL;

    if (hand->lifo_runs < MAG_SCHED_LIFO_RUNS)
        job = mag_hand_take_lifo(hand);
    if (job != NULL)
        hand->lifo_runs++;
    else
        job = mag_hand_take_oldest(hand, ring);
    mag_owner_lock_leave(&hand->lock, fast);
    return job;
}

/* Any thread.  Whether the hand has waiting jobs besides the LIFO slot's; a hint. */
static inline bool mag_hand_waiting(struct mag_hand *hand)
{
    /* relaxed: a hint; the watcher looks again (idle.h). */
    return atomic_load_explicit(&hand->waiting, memory_order_relaxed) != 0;
}

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

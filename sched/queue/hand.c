/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/queue/hand.h"

void mag_hand_init(struct mag_hand *hand, bool fenced)
{
    mag_owner_lock_init(&hand->lock, fenced);
    atomic_init(&hand->lifo, NULL);
    atomic_init(&hand->waiting, 0);
    hand->lifo_runs = 0;
}

/* Inside the lock, owner only, with no claimed job left.  Tries again when thieves win
 * the race for the ring.  Each lost race is a thief's success, so this ends. */
static struct mag_job *claim_more(struct mag_hand *hand, struct mag_runq *ring)
{
    enum mag_runq_claim claim;
    uint32_t count = 0;

    do {
        claim = mag_runq_claim_so(ring, hand->claimed, MAG_HAND_SIZE, true, &count);
    } while (claim == MAG_RUNQ_LOST);
    if (count == 0)
        return NULL;
    /* relaxed: as in mag_hand_take_claimed. */
    atomic_store_explicit(&hand->waiting, count - 1, memory_order_relaxed);
    return hand->claimed[count - 1];
}

/* The two ways of mag_hand_take that do more are functions of their own, called last, so
 * that the others need no stack. */
static MAG_NOINLINE struct mag_job *claim_and_leave(struct mag_hand *hand,
                                                    struct mag_runq *ring, bool fast)
{
    hand->lifo_runs = 0;
    struct mag_job *job = claim_more(hand, ring);
    mag_owner_lock_leave(&hand->lock, fast);
    return job;
}

/* A thief is in the hand, or owners must fence. */
static MAG_COLD struct mag_job *take_slowly(struct mag_hand *hand, struct mag_runq *ring)
{
    bool fast = mag_owner_lock_enter(&hand->lock);
    struct mag_job *job = mag_hand_take_held(hand);

    if (job == NULL)
        return claim_and_leave(hand, ring, fast);
    mag_owner_lock_leave(&hand->lock, fast);
    return job;
}

struct mag_job *mag_hand_take(struct mag_hand *hand, struct mag_runq *ring)
{
    if (MAG_UNLIKELY(!mag_owner_lock_try_enter(&hand->lock)))
        return take_slowly(hand, ring);
    struct mag_job *job = mag_hand_take_held(hand);

    if (job == NULL) {
        /* Only the owner adds jobs, so it sees all that are there. */
        if (mag_runq_length(ring) != 0)
            return claim_and_leave(hand, ring, true);
        hand->lifo_runs = 0;
    }
    mag_owner_lock_leave_fast(&hand->lock);
    return job;
}

struct mag_job *mag_hand_steal(struct mag_hand *hand, bool and_lifo)
{
    if (!mag_owner_lock_try_revoke(&hand->lock))
        return NULL;

    struct mag_job *job = mag_hand_take_claimed(hand);
    if (job == NULL && and_lifo)
        job = mag_hand_take_lifo(hand);
    mag_owner_lock_release(&hand->lock);
    return job;
}

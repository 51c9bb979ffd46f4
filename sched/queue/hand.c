/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/queue/hand.h"

void mag_hand_init(struct mag_hand *hand, bool fenced)
{
    mag_owner_lock_init(&hand->lock, fenced);
    atomic_init(&hand->lifo, NULL);
    atomic_init(&hand->waiting, 0);
    hand->lifo_runs = 0;
}

/* Inside the lock, owner only.  Tries again when thieves win the race for the ring.  Each
 * lost race is a thief's success, so this ends. */
static struct mag_job *claim_more(struct mag_hand *hand, struct mag_runq *ring)
{
    enum mag_runq_claim claim;
    uint32_t count = 0;

    do {
        claim = mag_runq_claim_so(ring, hand->claimed, MAG_HAND_SIZE, true, &count);
    } while (claim == MAG_RUNQ_LOST);
    /* relaxed: as in mag_hand_take_claimed. */
    atomic_store_explicit(&hand->waiting, count, memory_order_relaxed);
    return mag_hand_take_claimed(hand);
}

struct mag_job *mag_hand_take(struct mag_hand *hand, struct mag_runq *ring)
{
    bool fast = mag_owner_lock_enter(&hand->lock);
    struct mag_job *job = mag_hand_take_held(hand);

    if (job == NULL) {
        hand->lifo_runs = 0;
        job = claim_more(hand, ring);
    }
    mag_owner_lock_leave(&hand->lock, fast);
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

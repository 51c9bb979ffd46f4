/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/queue/hand.h"

void mag_hand_init(struct mag_hand *hand, bool fenced)
{
    mag_owner_lock_init(&hand->lock);
    atomic_init(&hand->lifo, NULL);
    atomic_init(&hand->waiting, 0);
    hand->next = 0;
    hand->end = 0;
    hand->lifo_runs = 0;
    hand->fenced = fenced;
}

/* Inside the lock. */
static struct mag_job *take_claimed(struct mag_hand *hand)
{
    if (hand->next == hand->end)
        return NULL;

    struct mag_job *job = hand->claimed[hand->next++];
    /* relaxed: a hint to threads outside the lock. */
    atomic_store_explicit(&hand->waiting, hand->end - hand->next, memory_order_relaxed);
    return job;
}

/* Inside the lock, owner only.  Tries again when thieves win the race for the ring.  Each
 * lost race is a thief's success, so this ends. */
static struct mag_job *claim_more(struct mag_hand *hand, struct mag_runq *ring)
{
    enum mag_runq_claim claim;

    do {
        claim = mag_runq_claim(ring, hand->claimed, MAG_HAND_SIZE, &hand->end);
    } while (claim == MAG_RUNQ_LOST);
    if (claim == MAG_RUNQ_EMPTY)
        return NULL;
    hand->next = 0;
    return take_claimed(hand);
}

struct mag_job *mag_hand_take_oldest(struct mag_hand *hand, struct mag_runq *ring)
{
    struct mag_job *job = take_claimed(hand);

    hand->lifo_runs = 0;
    return job != NULL ? job : claim_more(hand, ring);
}

struct mag_job *mag_hand_steal(struct mag_hand *hand, bool and_lifo)
{
    if (!mag_owner_lock_try_revoke(&hand->lock))
        return NULL;

    struct mag_job *job = take_claimed(hand);
    if (job == NULL && and_lifo)
        job = mag_hand_take_lifo(hand);
    mag_owner_lock_release(&hand->lock);
    return job;
}

/*
 * magazine.h - what each thread keeps of each pool.  Private to numa/.
 *
 * A magazine is a stack of free objects of one node, in front of that node's depot.  On a
 * machine with several nodes an outbox for each node follows the magazine in memory, for
 * objects that must return to that node.  A thread's rack lists the thread's magazines by
 * pool number.  The rack is in the thread's member record, and all records are in one
 * list of the process.
 *
 * Access rules
 *   - The owner uses the contents of its magazines at any time, with plain accesses, and
 *     reads its rack with plain accesses.
 *   - A rack is written only under the list's lock: by its owner, to grow it, and by a
 *     thread that destroys a pool, to remove that pool's magazines.  That thread does not
 *     disturb the owner: the owner reads only the entries of pools that it uses, and no
 *     thread uses a pool that is being destroyed.
 *
 * The latch.  A thread holds its own latch while it works on a pool's stacks and slabs,
 * which happens once in a batch.  The only other thread that takes the latch is one that
 * calls fork(): it takes all latches, so that the child starts with complete stacks and
 * free locks.
 *
 * Edges: release end -> acquire end : what crosses
 *   fork-gate  mag_member_unlock -> mag_member_lock : all that was done to stacks.  The
 *              acquire end protects the kernel's copy of memory, which no tool observes:
 *              a test can detect a missing latch, but cannot tell these orders from
 *              relaxed ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_POOL_MAGAZINE_H
#define NUMA_POOL_MAGAZINE_H

#include "base/turns.h"
#include "numa/pool/depot.h"

/* The record of a thread that uses pools.  `owner` is an address in the thread's
 * thread-local storage.  A thread that first uses a pool in the last round of its
 * thread-specific destructors leaves its record behind; the next thread with the same
 * storage takes the record over. */
struct mag_member {
    alignas(MAG_CACHE_LINE) _Atomic(uint32_t) latch; /* 1: held */
    const void *owner;
    struct mag_member *next;       /* under the list's lock */
    struct mag_member **link;      /* as above */
    struct mag_magazine_rack rack; /* as above; the thread has a copy */
};

/* Objects that wait to be sent to one other node.  A thread's outboxes of a pool together
 * hold no more than its magazine. */
struct mag_outbox {
    uint64_t count;
    void *objects[];
};

/* Registers the handlers of thread exit and of fork, once per process.  0, -EAGAIN or
 * -ENOMEM. */
int mag_magazines_init(void);

/* Gives a new pool its number.  0 or -ENOMEM. */
int mag_magazines_enlist(struct mag_pool *pool);

/* Frees all threads' magazines of a pool, and releases the pool's number. */
void mag_magazines_delist(const struct mag_pool *pool);

/* The calling thread's record; if the thread cannot have one, the record that such
 * threads share. */
struct mag_member *mag_member_self(void);

/* The calling thread's magazine; NULL if the pool has no magazines or memory is short. */
struct mag_magazine *mag_magazine_self(const struct mag_pool *pool);

/* Sends each object of a magazine and its outboxes to the node that owns the object. */
void mag_magazine_empty(struct mag_pool *pool, struct mag_magazine *magazine);

/* Sends the objects of a magazine, but not of its outboxes, to their node. */
void mag_magazine_send_all(struct mag_pool *pool, struct mag_magazine *magazine);

/*
 * For tests: how many objects of all pools are taken.  `tell`, unless NULL, is called
 * with each pool's number of taken objects.  No other thread may be using pools.
 */
uint64_t mag_pools_taken(void (*tell)(const struct mag_pool *pool, uint64_t taken));

/* How many objects are in all outboxes of a magazine; it stands before the first. */
static inline uint64_t *mag_magazine_leaving(const struct mag_pool *pool,
                                             struct mag_magazine *magazine)
{
    return (uint64_t *)(void *)(mag_magazine_objects(magazine) + pool->cache);
}

static inline struct mag_outbox *mag_magazine_outbox(const struct mag_pool *pool,
                                                     struct mag_magazine *magazine,
                                                     uint32_t node)
{
    size_t size = sizeof(struct mag_outbox) + pool->outbox * sizeof(void *);
    char *first = (char *)(mag_magazine_leaving(pool, magazine) + 1);

    return (struct mag_outbox *)(void *)(first + node * size);
}

static inline void mag_member_lock(struct mag_member *member)
{
    unsigned tries = 0;

    /* fork-gate, acquire: everything the last holder did is visible. */
    while (atomic_exchange_explicit(&member->latch, 1, memory_order_acquire) != 0)
        mag_give_way(tries++);
}

static inline void mag_member_unlock(struct mag_member *member)
{
    /* fork-gate, release: everything done here precedes the fork, or the next holder. */
    atomic_store_explicit(&member->latch, 0, memory_order_release);
}

#endif

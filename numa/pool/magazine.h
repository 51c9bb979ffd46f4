/*
 * magazine.h - what each thread keeps of each pool.  Private to numa/.
 *
 * A magazine is a stack of free objects of one node, in front of that node's depot.  On a
 * machine with several nodes an outbox per node follows it in memory, for objects on
 * their way home.  Magazines hang in the thread's rack by their pool's number; the rack
 * hangs in the thread's member record, and the records in the process's list.
 *
 * Who may touch what
 *   - Owner: its magazines' contents, at any time, plainly; its rack, plainly, to read.
 *   - Under the list's lock: every rack is written, by its owner to grow, and by the
 *     thread that destroys a pool to forget that pool's magazines.  The latter is not in
 *     the owner's way: the owner reads only the entries of pools that it uses, and a pool
 *     that is being destroyed is not used.
 *
 * The latch.  A thread holds its own while it works on a pool's stacks and slabs, which
 * is once in a batch.  Nobody else wants it, except a thread that forks: that takes them
 * all, so that a child starts with whole stacks and free locks.
 *
 * Edges: release end -> acquire end : what crosses
 *   fork-gate  mag_member_unlock -> mag_member_lock : all that was done to stacks.  What
 *              the acquire end protects is the kernel's copy of memory, which no tool
 *              sees: a test cannot tell these orders from relaxed ones, only the latch
 *              from none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_POOL_MAGAZINE_H
#define NUMA_POOL_MAGAZINE_H

#include "base/turns.h"
#include "numa/pool/pool.h"

/* A thread that uses pools.  One whose first use comes from the last round of its
 * thread-specific destructors leaves its record behind, which the next thread with the
 * same storage takes over, `owner` being an address there. */
struct mag_member {
    alignas(MAG_CACHE_LINE) _Atomic(uint32_t) latch; /* 1: held */
    const void *owner;
    struct mag_member *next;       /* under the list's lock */
    struct mag_member **link;      /* likewise */
    struct mag_magazine_rack rack; /* likewise; the thread has a copy */
};

/* Objects that wait to be sent to one other node. */
struct mag_outbox {
    uint64_t count;
    void *objects[];
};

/* Prepares thread exit and fork, once per process.  0, -EAGAIN or -ENOMEM. */
int mag_magazines_init(void);

/* Gives a new pool its number.  0 or -ENOMEM. */
int mag_magazines_enlist(struct mag_pool *pool);

/* Frees all threads' magazines of a pool, and its number. */
void mag_magazines_delist(const struct mag_pool *pool);

/* The calling thread's record; where it can have none, one that such threads share. */
struct mag_member *mag_member_self(void);

/* The calling thread's magazine; NULL if the pool has none, or there is no memory. */
struct mag_magazine *mag_magazine_self(const struct mag_pool *pool);

/* Sends home everything in a magazine and its outboxes. */
void mag_magazine_empty(struct mag_pool *pool, struct mag_magazine *magazine);

/* Sends home what is in a magazine proper. */
void mag_magazine_send_all(struct mag_pool *pool, struct mag_magazine *magazine);

/*
 * For tests: how many objects of all pools have been taken and not given back, and each
 * pool's number of them, if `tell` is not NULL.  Nobody else may be using pools.
 */
uint64_t mag_pools_taken(void (*tell)(const struct mag_pool *pool, uint64_t taken));

static inline struct mag_outbox *mag_magazine_outbox(const struct mag_pool *pool,
                                                     struct mag_magazine *magazine,
                                                     uint32_t node)
{
    size_t size = sizeof(struct mag_outbox) + pool->outbox * sizeof(void *);
    char *first = (char *)(mag_magazine_objects(magazine) + pool->cache);

    return (struct mag_outbox *)(void *)(first + node * size);
}

static inline void mag_member_lock(struct mag_member *member)
{
    unsigned tries = 0;

    /* fork-gate, acquire: what the last holder did is visible. */
    while (atomic_exchange_explicit(&member->latch, 1, memory_order_acquire) != 0)
        mag_give_way(tries++);
}

static inline void mag_member_unlock(struct mag_member *member)
{
    /* fork-gate, release: what was done precedes the fork, or the next holder. */
    atomic_store_explicit(&member->latch, 0, memory_order_release);
}

#endif

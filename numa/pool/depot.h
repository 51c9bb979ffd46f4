/*
 * depot.h - a pool from the inside: what it is made of, and its stacks of free objects,
 * one for each node.  Private to numa/.
 *
 * Layers, each calling the next: pool/exchange.c (take, give) -> magazine.c (threads,
 * magazines) and pool/depot.c (stacks, new objects) -> pool/slab.c (where objects lie).
 *
 * Ownership
 *   [I] immutable once the pool is made   [L] the pool's lock   [A] any thread, atomics
 *
 * Invariants
 *   - A free object is in exactly one chain on the stack of its home node, or in exactly
 *     one magazine.
 *   - objects == sum of `carved` over all slabs <= limit, if there is a limit.
 *   - A chain has at most `batch` objects, all of the node whose stack it is on.
 *
 * Locks, in the order in which they are taken: the lock of the shared topology
 * (pool/place.c), of the list of threads (magazine.c), a thread's latch, a pool's lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_POOL_DEPOT_H
#define NUMA_POOL_DEPOT_H

#include "numa/pool/place.h"
#include "numa/pool/slab.h"

#include <magpie/pool.h>

#include <pthread.h>

/* One node's part of a pool. */
struct mag_pool_depot {
    struct mag_pool_stack free;
    alignas(
        MAG_CACHE_LINE) struct mag_pool_slab *open; /* [L] the slab with room, or NULL */
};

struct mag_pool {
    uint32_t number; /* [I] must be first: mag_pool_number reads it */
    uint32_t cache;  /* [I] objects that fit in a magazine; 0: there are no magazines */
    uint32_t batch;  /* [I] objects in one exchange */
    uint32_t outbox; /* [I] objects that a thread gathers for each other node */
    uint64_t limit;  /* [I] 0: no limit */
    struct mag_pool_shape shape;
    struct mag_pool_place place;
    void (*prepare)(void *object, void *arg); /* [I] */
    void *prepare_arg;                        /* [I] */

    alignas(MAG_CACHE_LINE) pthread_mutex_t lock;
    struct mag_pool_slab *slabs;   /* [L] */
    _Atomic(uint64_t) objects;     /* [L] writes; [A] reads, by queries */
    _Atomic(uint64_t) bytes;       /* as above */
    _Atomic(uint64_t) bytes_bound; /* as above */
    _Atomic(uint64_t) slab_count;  /* as above */

    /* [I] The depots, one per node, follow the pool, so many bytes apart.  With several
     * nodes each begins a page, which lies on its node. */
    char *depots;
    size_t depot_step;
};

static inline struct mag_pool_depot *mag_pool_depot(const struct mag_pool *pool,
                                                    uint32_t node)
{
    return (struct mag_pool_depot *)(void *)(pool->depots + node * pool->depot_step);
}

/* ------------------------------------------------------ under the caller's latch */

/* Puts `count` free objects of `node`, at most a batch, on the stack of `node`. */
void mag_pool_send(struct mag_pool *pool, uint32_t node, void *const *objects,
                   uint32_t count);

/* Takes a chain off a node's stack.  Returns the number of its objects; 0: the stack is
 * empty. */
uint32_t mag_pool_fetch(struct mag_pool *pool, uint32_t node, void **ret_objects);

/* Makes at most `want` objects on `node`.  The caller must prepare them.  0; -ENOSPC;
 * -ENOMEM. */
int mag_pool_carve(struct mag_pool *pool, uint32_t node, uint32_t want,
                   void **ret_objects, uint32_t *ret_count);

#endif

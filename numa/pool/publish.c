/*
 * publish.c - makes a pool on first need.
 *
 * Edges: release end -> acquire end : what crosses
 *   made   mag_pool_publish (place) -> the users of a place (place) : the pool
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/pool.h>

#include <stdatomic.h>

struct mag_pool *mag_pool_publish(_Atomic(struct mag_pool *) *place,
                                  const struct mag_pool_config *config)
{
    struct mag_pool *pool;
    struct mag_pool *other = NULL;

    if (mag_pool_create(config, &pool) != 0)
        return NULL;
    /* Both halves: made, release: the pool precedes its address; acquire on failure: the
     * pool that a faster thread has made is visible. */
    if (atomic_compare_exchange_strong_explicit(place, &other, pool, memory_order_release,
                                                memory_order_acquire))
        return pool;
    mag_pool_destroy(pool);
    return other;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/pool/depot.h"

#include <errno.h>

void mag_pool_send(struct mag_pool *pool, uint32_t node, void *const *objects,
                   uint32_t count)
{
    mag_pool_link *head = mag_pool_chain(&pool->shape, objects, count);

    mag_pool_stack_push(&mag_pool_depot(pool, node)->free, head);
}

uint32_t mag_pool_fetch(struct mag_pool *pool, uint32_t node, void **ret_objects)
{
    mag_pool_link *head = mag_pool_stack_pop(&mag_pool_depot(pool, node)->free);

    return head != NULL ? mag_pool_unchain(&pool->shape, head, ret_objects) : 0;
}

/* Under the pool's lock: only its holder writes these counters. */
static void add64(_Atomic(uint64_t) *counter, uint64_t more)
{
    /* relaxed, both: a number for queries; the lock orders the writers. */
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(counter, now + more, memory_order_relaxed);
}

/* Under the pool's lock. */
static int open_slab(struct mag_pool *pool, uint32_t node)
{
    struct mag_pool_slab *slab;
    enum mag_placed placed;
    int r = mag_pool_slab_map(&pool->shape, pool->place.topology,
                              mag_pool_place_node(&pool->place, node), &slab, &placed);

    if (r < 0)
        return r;
    slab->node = node;
    slab->pool = pool;
    slab->next = pool->slabs;
    pool->slabs = slab;
    mag_pool_depot(pool, node)->open = slab;
    add64(&pool->bytes, pool->shape.slab_size);
    add64(&pool->bytes_bound, placed == MAG_PLACED ? pool->shape.slab_size : 0);
    add64(&pool->slab_count, 1);
    return 0;
}

static uint32_t fewest(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

/* Under the pool's lock. */
static int carve(struct mag_pool *pool, uint32_t node, uint32_t want, void **ret_objects,
                 uint32_t *ret_count)
{
    /* relaxed: written under the lock that this thread holds. */
    uint64_t objects = atomic_load_explicit(&pool->objects, memory_order_relaxed);
    struct mag_pool_slab *slab = mag_pool_depot(pool, node)->open;

    if (pool->limit != 0 && objects == pool->limit)
        return -ENOSPC;
    if (slab == NULL || slab->carved == pool->shape.objects) {
        int r = open_slab(pool, node);
        if (r < 0)
            return r;
        slab = mag_pool_depot(pool, node)->open;
    }

    uint32_t count = fewest(want, pool->shape.objects - slab->carved);
    if (pool->limit != 0)
        count = fewest(count, pool->limit - objects);
    for (uint32_t i = 0; i < count; i++)
        ret_objects[i] = mag_pool_slab_object(&pool->shape, slab, slab->carved + i);
    slab->carved += count;
    add64(&pool->objects, count);
    *ret_count = count;
    return 0;
}

int mag_pool_carve(struct mag_pool *pool, uint32_t node, uint32_t want,
                   void **ret_objects, uint32_t *ret_count)
{
    (void)pthread_mutex_lock(&pool->lock);
    int r = carve(pool, node, want, ret_objects, ret_count);
    (void)pthread_mutex_unlock(&pool->lock);
    return r;
}

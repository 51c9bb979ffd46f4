/*
 * pooled.h - objects of the library's own that are pooled for the process: the pool is
 * made when it is first needed and kept for good, so that a stale task can always be
 * asked.  Private to vtask/.
 *
 * Edges: release end -> acquire end : what crosses
 *   made   mag_pooled_make (pool) -> mag_pooled_take (pool) : the pool
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_CORE_POOLED_H
#define VTASK_CORE_POOLED_H

#include <magpie/pool.h>

#include <stdatomic.h>

struct mag_pooled {
    size_t size; /* bytes of an object; immutable */
    _Atomic(struct mag_pool *) pool;
};

/* pooled.c - makes the pool.  0; the errors of mag_pool_create as -ENOMEM. */
int mag_pooled_make(struct mag_pooled *pooled, struct mag_pool **ret_pool);

/* 0 and an object, zeroed when its memory is new; -ENOMEM. */
static inline int mag_pooled_take(struct mag_pooled *pooled, void **ret_object)
{
    /* made, acquire: the pool precedes its address. */
    struct mag_pool *pool = atomic_load_explicit(&pooled->pool, memory_order_acquire);

    if (MAG_UNLIKELY(pool == NULL)) {
        int r = mag_pooled_make(pooled, &pool);
        if (r < 0)
            return r;
    }
    return mag_pool_take(pool, ret_object);
}

static inline void mag_pooled_give(struct mag_pooled *pooled, void *object)
{
    /* relaxed: the object came from that pool. */
    mag_pool_give(atomic_load_explicit(&pooled->pool, memory_order_relaxed), object);
}

#endif

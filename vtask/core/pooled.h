/*
 * pooled.h - the library's own pooled objects: one pool for each type of object and for
 * the whole process.  A pool is made when it is first needed and never destroyed, so that
 * a stale task can always be asked.  Private to vtask/.
 *
 * Edges: release end -> acquire end : what crosses
 *   made   mag_pool_publish (pool) -> mag_pooled_take (pool) : the pool
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

/* pooled.c - makes the pool.  0; -ENOMEM, whatever the error of mag_pool_create. */
int mag_pooled_make(struct mag_pooled *pooled, struct mag_pool **ret_pool);

/* Takes an object, zeroed if its memory is new.  0; -ENOMEM. */
static inline int mag_pooled_take(struct mag_pooled *pooled, void **ret_object)
{
    /* made, acquire: the pool is visible. */
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
    /* relaxed: the object came from this pool, so the pool's address is visible. */
    mag_pool_give(atomic_load_explicit(&pooled->pool, memory_order_relaxed), object);
}

#endif

/*
 * pool.h - a thread's magazines, for the fast halves of mag_pool_take and mag_pool_give.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_POOL_H
#define MAGPIE_DETAIL_POOL_H

#include <magpie/detail/base.h>

MAG_EXTERN_C_BEGIN

struct mag_pool;

/*
 * The part of a magazine that mag_pool_take and mag_pool_give touch: `count` free
 * objects, whose addresses follow it in memory.  Its layout may change with the library's
 * minor version.
 */
struct mag_magazine {
    uint32_t count;      /* objects in it; the next take gets the last one */
    uint32_t capacity;   /* at this count mag_pool_give takes the slow path */
    uintptr_t home_mask; /* masks an object's address to its slab; 0: one node */
    uint32_t node;       /* the node of its objects */
    uint32_t batch;      /* objects that are exchanged at once */
};

/* The calling thread's magazines: one for each pool, by the pool's number. */
struct mag_magazine_rack {
    struct mag_magazine **magazines;
    uint32_t size;
};

/* __thread and not thread_local: C++ would call a wrapper at each use. */
extern MAG_API __thread struct mag_magazine_rack mag_magazine_rack MAG_TLS_MODEL;

/* The slow halves of mag_pool_take and mag_pool_give. */
MAG_API __attribute__((cold)) int mag_pool_take_slow(struct mag_pool *pool,
                                                     void **ret_object);
MAG_API __attribute__((cold)) void mag_pool_give_slow(struct mag_pool *pool,
                                                      void *object);

struct mag_pool_config;

/* The library's own pools are made on first need, and stay for good.  Makes one for a
 * place that had none when its user looked (with acquire), and publishes it there, or
 * finds that a faster thread has.  Returns the pool of the place; NULL: it could not be
 * made, and the place is as before. */
MAG_API __attribute__((cold)) struct mag_pool *
mag_pool_publish(MAG_ATOMIC(struct mag_pool *) * place,
                 const struct mag_pool_config *config);

/* A pool begins with its number. */
MAG_INLINE uint32_t mag_pool_number(const struct mag_pool *pool)
{
    return *MAG_CAST(const uint32_t *, MAG_CAST(const void *, pool));
}

/* Whether the calling thread has an object of the pool at hand: then the next take by
 * this thread does not fail. */
MAG_INLINE bool mag_pool_is_stocked(const struct mag_pool *pool)
{
    uint32_t number = mag_pool_number(pool);

    return number < mag_magazine_rack.size &&
           mag_magazine_rack.magazines[number]->count != 0;
}

/* A magazine's objects follow it in memory. */
MAG_INLINE void **mag_magazine_objects(struct mag_magazine *magazine)
{
    return MAG_RECAST(void **, magazine + 1);
}

/* True if `object` belongs to the node of the magazine: its slab begins with its node. */
MAG_INLINE bool mag_magazine_is_home(const struct mag_magazine *magazine,
                                     const void *object)
{
    uintptr_t slab = MAG_RECAST(uintptr_t, object) & magazine->home_mask;

    return slab == 0 || *MAG_RECAST(const uint32_t *, slab) == magazine->node;
}

MAG_EXTERN_C_END

#endif

/*
 * pool.h - pools: objects of one size, near the thread that takes them, at the cost of a
 * few plain loads and stores.
 *
 *     #include <magpie/pool.h>
 *
 *     struct request {
 *         char text[100];
 *     };
 *
 *     int main(void)
 *     {
 *         struct mag_pool_config config;
 *         struct mag_pool *pool;
 *         void *object;
 *
 *         mag_pool_config_init(&config);
 *         config.object_size = sizeof(struct request);
 *         if (mag_pool_create(&config, &pool) != 0)
 *             return 1;
 *         if (mag_pool_take(pool, &object) != 0) // any thread
 *             return 1;
 *         ((struct request *)object)->text[0] = 'a';
 *         mag_pool_give(pool, object); // any thread
 *         mag_pool_destroy(pool);
 *         return 0;
 *     }
 *
 * The model.  Each NUMA node has slabs of objects, bound to its memory, and a stack of
 * free objects.  Each thread has a magazine: free objects of the node it runs on.  To
 * take or give an object is a pop or a push there.  Only every few dozen operations a
 * thread exchanges a batch of objects with its node's stack.  An object that is given
 * back on another node returns to the node that owns its memory.
 *
 * What holds while the pool lives
 *   - Memory stays mapped and keeps its use: an address that was once an object of this
 *     pool remains one until mag_pool_destroy.  So a thread may read an object that
 *     another thread may have given back, if it can tell that what it read is stale.
 *   - The pool neither reads nor writes the bytes of an object, free or taken.  When an
 *     object is taken again, it has the bytes that its last user left there.  New memory
 *     is zeroed, and then prepared by `prepare`, once.
 *   - What a thread wrote before mag_pool_give is visible after the mag_pool_take that
 *     yields the object again, on any thread.
 *
 * What a limit promises.  At most `limit` objects ever exist, taken and free together.
 * mag_pool_take returns -ENOSPC only when they all exist and none is free where the
 * calling thread can reach it: in its own magazine or on a node's stack.  Objects in
 * other threads' magazines are out of reach.  A thread keeps at most `cache` objects of
 * its own node, and at most as many again that belong to other nodes and wait to be sent
 * home in a batch.  So if T threads use a pool on a machine with one node, any one of
 * them can have limit - (T - 1) * cache objects at once, and all `limit` of them if
 * `cache` is MAG_POOL_NO_CACHE.  The default keeps at most an eighth of the limit in
 * magazines when there is a thread for each PU, and nothing for small limits: a pool of
 * one object works across threads.
 *
 * Threads may come and go: when a thread exits, its magazines return to their nodes.
 * Take and give are not for signal handlers.  After fork() the child may go on using the
 * pool; objects that the parent's other threads held, in hand or in magazines, are lost
 * to it.  Handlers of pthread_atfork may use pools and schedulers, unless they were
 * registered before the library was loaded.
 *
 * Cost, protocol and proof: docs/design/pools.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_POOL_H
#define MAGPIE_POOL_H

#include <magpie/detail/pool.h>
#include <magpie/error.h>
#include <magpie/topology.h>

MAG_EXTERN_C_BEGIN

struct mag_pool;

#define MAG_POOL_OBJECT_MAX    ((size_t)1 << 20) /* bytes that an object may have */
#define MAG_POOL_ALIGNMENT_MAX ((size_t)4096)
#define MAG_POOL_CACHE_MAX     256
#define MAG_POOL_NO_CACHE      UINT32_MAX

/* -------------------------------------------------------- creating, destroying */

/* What a pool is made from.  Fill it with mag_pool_config_init, set `object_size`, and
 * change the other fields that you need. */
struct mag_pool_config {
    size_t size;        /* of this struct; set by mag_pool_config_init */
    size_t object_size; /* bytes, 1 to MAG_POOL_OBJECT_MAX; must be set */
    size_t alignment;   /* bytes, a power of two up to MAG_POOL_ALIGNMENT_MAX; 0: 16 */
    uint64_t limit;     /* objects that may exist at once; 0 (default): any number */

    /* How many free objects of its node one thread may keep: up to MAG_POOL_CACHE_MAX, or
     * MAG_POOL_NO_CACHE.  0 (default): 64, fewer if objects are large or the limit is
     * small.  The more, the rarer a thread goes to the node's stack. */
    uint32_t cache;

    /* The machine; must outlive the pool.  NULL (default): this machine.  It takes some
     * milliseconds to examine it, unless another pool has done so. */
    const struct mag_topology *topology;

    /* Called once for each object, when its memory is new, with `prepare_arg`, on the
     * thread whose take made it, with cancellation off.  It must return, and must not use
     * this pool.  NULL (default): new objects are all zeroes. */
    void (*prepare)(void *object, void *arg);
    void *prepare_arg;
};

/* Sets every field to its default. */
MAG_API void mag_pool_config_init(struct mag_pool_config *config);

/*
 * Makes a pool.  It has no objects yet: mag_pool_take makes them.
 *
 *   Thread     any; no cancellation point
 *   Blocks     while the machine is examined (see `topology`)
 *   Allocates  the pool
 *   Returns    0; -EINVAL a field is out of its range; -ENOMEM; -EAGAIN no thread-exit
 *              key is left in this process; an error of mag_topology_load
 *   Release    mag_pool_destroy
 */
MAG_API MAG_MUST_CHECK int mag_pool_create(const struct mag_pool_config *config,
                                           struct mag_pool **ret_pool);

/*
 * Unmaps a pool's memory, including objects that were not given back.  NULL is allowed.
 * Other threads may exit meanwhile, and may have magazines of this pool, which are
 * emptied.  But no thread may be in a take, give or query of this pool, now or later.
 *
 *   Blocks     while another thread that uses any pool starts or exits
 */
MAG_API void mag_pool_destroy(struct mag_pool *pool);

/* The numbers of a pool.  While other threads use the pool they are approximate. */
struct mag_pool_info {
    uint64_t limit;       /* as configured; 0: none */
    uint64_t objects;     /* objects that exist, taken and free; never falls */
    uint64_t bytes;       /* bytes of all slabs */
    uint64_t bytes_bound; /* bytes of slabs whose node the kernel has accepted */
    uint64_t slabs;       /* slabs that exist */
    uint32_t nodes;       /* nodes of the machine that have memory; at least 1 */
    uint32_t cache;       /* objects of its node that one thread may keep; 0: none */
    uint32_t stride;      /* bytes from one object to the next */
};

/* Reads the numbers of a pool. */
MAG_API void mag_pool_query(const struct mag_pool *pool, struct mag_pool_info *ret_info);

/* ------------------------------------------------------------- taking, giving */

/*
 * Takes an object: if possible the one that this thread has given last.
 *
 *   Thread     any
 *   Blocks     while it or another thread maps new memory; briefly while a thread's
 *              magazine is made or another thread is in fork()
 *   Allocates  a magazine at a thread's first take or give, and new objects when none is
 *              free on this node; nothing once both are there
 *   Returns    0; -ENOMEM no object is free, and the system has no memory for a new one;
 *              -ENOSPC no object within reach is free, and the limit is reached
 *   Release    mag_pool_give, from any thread
 */
MAG_MUST_CHECK MAG_INLINE int mag_pool_take(struct mag_pool *pool, void **ret_object)
{
    uint32_t number = mag_pool_number(pool);

    if (MAG_LIKELY(number < mag_magazine_rack.size)) {
        struct mag_magazine *magazine = mag_magazine_rack.magazines[number];
        uint32_t count = magazine->count;

        if (MAG_LIKELY(count != 0)) {
            magazine->count = count - 1;
            *ret_object = mag_magazine_objects(magazine)[count - 1];
            return 0;
        }
    }
    return mag_pool_take_slow(pool, ret_object);
}

/*
 * Gives back an object that mag_pool_take yielded from this pool.  It never fails: if
 * there is no memory for a magazine, the object goes to its node's stack.
 *
 *   Thread     any; on a thread of another node the object is sent home, in a batch
 *   Blocks     briefly while a thread's magazine is made or another thread is in fork()
 *   Allocates  a magazine at a thread's first take or give, if there is memory
 */
MAG_INLINE void mag_pool_give(struct mag_pool *pool, void *object)
{
    uint32_t number = mag_pool_number(pool);

    if (MAG_LIKELY(number < mag_magazine_rack.size)) {
        struct mag_magazine *magazine = mag_magazine_rack.magazines[number];
        uint32_t count = magazine->count;

        if (MAG_LIKELY(count < magazine->capacity) &&
            MAG_LIKELY(mag_magazine_is_home(magazine, object))) {
            mag_magazine_objects(magazine)[count] = object;
            magazine->count = count + 1;
            return;
        }
    }
    mag_pool_give_slow(pool, object);
}

MAG_EXTERN_C_END

#endif

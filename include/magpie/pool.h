/* pool.h - mag_pool: draft, see the numa room. SPDX-License-Identifier: Apache-2.0 */
#ifndef MAGPIE_POOL_H
#define MAGPIE_POOL_H

#include <magpie/numa.h>

MAG_EXTERN_C_BEGIN

struct mag_pool;

struct mag_pool_config {
    size_t size;        /* sizeof(struct mag_pool_config), set by mag_pool_config_init */
    size_t object_size; /* bytes, 1 to 1 MiB */
    size_t alignment;   /* bytes, a power of two up to 4096; 0: 16 */
    uint64_t limit;     /* objects that may exist at once; 0: no limit */
    size_t link_offset; /* where in a free object the pool may write 16 bytes */
    const struct mag_topology *topology; /* NULL: this machine's */
    void (*prepare)(void *object,
                    void *arg); /* once per object, when its memory is new */
    void *prepare_arg;
};

MAG_API void mag_pool_config_init(struct mag_pool_config *config);
MAG_API MAG_MUST_CHECK int mag_pool_create(const struct mag_pool_config *config,
                                           struct mag_pool **ret_pool);
MAG_API void mag_pool_destroy(struct mag_pool *pool);
/* An object, from this thread's magazine if it can. 0; -ENOMEM; -ENOSPC the limit is reached */
MAG_API MAG_MUST_CHECK int mag_pool_take(struct mag_pool *pool, void **ret_object);
/* Returns an object to the node that owns its memory. Never fails. */
MAG_API void mag_pool_give(struct mag_pool *pool, void *object);

MAG_EXTERN_C_END

#endif

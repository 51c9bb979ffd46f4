/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/pooled.h"

#include <errno.h>

int mag_pooled_make(struct mag_pooled *pooled, struct mag_pool **ret_pool)
{
    struct mag_pool_config config;
    struct mag_pool *pool;
    struct mag_pool *other = NULL;

    mag_pool_config_init(&config);
    config.object_size = pooled->size;
    if (mag_pool_create(&config, &pool) != 0)
        return -ENOMEM;
    /* made, release: the pool precedes its address; acquire on failure: the pool of the
     * thread that was faster is visible. */
    if (!atomic_compare_exchange_strong_explicit(
            &pooled->pool, &other, pool, memory_order_release, memory_order_acquire)) {
        mag_pool_destroy(pool);
        pool = other;
    }
    *ret_pool = pool;
    return 0;
}

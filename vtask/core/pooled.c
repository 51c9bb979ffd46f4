/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/pooled.h"

#include <magpie/pool.h>

#include <errno.h>

int mag_pooled_make(struct mag_pooled *pooled, struct mag_pool **ret_pool)
{
    struct mag_pool_config config;
    struct mag_pool *pool;

    mag_pool_config_init(&config);
    config.object_size = pooled->size;
    pool = mag_pool_publish(&pooled->pool, &config);
    if (pool == NULL)
        return -ENOMEM;
    *ret_pool = pool;
    return 0;
}

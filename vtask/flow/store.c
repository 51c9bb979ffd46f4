/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/store.h"

#include <magpie/pool.h>

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* Pools for 256, 384, 512, 768 ... bytes, up to MAG_POOL_OBJECT_MAX. */
enum { SMALLEST = 256, SHELVES = 25 };

static _Atomic(struct mag_pool *) shelves[SHELVES];

static size_t shelf_size(unsigned shelf)
{
    size_t size = (size_t)SMALLEST << (shelf / 2);

    return shelf % 2 == 0 ? size : size + size / 2;
}

static unsigned shelf_for(size_t size)
{
    unsigned shelf = 0;

    while (shelf_size(shelf) < size)
        shelf++;
    return shelf;
}

static struct mag_pool *make_shelf(unsigned shelf)
{
    struct mag_pool_config config;

    mag_pool_config_init(&config);
    config.object_size = shelf_size(shelf);
    config.alignment = MAG_STORE_ALIGNMENT;
    return mag_pool_publish(&shelves[shelf], &config);
}

static struct mag_pool *shelf_of(size_t size)
{
    unsigned shelf = shelf_for(size);
    /* made, acquire: the pool is visible. */
    struct mag_pool *pool = atomic_load_explicit(&shelves[shelf], memory_order_acquire);

    return pool != NULL ? pool : make_shelf(shelf);
}

void *mag_store_take(size_t size)
{
    void *memory = NULL;

    if (size > MAG_POOL_OBJECT_MAX)
        return posix_memalign(&memory, MAG_STORE_ALIGNMENT, size) == 0 ? memory : NULL;
    struct mag_pool *pool = shelf_of(size);
    if (pool == NULL || mag_pool_take(pool, &memory) != 0)
        return NULL;
    return memory;
}

void mag_store_give(void *memory, size_t size)
{
    if (size > MAG_POOL_OBJECT_MAX)
        free(memory);
    else
        mag_pool_give(shelf_of(size), memory);
}

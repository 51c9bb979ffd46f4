/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/pool/depot.h"

#include "base/os.h"
#include "base/space.h"
#include "numa/pool/magazine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    USUAL_ALIGNMENT = 16,
    USUAL_CACHE = 64,
    OUTBOX_MAX = 16,
    LIMIT_SHARE = 8, /* all PUs' magazines together hold at most 1/8 of the limit */
};

/* By default a thread keeps at most this many bytes of a pool's objects, but room for at
 * least two objects. */
static const size_t usual_cache_bytes = 256 << 10;

/* The size of mag_pool_config in the first version of the library. */
static const size_t config_size_min =
    offsetof(struct mag_pool_config, prepare_arg) + sizeof(void *);

void mag_pool_config_init(struct mag_pool_config *config)
{
    memset(config, 0, sizeof(*config));
    config->size = sizeof(*config);
}

static bool is_sane(const struct mag_pool_config *config)
{
    size_t alignment = config->alignment;

    return config->size >= config_size_min && config->object_size != 0 &&
           config->object_size <= MAG_POOL_OBJECT_MAX &&
           alignment <= MAG_POOL_ALIGNMENT_MAX && (alignment & (alignment - 1)) == 0 &&
           (config->cache <= MAG_POOL_CACHE_MAX || config->cache == MAG_POOL_NO_CACHE);
}

/* `alignment` is a power of two. */
static size_t align_up(size_t size, size_t alignment)
{
    return (size + alignment - 1) & ~(alignment - 1);
}

static uint32_t least(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

static uint32_t usual_cache(const struct mag_pool *pool)
{
    uint32_t pus = mag_topology_pus(pool->place.topology);
    uint64_t share = pool->limit / LIMIT_SHARE / (pus != 0 ? pus : 1);
    uint64_t fitting = usual_cache_bytes / pool->shape.stride;
    uint32_t cache = least(USUAL_CACHE, fitting > 2 ? fitting : 2);

    if (pool->limit != 0)
        cache = least(cache, share);
    return cache >= 2 ? cache : 0;
}

static void set_sizes(struct mag_pool *pool, uint32_t cache)
{
    if (cache == 0)
        cache = usual_cache(pool);
    else if (cache == MAG_POOL_NO_CACHE)
        cache = 0;
    pool->cache = cache;
    pool->batch = cache >= 2 ? cache / 2 : 1;
    pool->outbox =
        pool->place.nodes > 1 && cache != 0 ? least(OUTBOX_MAX, pool->batch) : 0;
}

/* The pool and its depots, all zeroes but for where they are.  NULL: no memory. */
static struct mag_pool *map_pool(const struct mag_pool_place *place)
{
    bool several = place->nodes > 1;
    size_t alignment = several ? mag_space_page() : MAG_CACHE_LINE;
    size_t step = align_up(sizeof(struct mag_pool_depot), alignment);
    size_t first = align_up(sizeof(struct mag_pool), alignment);
    size_t size = first + place->nodes * step;
    struct mag_pool *pool =
        several ? mag_space_private(size) : aligned_alloc(alignment, size);

    if (pool == NULL)
        return NULL;
    if (!several)
        memset(pool, 0, size);
    pool->place = *place;
    pool->depots = (char *)pool + first;
    pool->depot_step = step;
    return pool;
}

static void unmap_pool(struct mag_pool *pool)
{
    size_t before = (size_t)(pool->depots - (char *)pool);

    if (pool->place.nodes > 1)
        mag_space_release(pool, before + pool->place.nodes * pool->depot_step);
    else
        free(pool);
}

static void init_depot(struct mag_pool *pool, uint32_t node)
{
    uint32_t os_node = mag_pool_place_os_node(&pool->place, node);
    struct mag_pool_depot *depot = mag_pool_depot(pool, node);

    if (os_node != MAG_NONE)
        mag_space_bind(depot, pool->depot_step, os_node);
    mag_pool_stack_init(&depot->free);
}

static int make(const struct mag_pool_config *config, const struct mag_pool_place *place,
                struct mag_pool **ret_pool)
{
    struct mag_pool *pool = map_pool(place);
    size_t alignment = config->alignment != 0 ? config->alignment : USUAL_ALIGNMENT;
    size_t stride = align_up(config->object_size, alignment);

    if (pool == NULL)
        return -ENOMEM;
    pool->limit = config->limit;
    pool->prepare = config->prepare;
    pool->prepare_arg = config->prepare_arg;
    mag_pool_shape_init(&pool->shape, stride, alignment, config->limit);
    set_sizes(pool, config->cache);
    (void)pthread_mutex_init(&pool->lock, NULL);
    atomic_init(&pool->objects, 0);
    atomic_init(&pool->bytes, 0);
    atomic_init(&pool->bytes_bound, 0);
    atomic_init(&pool->slab_count, 0);
    for (uint32_t node = 0; node < place->nodes; node++)
        init_depot(pool, node);

    int r = mag_magazines_enlist(pool);
    if (r < 0) {
        unmap_pool(pool);
        return r;
    }
    *ret_pool = pool;
    return 0;
}

static int create(const struct mag_pool_config *config, struct mag_pool **ret_pool)
{
    struct mag_pool_place place;
    int r = mag_magazines_init();
    if (r < 0)
        return r;
    r = mag_pool_place_init(&place, config->topology);
    if (r < 0)
        return r;
    r = make(config, &place, ret_pool);
    if (r < 0)
        mag_pool_place_fini(&place);
    return r;
}

int mag_pool_create(const struct mag_pool_config *config, struct mag_pool **ret_pool)
{
    if (!is_sane(config))
        return -EINVAL;
    int cancel = mag_os_hold_cancel();
    int r = create(config, ret_pool);
    mag_os_let_cancel(cancel);
    return r;
}

void mag_pool_destroy(struct mag_pool *pool)
{
    if (pool == NULL)
        return;
    mag_magazines_delist(pool);
    while (pool->slabs != NULL) {
        struct mag_pool_slab *slab = pool->slabs;
        pool->slabs = slab->next;
        mag_pool_slab_unmap(slab);
    }
    mag_pool_place_fini(&pool->place);
    (void)pthread_mutex_destroy(&pool->lock);
    unmap_pool(pool);
}

void mag_pool_query(const struct mag_pool *pool, struct mag_pool_info *ret_info)
{
    *ret_info = (struct mag_pool_info){
        .limit = pool->limit,
        /* relaxed, here and below: approximate numbers; nothing depends on them. */
        .objects = atomic_load_explicit(&pool->objects, memory_order_relaxed),
        /* relaxed: as above. */
        .bytes = atomic_load_explicit(&pool->bytes, memory_order_relaxed),
        /* relaxed: as above. */
        .bytes_bound = atomic_load_explicit(&pool->bytes_bound, memory_order_relaxed),
        /* relaxed: as above. */
        .slabs = atomic_load_explicit(&pool->slab_count, memory_order_relaxed),
        .nodes = pool->place.nodes,
        .cache = pool->cache,
        .stride = (uint32_t)pool->shape.stride,
    };
}

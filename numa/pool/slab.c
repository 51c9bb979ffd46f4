/* SPDX-License-Identifier: Apache-2.0 */
#include "numa/pool/slab.h"

#include <errno.h>

enum {
    SLAB_MIN = 4 << 10,
    SLAB_USUAL = 256 << 10,
    SLAB_OBJECTS = 8, /* a slab holds at least this many, unless the limit is lower */
    HAS_CHILDREN = 1,
};

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

static size_t first_offset(size_t objects, size_t alignment)
{
    size_t cells =
        offsetof(struct mag_pool_slab, cells) + objects * sizeof(struct mag_pool_cell);

    /* Objects do not share a cache line with cells: other threads write cells. */
    return round_up(cells, alignment < MAG_CACHE_LINE ? MAG_CACHE_LINE : alignment);
}

static bool holds(const struct mag_pool_shape *shape, size_t objects, size_t alignment)
{
    return first_offset(objects, alignment) + objects * shape->stride <= shape->slab_size;
}

void mag_pool_shape_init(struct mag_pool_shape *shape, size_t stride, size_t alignment,
                         uint64_t limit)
{
    bool few = limit != 0 && limit < SLAB_OBJECTS;
    size_t least = few ? (size_t)limit : SLAB_OBJECTS;

    shape->stride = stride;
    shape->per_stride = (UINT64_C(1) << 32) / stride + 1;
    shape->slab_size = SLAB_MIN;
    while (!holds(shape, least, alignment))
        shape->slab_size *= 2;
    while (shape->slab_size < SLAB_USUAL &&
           (limit == 0 || limit > SIZE_MAX / 2 / stride ||
            !holds(shape, (size_t)limit, alignment)))
        shape->slab_size *= 2;

    size_t objects = shape->slab_size / (stride + sizeof(struct mag_pool_cell));
    while (!holds(shape, objects, alignment))
        objects--;
    shape->objects = (uint32_t)objects;
    shape->first = first_offset(objects, alignment);
}

/* NOLINTBEGIN(readability-function-size): a mapping has three outputs. */
/*
 * After the first slab, the next mapping of exactly the right size is likely to lie right
 * below it and so to be aligned already.  Otherwise a mapping of twice the size certainly
 * contains an aligned slab.  The memory around the slab is never touched.
 */
static int map_aligned(const struct mag_pool_shape *shape,
                       const struct mag_topology *topology, uint32_t node,
                       void **ret_pages, size_t *ret_size, enum mag_placed *ret_placed)
{
    void *pages;
    enum mag_placed placed;
    size_t size = shape->slab_size;
    int r = mag_node_map(topology, node, size, &pages, &placed);

    if (r == 0 && ((uintptr_t)pages & (size - 1)) != 0) {
        mag_node_unmap(pages, size);
        size *= 2;
        r = mag_node_map(topology, node, size, &pages, &placed);
    }
    if (r < 0)
        return r;
    *ret_pages = pages;
    *ret_size = size;
    *ret_placed = placed;
    return 0;
}
/* NOLINTEND(readability-function-size) */

int mag_pool_slab_map(const struct mag_pool_shape *shape,
                      const struct mag_topology *topology, uint32_t node,
                      struct mag_pool_slab **ret_slab, enum mag_placed *ret_placed)
{
    void *pages;
    size_t pages_size;
    int r = map_aligned(shape, topology, node, &pages, &pages_size, ret_placed);

    if (r < 0)
        return -ENOMEM;

    size_t past = (uintptr_t)pages & (shape->slab_size - 1);
    char *aligned = (char *)pages + (past != 0 ? shape->slab_size - past : 0);
    struct mag_pool_slab *slab = (struct mag_pool_slab *)(void *)aligned;

    slab->pages = pages;
    slab->pages_size = pages_size;
    *ret_slab = slab;
    return 0;
}

void mag_pool_slab_unmap(struct mag_pool_slab *slab)
{
    mag_node_unmap(slab->pages, slab->pages_size);
}

static struct mag_pool_cell *cell_of(const struct mag_pool_shape *shape, void *object)
{
    struct mag_pool_slab *slab = mag_pool_slab_of(shape, object);
    uint64_t offset = (uint64_t)((char *)object - (char *)slab) - shape->first;

    /* offset / stride, exact because offset is a multiple of stride below 2^32. */
    uint64_t index = offset * shape->per_stride >> 32;

    return &slab->cells[index];
}

static void *object_of(const struct mag_pool_shape *shape, struct mag_pool_cell *cell)
{
    struct mag_pool_slab *slab = mag_pool_slab_of(shape, cell);

    return mag_pool_slab_object(shape, slab, (uint32_t)(cell - slab->cells));
}

/* A reference to objects[i] of a chain of `count`; 0 if there is none. */
static uintptr_t reference(const struct mag_pool_shape *shape, void *const *objects,
                           uint32_t i, uint32_t count)
{
    if (i >= count)
        return 0;
    return (uintptr_t)cell_of(shape, objects[i]) | (2 * i < count ? HAS_CHILDREN : 0);
}

mag_pool_link *mag_pool_chain(const struct mag_pool_shape *shape, void *const *objects,
                              uint32_t count)
{
    struct mag_pool_cell *head = cell_of(shape, objects[0]);

    head->right = reference(shape, objects, 1, count);
    for (uint32_t i = 1; 2 * i < count; i++) {
        struct mag_pool_cell *cell = cell_of(shape, objects[i]);

        cell->left = reference(shape, objects, 2 * i, count);
        cell->right = reference(shape, objects, 2 * i + 1, count);
    }
    return &head->link;
}

uint32_t mag_pool_unchain(const struct mag_pool_shape *shape, mag_pool_link *head,
                          void **ret_objects)
{
    struct mag_pool_cell *cell = (struct mag_pool_cell *)head;
    uintptr_t references[POOL_CHAIN_MAX + 1];
    uint32_t count = 1;

    ret_objects[0] = object_of(shape, cell);
    references[1] = cell->right;
    count += cell->right != 0;
    for (uint32_t i = 1; i < count; i++) {
        bool has_children = (references[i] & HAS_CHILDREN) != 0;

        cell = (struct mag_pool_cell *)(references[i] - has_children);
        ret_objects[i] = object_of(shape, cell);
        if (has_children) {
            references[count++] = cell->left;
            references[count] = cell->right;
            count += cell->right != 0;
        }
    }
    return count;
}

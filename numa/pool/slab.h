/*
 * slab.h - slabs: where a pool's objects lie, and how free objects are chained without
 * being touched.  Private to numa/.
 *
 * A slab is `slab_size` bytes at a multiple of `slab_size`, a power of two, so that
 * masking an object's address yields its slab:
 *
 *     | header (node, pool) | a cell per object | objects, `stride` bytes apart |
 *
 * A free object's bytes belong to its user, who may have left a version number there for
 * stale references to read.  So the pool keeps its own data about a free object in the
 * object's cell, 16 bytes elsewhere in the slab.
 *
 * A chain is up to POOL_CHAIN_MAX free objects of one node.  The cell
 * of the first object stands for the chain; this cell is also the link in the node's
 * stack.  The other objects form a complete binary tree below the first.  Thanks to the
 * tree, a thread that reads a chain written by another thread waits for about five cache
 * misses in a row instead of thirty-two.  With o[0] the head:
 *
 *     cell of o[0]          link: the stack's      right: o[1]
 *     cell of o[i], i > 0   left: o[2i]            right: o[2i + 1]
 *
 * A reference to a cell is the cell's address, plus 1 if the object has children.  The
 * cell of an object without children is neither written nor read.
 *
 * Ownership
 *   [I] immutable once the slab is published (by the pool's lock)   [L] the pool's lock
 *   [H] the holder of the object, with plain accesses; ownership passes by the stack's
 *       hand-over
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_POOL_SLAB_H
#define NUMA_POOL_SLAB_H

#include "numa/pool/stack.h"

#include <magpie/node_memory.h>
#include <magpie/topology.h>

enum {
    POOL_CHAIN_MAX = 128, /* objects in one exchange; a magazine holds twice that */
};

/* The layout that all slabs of a pool share. */
struct mag_pool_shape {
    size_t slab_size;    /* bytes, a power of two */
    size_t stride;       /* bytes from one object to the next */
    size_t first;        /* offset of the first object */
    uint32_t objects;    /* objects in a slab */
    uint64_t per_stride; /* 2^32 / stride, rounded up */
};

struct mag_pool_cell {
    union {
        mag_pool_link link; /* [H] of a chain's head */
        uintptr_t left;     /* [H] of every other cell */
    };
    uintptr_t right; /* [H] */
};

struct mag_pool_slab {
    uint32_t node;               /* [I] must be first: mag_pool_give reads it */
    uint32_t carved;             /* [L] how many objects exist; they are the first ones */
    const struct mag_pool *pool; /* [I] */
    struct mag_pool_slab *next;  /* [L] all slabs of the pool */
    void *pages;                 /* [I] the mapping that the slab lies in */
    size_t pages_size;           /* [I] */
    alignas(MAG_CACHE_LINE) struct mag_pool_cell cells[]; /* [H] each cell on its own */
};

/* Chooses the layout of slabs for objects of `stride` bytes aligned to `alignment`.
 * There will be at most `limit` objects (0: any number). */
void mag_pool_shape_init(struct mag_pool_shape *shape, size_t stride, size_t alignment,
                         uint64_t limit);

/* Maps a slab without objects on `node`.  0 or -ENOMEM. */
int mag_pool_slab_map(const struct mag_pool_shape *shape,
                      const struct mag_topology *topology, uint32_t node,
                      struct mag_pool_slab **ret_slab, enum mag_placed *ret_placed);
void mag_pool_slab_unmap(struct mag_pool_slab *slab);

/* Chains `count` free objects, 1 to POOL_CHAIN_MAX.  Returns the chain's head. */
mag_pool_link *mag_pool_chain(const struct mag_pool_shape *shape, void *const *objects,
                              uint32_t count);

/* Fills `ret_objects` with the objects of a chain and returns their number. */
uint32_t mag_pool_unchain(const struct mag_pool_shape *shape, mag_pool_link *head,
                          void **ret_objects);

/* The slab that an object, or a cell, lies in. */
static inline struct mag_pool_slab *mag_pool_slab_of(const struct mag_pool_shape *shape,
                                                     const void *inside)
{
    return (struct mag_pool_slab *)((uintptr_t)inside & ~(shape->slab_size - 1));
}

static inline void *mag_pool_slab_object(const struct mag_pool_shape *shape,
                                         struct mag_pool_slab *slab, uint32_t index)
{
    return (char *)slab + shape->first + index * shape->stride;
}

#endif

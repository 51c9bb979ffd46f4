/*
 * slab.h - slabs: where a pool's objects lie, and how free ones are chained without
 * being touched.  Private to numa/.
 *
 * A slab is `slab_size` bytes at a multiple of `slab_size`, a power of two, so that an
 * object finds its slab by masking its address:
 *
 *     | header (node, pool) | a cell per object | objects, `stride` bytes apart |
 *
 * A free object's bytes belong to its user, who may have left a version number there for
 * stale references to read.  What the pool must remember of a free object stands in its
 * cell, 16 bytes elsewhere in the slab.
 *
 * A chain is up to POOL_CHAIN_MAX free objects of one node, named by the cell of the
 * first, which is also the link that a node's stack holds.  The other objects form a
 * complete binary tree below it, so that a thread which reads a chain that another wrote
 * waits for some five cache misses in a row instead of thirty-two.  With o[0] the head:
 *
 *     cell of o[0]          link: the stack's      right: o[1]
 *     cell of o[i], i > 0   left: o[2i]            right: o[2i + 1]
 *
 * A reference to a cell is its address, plus 1 if the object has children; the cell of
 * an object without children is neither written nor read.
 *
 * Ownership
 *   [I] immutable once the slab is published (by the pool's lock)   [L] the pool's lock
 *   [H] whoever holds the object: plain; crosses by the stack's hand-over
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_POOL_SLAB_H
#define NUMA_POOL_SLAB_H

#include "numa/pool/stack.h"

#include <magpie/node_memory.h>
#include <magpie/topology.h>

enum {
    POOL_CHAIN_MAX = 128, /* objects that travel together; a magazine holds twice that */
};

/* What is needed to find one's way in any slab of a pool. */
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
        uintptr_t left;     /* [H] of every other */
    };
    uintptr_t right; /* [H] */
};

struct mag_pool_slab {
    uint32_t node;               /* [I] first: mag_pool_give reads it */
    uint32_t carved;             /* [L] objects that exist, the first ones */
    const struct mag_pool *pool; /* [I] */
    struct mag_pool_slab *next;  /* [L] all slabs of the pool */
    void *pages;                 /* [I] the mapping that the slab lies in */
    size_t pages_size;           /* [I] */
    alignas(MAG_CACHE_LINE) struct mag_pool_cell cells[]; /* [H] one by one */
};

/* Chooses the slabs for objects of `stride` bytes aligned to `alignment`, of which there
 * will be at most `limit` (0: any number). */
void mag_pool_shape_init(struct mag_pool_shape *shape, size_t stride, size_t alignment,
                         uint64_t limit);

/* Maps a slab without objects on `node`.  0 or -ENOMEM. */
int mag_pool_slab_map(const struct mag_pool_shape *shape,
                      const struct mag_topology *topology, uint32_t node,
                      struct mag_pool_slab **ret_slab, enum mag_placed *ret_placed);
void mag_pool_slab_unmap(struct mag_pool_slab *slab);

/* Chains `count` free objects, 1 to POOL_CHAIN_MAX: the chain's head. */
mag_pool_link *mag_pool_chain(const struct mag_pool_shape *shape, void *const *objects,
                              uint32_t count);

/* Fills `objects` with those of a chain and returns how many they are. */
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

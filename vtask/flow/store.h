/*
 * store.h - memory of any size, from pools by size: near the thread that takes it, and
 * without an allocation once as much was in use as is needed.  Private to vtask/.
 *
 * Edges: release end -> acquire end : what crosses
 *   made   make_shelf (pool) -> shelf_of (pool) : the pool
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_FLOW_STORE_H
#define VTASK_FLOW_STORE_H

#include <stddef.h>

/* The alignment of memory from the store. */
enum { MAG_STORE_ALIGNMENT = 64 };

/*
 * Takes memory of at least `size` bytes.  It holds anything.
 *
 *   Allocates  as mag_pool_take; always if `size` is above MAG_POOL_OBJECT_MAX
 *   Returns    NULL: there is none
 */
void *mag_store_take(size_t size);

/* Gives it back, with the same size. */
void mag_store_give(void *memory, size_t size);

#endif

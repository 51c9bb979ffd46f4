/*
 * node_memory.h - memory on a NUMA node.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_NODE_MEMORY_H
#define MAGPIE_NODE_MEMORY_H

#include <magpie/error.h>
#include <magpie/topology.h>

MAG_EXTERN_C_BEGIN

/* What came of placing memory on a node. */
enum mag_placed {
    MAG_PLACED,      /* the kernel has accepted the node */
    MAG_FIRST_TOUCH, /* the kernel refused, or was not asked because there is one node:
                      * each page goes to the node of the thread that touches it first */
};

/*
 * Maps `size` bytes of zeroed pages, on a node if the kernel agrees.  The node is
 * preferred, not required: when its memory is full, pages come from other nodes.
 *
 *   size       in bytes; need not be a multiple of the page size
 *   node       MAG_NONE: the node of the thread that touches a page first
 *   Blocks     in the kernel; not for hot paths
 *   Allocates  yes
 *   Returns    0, and what was obtained; -EINVAL no such node, or `size` is 0; -ENOMEM
 *   Release    mag_node_unmap with the same size, from any thread
 */
MAG_API MAG_MUST_CHECK int mag_node_map(const struct mag_topology *topology,
                                        uint32_t node, size_t size, void **ret_pages,
                                        enum mag_placed *ret_obtained);

/* Gives pages of mag_node_map back; NULL is allowed. */
MAG_API void mag_node_unmap(void *pages, size_t size);

/*
 * Whether this process may bind memory to nodes: false under a seccomp filter that
 * refuses it, or a kernel without NUMA.  The call asks the kernel and changes nothing; a
 * filter that kills on such a system call kills the process here.  On a machine with one
 * node no other function of the library asks.
 *
 *   Blocks     in the kernel; not for hot paths
 */
MAG_API bool mag_node_binding_allowed(void);

MAG_EXTERN_C_END

#endif

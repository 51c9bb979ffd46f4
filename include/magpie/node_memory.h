/*
 * node_memory.h - pages of memory on a NUMA node.  Objects of one size are better taken
 * from a pool (pool.h).
 *
 *     #include <magpie/node_memory.h>
 *
 *     int main(void)
 *     {
 *         size_t size = (size_t)1 << 20;
 *         struct mag_topology *topology;
 *         enum mag_placed placed;
 *         void *pages;
 *
 *         if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) != 0)
 *             return 1;
 *         // on the node of the first PU
 *         uint32_t node = mag_topology_pu(topology, 0)->node;
 *         if (mag_node_map(topology, node, size, &pages, &placed) != 0)
 *             return 1;
 *         mag_node_unmap(pages, size);
 *         mag_topology_free(topology);
 *         return 0;
 *     }
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
    MAG_FIRST_TOUCH, /* each page goes to the node of the thread that touches it first:
                      * the kernel refused, or there is only one node */
};

/*
 * Maps `size` bytes of zeroed pages, on a node if the kernel agrees.  The node is
 * preferred, not required: when its memory is full, pages come from other nodes.
 *
 *   size       in bytes; need not be a multiple of the page size
 *   node       an index of `topology`, if it has no memory, the nearest that has some is
 *              meant; MAG_NONE: for each page, the node of the thread that touches it
 *              first
 *   Blocks     in the kernel; not for hot paths
 *   Allocates  yes
 *   Returns    0, and in `*ret_obtained` what came of it; -EINVAL no such node, or `size`
 *              is 0; -ENOMEM
 *   Release    mag_node_unmap with the same size, from any thread
 */
MAG_API MAG_MUST_CHECK int mag_node_map(const struct mag_topology *topology,
                                        uint32_t node, size_t size, void **ret_pages,
                                        enum mag_placed *ret_obtained);

/* Gives pages of mag_node_map back; NULL is allowed. */
MAG_API void mag_node_unmap(void *pages, size_t size);

/*
 * Whether this process may bind memory to nodes.  False under a seccomp filter that
 * refuses it, and on a kernel without NUMA.  The call makes a system call that changes
 * nothing; a filter that kills a process for it kills this one.  On a machine with one
 * node no other function of the library makes such a call.
 *
 *   Blocks     in the kernel; not for hot paths
 */
MAG_API bool mag_node_binding_allowed(void);

/*
 * Whether a thread may prefer a node for what it touches first, as the library does while
 * it starts a worker's thread.  If not, the thread-local variables of workers may lie on
 * the node of the thread that started them.  Otherwise as mag_node_binding_allowed.
 */
MAG_API bool mag_node_preference_allowed(void);

MAG_EXTERN_C_END

#endif

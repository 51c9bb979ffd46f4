/* SPDX-License-Identifier: Apache-2.0 */
#include "base/space.h"
#include "numa/machine/topology.h"

#include <magpie/node_memory.h>

#include <errno.h>
#include <sys/mman.h>

uint32_t mag_topology_memory_near(const struct mag_topology *topology, uint32_t node)
{
    uint32_t nearest = node;

    if (node >= topology->node_count || topology->nodes[node].memory_bytes != 0)
        return node;
    for (uint32_t i = 0; i < topology->node_count; i++) {
        if (topology->nodes[i].memory_bytes != 0 &&
            (nearest == node || mag_topology_distance(topology, node, i) <
                                    mag_topology_distance(topology, node, nearest)))
            nearest = i;
    }
    return nearest;
}

/* Without HWLOC_MEMBIND_STRICT the binding is a preference: when the node is full, pages
 * come from other nodes and no process is killed. */
static bool bind(const struct mag_topology *topology, uint32_t node, void *pages,
                 size_t size)
{
    uint32_t near = mag_topology_memory_near(topology, node);
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    bool bound = set != NULL &&
                 hwloc_bitmap_only(set, topology->nodes[near].os_index) == 0 &&
                 hwloc_set_area_membind(topology->hwloc, pages, size, set,
                                        HWLOC_MEMBIND_BIND, HWLOC_MEMBIND_BYNODESET) == 0;

    hwloc_bitmap_free(set);
    return bound;
}

int mag_node_map(const struct mag_topology *topology, uint32_t node, size_t size,
                 void **ret_pages, enum mag_placed *ret_obtained)
{
    if (size == 0 || (node != MAG_NONE && node >= topology->node_count))
        return -EINVAL;

    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED)
        return -ENOMEM;
    /* With one node there is nothing to choose, and a system-call filter may forbid
     * mbind. */
    bool wanted = node != MAG_NONE && topology->node_count > 1 &&
                  mag_topology_is_this_machine(topology);
    *ret_obtained =
        wanted && bind(topology, node, pages, size) ? MAG_PLACED : MAG_FIRST_TOUCH;
    *ret_pages = pages;
    return 0;
}

void mag_node_unmap(void *pages, size_t size)
{
    if (pages != NULL)
        (void)munmap(pages, size);
}

bool mag_node_binding_allowed(void)
{
    return mag_space_may_bind();
}

bool mag_node_preference_allowed(void)
{
    return mag_space_may_prefer();
}

/*
 * topology.h - a topology from the inside.  Private to numa/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_TOPOLOGY_H
#define NUMA_TOPOLOGY_H

#include <hwloc.h>
#include <magpie/numa.h>

#include <stdbool.h>

/* Everything is immutable once loaded; hwloc's own object is kept for binding. */
struct mag_topology {
    hwloc_topology_t hwloc;
    enum mag_topology_kind kind;
    uint32_t pu_count;
    uint32_t core_count;
    uint32_t node_count;
    uint32_t online_count; /* PUs of the machine, usable or not */
    struct mag_pu *pus;
    struct mag_node *nodes;
    uint32_t *distances; /* node_count squared, or NULL: unknown */
};

#endif

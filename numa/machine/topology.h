/*
 * topology.h - a topology from the inside.  Private to numa/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_MACHINE_TOPOLOGY_H
#define NUMA_MACHINE_TOPOLOGY_H

#include "base/os.h"

#include <hwloc.h>
#include <magpie/numa.h>

#include <stdbool.h>

/* Where the machine has no figures of its own. */
enum { MAG_DISTANCE_SAME = 10, MAG_DISTANCE_OTHER = 20 };

/* How many PUs, and cores with such a PU. */
struct mag_pu_count {
    uint32_t pus;
    uint32_t cores;
};

/* Everything is immutable once loaded; hwloc's own object is kept for binding. */
struct mag_topology {
    hwloc_topology_t hwloc;
    bool this_machine; /* threads and memory can be bound by it */
    uint32_t pu_count;
    uint32_t node_count;
    struct mag_pu_count online;  /* of the machine */
    struct mag_pu_count allowed; /* of these, by the cpuset */
    struct mag_pu_count usable;  /* of these, by the affinity mask: those in `pus` */
    struct mag_pu *pus;
    uint32_t *parts; /* per PU: the part of the machine, a package or a group, it is in */
    struct mag_node *nodes;
    uint32_t *distances; /* node_count squared */
};

/*
 * pin.c - where the calling thread may run: its affinity mask, or, where that is what
 * mag_pin_self has made of it or of the thread that created it, the mask of before.
 * False: the kernel does not tell.
 */
bool mag_pin_see_through(struct mag_affinity *ret_mask);

/*
 * sysfs.c - takes from hwloc the part that cannot look at a machine without /sys, and
 * would say so on standard error.  0; -ENOMEM.
 */
int mag_sysfs_check(hwloc_topology_t hwloc);

#endif

/*
 * topology.h - a topology from the inside.  Private to numa/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_MACHINE_TOPOLOGY_H
#define NUMA_MACHINE_TOPOLOGY_H

#include "base/os.h"

#include <hwloc.h>
#include <magpie/topology.h>

#include <stdbool.h>

/* Distances for machines that report none. */
enum { MAG_DISTANCE_SAME = 10, MAG_DISTANCE_OTHER = 20 };

/* A number of PUs, and of the cores that have at least one of them. */
struct mag_pu_count {
    uint32_t pus;
    uint32_t cores;
};

/* Everything is immutable once loaded; hwloc's own object is kept for binding memory. */
struct mag_topology {
    hwloc_topology_t hwloc;
    bool this_machine; /* this machine's: threads and memory can be bound */
    uint32_t pu_count;
    uint32_t node_count;
    uint32_t hwloc_nodes;        /* of these, the first: the others are bare_node's */
    struct mag_pu_count online;  /* of the machine */
    struct mag_pu_count allowed; /* online PUs that the cpuset allows */
    struct mag_pu_count usable;  /* allowed PUs in the affinity mask: those in `pus` */
    struct mag_pu *pus;
    uint32_t *parts; /* per PU: its part of the machine, a package or a group */
    struct mag_node *nodes;
    uint32_t *distances; /* node_count squared */
};

/*
 * pin.c - where the calling thread may run: its affinity mask.  If mag_pin_self has
 * narrowed that mask, on this thread or on the thread that created it, returns the mask
 * from before the pinning.  False: the kernel does not report the mask.
 */
bool mag_pin_see_through(struct mag_affinity *ret_mask);

/*
 * hwloc_load.c - lets hwloc read a machine: `hwloc` and `this_machine`.  0; -EINVAL,
 * -EIO, -ENOMEM, and then `hwloc` may be there, to be destroyed.
 */
int mag_hwloc_load(struct mag_topology *topology, enum mag_topology_kind kind,
                   const char *text);

/*
 * sysfs.c - switches off hwloc's Linux component on a machine without a usable /sys,
 * where it would write to standard error or end the program.  0; -ENOMEM.
 */
int mag_sysfs_check(hwloc_topology_t hwloc);

/* Switches it off.  0; -ENOMEM. */
int mag_sysfs_avoid(hwloc_topology_t hwloc);

/*
 * kernel_nodes.c - what the kernel says of nodes that hwloc leaves out.  `root` stands
 * before the paths in /sys; "" is that of this machine.
 *
 * The kernel's number of the node of a PU; MAG_NONE: it names none.
 */
uint32_t mag_kernel_node(const char *root, uint32_t cpu);

/* Overwrites the distances between `count` nodes, as many as the kernel names. */
void mag_kernel_distances(const char *root, const struct mag_node *nodes, uint32_t count,
                          uint32_t *distances);

#endif

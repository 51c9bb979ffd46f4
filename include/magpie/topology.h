/*
 * topology.h - the processors and NUMA nodes that this process may use.
 *
 *     #include <magpie/topology.h>
 *     #include <stdio.h>
 *
 *     int main(void)
 *     {
 *         struct mag_topology *topology;
 *         int error = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);
 *
 *         if (error != 0) {
 *             fprintf(stderr, "%s\n", mag_call_text(error));
 *             return 1;
 *         }
 *         for (uint32_t i = 0; i < mag_topology_pus(topology); i++) {
 *             const struct mag_pu *pu = mag_topology_pu(topology, i);
 *
 *             printf("CPU %u: core %u, package %u\n", pu->os_index, pu->core,
 *                    pu->package);
 *         }
 *         mag_topology_free(topology);
 *         return 0;
 *     }
 *
 * The model.  A PU is a hardware thread, what Linux calls a CPU.  A topology is a
 * read-only list of usable PUs and NUMA nodes.  It comes from this machine, from an hwloc
 * XML file or from an hwloc synthetic description.  A budget (budget.h) says how many
 * workers this process should run, and why.  A plan (plan.h) is a list of seats, one per
 * worker, each on one PU.  All three are data: a program can make, print and test them
 * without starting a thread.  A scheduler makes its own (sched.h).
 *
 * A machine without NUMA is a machine with one node, not an error.  Placement is a
 * preference: functions report both what was asked and what was obtained.
 *
 * Indices.  A PU or node index counts the usable ones of a topology from 0, in the order
 * of the machine's hierarchy.  The operating system's number is another one, `os_index`.
 *
 * Threads.  Topologies, budgets and plans do not change once they are made.  Any number
 * of threads may read one, and any thread may free it when nobody reads it any more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_TOPOLOGY_H
#define MAGPIE_TOPOLOGY_H

#include <magpie/error.h>

MAG_EXTERN_C_BEGIN

#define MAG_NONE UINT32_MAX /* no node, no PU, no worker */

struct mag_topology;

enum mag_topology_kind {
    MAG_TOPOLOGY_MACHINE,   /* this machine, as this process may use it; no text */
    MAG_TOPOLOGY_XML,       /* the text is the path of an hwloc XML file */
    MAG_TOPOLOGY_SYNTHETIC, /* the text is a description such as "node:2 core:4 pu:2" */
};

/* One usable hardware thread.  PUs with the same `core` share a core; `cache` and
 * `package` likewise.  These three numbers mean nothing else.  PUs that share something
 * have neighbouring indices. */
struct mag_pu {
    uint32_t os_index; /* the operating system's number */
    uint32_t core;     /* if the machine shows no cores, each PU is one */
    uint32_t cache;    /* the last-level cache; if there is none, the package */
    uint32_t node;     /* index of the nearest usable node; MAG_NONE: it is unknown */
    uint32_t package;  /* socket */
    uint32_t kind;     /* on hybrid machines 0 is the slowest kind of core; else 0 */
};

/* One NUMA node that this process may use: its memory, its PUs, or both. */
struct mag_node {
    uint32_t os_index;     /* the operating system's number */
    uint32_t pus;          /* usable PUs of this node; 0: memory only (CXL, HBM) */
    uint64_t memory_bytes; /* in bytes; 0: none, none that may be used, or unknown */
};

/*
 * Loads a topology.  It binds and changes nothing.
 *
 * Of this machine, a PU is usable if both the cpuset of the process and the affinity mask
 * of the calling thread allow it.  On a thread that mag_pin_self has pinned, and on a
 * thread that a pinned thread has created, the mask from before the pinning counts, so
 * that a worker sees more than its own PU.  A mask that the thread has set itself since
 * then counts as it is.  Of a described machine, everything is usable that the
 * description does not forbid.
 *
 * hwloc's environment variables work as everywhere.  If HWLOC_XMLFILE, HWLOC_SYNTHETIC or
 * HWLOC_FSROOT put another machine in the place of this one, that machine is loaded, and
 * mag_topology_is_this_machine is false.  A damaged XML file is refused.  hwloc itself
 * may complain on standard error about a file that is well formed but makes no sense,
 * unless HWLOC_HIDE_ERRORS is 2.  If /sys is not mounted, each CPU counts as a core and
 * there is one node.
 *
 *   text       a path or a description, see enum mag_topology_kind; NULL for this machine
 *   Thread     any; loads in several threads do not disturb each other; no cancellation
 *              point
 *   Blocks     for milliseconds: it reads a few files per PU of the machine
 *   Allocates  yes
 *   Returns    0; -ENOENT no such file; -EACCES a file that may not be read; -EINVAL no
 *              such kind, not a topology, a topology without a usable PU, or a text that
 *              is missing or does not belong there; -ENOMEM; -EIO the machine could not
 *              be examined
 *   Release    mag_topology_free
 */
MAG_API MAG_MUST_CHECK int mag_topology_load(enum mag_topology_kind kind,
                                             const char *text,
                                             struct mag_topology **ret_topology);

/*
 * Frees a topology; NULL is allowed.  Nothing that borrowed it may still be in use.
 */
MAG_API void mag_topology_free(struct mag_topology *topology);

/*
 * The number of usable PUs, at least 1; of cores with a usable PU, at least 1; and of
 * usable nodes, which is 0 only if no memory is near or allowed.
 */
MAG_API uint32_t mag_topology_pus(const struct mag_topology *topology);
MAG_API uint32_t mag_topology_cores(const struct mag_topology *topology);
MAG_API uint32_t mag_topology_nodes(const struct mag_topology *topology);

/*
 * The number of the machine's PUs that are online, and of those that are online and in
 * the cpuset, whatever the affinity mask is.  online >= allowed >= mag_topology_pus.
 */
MAG_API uint32_t mag_topology_online(const struct mag_topology *topology);
MAG_API uint32_t mag_topology_allowed(const struct mag_topology *topology);

/*
 * One PU, one node.
 *
 *   Returns    the PU or node, valid as long as the topology; NULL: no such index
 */
MAG_API const struct mag_pu *mag_topology_pu(const struct mag_topology *topology,
                                             uint32_t pu);
MAG_API const struct mag_node *mag_topology_node(const struct mag_topology *topology,
                                                 uint32_t node);

/*
 * The node whose memory is nearest to the PUs of `node`: itself, unless it has none (see
 * mag_node.memory_bytes).  The library places the memory of a node there.
 *
 *   Returns    an index; `node` if no node has memory, or if there is no such index
 */
MAG_API uint32_t mag_topology_memory_near(const struct mag_topology *topology,
                                          uint32_t node);

/*
 * Relative latency from one node's PUs to another node's memory, 10 for a node to itself,
 * as in ACPI's SLIT.
 *
 *   Returns    the machine's figure; if it gives none or there is no such index, 10 for
 *              the same node and 20 for another
 */
MAG_API uint32_t mag_topology_distance(const struct mag_topology *topology, uint32_t from,
                                       uint32_t to);

/*
 * Whether the topology is this machine's, so that threads and memory can be bound by it.
 */
MAG_API bool mag_topology_is_this_machine(const struct mag_topology *topology);

MAG_EXTERN_C_END

#endif

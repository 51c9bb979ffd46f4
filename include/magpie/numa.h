/*
 * numa.h - where things are: the machine, the part of it this process may use, and where
 * workers and memory are put on it.
 *
 * The model.  A topology is a read-only list of usable PUs (hardware threads) and NUMA
 * nodes, taken from this machine, from an hwloc XML file or from an hwloc synthetic
 * description.  A budget is how many workers this process should run and why.  A plan is
 * a list of seats, one per worker, each on one PU.  Topologies, budgets and plans are
 * data: they can be made, printed and tested without starting a thread.
 *
 * A machine without NUMA is a machine with one node, not an error.  Placement is a
 * preference: what was asked and what was obtained are both reported.
 *
 * Indices.  A PU or node index counts the usable ones of a topology from 0, in the order
 * of the machine's hierarchy, and is never an operating system number; `os_index` is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_NUMA_H
#define MAGPIE_NUMA_H

#include <magpie/base.h>

MAG_EXTERN_C_BEGIN

#define MAG_NONE UINT32_MAX /* no node, no PU: memory-less nodes, unpinned workers */

/* ---------------------------------------------------------------- topology */

struct mag_topology;

enum mag_topology_kind {
    MAG_TOPOLOGY_MACHINE,   /* this machine, as this process may use it; `text` is NULL */
    MAG_TOPOLOGY_XML,       /* `text` is the path of an hwloc XML file */
    MAG_TOPOLOGY_SYNTHETIC, /* `text` is a description such as "node:2 core:4 pu:2" */
};

/* One usable hardware thread. */
struct mag_pu {
    uint32_t os_index; /* the operating system's number */
    uint32_t core;     /* PUs with the same number share a core */
    uint32_t cache;    /* PUs with the same number share their last-level cache */
    uint32_t node;     /* index of the nearest node with memory, or MAG_NONE */
    uint32_t package;  /* PUs with the same number share a package (socket) */
    uint32_t kind;     /* 0 is the least efficient... see `kinds`; greater is faster */
};

/* One NUMA node that has memory this process may use. */
struct mag_node {
    uint32_t os_index;
    uint32_t pus;          /* usable PUs whose nearest node this is; 0: memory only */
    uint64_t memory_bytes; /* local memory in bytes, 0 when unknown */
};

MAG_API MAG_MUST_CHECK int mag_topology_load(enum mag_topology_kind kind,
                                             const char *text,
                                             struct mag_topology **ret_topology);
MAG_API void mag_topology_free(struct mag_topology *topology);

MAG_API uint32_t mag_topology_pus(const struct mag_topology *topology);
MAG_API uint32_t mag_topology_nodes(const struct mag_topology *topology);
MAG_API uint32_t mag_topology_cores(const struct mag_topology *topology);
MAG_API const struct mag_pu *mag_topology_pu(const struct mag_topology *topology,
                                             uint32_t pu);
MAG_API const struct mag_node *mag_topology_node(const struct mag_topology *topology,
                                                 uint32_t node);
/* Relative latency from `from` to `to`, 10 for a node to itself, as in ACPI's SLIT. */
MAG_API uint32_t mag_topology_distance(const struct mag_topology *topology, uint32_t from,
                                       uint32_t to);

/* ------------------------------------------------------------------ budget */

enum mag_budget_rounding {
    MAG_BUDGET_UP,   /* 1.5 CPUs of quota: 2 workers (default) */
    MAG_BUDGET_DOWN, /* 1.5 CPUs of quota: 1 worker */
};

struct mag_budget; /* opaque; see accessors (numa room owner refines) */

/* ------------------------------------------------------------------- plans */

enum mag_placement {
    MAG_PLACE_COMPACT,  /* fill a core, then its cache, then its node, then the next */
    MAG_PLACE_SCATTER,  /* one per node in turn, then per cache, then per core */
    MAG_PLACE_PER_CORE, /* compact order, one PU of each core first (default) */
    MAG_PLACE_PER_PU,   /* every PU, in compact order */
    MAG_PLACE_LIST,     /* the caller's list of operating system PU numbers */
};

/* Where one worker sits. */
struct mag_seat {
    uint32_t pu;    /* index into the topology */
    uint32_t os_pu; /* the operating system's number of that PU */
    uint32_t core;
    uint32_t cache;
    uint32_t node; /* index of the nearest node with memory, or MAG_NONE */
    uint32_t package;
};

/* How far two seats are apart, nearest first: the order in which a worker steals. */
enum mag_reach {
    MAG_REACH_CORE,  /* same core */
    MAG_REACH_CACHE, /* same last-level cache */
    MAG_REACH_NODE,  /* same node */
    MAG_REACH_FAR,   /* another node; compare nodes by mag_topology_distance */
};

struct mag_plan;

/* workers == 0: the budget's default.  More workers than PUs: seats are reused in turn. */
MAG_API MAG_MUST_CHECK int mag_plan_make(const struct mag_topology *topology,
                                         enum mag_placement placement, uint32_t workers,
                                         const uint32_t *os_pus, uint32_t os_pu_count,
                                         struct mag_plan **ret_plan);
MAG_API void mag_plan_free(struct mag_plan *plan);
MAG_API uint32_t mag_plan_workers(const struct mag_plan *plan);
MAG_API const struct mag_seat *mag_plan_seat(const struct mag_plan *plan,
                                             uint32_t worker);
MAG_API enum mag_reach mag_seat_reach(const struct mag_seat *a, const struct mag_seat *b);

/* ------------------------------------------------- pinning and node memory */

enum mag_pinned {
    MAG_PINNED,      /* the thread runs on the PU that was asked for, and only there */
    MAG_PIN_REFUSED, /* the kernel said no (seccomp, cpuset); the thread floats */
    MAG_PIN_FOREIGN, /* the topology is not this machine's: nothing was asked */
};

/* Pins the calling thread to one PU. Returns 0 with what was obtained; -EINVAL no such PU. */
MAG_API int mag_pin_self(const struct mag_topology *topology, uint32_t pu,
                         enum mag_pinned *ret_obtained);

enum mag_placed {
    MAG_PLACED,      /* the kernel accepted the node */
    MAG_FIRST_TOUCH, /* the kernel refused the policy: pages go where first touched */
};

/* Maps `size` bytes of zeroed pages, on `node` if the kernel agrees (MAG_NONE: anywhere). */
MAG_API MAG_MUST_CHECK int mag_node_map(const struct mag_topology *topology,
                                        uint32_t node, size_t size, void **ret_pages,
                                        enum mag_placed *ret_obtained);
/* Gives back pages of mag_node_map; `pages` may be NULL. */
MAG_API void mag_node_unmap(void *pages, size_t size);

MAG_EXTERN_C_END

#endif

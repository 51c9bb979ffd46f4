/*
 * route.h - all routes over a machine: which workers are near each other, which queue is
 * near which CPU.  Private to sched/.
 *
 * A pure function of values: the same layout always gives the same routes.  No threads,
 * no atomics, no clock; the memory is the caller's.
 *
 * Ranks.  Every worker has a rank: its place in the order package, node, cache, core, PU
 * of the machine, whatever the placement is.  Workers' numbers follow the placement:
 * workers with neighboring numbers may sit on different nodes.  Workers with neighboring
 * ranks sit next to each other.  The workers of one PU, of one core, of one cache and of
 * one home are each a span of ranks, and these spans are nested.
 *
 * Homes.  A home is a node with PUs, whether or not workers sit there; PUs without a node
 * share the home of their package.  For each home the other homes are ordered by
 * distance.
 *
 * Ownership
 *   [I] immutable once made
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_ROUTE_H
#define SCHED_POLICY_ROUTE_H

#include <magpie/plan.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A machine with workers on it, as values. */
struct mag_layout {
    const struct mag_pu *pus; /* in the order of the machine's hierarchy */
    uint32_t pu_count;        /* at least 1 */
    const struct mag_seat *seats;
    uint32_t workers;          /* at least 1 */
    const uint32_t *distances; /* nodes squared, as mag_topology_distance */
    uint32_t nodes;
};

/* The ranks from `begin` up to, and not including, `end`. */
struct mag_span {
    uint32_t begin;
    uint32_t end;
};

/* A ring of equally far victims; it ends before index `end`. */
struct mag_ring {
    uint32_t end;
    enum mag_reach reach;
    uint32_t distance; /* between the nodes, as mag_topology_distance */
};

/* What is known of one rank: its worker, and the spans of workers near that worker. */
struct mag_spot {
    uint32_t worker;
    uint32_t os_pu;
    uint32_t home;
    struct mag_span pu;
    struct mag_span core;
    struct mag_span cache;
};

struct mag_home {
    struct mag_span ranks; /* of its workers */
    uint32_t node;         /* MAG_NONE: a package without one */
    uint32_t package;      /* of its first PU */
};

struct mag_routes {
    /* Read by posts from outside the scheduler. */
    uint16_t *cpu_queue;  /* [I] operating system CPU to the nearest queue with workers */
    uint32_t cpu_count;   /* [I] length of cpu_queue and cpu_rank */
    uint32_t queue_count; /* [I] one per node, at least one */
    uint16_t *node_queue; /* [I] node to the nearest queue with workers */
    bool *cpu_known;      /* [I] by operating system CPU: it is a PU of the layout */

    /* Read to decide which worker to wake. */
    uint32_t *cpu_rank;     /* [I] operating system CPU to the nearest worker */
    uint32_t *cpu_home;     /* [I] operating system CPU to home */
    uint32_t *queue_rank;   /* [I] the first worker at a queue; MAG_NONE: there is none */
    uint32_t *rank;         /* [I] by worker */
    struct mag_spot *spots; /* [I] by rank */
    struct mag_home *homes; /* [I] */
    uint32_t *nearest;      /* [I] by home: all homes, itself first, then by distance */
    uint32_t workers;       /* [I] */
    uint32_t home_count;    /* [I] */

    uint32_t *between; /* [I] distances of the homes, home_count squared */
    uint32_t *apart;   /* [I] distances of the queues, queue_count squared */
    void *memory;      /* [I] the caller's memory; all arrays above lie in it */
};

/* The bytes that the routes of `layout` need, a multiple of 8. */
size_t mag_routes_size(const struct mag_layout *layout);

/* Makes the routes in memory of that size, aligned to 8 bytes.  Does not keep
 * `layout`. */
void mag_routes_make(struct mag_routes *routes, const struct mag_layout *layout,
                     void *memory);

/*
 * The other workers in the order in which one worker steals from them, nearest first, in
 * rings of equal distance: same core, same cache, same node, then nodes by distance.
 *
 *   ret_victims    room for routes->workers - 1 numbers of workers
 *   ret_rings      room for `ring_capacity` rings, at least 1; if there are more, the
 *                  farthest are merged into the last ring, which then has the reach and
 *                  distance of the farthest.  No ring is empty; 3 + the number of homes
 *                  always suffice
 *   Returns        the number of rings; 0: `worker` is the only worker
 */
uint32_t mag_routes_victims(const struct mag_routes *routes, uint32_t worker,
                            uint32_t *ret_victims, struct mag_ring *ret_rings,
                            uint32_t ring_capacity);

/* All queues, `queue` first, then by distance; room for routes->queue_count numbers. */
void mag_routes_queues(const struct mag_routes *routes, uint32_t queue,
                       uint32_t *ret_queues);

/* The ranks of a span as bits; bit 0 stands for rank 64 * `word`. */
static inline uint64_t mag_span_bits(struct mag_span span, uint32_t word)
{
    uint64_t from = (uint64_t)word * 64;
    uint64_t bits = UINT64_MAX;

    if (span.end <= from || span.begin >= from + 64)
        return 0;
    if (span.begin > from)
        bits = bits << (span.begin - from);
    if (span.end < from + 64)
        bits = bits & (UINT64_MAX >> (from + 64 - span.end));
    return span.begin < span.end ? bits : 0;
}

/* The queue of workers that sit on `node`. */
static inline uint32_t mag_route_own_queue(const struct mag_routes *routes, uint32_t node)
{
    return node < routes->queue_count ? node : 0;
}

/* The queue for jobs posted by a thread on this CPU.  Works for unknown CPUs too. */
static inline uint32_t mag_route_cpu_queue(const struct mag_routes *routes, uint32_t cpu)
{
    return cpu < routes->cpu_count ? routes->cpu_queue[cpu] : routes->node_queue[0];
}

/* Whether the layout has this CPU.  If not, it came online later. */
static inline bool mag_route_knows_cpu(const struct mag_routes *routes, uint32_t cpu)
{
    return cpu < routes->cpu_count && routes->cpu_known[cpu];
}

/* A CPU of the layout that has the queue of `node`: that of a worker there. */
static inline uint32_t mag_route_node_cpu(const struct mag_routes *routes, uint32_t node)
{
    return routes->spots[routes->queue_rank[routes->node_queue[node]]].os_pu;
}

/* The workers on a CPU: an empty span if there are none. */
static inline struct mag_span mag_route_cpu_workers(const struct mag_routes *routes,
                                                    uint32_t cpu)
{
    struct mag_span none = {0, 0};

    if (cpu >= routes->cpu_count)
        return none;
    const struct mag_spot *spot = &routes->spots[routes->cpu_rank[cpu]];
    return spot->os_pu == cpu ? spot->pu : none;
}

#endif

/*
 * wake.h - whether to wake a worker, and which one.  Private to sched/.
 *
 * Pure functions of values.  A wake is an order in which to look for a parked worker, as
 * spans of ranks (route.h): one worker, the workers of its core, of its cache, of its
 * home, then the other homes by distance.  The first parked worker found is woken.
 * Workers on the caller's own CPU come last: they cannot run before the caller leaves it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_WAKE_H
#define SCHED_POLICY_WAKE_H

#include "sched/policy/route.h"

#include <stdbool.h>
#include <stdint.h>

/* Which worker to wake. */
struct mag_wake {
    uint32_t near;         /* the rank to begin at */
    uint32_t home;         /* the home whose order of distances applies after that */
    struct mag_span avoid; /* ranks to wake only if no other worker is parked */
};

/* The steps of a walk; from MAG_WAKE_HOMES on there is one step for each home. */
enum { MAG_WAKE_SELF, MAG_WAKE_CORE, MAG_WAKE_CACHE, MAG_WAKE_HOMES };

/* How far a search for parked workers has come. */
struct mag_wake_walk {
    struct mag_wake wake;
    uint32_t step;
};

/*
 * Whether a post to a queue has to wake a worker.  Not while a worker searches: each
 * searcher looks at the queues once more before it parks.
 */
static inline bool mag_wake_is_due(uint32_t parked, uint32_t searching)
{
    return parked != 0 && searching == 0;
}

/*
 * Whether a job for the workers of one home wakes one of them even though others search,
 * who may sit far from it.  Not if somebody there is awake, who may be about to take it,
 * unless older jobs wait there too.
 */
static inline bool mag_wake_is_due_there(uint32_t parked_there, bool awake_there,
                                         bool older)
{
    return parked_there != 0 && (!awake_there || older);
}

/*
 * How many workers a thief wakes that was woken itself, has stolen its first child, and
 * left more of them with its victim.  They are workers of its own cache: a tree of wakes
 * in each cache, while the caches are woken one by one.  A tree of all would have the
 * whole of a large machine awake for work that ends before.
 */
enum { MAG_WAKE_BESIDE = 2 };

/* Whether one of these is woken, even though others search: not if a quarter of the awake
 * workers do. */
static inline bool mag_wake_one_beside(uint32_t searching, uint32_t awake)
{
    return 4 * searching < awake;
}

/* The wake for a job in a queue, posted by a thread on `cpu`: begins near that CPU if the
 * queue is the CPU's own, else near the queue. */
static inline struct mag_wake mag_wake_for_queue(const struct mag_routes *routes,
                                                 uint32_t queue, uint32_t cpu)
{
    struct mag_wake wake;
    uint32_t rank = routes->queue_rank[queue];

    wake.near = rank != MAG_NONE ? rank : 0;
    wake.home = routes->spots[wake.near].home;
    if (cpu < routes->cpu_count && routes->cpu_queue[cpu] == queue) {
        wake.near = routes->cpu_rank[cpu];
        wake.home = routes->cpu_home[cpu];
    }
    wake.avoid = mag_route_cpu_workers(routes, cpu);
    return wake;
}

/* The wake for a job that only the worker of this rank can run; if that worker is awake,
 * continues with those near it. */
static inline struct mag_wake mag_wake_one(const struct mag_routes *routes, uint32_t rank)
{
    struct mag_wake wake;

    wake.near = rank;
    wake.home = routes->spots[rank].home;
    wake.avoid.begin = wake.avoid.end = 0;
    return wake;
}

/* The wake for work that the worker of this rank has, or has seen, while it runs on
 * `cpu`. */
static inline struct mag_wake mag_wake_for_worker(const struct mag_routes *routes,
                                                  uint32_t rank, uint32_t cpu)
{
    struct mag_wake wake = mag_wake_one(routes, rank);

    wake.avoid = mag_route_cpu_workers(routes, cpu);
    return wake;
}

/* The wake for work that the worker of this rank has seen while it runs on `cpu`; the
 * nearest queue where jobs wait is `queue`, MAG_NONE if there is none.  It begins near
 * that queue: its workers may all be parked, since who posted there saw a searcher. */
static inline struct mag_wake mag_wake_for_seen(const struct mag_routes *routes,
                                                uint32_t rank, uint32_t cpu,
                                                uint32_t queue)
{
    struct mag_wake wake = mag_wake_for_worker(routes, rank, cpu);

    if (queue == MAG_NONE || routes->queue_rank[queue] == MAG_NONE)
        return wake;
    uint32_t home = routes->spots[routes->queue_rank[queue]].home;
    if (home != wake.home) {
        wake.near = routes->queue_rank[queue];
        wake.home = home;
    }
    return wake;
}

/* Any worker will do: for the drain and the end. */
static inline struct mag_wake mag_wake_any(void)
{
    struct mag_wake wake;

    wake.near = wake.home = wake.avoid.begin = wake.avoid.end = 0;
    return wake;
}

static inline struct mag_wake_walk mag_wake_begin(struct mag_wake wake)
{
    struct mag_wake_walk walk;

    walk.wake = wake;
    walk.step = 0;
    return walk;
}

/*
 * The next span of ranks to look at; the caller skips the ranks in walk->wake.avoid.  A
 * later span of the same home includes the earlier ones.  After the last span the walk
 * begins again with `avoid` empty, so it never ends.
 */
static inline struct mag_span mag_wake_next(const struct mag_routes *routes,
                                            struct mag_wake_walk *walk)
{
    const struct mag_spot *spot = &routes->spots[walk->wake.near];
    struct mag_span self;

    self.begin = walk->wake.near;
    self.end = walk->wake.near + 1;
    if (walk->step == MAG_WAKE_HOMES + routes->home_count) {
        walk->step = 0;
        walk->wake.avoid.begin = walk->wake.avoid.end = 0;
    }
    switch (walk->step++) {
    case MAG_WAKE_SELF:
        return self;
    case MAG_WAKE_CORE:
        return spot->core;
    case MAG_WAKE_CACHE:
        return spot->cache;
    default:
        break;
    }
    uint32_t nth = walk->step - 1 - MAG_WAKE_HOMES;
    return routes->homes[routes->nearest[walk->wake.home * routes->home_count + nth]]
        .ranks;
}

#endif

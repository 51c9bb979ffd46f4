/*
 * search.h - the order in which a worker looks for work.  Private to sched/.
 *
 * A pure cursor over values.  At each step it names the next thing to look at, and the
 * searching loop looks there.  The order:
 *
 *     own     the worker's own hand, ring, inbox and its node's queue
 *     near    the victims of the same core, cache and node, ring by ring
 *             the spare berths in use on the same node
 *     queues  the queues of other nodes, nearest first
 *     far     the victims of other nodes, ring by ring
 *             the spare berths in use on other nodes
 *
 * The search of each ring begins at a random victim, so that thieves do not all meet at
 * the same one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_SEARCH_H
#define SCHED_POLICY_SEARCH_H

#include "sched/policy/route.h"

#include <stdbool.h>
#include <stdint.h>

/* Rings of victims; farther ones are merged into the last. */
enum { MAG_PATH_RINGS = 16 };

/* Where one worker looks, as filled in by mag_routes_victims and mag_routes_queues. */
struct mag_paths {
    uint32_t *victims; /* numbers of workers */
    struct mag_ring rings[MAG_PATH_RINGS];
    uint32_t ring_count;
    uint32_t *queues; /* the worker's own first */
    uint32_t queue_count;
    bool has_spare; /* there are spare berths, which are not among the victims */
};

enum mag_search_where {
    MAG_SEARCH_OWN,        /* the worker's own jobs, and its node's queue */
    MAG_SEARCH_NEAR,       /* `index`: a victim on the same node */
    MAG_SEARCH_NEAR_SPARE, /* all spare berths in use on the same node */
    MAG_SEARCH_QUEUE,      /* `index`: another node's queue */
    MAG_SEARCH_FAR,        /* `index`: a victim on another node */
    MAG_SEARCH_FAR_SPARE,  /* all spare berths in use on other nodes */
    MAG_SEARCH_END,        /* everything has been looked at */
};

/* One step: what to look at now. */
struct mag_search_step {
    enum mag_search_where where;
    uint32_t index;
};

struct mag_search {
    const struct mag_paths *paths;
    uint64_t random; /* state of mag_search_random; keep it for the next search */
    enum mag_search_where where;
    uint32_t ring;  /* the ring of the next victims */
    uint32_t start; /* index of the ring's first victim among all victims */
    uint32_t first; /* offset in the ring at which the search began */
    uint32_t done;  /* how many victims of the ring, or queues, are done */
};

/* `random` is not 0. */
struct mag_search mag_search_begin(const struct mag_paths *paths, uint64_t random);

/* What to look at next.  After MAG_SEARCH_END every further call returns that again. */
struct mag_search_step mag_search_next(struct mag_search *search);

/* Which of the rings of other nodes, counted from the nearest, a victim belongs to, at
 * most `last`; also `last` if it belongs to none. */
uint32_t mag_paths_far_ring(const struct mag_paths *paths, uint32_t victim,
                            uint32_t last);

/* Marsaglia's xorshift64*.  Advances the state, which is not 0, and returns a number
 * below `bound`. */
uint32_t mag_search_random(uint64_t *state, uint32_t bound);

#endif

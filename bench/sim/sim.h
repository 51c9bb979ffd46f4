/*
 * sim.h - a scheduler of any size on any machine, simulated event by event.
 *
 * The decisions are those of sched/policy/, called and not copied: where a worker looks
 * (search.h), for how long and how many at once (linger.h), whom it wakes (wake.h), who
 * watches (watch.h), how many children are shared (share.h), all over the routes of
 * route.h.  What carries them out is modelled here, with a cost for each step
 * (costs.h).  docs/design/simulation.md says what is modelled and what is not.
 *
 * One thread, no clock, no address: the same description gives the same run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SIM_SIM_H
#define BENCH_SIM_SIM_H

#include "bench/sim/costs.h"
#include "bench/sim/graph.h"

#include <magpie/plan.h>
#include <magpie/topology.h>

enum { SIM_WORKERS_MAX = 1024, SIM_REACHES = 4 };

/* What a worker looks at in one search. */
enum sim_victims {
    SIM_VICTIMS_ALL, /* as the scheduler: every victim, near rings first */
    SIM_VICTIMS_ONE, /* one random victim; seven times of eight one of the same node */
};

/*
 * How the workers that are needed are woken.
 *   USUAL   as the scheduler: by a tree for jobs posted by one call, and for children in
 *           each cache; else one by one
 *   ONE     always one by one
 *   JOBS    by a tree only for jobs posted by one call
 *   TREE    the workers for any post by a tree; a woken thief that found work wakes two
 *   EARLY   as USUAL, but a thief does not count as searching in its membarrier
 */
enum sim_waking {
    SIM_WAKING_USUAL,
    SIM_WAKING_ONE,
    SIM_WAKING_JOBS,
    SIM_WAKING_TREE,
    SIM_WAKING_EARLY,
};

/*
 * Which threads a thief's membarrier interrupts, and what other thieves do meanwhile.
 *   SHARED   as the scheduler's: all that run; one call serves all who wait for it
 *   ALL      all that run, one call for each thief
 *   LOCKED   the victim's CPU, as Linux can aim it at a pinned thread, one call at a time
 *   ONE      the victim's CPU, many calls at a time
 */
enum sim_barrier {
    SIM_BARRIER_SHARED,
    SIM_BARRIER_ALL,
    SIM_BARRIER_LOCKED,
    SIM_BARRIER_ONE,
};

/*
 * When a thief takes what its victim does not share.
 *   AT_ONCE  as the scheduler: when it finds that
 *   LATE     when it has looked at all victims in vain
 *   HUNGRY   as LATE, and it asks each victim to share, which looks at each fork whether
 *            it is asked
 *   TAG      as LATE, and it tags its victim's newest child that it sees, so that the
 *            victim shares when it joins that one, and looks nowhere else
 */
enum sim_force {
    SIM_FORCE_AT_ONCE,
    SIM_FORCE_LATE,
    SIM_FORCE_HUNGRY,
    SIM_FORCE_TAG,
};

/* How many workers may search: half of those that are awake, as the scheduler allows; or
 * of these two in each cache. */
enum sim_searchers { SIM_SEARCHERS_HALF, SIM_SEARCHERS_TWO };

/* What a woken worker does that has found nothing in its first pass: it searches on, as
 * in the scheduler, or parks. */
enum sim_vain { SIM_VAIN_SEARCH, SIM_VAIN_PARK };

/* The look at all workers of one that parks or that ends the last search: it costs what
 * it costs, or, for comparison, nothing. */
enum sim_last_look { SIM_LAST_LOOK_ALL, SIM_LAST_LOOK_FREE };

/* An injection queue for each node, as in the scheduler, or for each cache. */
enum sim_queues { SIM_QUEUES_NODE, SIM_QUEUES_CACHE };

struct sim_setup {
    const struct mag_topology *topology;
    enum mag_placement placement;
    uint32_t workers;
    const struct sim_graph *graph;
    uint64_t size;
    uint64_t seed;
    enum sim_victims victims;
    enum sim_waking waking;
    enum sim_barrier barrier;
    enum sim_force force;
    enum sim_searchers searchers;
    enum sim_vain vain;
    enum sim_last_look last_look;
    enum sim_queues queues;
    uint32_t spin_us; /* as in struct mag_sched_config */
    struct sim_costs costs;
};

/* Where the time of the workers went. */
enum sim_spent {
    SIM_SPENT_RUN,    /* in functions, their forks and joins */
    SIM_SPENT_REMOTE, /* waiting for memory of other nodes, or for busy memory */
    SIM_SPENT_SEARCH, /* looking for work */
    SIM_SPENT_STEAL,  /* taking work, with membarrier and its interrupts */
    SIM_SPENT_WAKE,   /* waking others, falling asleep, waking up */
    SIM_SPENT_WAIT,   /* in a join whose child another worker runs */
    SIM_SPENT_LINES,  /* waiting for lines that others have written */
    SIM_SPENT_PARK,   /* asleep */
    SIM_SPENTS
};

const char *sim_spent_name(enum sim_spent spent);

struct sim_outcome {
    double ns;                /* from the first post to the end of the last job */
    double spent[SIM_SPENTS]; /* of all workers together; the sum is workers * ns */
    double burst_ns; /* the median time of a burst, from its first post to its last end */
    double cpu_ns;   /* of all workers, while not asleep */
    uint64_t nodes;  /* functions that ran */
    uint64_t forks;
    uint64_t joins;
    uint64_t steals[SIM_REACHES]; /* by enum mag_reach */
    uint64_t helped;              /* of these by joins */
    uint64_t misses;              /* victims that had nothing, or were lost to others */
    uint64_t barriers;
    uint64_t wakes;
    uint64_t wakes_vain; /* that found nothing before they parked again */
    uint32_t chain;      /* the longest row of wakes in which each woke the next */
    double all_awake_ns; /* when as many workers as ever were awake */
    uint32_t most_awake;
    char hottest[48]; /* the line that workers waited for longest */
    double hottest_ns;
    uint64_t hottest_transfers;
    uint64_t transfers; /* of all lines */
};

/* 0, or a negative errno. */
int sim_run_setup(const struct sim_setup *setup, struct sim_outcome *ret_outcome);

#endif

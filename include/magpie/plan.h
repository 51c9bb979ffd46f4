/*
 * plan.h - which worker sits on which PU of a machine.
 *
 *     #include <magpie/plan.h>
 *     #include <stdio.h>
 *
 *     int main(void)
 *     {
 *         struct mag_topology *topology;
 *         struct mag_plan *plan;
 *
 *         // a machine that need not exist
 *         if (mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:2 core:4 pu:2",
 *                               &topology) != 0)
 *             return 1;
 *         if (mag_plan_make(topology, MAG_PLACE_SCATTER, 4, NULL, 0, &plan) != 0)
 *             return 1;
 *         mag_topology_free(topology);
 *         for (uint32_t i = 0; i < mag_plan_workers(plan); i++)
 *             printf("worker %u: node %u\n", i, mag_plan_seat(plan, i)->node);
 *         mag_plan_free(plan);
 *         return 0;
 *     }
 *
 * The model.  A plan is a list of seats, one per worker, each on one PU of a topology
 * (topology.h).  It does not change once it is made.  A scheduler makes its own plan from
 * its configuration; mag_sched_plan returns it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_PLAN_H
#define MAGPIE_PLAN_H

#include <magpie/error.h>
#include <magpie/topology.h>

MAG_EXTERN_C_BEGIN

/* In what order workers fill the machine. */
enum mag_placement {
    MAG_PLACE_PER_CORE, /* one PU of each core, neighbours first; then the other PUs */
    MAG_PLACE_COMPACT,  /* all PUs of a core, then of its cache, of its node, the next */
    MAG_PLACE_SCATTER,  /* far apart: packages in turn, then nodes, caches, cores */
    MAG_PLACE_PER_PU,   /* as COMPACT, but by default one worker for each PU */
    MAG_PLACE_LIST,     /* the PUs of a list, in its order */
};

/* Where one worker sits. */
struct mag_seat {
    uint32_t pu;    /* index into the topology */
    uint32_t os_pu; /* the operating system's number of that PU */
    uint32_t core;  /* this and the following as in struct mag_pu */
    uint32_t cache;
    uint32_t node;
    uint32_t package;
};

/* How far two seats are apart, nearest first. */
enum mag_reach {
    MAG_REACH_CORE,  /* the same core */
    MAG_REACH_CACHE, /* the same last-level cache */
    MAG_REACH_NODE,  /* the same node; without one, the same package */
    MAG_REACH_FAR,   /* farther */
};

struct mag_plan;

/*
 * Assigns workers to the PUs of a topology.  The same input always gives the same plan.
 * If there are more workers than PUs, the PUs are given out again from the first on.
 *
 *   workers      how many; 0: one for each usable core, with MAG_PLACE_PER_PU one for
 *                each PU, with MAG_PLACE_LIST one for each entry.  A plan knows no
 *                budget: to respect one, pass mag_budget_workers() or mag_budget_cap()
 *   os_pus       for MAG_PLACE_LIST: os_pu_count numbers of PUs, as the operating system
 *                counts them; otherwise ignored
 *   Allocates    yes
 *   Returns      0; -EINVAL no such placement, an empty list, or a PU in it that is not
 *                usable; -ENOMEM
 *   Release      mag_plan_free
 */
MAG_API MAG_MUST_CHECK int mag_plan_make(const struct mag_topology *topology,
                                         enum mag_placement placement, uint32_t workers,
                                         const uint32_t *os_pus, uint32_t os_pu_count,
                                         struct mag_plan **ret_plan);

/* Frees a plan; NULL is allowed.  A plan does not need its topology any more. */
MAG_API void mag_plan_free(struct mag_plan *plan);

/* How many workers the plan seats. */
MAG_API uint32_t mag_plan_workers(const struct mag_plan *plan);

/*
 * The seat of one worker, valid as long as the plan; NULL: no such worker.
 */
MAG_API const struct mag_seat *mag_plan_seat(const struct mag_plan *plan,
                                             uint32_t worker);

/* How far two seats are apart; both must be of plans over one topology.  Two workers on
 * one PU share its core. */
MAG_API enum mag_reach mag_seat_reach(const struct mag_seat *a, const struct mag_seat *b);

/*
 * Writes a plan, one line per worker.  Like snprintf it writes at most `size` bytes, the
 * terminating zero included.
 *
 *   Returns    the length of the whole text, without the zero
 */
MAG_API size_t mag_plan_format(const struct mag_plan *plan, char *buffer, size_t size);

/* The name of a placement, such as "per-core"; NULL: no such placement. */
MAG_API const char *mag_placement_name(enum mag_placement placement);

MAG_EXTERN_C_END

#endif

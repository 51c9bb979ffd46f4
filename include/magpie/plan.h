/*
 * plan.h - where workers sit on a machine.
 *
 * A plan is a list of seats, one per worker, each on one PU of a topology.  It does not
 * change once it is made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_PLAN_H
#define MAGPIE_PLAN_H

#include <magpie/error.h>
#include <magpie/topology.h>

MAG_EXTERN_C_BEGIN

enum mag_placement {
    MAG_PLACE_PER_CORE, /* one PU of each core, neighbours first; then the others */
    MAG_PLACE_COMPACT,  /* every PU of a core, of its cache, of its node, then the next */
    MAG_PLACE_SCATTER,  /* far apart: packages in turn, then nodes, caches, cores */
    MAG_PLACE_PER_PU,   /* as compact; the default number of workers is that of PUs */
    MAG_PLACE_LIST,     /* the caller's list of operating system PU numbers, in order */
};

/* Where one worker sits. */
struct mag_seat {
    uint32_t pu;    /* index into the topology */
    uint32_t os_pu; /* the operating system's number of that PU */
    uint32_t core;  /* these four as in struct mag_pu */
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
 * If there are more workers than PUs, the seats are given out again from the first on.
 *
 *   workers      0: one per usable core; one per PU for MAG_PLACE_PER_PU; one per entry
 *                for a list.  The budget does not count here: pass mag_budget_workers()
 *                or mag_budget_cap() to respect it
 *   os_pus       for MAG_PLACE_LIST, os_pu_count entries; ignored otherwise
 *   Allocates    yes
 *   Returns      0; -EINVAL no such policy, an empty list, or a PU in it that is not
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
 * The seat of one worker; valid as long as the plan.  NULL when there is no such worker.
 */
MAG_API const struct mag_seat *mag_plan_seat(const struct mag_plan *plan,
                                             uint32_t worker);

/* How far two seats of plans over one topology are apart; two workers on one PU share its
 * core. */
MAG_API enum mag_reach mag_seat_reach(const struct mag_seat *a, const struct mag_seat *b);

/*
 * Writes a plan, one line per worker.  As snprintf it writes at most `size` bytes, the
 * terminating zero included.
 *
 *   Returns    the length of the whole text without the zero
 */
MAG_API size_t mag_plan_format(const struct mag_plan *plan, char *buffer, size_t size);

/* The policy's name, such as "per-core"; NULL when there is no such policy. */
MAG_API const char *mag_placement_name(enum mag_placement placement);

MAG_EXTERN_C_END

#endif

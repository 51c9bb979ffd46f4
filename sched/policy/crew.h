/*
 * crew.h - which workers a team takes, and which of them is which member.  Private to
 * sched/.  Pure functions of values.
 *
 * A crew is a set of workers.  Its order goes round all workers, beginning with `first`:
 * member 1 is the first worker of the crew in that order, member 2 the second one.
 * (Member 0 is the caller.)  So a caller who begins at the same worker each time, and
 * finds no worker taken, gets the same workers as the same members.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_CREW_H
#define SCHED_POLICY_CREW_H

#include <magpie/sched.h>

#include <stdbool.h>
#include <stdint.h>

enum { MAG_CREW_WORDS = MAG_SCHED_WORKERS_MAX / 64 };

struct mag_crew {
    uint32_t workers; /* of the scheduler */
    uint32_t first;   /* where the order begins */
    uint32_t size;    /* workers in the set */
    bool dense;       /* they are `first` and those that follow it */
    uint64_t set[MAG_CREW_WORDS];
};

/* Which workers may be taken: bitmaps by worker number. */
struct mag_crew_wish {
    uint32_t workers;
    uint32_t first; /* where the order begins */
    uint32_t size;  /* how many are wanted */
    uint32_t self;  /* the caller's own number, which is not taken; or MAG_NONE */
    const uint64_t *held;
    const uint64_t *idle; /* those that have nothing to do; NULL: it does not matter */
    bool idle_only;       /* take no others; else only take the idle ones first */
};

static inline bool mag_crew_has(const uint64_t *set, uint32_t worker)
{
    return (set[worker / 64] >> worker % 64 & 1) != 0;
}

/* False: there are not enough. */
bool mag_crew_choose(const struct mag_crew_wish *wish, struct mag_crew *ret_crew);

/* The worker that is this member, from 1. */
uint32_t mag_crew_worker(const struct mag_crew *crew, uint32_t member);

/* The first member's worker, where the next crew of the same caller should begin. */
static inline uint32_t mag_crew_begin(const struct mag_crew *crew)
{
    return mag_crew_worker(crew, 1);
}

#endif

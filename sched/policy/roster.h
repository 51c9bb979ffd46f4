/*
 * roster.h - which workers a team takes, and which of them is which member.  Private
 * to sched/.  Pure functions of values.
 *
 * A roster is a set of workers.  Its order goes round all workers, beginning with
 * `first`: member 1 is the first worker of the roster in that order, member 2 the second
 * one.  (Member 0 is the caller.)  So a caller who begins at the same worker each time,
 * and finds no worker taken, gets the same workers as the same members.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_ROSTER_H
#define SCHED_POLICY_ROSTER_H

#include <magpie/sched.h>

#include <stdbool.h>
#include <stdint.h>

enum { MAG_ROSTER_WORDS = MAG_SCHED_WORKERS_MAX / 64 };

struct mag_roster {
    uint32_t workers; /* of the scheduler */
    uint32_t first;   /* where the order begins */
    uint32_t size;    /* workers in the set */
    bool dense;       /* they are `first` and those that follow it */
    uint64_t set[MAG_ROSTER_WORDS];
};

/* Which workers may be taken: bitmaps by worker number. */
struct mag_roster_wish {
    uint32_t workers;
    uint32_t first; /* where the order begins */
    uint32_t size;  /* how many are wanted */
    uint32_t self;  /* the caller's own number, which is not taken; or MAG_NONE */
    const uint64_t *held;
    const uint64_t *idle; /* those that have nothing to do; NULL: it does not matter */
    bool idle_only;       /* take no others; else only take the idle ones first */
};

static inline bool mag_roster_has(const uint64_t *set, uint32_t worker)
{
    return (set[worker / 64] >> worker % 64 & 1) != 0;
}

/* False: there are not enough. */
bool mag_roster_choose(const struct mag_roster_wish *wish, struct mag_roster *ret_roster);

/* The worker that is this member, from 1. */
uint32_t mag_roster_worker(const struct mag_roster *roster, uint32_t member);

/* The first member's worker, where the next roster of the same caller should begin. */
static inline uint32_t mag_roster_begin(const struct mag_roster *roster)
{
    return mag_roster_worker(roster, 1);
}

#endif

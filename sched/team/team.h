/*
 * team.h - what all members of a team share, and what a scheduler keeps for its teams.
 * Private to sched/.  docs/design/teams.md has the states and the proofs.
 *
 * Ownership
 *   [I] immutable while the team runs    [A] any member    [M] the member's own, plain
 *   [B] under the barrier: written before one, read after it
 *   [L] under the lock of the scheduler's teams
 *   [G] written by whoever calls the worker, before the state says so
 *   [W] the worker itself, plain
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TEAM_TEAM_H
#define SCHED_TEAM_TEAM_H

#include "base/fp.h"
#include "base/spin.h"
#include "sched/policy/roster.h"
#include "sched/scheduler.h"
#include "sched/team/meet.h"

#include <magpie/team.h>

struct mag_teams;

/* A member's view of its team, while it is in the body. */
struct mag_team {
    struct mag_team_common *common; /* [I] */
    struct mag_meet_part part;      /* [M] */
    struct mag_team_call *call;     /* [I] its worker's; NULL: member 0 */
    uint32_t member;                /* [I] */
    uint32_t singles;               /* [M] rounds of mag_team_single so far */
    uint64_t rounds;                /* [M] broadcasts so far */
};

enum mag_team_answer { MAG_TEAM_WAITS, MAG_TEAM_HELD, MAG_TEAM_REFUSED };

/* What a caller of mag_team_run asks for, see hold.h. */
struct mag_team_ask {
    struct mag_roster_wish wish; /* [I] but for `idle` */
    struct mag_roster *roster;   /* [L] what the caller gets */
    uint32_t flags;              /* [I] enum mag_team_flags */
    struct mag_team_call *call;  /* [I] the calling worker's; NULL: from outside */
    _Atomic(uint32_t) answer;    /* [A] enum mag_team_answer */
    struct mag_team_ask *next;   /* [L] in the queue */
};

/* How a worker is called into a team: one of these for each worker.  It has what others
 * still need if the worker's thread ends, and its stack with it. */
struct mag_team_call {
    struct mag_job job;      /* first; goes through the worker's inbox */
    struct mag_teams *teams; /* [I] */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) state; /* [A] see call.h */
    uint32_t member;                                  /* [G] */
    struct mag_team_common *common;                   /* [G] */
    /* [G] As in `common`: copies, so that a short body need not fetch another line. */
    void (*body)(struct mag_team *team, uint32_t member, void *arg);
    void *arg;
    mag_fp fp;
    uint32_t members;
    bool crowded;
    uint32_t index;          /* [I] the worker */
    uint32_t linger_us;      /* [W] adaptive */
    struct mag_team team;    /* [W] as a member */
    struct mag_team_ask ask; /* as a caller that is a worker */
    bool waits;              /* [W] it waits for what it has asked for */
    struct mag_meet meet;    /* for the team that has the worker, see meets.c */
};

/* The value of one broadcast.  Two take turns: nobody begins the one after the next
 * before all have read this one. */
struct mag_team_said {
    uint64_t round; /* [B] counts broadcasts from 1 */
    void *value;    /* [B] */
};

/* On the stack of member 0, from the start of the team until all have left. */
struct mag_team_common {
    struct mag_meet root; /* [A] where all meet */

    _Alignas(MAG_CACHE_LINE) struct mag_teams *teams; /* [I] */
    uint32_t members;                                 /* [I] */
    mag_fp fp;                                        /* [I] the caller's modes */
    void (*body)(struct mag_team *team, uint32_t member, void *arg); /* [I] */
    void *arg;                                                       /* [I] */
    struct mag_meet_patience patience;                               /* [I] */
    struct mag_roster roster;                                        /* [I] */

    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) singles; /* [A] rounds with a member */
    _Atomic(uint32_t) faults;                           /* [A] enum mag_team_fault */
    struct mag_team_said said[2];                       /* [B] */
    struct mag_meet first; /* [A] of the first members, if there is a tree */
};

enum mag_team_fault {
    MAG_TEAM_LOST = 1,  /* a member ended its thread */
    MAG_TEAM_UNMET = 2, /* a member never began */
};

/* What a scheduler keeps for its teams. */
struct mag_teams {
    struct mag_sched *sched; /* [I] */
    uint32_t pus;            /* [I] of the machine */
    struct mag_spin lock;
    struct mag_team_ask *first;      /* [L] callers that wait, the oldest first */
    struct mag_team_ask *last;       /* [L] */
    uint64_t held[MAG_ROSTER_WORDS]; /* [L] workers that are in teams, by number */
    struct mag_team_call calls[];    /* one for each worker */
};

static inline struct mag_team_call *mag_team_call_of(const struct mag_team_common *common,
                                                     uint32_t member)
{
    return &common->teams->calls[mag_roster_worker(&common->roster, member)];
}

/* Makes the meets of a team whose roster is chosen; and makes a member, or whoever acts
 * for it, a participant of its own, among so many members. */
void mag_team_meets_init(struct mag_team_common *common);
void mag_team_join(struct mag_team_common *common, uint32_t members, uint32_t member,
                   struct mag_meet_part *ret_part);

/* Any member, or whoever counts out a member that never began. */
static inline void mag_team_note(struct mag_team_common *common,
                                 enum mag_team_fault fault)
{
    /* relaxed: the leave that follows releases it. */
    (void)atomic_fetch_or_explicit(&common->faults, fault, memory_order_relaxed);
}

/* For a caller that ends instead of waiting (hold.h): it is no longer in the queue, and
 * what it got is given back. */
void mag_team_withdraw(struct mag_teams *teams, struct mag_team_ask *ask);

/* Made with the scheduler, freed with it.  NULL: no memory. */
struct mag_teams *mag_teams_make(struct mag_sched *sched);
void mag_teams_free(struct mag_teams *teams);

/* By the stopping thread: callers from outside that wait for workers are refused.
 * `ending`: in the last phase, nobody is called any more, and members that have not begun
 * are counted out. */
void mag_teams_close(struct mag_teams *teams, bool ending);

#endif

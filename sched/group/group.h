/*
 * group.h - a group: the jobs that wait, its runners, and the threads that wait for it.
 * Private to sched/group/; <magpie/group.h> is the interface.  docs/design/groups.md has
 * the idea and the proof.
 *
 * Ownership
 *   [I] immutable   [L] under the group's lock   [K] written under the lock, read by
 *   anybody   [T] of the thread whose stack it is on
 *
 * All that is shared is protected by the lock, so there are no edges but the lock's own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_GROUP_GROUP_H
#define SCHED_GROUP_GROUP_H

#include "base/spin.h"
#include "sched/group/entry.h"
#include "sched/group/queue.h"
#include "sched/scheduler.h"

#include <magpie/group.h>
#include <magpie/pool.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A job of the scheduler that runs jobs of the group. */
struct mag_group_runner {
    struct mag_job job;
    struct mag_group *group;       /* [I] */
    struct mag_group_runner *next; /* [L] of those that are at home */
};

struct mag_group {
    struct mag_spin lock;
    _Atomic(int) closed;    /* [K] 0, or why no job begins: -ECANCELED, -ESHUTDOWN */
    _Atomic(uint32_t) turn; /* [L] changes for those who sleep; they sleep on it */

    struct mag_sched *sched;        /* [I] */
    struct mag_pool *pool;          /* [I] of entries */
    uint32_t level;                 /* [I] of the scheduler's queues, for runners */
    struct mag_group_config config; /* [I] but for `max_running`: [L], UINT32_MAX: any */

    struct mag_group_queue queue; /* [L] */
    uint64_t waiting;   /* [L] in the queue, or withdrawn but not yet handed back */
    uint64_t running;   /* [L] begun and not ended */
    uint64_t suspended; /* [L] of these: on the stack of a thread that waits here */
    uint32_t occupied;  /* [L] how much of `max_running` is used */
    uint64_t number;    /* [L] jobs added so far */
    uint64_t ended;     /* [L] so far */
    uint64_t withdrawn; /* [L] so far */

    struct mag_group_runner *home; /* [L] runners that are neither posted nor running */
    uint32_t away;                 /* [L] the others */
    uint32_t posted;               /* [L] of these: in the queues of the scheduler */

    uint32_t sleepers;    /* [L] threads that sleep until something has ended */
    uint32_t helpers;     /* [L] of these: those that would run a job */
    uint32_t lenders;     /* [L] of these: those that run a job of the group already */
    uint32_t job_waiters; /* [L] of the sleepers: those that wait for one job */
    struct mag_group_notice *notices; /* [L] to be told when all jobs have ended */

    bool over;                     /* [L] the round is over: the next add begins one */
    bool canceled;                 /* [L] by a call of mag_group_cancel */
    bool doomed;                   /* [L] destroyed; the last runner frees it */
    uint64_t failed;               /* [L] in this round */
    uint32_t kept;                 /* [L] how many of them are in `errors` */
    struct mag_group_error first;  /* [L] if `failed` is not 0 */
    struct mag_group_queue errors; /* [L] a list only */
    struct mag_group_runner runners[]; /* as many as the scheduler has berths */
};

/* A job that runs; lies on the stack of the thread that runs it. */
struct mag_group_frame {
    struct mag_group *group;         /* [I] */
    struct mag_group_entry *entry;   /* [T] */
    struct mag_group_runner *runner; /* [I] NULL: a waiting thread runs the job */
    bool slot;                       /* [T] whether it counts in `occupied` */
    const void *waiter; /* [T] the wait that has suspended the job, or NULL */
    struct mag_group_frame *outer;
};

/* How many runners wait in the queues of the scheduler, at most.  A runner that begins
 * sees to it that there are so many again, so that idle workers are woken as a tree; more
 * would give the group more turns than others have. */
enum { MAG_GROUP_POSTED = 2 };

/* What is left to do once the lock is released. */
struct mag_group_after {
    struct mag_group_runner *hired[MAG_GROUP_POSTED]; /* to post */
    uint32_t hires;
    bool wake;
    struct mag_group_entry *spent;    /* to give back, linked by `next` */
    struct mag_group_notice *notices; /* to tell, linked by `next` */
    int outcome;                      /* what to tell them */
};

/* ------------------------------------------------------------------- state.c */

/* Whether the group belongs to the parent process: then even its lock may be held. */
bool mag_group_is_inherited(const struct mag_group *group);

static inline void mag_group_lock(struct mag_group *group)
{
    mag_spin_lock(&group->lock);
}

/* Releases the lock, then does what is left to do.  Those who are told may destroy the
 * group. */
void mag_group_unlock(struct mag_group *group, struct mag_group_after *after);

/* The functions below are called under the lock. */

/* Something has ended or is suspended: wakes those who wait for that. */
void mag_group_tell(struct mag_group *group, struct mag_group_after *after);

/* Puts runners to work if jobs wait for them. */
void mag_group_hire(struct mag_group *group, struct mag_group_after *after);

/* Whether a job could begin; `own`: on a thread that runs a job of the group already, and
 * lends its slot. */
static inline bool mag_group_may_begin(const struct mag_group *group, bool own)
{
    /* relaxed: written under the lock. */
    return mag_group_queue_next(&group->queue) != NULL &&
           (own || group->occupied < group->config.max_running) &&
           atomic_load_explicit(&group->closed, memory_order_relaxed) == 0;
}

/* Begins a waiting job, in `frame`. */
void mag_group_begin(struct mag_group_frame *frame, struct mag_group_entry *entry);

/* Ends the job of `frame`.  May release the lock for a time, if it cancels the group. */
void mag_group_end(struct mag_group_frame *frame, int result,
                   struct mag_group_after *after);

/* Withdraws a waiting job. */
void mag_group_drop(struct mag_group *group, struct mag_group_entry *entry,
                    struct mag_group_after *after);

/* Closes the group and withdraws all waiting jobs.  Releases the lock for a time. */
void mag_group_close(struct mag_group *group, int why, struct mag_group_after *after);

/* Whether all jobs have ended; and what mag_group_wait then returns, which ends the
 * round. */
static inline bool mag_group_is_over(const struct mag_group *group)
{
    return group->waiting == 0 && group->running == 0;
}
int mag_group_outcome(struct mag_group *group);

/* Forgets the last round's errors and cancellation if that round is over. */
void mag_group_renew(struct mag_group *group, struct mag_group_after *after);

/* ---------------------------------------------------------------------- run.c */

/* Runs the job of a frame that has begun, without the lock. */
int mag_group_call(struct mag_group_frame *frame);

/* By a worker or guest of the scheduler whose thread ends: ends the jobs on its stack. */
void mag_group_end_frames(struct mag_sched *sched);

/* The runner goes home.  True: the group is to be freed, by mag_group_free. */
bool mag_group_retire(struct mag_group_runner *runner);
void mag_group_run(struct mag_job *job);

/* -------------------------------------------------------------------- group.c */

void mag_group_free(struct mag_group *group);

#endif

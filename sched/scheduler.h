/*
 * scheduler.h - a scheduler: its workers, its injection queues, its phase, and the
 * settings it was made from.  Private to sched/.  This header has the struct and the
 * functions that read it; each part of the struct has a header of its own.
 *
 * Ownership
 *   [I] immutable once the workers run   [A] any thread   [S] shared, see its header
 *   [L] under the registry's lock        [O] the thread that starts or stops it
 *
 * Edges: release end -> acquire end : what crosses
 *   closed  mag_poster_close -> mag_poster_enter : see self.h
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SCHEDULER_H
#define SCHED_SCHEDULER_H

#include "sched/idle/idle.h"
#include "sched/phase.h"
#include "sched/policy/route.h"
#include "sched/settings/settings.h"

#include <magpie/executor.h>
#include <magpie/plan.h>
#include <magpie/sched.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_clock;
struct mag_inject;
struct mag_teams;
struct mag_worker;

/* What the scheduler keeps for one worker: its memory and its thread. */
struct mag_berth {
    struct mag_sched *sched;   /* [I] */
    uint32_t index;            /* [I] */
    struct mag_worker *worker; /* [I] in `pages` */
    _Atomic(bool) offered;     /* [A] see tenancy.h */
    void *pages;               /* [O] on the worker's node */
    size_t size;               /* [O] */
    void *fork_pages;          /* [O] on the worker's node */
    size_t fork_bytes;         /* [O] */
    /* [O] once no thread is live.  Before that, `thread` and `ended` belong to the thread
     * that works here: if it ends in a job, it stores its successor in `thread` and
     * itself in `ended`, so that both are joined. */
    pthread_t thread;
    pthread_t ended; /* as `thread`, if `has_ended` */
    bool has_ended;
};

struct mag_sched {
    /* Read by every post, written rarely. */
    _Atomic(uint32_t) phase;   /* [A] see phase.h */
    _Atomic(int32_t) closed;   /* [A] 0, or the code that refuses posts from outside */
    bool fenced;               /* [I] see asym.h */
    bool crowded;              /* [I] more workers than PUs: searching yields the CPU */
    uint32_t worker_count;     /* [I] they have the first berths */
    uint32_t capacity;         /* [I] how many berths there are */
    uint32_t queue_count;      /* [I] one per node, at least one, on each level */
    uint32_t level_count;      /* [I] priorities of jobs from outside; 1 as yet */
    struct mag_berth *berths;  /* [I] */
    struct mag_inject *queues; /* [I] array, each [S]; see mag_sched_inject */
    struct mag_routes routes;  /* [I] */

    struct mag_idle idle;                     /* [S] */
    _Atomic(uint64_t) vacant[MAG_IDLE_WORDS]; /* [A] spare berths, by rank */
    struct mag_clock *clock;                  /* [I], itself [S] */
    struct mag_teams *teams;                  /* [I], itself [S] */

    struct mag_executor executor; /* [I] posts to any worker */

    /* Life cycle. */
    struct mag_settings settings;                    /* [I] */
    struct mag_plan *plan;                           /* [I] */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) live; /* [A] threads not yet gone */
    _Atomic(uint32_t) ready;                         /* [A] threads that are set up */
    _Atomic(uint64_t) inflight;                      /* [A] posters without a record */
    sigset_t signals;                                /* [I] of the starting thread */
    uint32_t started;                                /* [O] threads to join */
    bool is_default;                                 /* [I] see default.c */
    bool joined;                                     /* [O] */
    struct mag_sched *next;                          /* [L] in the registry */
    struct mag_sched **link;                         /* [L] */
};

static inline enum mag_phase mag_sched_phase(struct mag_sched *sched)
{
    return mag_phase_read(&sched->phase);
}

/* The level of a job whose poster names no level.  Jobs of higher levels are taken
 * first. */
enum { MAG_LEVEL_USUAL = 0 };

/* The index of a node's injection queue on a level.  All queues of one level lie
 * together, so that the usual level costs no more than it would as the only level. */
static inline uint32_t mag_sched_inject(const struct mag_sched *sched, uint32_t queue,
                                        uint32_t level)
{
    return level * sched->queue_count + queue;
}

static inline struct mag_worker *mag_sched_at(const struct mag_sched *sched,
                                              uint32_t index)
{
    return sched->berths[index].worker;
}

#endif

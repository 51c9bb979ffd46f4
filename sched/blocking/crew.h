/*
 * crew.h - the threads that stand in for blocked workers.  Private to sched/.
 *
 * A stand-in is a thread of the library that takes a spare berth when it is called, works
 * there as a worker, and leaves when it is dismissed.  Between two calls it rests; after
 * MAG_CREW_IDLE_NS of rest its thread ends.  There are never more of these threads than
 * spare berths.
 *
 *     none ──call──► called ──► seated ──dismiss──► leaving ──► resting ──► gone
 *                      ▲                                          │   idle    │
 *                      └───────────────── call ───────────────────┘           │
 *                      └───────────────── call: a new thread ─────────────────┘
 *
 * Ownership
 *   [I] immutable once the workers run   [A] any thread   [M] under the mutex
 *   [T] the stand-in's own thread
 *
 * Edges: release end -> acquire end : what crosses
 *   order    mag_crew_call (order) -> the stand-in : nothing but the call itself
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_BLOCKING_CREW_H
#define SCHED_BLOCKING_CREW_H

#include "sched/scheduler.h"
#include "sched/worker/thread.h"
#include "sched/worker/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* How long a stand-in rests before its thread ends; how long no thread is created after
 * the system has refused one. */
#define MAG_CREW_IDLE_NS  ((int64_t)10 * 1000 * 1000 * 1000)
#define MAG_CREW_RETRY_NS ((int64_t)50 * 1000 * 1000)

enum mag_standin_state {
    MAG_STANDIN_NONE,    /* there is no thread */
    MAG_STANDIN_CALLED,  /* on its way to a berth */
    MAG_STANDIN_SEATED,  /* at work in `worker` */
    MAG_STANDIN_LEAVING, /* on its way out of that berth */
    MAG_STANDIN_RESTING, /* waits for a call */
    MAG_STANDIN_GONE,    /* the thread ends, and must be joined */
};

struct mag_standin {
    struct mag_crew *crew;        /* [I] */
    _Atomic(uint32_t) order;      /* [A] 1: called, or told to end */
    enum mag_standin_state state; /* [M] */
    uint32_t rank;                /* [M] near whom to take a berth */
    struct mag_worker *worker;    /* [M] if seated */
    pthread_t thread;             /* [M] unless `state` is none */
    struct mag_stand_in hooks;    /* [T] */
};

struct mag_crew {
    struct mag_sched *sched;  /* [I] */
    uint32_t limit;           /* [I] how many stand-ins there may be */
    int64_t idle_ns;          /* [I] how long one rests before it ends */
    struct mag_standin *list; /* [I] */
    pthread_mutex_t mutex;
    bool ended;                 /* [M] no call is taken any more */
    int64_t retry_at;           /* [M] no thread is created before that time */
    _Atomic(uint32_t) standing; /* [A] called, seated or leaving; written under M */
    _Atomic(uint32_t) threads;  /* [A] that are there; written under M */
    _Atomic(uint64_t) calls;    /* [A] that were taken; written under M */
    _Atomic(uint64_t) refused;  /* [A] calls that no thread or no berth could serve */
};

/* A crew of at most `limit` threads, as yet none.  0; -ENOMEM. */
int mag_crew_init(struct mag_crew *crew, struct mag_sched *sched, uint32_t limit);
void mag_crew_fini(struct mag_crew *crew);

/* Any thread.  Calls one stand-in to a berth near the worker of this rank.  False: the
 * limit is reached, the system refuses a thread, or the crew has ended. */
bool mag_crew_call(struct mag_crew *crew, uint32_t rank);

/* Any thread.  Tells so many of the seated stand-ins to leave after their jobs, and the
 * others to stay. */
void mag_crew_dismiss(struct mag_crew *crew, uint32_t dismissed);

/* How many stand-ins work or are on their way. */
static inline uint32_t mag_crew_standing(struct mag_crew *crew)
{
    /* relaxed: a value of the moment; callers look again later. */
    return atomic_load_explicit(&crew->standing, memory_order_relaxed);
}

/* By the thread that stops the scheduler, when no worker is left: ends all threads of the
 * crew, at most until that time.  False: the time is over. */
bool mag_crew_end(struct mag_crew *crew, int64_t until_ns);

/* In the child of a fork(), where the threads are gone and the mutex is void. */
void mag_crew_orphan(struct mag_crew *crew);

#endif

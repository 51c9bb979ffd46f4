/*
 * relief.h - the thread that looks after a scheduler whose workers all run: some of them
 * may block while jobs wait.  Private to sched/.
 *
 * The relief thread sleeps as long as some worker rests: a post finds that worker.  When
 * no worker rests any more, the last one to stop searching raises the relief's pace
 * (region.h).  The relief thread then looks again and again: how many workers are
 * blocked, how many stand-ins there are, whether a job waits; and calls or dismisses
 * stand-ins.  What it decides is in sched/policy/stand_in.h, which threads it calls in
 * crew.h.
 *
 * Ownership
 *   [I] immutable once the workers run   [A] any thread   [M] under the mutex
 *   [T] the relief's own thread
 *
 * Edges: release end -> acquire end : what crosses
 *   alarm    raise (alarm) -> the relief thread : nothing but the alarm itself
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_BLOCKING_RELIEF_H
#define SCHED_BLOCKING_RELIEF_H

#include "sched/blocking/crew.h"
#include "sched/policy/stand_in.h"
#include "sched/scheduler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What the relief thread saw of a worker at its last look. */
struct mag_relief_look {
    uint64_t jobs;  /* how many it had begun */
    int64_t ran_ns; /* how long its thread had run */
    int64_t at_ns;  /* when that was */
    uint32_t still; /* looks in a row at which it had not run, in the same job */
};

/* A thread that has not run for so many looks counts as blocked, if the kernel does not
 * say whether it sleeps. */
enum { MAG_RELIEF_STILL = 8 };

struct mag_relief {
    struct mag_sched *sched;       /* [I] */
    struct mag_crew crew;          /* itself [S] */
    bool all;                      /* [I] concerned with all blocking, announced or not */
    struct mag_relief_look *looks; /* [T] by worker */
    uint32_t calm;                 /* [T] looks at which nothing was wrong */
    uint32_t linger;               /* [T] looks since a region was seen */
    bool surplus; /* [T] there were too many stand-ins at the last look */

    _Atomic(uint32_t) alarm; /* [A] counts the alarms */
    _Atomic(bool) stopping;  /* [A] */
    pthread_mutex_t mutex;
    pthread_t thread; /* [M] */
    bool started;     /* [M] `thread` must be joined */
    bool ended;       /* [M] no thread is started any more */
    int64_t retry_at; /* [M] no thread is started before that time */
};

/* Makes the relief thread of a scheduler that has spare berths.  0; -ENOMEM. */
int mag_relief_make(struct mag_sched *sched);

/* Frees a relief that has ended.  NULL is allowed. */
void mag_relief_free(struct mag_relief *relief);

/* The scheduler runs: if the relief thread is concerned with all blocking, it begins. */
void mag_relief_begin(struct mag_sched *sched);

/* Any thread.  Makes the relief thread look at least at this pace. */
MAG_COLD void mag_relief_raise(struct mag_sched *sched, enum mag_pace pace);

/* Whether a job waits that a stand-in could take: a hint. */
bool mag_relief_sees_work(struct mag_sched *sched);

/* By the thread that stops the scheduler, when no worker is left.  False: the time of
 * mag_os_now_ns is over, and the caller tries again later. */
bool mag_relief_end(struct mag_relief *relief, int64_t until_ns);

/* In the child of a fork(), where the threads are gone and the mutexes are void. */
void mag_relief_orphan(struct mag_relief *relief);

#endif

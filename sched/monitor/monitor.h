/*
 * monitor.h - the thread that looks at the workers of a scheduler from time to time, so
 * that they need not look at themselves.  Private to sched/.
 *
 * The monitor has several duties.  Each is a function that looks once, does what must be
 * done, and says when it wants to look again.  While no worker runs, the monitor sleeps
 * without a timeout (bell.h).  docs/design/elastic.md has the whole.
 *
 * Ownership
 *   [I] immutable once the thread runs   [M] the monitor's thread
 *   [O] the thread that starts or stops the scheduler
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_MONITOR_MONITOR_H
#define SCHED_MONITOR_MONITOR_H

#include "sched/scheduler.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { MAG_DUTIES_MAX = 4 };

/* The monitor's thread calls `look`, which may take locks and call the system, but
 * neither waits for workers nor allocates while there is nothing to do. */
struct mag_duty {
    /* Looks once.  Returns after how many nanoseconds to look again. */
    int64_t (*look)(void *state);
    void *state;
    int64_t first_ns; /* the first look comes so long after the start */
    int64_t due_ns;   /* [M] */
};

struct mag_monitor {
    struct mag_sched *sched;                /* [I] */
    struct mag_duty duties[MAG_DUTIES_MAX]; /* [I] but for `due_ns` */
    uint32_t count;                         /* [I] */
    int64_t rests_from;                     /* [M] no rest before that time */
    pthread_t thread;                       /* [O] */
    bool started;                           /* [O] `thread` must be joined */
};

void mag_monitor_init(struct mag_monitor *monitor, struct mag_sched *sched);

/* Adds a duty, before the thread is started. */
void mag_monitor_add(struct mag_monitor *monitor, struct mag_duty duty);

/* Starts the thread, if there is a duty.  If the system refuses a thread, nobody looks at
 * the workers, and the scheduler works as if it had no duties. */
void mag_monitor_start(struct mag_monitor *monitor);

/* Ends the thread.  By the thread that stops the scheduler, at most until a time of
 * mag_os_now_ns.  False: the time is over, and the caller tries again later. */
bool mag_monitor_end(struct mag_monitor *monitor, int64_t until_ns);

/* In the child of a fork(), where the thread is gone. */
void mag_monitor_orphan(struct mag_monitor *monitor);

#endif

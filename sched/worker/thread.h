/*
 * thread.h - the life of a worker's thread.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_THREAD_H
#define SCHED_WORKER_THREAD_H

#include "sched/scheduler.h"
#include "sched/worker/worker.h"

/* Starts the first thread of a worker, which `live` counts already.  0; -ENOMEM, -EINVAL,
 * -EAGAIN. */
int mag_worker_start(struct mag_berth *berth);

/* By the tenant, whose thread ends.  Ends the children that the thread forked, and the
 * children of other workers that it ran. */
void mag_worker_end_children(struct mag_worker *worker);

/* The same for a worker that begins while others run; its berth is open. */
int mag_worker_start_late(struct mag_berth *berth);

/* What a stand-in does if a job or a hook ends its thread: it calls `ended(arg)`, which
 * leaves the berth. */
struct mag_stand_in {
    void (*ended)(void *arg);
    void *arg;
};

/*
 * Runs jobs in a berth that the calling thread has taken, until the scheduler ends or the
 * worker is dismissed.  Pins the thread as the worker of that berth, and calls the hooks.
 */
void mag_worker_stand_in(struct mag_berth *berth, const struct mag_stand_in *stand_in);

/* Any thread.  Whether the worker is still pinned. */
enum mag_pinned mag_worker_pinned(struct mag_worker *worker);

#endif

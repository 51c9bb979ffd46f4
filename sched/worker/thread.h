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

/* The same for a worker that begins while others run; its berth is open. */
int mag_worker_start_late(struct mag_berth *berth);

/* Any thread.  Whether the worker is still pinned. */
enum mag_pinned mag_worker_pinned(struct mag_worker *worker);

#endif

/*
 * next.h - what a worker runs next, without looking at others.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_NEXT_H
#define SCHED_WORKER_NEXT_H

#include "sched/worker/worker.h"

/* What a worker runs next without searching.  NULL: nothing near. */
struct mag_job *mag_worker_next(struct mag_worker *worker);

/* As that, from its hand and its ring alone. */
struct mag_job *mag_worker_own(struct mag_worker *worker);

/* What was posted from outside, to this worker or to its node. */
struct mag_job *mag_worker_outside(struct mag_worker *worker);

/* Of the takes from a node with queues of several levels, each of that number begins with
 * the lowest. */
enum { MAG_LEVEL_TURNS = 8 };

/* Takes a batch from a node's queue: the oldest job is returned, the others go
 * to this worker's queue. */
struct mag_job *mag_worker_take_queue(struct mag_worker *worker, uint32_t queue);

/* Puts a job behind the others of this worker's queue. */
void mag_worker_queue(struct mag_worker *worker, struct mag_job *job);

#endif

/*
 * next.h - what a worker runs next, without looking at other workers.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_NEXT_H
#define SCHED_WORKER_NEXT_H

#include "sched/scheduler.h"
#include "sched/worker/worker.h"

#include <stdbool.h>

/* Whether the worker has a place but is not active: it is to go to its bench. */
static inline bool mag_worker_is_over(const struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;

    /* seq_cst: (2) in bench.h. */
    return worker->index >= atomic_load_explicit(&sched->active, memory_order_seq_cst) &&
           worker->index < sched->place_count;
}

/* As mag_worker_next, if the worker's hand does not say at once, or `rest` is 0. */
struct mag_job *mag_worker_next_slow(struct mag_worker *worker);

/* The job that a worker runs next without searching.  NULL: there is none near. */
static inline struct mag_job *mag_worker_next(struct mag_worker *worker)
{
    if (MAG_LIKELY(--worker->rest != 0)) {
        struct mag_job *job = mag_hand_try_take(&worker->hand);

        if (MAG_LIKELY(job != NULL))
            return job;
    }
    return mag_worker_next_slow(worker);
}

/* By the worker: it looks for jobs from outside before its next job. */
static inline void mag_worker_look_out_next(struct mag_worker *worker)
{
    worker->rest = 1;
    worker->tick = MAG_SCHED_FAIR_TICKS;
}

/* As mag_worker_next, but only from the worker's hand and ring. */
struct mag_job *mag_worker_own(struct mag_worker *worker);

/* Whether hand and ring have jobs.  By the worker: thieves may take them meanwhile. */
static inline bool mag_worker_has_own(struct mag_worker *worker)
{
    return mag_hand_peek_lifo(&worker->hand) != NULL || mag_hand_waiting(&worker->hand) ||
           mag_runq_length(&worker->ring) != 0;
}

/* Moves the jobs of a worker's hand and ring to the queue of its node.  By the worker.
 * False: there were none. */
MAG_COLD bool mag_worker_shed(struct mag_worker *worker);

/* The oldest job that was posted from outside, to this worker or to its node. */
struct mag_job *mag_worker_outside(struct mag_worker *worker);

/* Takes a batch from a node's queue.  The oldest job is returned; the others go to this
 * worker's queue. */
struct mag_job *mag_worker_take_queue(struct mag_worker *worker, uint32_t queue);

/* The calling worker has posted a job to a level other than the usual one. */
void mag_worker_note_levels(struct mag_worker *worker);

/* Puts a job behind the other jobs of this worker's queue. */
void mag_worker_queue(struct mag_worker *worker, struct mag_job *job);

#endif

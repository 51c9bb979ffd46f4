/*
 * wake.h - whom a queued job, a wait or the end of a scheduler wakes. Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_WAKE_H
#define SCHED_WORKER_WAKE_H

#include "sched/scheduler.h"

#include <stdint.h>

/* A job has been put into this queue: wakes a worker, if one should be woken. */
void mag_sched_notify_queue(struct mag_sched *sched, uint32_t queue);

/* Wakes a worker for a job that the worker of this rank has queued or seen, if one should
 * be woken. */
void mag_sched_notify(struct mag_sched *sched, uint32_t rank);

/* Makes sure that what a running worker of this rank keeps to itself will be watched. */
void mag_sched_notify_watcher(struct mag_sched *sched, uint32_t rank);

/* Wakes this worker, if it is parked. */
void mag_sched_wake_worker(struct mag_sched *sched, uint32_t index);

/* Wakes all workers, for the end.  May loop for ever if workers can still park again. */
void mag_sched_wake_all(struct mag_sched *sched);

/* Moves on to a later phase and wakes those whom it concerns; earlier phases are
 * ignored. */
void mag_sched_enter_phase(struct mag_sched *sched, enum mag_phase phase);

#endif

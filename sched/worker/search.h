/*
 * search.h - how a worker looks for jobs of other workers.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_SEARCH_H
#define SCHED_WORKER_SEARCH_H

#include "sched/worker/worker.h"

#include <stdbool.h>

/* Looks once through queues and victims; `late`: also through the victims' hands.  False:
 * found nothing, or lost all races. */
bool mag_worker_search(struct mag_worker *worker, bool late, struct mag_work *ret_work);

/* Counts a steal from a worker, which is on another node if `far`. */
void mag_worker_count_steal(struct mag_worker *worker, uint32_t victim, bool far);

/* Whether there is visible work that any worker can take, not only the watcher. */
bool mag_worker_sees_work(struct mag_worker *worker);

/* Whether some worker's LIFO slot has not moved since the last call, and its owner has
 * not run another job: the watcher's look at work that it cannot see otherwise. */
bool mag_worker_sees_stale(struct mag_worker *worker);

#endif

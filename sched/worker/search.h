/*
 * search.h - a worker's look at what others have.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_SEARCH_H
#define SCHED_WORKER_SEARCH_H

#include "sched/worker/worker.h"

#include <stdbool.h>

/* Looks through queues and victims once; `late`: also through what they hold
 * in their hands.  False: nothing, or all races were lost. */
bool mag_worker_search(struct mag_worker *worker, bool late, struct mag_work *ret_work);

/* Whether work can be seen anywhere that does not take the watcher. */
bool mag_worker_sees_work(struct mag_worker *worker);

/* Whether some worker's LIFO slot has not moved since the last call, nor its
 * owner run another job: the watcher's look at what it cannot see otherwise. */
bool mag_worker_sees_stale(struct mag_worker *worker);

#endif

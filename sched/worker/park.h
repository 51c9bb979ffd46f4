/*
 * park.h - how a worker without work searches, sleeps and wakes up.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_PARK_H
#define SCHED_WORKER_PARK_H

#include "sched/worker/worker.h"

#include <stdbool.h>

/* Searches, parks and wakes up until there is work.  False: the scheduler ends, or the
 * worker is not active any more, or is a stand-in that is to leave. */
bool mag_worker_idle(struct mag_worker *worker, struct mag_work *ret_work);

/* By a tenant that is no longer counted in a berth.  If it was counted as searching, it
 * takes its last look (4): posters may have relied on it.  During a drain it may be the
 * tenant that ends the drain. */
void mag_worker_left(struct mag_worker *worker, bool searched);

#endif

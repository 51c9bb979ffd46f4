/*
 * park.h - how a worker without work searches, sleeps and wakes up. Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_PARK_H
#define SCHED_WORKER_PARK_H

#include "sched/worker/worker.h"

#include <stdbool.h>

/* Searches, parks, wakes up, until there is work.  False: the scheduler ends. */
bool mag_worker_idle(struct mag_worker *worker, struct mag_work *ret_work);

#endif

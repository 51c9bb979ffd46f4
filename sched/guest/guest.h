/*
 * guest.h - computations that a thread from outside begins, on that thread itself.
 * Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_GUEST_GUEST_H
#define SCHED_GUEST_GUEST_H

#include "sched/scheduler.h"

#include <magpie/fork.h>

#include <stdbool.h>

/*
 * As mag_fork_run, by a thread that is not a worker of `sched`, if the thread may run the
 * computation itself and there is a place for it.  No cancellation point.
 *
 *   Returns    false: it has not run
 */
bool mag_guest_run(struct mag_sched *sched, mag_fork_body body, void *payload);

/* As mag_fork_run, by a worker or guest of the scheduler, in its berth. */
void mag_guest_run_in(struct mag_worker *worker, mag_fork_body body, void *payload);

#endif

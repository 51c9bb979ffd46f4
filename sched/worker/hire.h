/*
 * hire.h - starting the threads of workers, one after the other by their numbers.
 * Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_HIRE_H
#define SCHED_WORKER_HIRE_H

#include "sched/scheduler.h"

/*
 * Starts the thread of the next worker that has none.  By the thread that starts the
 * scheduler; or, if `late`, while others run, under the lock of resize.h.
 *
 *   Returns    0; -ENOMEM; -EAGAIN the system refuses a thread
 */
int mag_worker_hire(struct mag_sched *sched, bool late);

#endif

/*
 * duties.h - the monitor of a scheduler, with the duties that its settings ask for.
 * Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_MONITOR_DUTIES_H
#define SCHED_MONITOR_DUTIES_H

#include "sched/scheduler.h"

/* Makes the monitor of a scheduler whose seats are known; mag_monitor_start starts it.  0
 * or -ENOMEM. */
int mag_monitor_make(struct mag_sched *sched);

/* Frees it once its thread has ended; allowed if it was not made. */
void mag_monitor_free(struct mag_sched *sched);

#endif

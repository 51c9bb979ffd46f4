/*
 * resize.h - changing the number of active workers.  Private to sched/.
 *
 * One thread at a time does this, under the mutex `resizing` of the scheduler.  It holds
 * the scheduler meanwhile (post.h), or is one of its workers, so the stop comes after it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_ELASTIC_RESIZE_H
#define SCHED_ELASTIC_RESIZE_H

#include "sched/scheduler.h"

/* Makes so many workers active, 1 to place_count, under the mutex.  0; -ENOMEM; -EAGAIN.
 * After an error the number is what it was. */
int mag_sched_set_active(struct mag_sched *sched, uint32_t workers);

/*
 * As mag_sched_resize, by the monitor, for a scheduler that follows its budget: does
 * nothing once the program has chosen a number itself.
 */
int mag_sched_follow(struct mag_sched *sched, uint32_t workers);

#endif

/*
 * start.h - making, joining and freeing a scheduler.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_LIFE_START_H
#define SCHED_LIFE_START_H

#include "sched/scheduler.h"

#include <stdbool.h>
#include <stdint.h>

/* As mag_sched_start; `is_default`: it is the default scheduler, which ends only with the
 * process. */
int mag_sched_launch(const struct mag_sched_config *config, bool is_default,
                     struct mag_sched **ret_sched);

/* Waits for the threads, which are about to end, until a time of mag_os_now_ns.  False:
 * the time is over. */
bool mag_sched_join(struct mag_sched *sched, int64_t until_ns);

/* Frees the scheduler after its threads are joined. */
void mag_sched_free(struct mag_sched *sched);

#endif

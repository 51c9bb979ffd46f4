/*
 * memory.h - a worker's memory.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_MEMORY_H
#define SCHED_WORKER_MEMORY_H

#include "sched/scheduler.h"

/* Where a berth is: a spare one at the side of a worker's. */
const struct mag_seat *mag_sched_seat(const struct mag_sched *sched, uint32_t index);

/* Maps one worker's memory on its node, untouched. */
int mag_berth_map(struct mag_berth *berth);
void mag_berth_unmap(struct mag_berth *berth);

/* First touch, by the worker's own thread: from here on the worker is whole. */
void mag_berth_prepare(struct mag_berth *berth);

#endif

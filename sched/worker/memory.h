/*
 * memory.h - a worker's memory.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_MEMORY_H
#define SCHED_WORKER_MEMORY_H

#include "sched/scheduler.h"

/* The seat of a berth; a spare berth shares the seat of a worker. */
const struct mag_seat *mag_sched_seat(const struct mag_sched *sched, uint32_t index);

/* Maps one worker's memory on its node, without touching it.  The fork stack has
 * `*fork_bytes`; if there is not so much, less, but at least `least`, and `*fork_bytes`
 * is then how much it has. */
int mag_berth_map(struct mag_berth *berth, size_t least, size_t *fork_bytes);
void mag_berth_unmap(struct mag_berth *berth);

/* Maps and prepares a spare berth, by the first thread that has taken it.  0; -ENOMEM. */
int mag_berth_open(struct mag_berth *berth);

/* Touches the memory first, by the worker's own thread.  After this the worker is
 * complete. */
void mag_berth_prepare(struct mag_berth *berth);

/* Where the memory of a node lies, by the system's number; MAG_NONE: there is no such
 * node, or it does not matter where memory lies. */
uint32_t mag_sched_os_node(const struct mag_sched *sched, uint32_t index);

/* The same for the node of the berth's seat. */
uint32_t mag_berth_os_node(const struct mag_berth *berth);

#endif

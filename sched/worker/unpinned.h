/*
 * unpinned.h - what threads that a worker starts are given back.  Private to sched/;
 * <magpie/unpinned.h> is the rest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_UNPINNED_H
#define SCHED_WORKER_UNPINNED_H

/* Before the first scheduler starts. */
void mag_unpinned_init(void);

/* In the child of a fork(), while it is still known whether a worker has called that. */
void mag_unpinned_after_fork(void);

#endif

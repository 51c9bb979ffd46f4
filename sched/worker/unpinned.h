/*
 * unpinned.h - gives threads that a worker starts the mask and the affinity of the
 * program.  Private to sched/; <magpie/unpinned.h> has the interface.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_UNPINNED_H
#define SCHED_WORKER_UNPINNED_H

/* Called before the first scheduler starts. */
void mag_unpinned_init(void);

/* In the child of a fork(), before it is forgotten whether a worker called fork(). */
void mag_unpinned_after_fork(void);

#endif

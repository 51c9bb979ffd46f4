/*
 * tenancy.h - how threads take berths, and leave them vacant.  Private to sched/.
 *
 * A berth is what a thread needs to run jobs; a scheduler has as many berths as its
 * capacity.  The first berths belong to the scheduler's own workers as long as it lives.
 * The others are spare: each is vacant until a thread takes it.  docs/design/berths.md
 * has the states and the proof.
 *
 * Ownership
 *   [I] immutable   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   vacant   mag_berth_leave (bit) -> mag_berth_take (bit) : the parts of a berth that
 *            only its tenant may touch
 *   live     as in thread.c: a tenant's last touch
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_BERTH_TENANCY_H
#define SCHED_BERTH_TENANCY_H

#include "sched/scheduler.h"

/* Makes all spare berths vacant. */
void mag_vacancies_init(struct mag_sched *sched);

/*
 * The calling thread takes a vacant spare berth near its CPU.  From then on the thread is
 * a worker of the scheduler: it posts to its own queue, forks, and may search and park.
 * Neither its affinity nor its floating-point modes change.  If it is a worker of another
 * scheduler, it is that again when it leaves.  No worker is woken.
 *
 *   Thread     not a worker of `sched`
 *   Allocates  a berth that no thread has had before is mapped now
 *   Returns    0; -EBUSY every berth is in use; -ENOMEM; -ESHUTDOWN, MAG_E_FORKED as for
 *              a post
 *   Release    mag_berth_leave
 */
int mag_berth_take(struct mag_sched *sched, struct mag_worker **ret_worker);

/*
 * The same for a thread of the scheduler's own, which the stop waits for: it may take a
 * berth during a drain.  The berth is one near the worker of that rank.  The thread posts
 * no jobs but from jobs that it runs there, so it cannot be missed by a drain that ends.
 *
 *   Returns    0; -EBUSY every berth is in use; -ENOMEM
 */
int mag_berth_take_near(struct mag_sched *sched, uint32_t rank,
                        struct mag_worker **ret_worker);

/*
 * The calling thread leaves the spare berth that it has taken.  The berth's jobs that
 * were not run go to the queue of its node.
 *
 *   Thread     the tenant, outside of jobs, without forked children
 */
void mag_berth_leave(struct mag_worker *worker);

#endif

/*
 * tenancy.h - how threads take berths, and leave them vacant or to another thread.
 * Private to sched/.
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
 *   offered  mag_berth_offer, mag_berth_step_aside (word) -> mag_berth_take_over,
 *            mag_berth_step_back (word) : the same
 *   live     as in thread.c: a tenant's last touch
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_BERTH_TENANCY_H
#define SCHED_BERTH_TENANCY_H

#include "sched/scheduler.h"

#include <stdbool.h>

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

/*
 * Inside a job: the calling thread moves to a spare berth, with its fork stack.  It
 * offers its old berth, with the jobs and the worker's number, to another thread.  Until
 * mag_berth_step_back the thread is the worker of the spare berth.
 *
 *   Thread     a tenant of `worker`
 *   Returns    0; -EBUSY every berth is in use, -ENOMEM: nothing has changed
 *   Release    mag_berth_step_back, in the same job
 */
int mag_berth_step_aside(struct mag_worker *worker);

/*
 * The calling thread takes over a berth that was offered.
 *
 *   Thread     not a worker, while the thread that stepped aside is in its job
 *   Returns    true: the caller is the tenant; false: the berth is not on offer (any
 *              more)
 *   Release    mag_berth_offer
 */
bool mag_berth_take_over(struct mag_worker *worker);

/*
 * The calling thread gives back the berth that it has taken over.
 *
 *   Thread     the tenant, outside of jobs, without forked children
 */
void mag_berth_offer(struct mag_worker *worker);

/*
 * The calling thread goes back to the berth from which it stepped aside, if that berth is
 * on offer.  Its fork stack, and the jobs that it has posted meanwhile, go with it.
 *
 *   Thread     the thread that stepped aside from `worker`
 *   Returns    true; false: another thread still has that berth, and nothing has changed
 */
bool mag_berth_step_back(struct mag_worker *worker);

#endif

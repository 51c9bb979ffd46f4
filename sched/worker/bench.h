/*
 * bench.h - workers that are not active.  Private to sched/.
 *
 * The first `active` workers take jobs.  A worker beyond that number finds this out
 * between two jobs.  It moves its jobs to the queue of its node, leaves the idle word as
 * a tenant does that leaves its berth (tenancy.h), and sleeps.  It is not counted as
 * parked and has no bit there, so no job wakes it.  Three things do: a job in its inbox,
 * a new number of active workers, and the end of the scheduler.
 *
 * Why it does not miss them.  Worker and waking thread are Dekker's two sides:
 *
 *     worker                                     waking thread
 *     (1) benched <- true                        (3) inbox <- job, `active` <- number,
 *                                                    phase <- ENDING
 *     (2) read inbox, `active` and phase;        (4) read benched; if it is true,
 *         sleep if there is no reason not to         clear it and wake the worker
 *
 * All four are seq_cst.  Whoever clears `benched` has the right to wake the worker, so
 * that there is one wake for each sleep.  A worker that finds a reason at (2) clears it
 * itself; if that fails, a wake is on its way, and the worker waits for it.
 *
 * A worker that is woken is counted in the idle word again before it looks for a job, so
 * a drain does not end while it runs.
 *
 * Ownership
 *   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   benched  mag_worker_wait -> mag_sched_claim_benched : the sleeper's wake word is
 *            reset
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_BENCH_H
#define SCHED_WORKER_BENCH_H

#include "sched/scheduler.h"
#include "sched/worker/worker.h"

#include <stdbool.h>

/* Waits for work as mag_worker_idle does; on its bench while the worker is not active.
 * False: the scheduler ends. */
bool mag_worker_wait(struct mag_worker *worker, struct mag_work *ret_work);

/* The calling thread begins to run jobs as a worker that was not counted so far. */
void mag_worker_come(struct mag_worker *worker);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/bench.h"

#include "base/os.h"
#include "sched/worker/next.h"
#include "sched/worker/park.h"
#include "sched/worker/spend.h"
#include "sched/worker/wake.h"

void mag_worker_come(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;

    (void)mag_idle_enter(&sched->idle);
    mag_bell_ring(&sched->bell);
    mag_sched_notify_watcher(sched, worker->rank);
}

static bool has_reason(struct mag_worker *worker)
{
    return !mag_worker_is_over(worker) || mag_inject_waiting(&worker->inbox) ||
           mag_phase_read_parked(&worker->sched->phase) == MAG_PHASE_ENDING;
}

/* (1) and (2).  Until then other threads count on this worker. */
static void lie_down(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    bool searching = worker->searching;

    mag_sleeper_reset(&worker->sleeper);
    /* (1), seq_cst: before (2); benched, release: the reset. */
    atomic_store_explicit(&worker->benched, true, memory_order_seq_cst);
    worker->searching = false;
    mag_idle_leave(&sched->idle, searching);
    mag_worker_left(worker, true);
    for (;;) {
        if (has_reason(worker) && mag_sched_claim_benched(worker))
            return;
        if (mag_sleeper_sleep(&worker->sleeper, -1))
            return;
    }
}

/* Sleeps until there is a reason to go on.  Returns a job of the worker's inbox, or NULL:
 * the worker looks again whether it is active. */
static struct mag_job *sit_out(struct mag_worker *worker)
{
    (void)mag_worker_shed(worker);
    mag_worker_spend(worker, MAG_TIME_PARK, mag_os_now_ns());
    lie_down(worker);
    mag_worker_come(worker);
    mag_worker_spend(worker, MAG_TIME_RUN, mag_os_now_ns());
    return mag_inject_waiting(&worker->inbox) ? mag_inject_pop(&worker->inbox) : NULL;
}

bool mag_worker_wait(struct mag_worker *worker, struct mag_work *ret_work)
{
    while (!mag_worker_idle(worker, ret_work)) {
        if (!mag_worker_is_over(worker))
            return false;
        ret_work->job = sit_out(worker);
        if (ret_work->job != NULL)
            return true;
        if (mag_sched_phase(worker->sched) == MAG_PHASE_ENDING)
            return false;
    }
    return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "sched/blocking/relief.h"
#include "sched/worker/region.h"
#include "sched/worker/self.h"
#include "sched/worker/spend.h"

#include <magpie/blocking.h>

/* Whether jobs wait in the worker's berth, or in the queues of its node. */
static bool sees_work_near(struct mag_worker *worker)
{
    return mag_runq_length(&worker->ring) != 0 || mag_hand_waiting(&worker->hand) ||
           mag_hand_peek_lifo(&worker->hand) != NULL ||
           mag_sched_injected(worker->sched, worker->queue) != 0;
}

static uint32_t count_blocked(struct mag_sched *sched)
{
    /* relaxed: a value of the moment. */
    return atomic_load_explicit(&sched->blocked, memory_order_relaxed);
}

/* No worker rests, so the relief thread must look soon.  If jobs wait already, a stand-in
 * is called at once. */
static MAG_COLD void leave_no_worker(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;
    struct mag_crew *crew = &sched->relief->crew;

    if (mag_crew_standing(crew) < count_blocked(sched) && sees_work_near(worker))
        (void)mag_crew_call(crew, worker->rank);
    mag_relief_raise(sched, MAG_PACE_FAST);
}

static void announce_region(struct mag_worker *worker)
{
    struct mag_sched *sched = worker->sched;

    mag_worker_spend(worker, MAG_TIME_BLOCKED, mag_os_now_ns());
    mag_region_open(worker);
    /* From now on the last worker to stop searching raises the pace. */
    if (MAG_UNLIKELY(mag_sched_pace(sched) == MAG_PACE_OFF))
        mag_pace_concern(sched);
    if (mag_idle_nobody_rests(mag_idle_read(&sched->idle)))
        leave_no_worker(worker);
}

void mag_blocking_begin(struct mag_blocking *ret_region)
{
    struct mag_worker *worker = mag_self_get()->worker;
    bool outermost =
        worker != NULL && worker->sched->relief != NULL && !mag_region_is_open(worker);

    ret_region->worker = outermost ? worker : NULL;
    if (outermost)
        announce_region(worker);
}

void mag_blocking_end(const struct mag_blocking *region)
{
    struct mag_worker *worker = mag_self_get()->worker;

    /* In the child of a fork() the thread is no worker any more. */
    if (region->worker == NULL || region->worker != worker)
        return;
    mag_region_close(worker);
    mag_worker_spend(worker, MAG_TIME_RUN, mag_os_now_ns());
    if (mag_crew_standing(&worker->sched->relief->crew) != 0)
        mag_relief_raise(worker->sched, MAG_PACE_FAST);
}

static uint64_t crew_counter(const _Atomic(uint64_t) *counter)
{
    /* relaxed: a value of the moment. */
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void mag_blocking_counters(const struct mag_sched *sched,
                           struct mag_blocking_counters *ret_counters)
{
    const struct mag_relief *relief = sched->relief;

    *ret_counters = (struct mag_blocking_counters){.threads = 0};
    if (relief == NULL)
        return;
    /* relaxed, all: values of the moment. */
    ret_counters->regions = atomic_load_explicit(&sched->blocked, memory_order_relaxed);
    /* relaxed: as above. */
    ret_counters->threads =
        atomic_load_explicit(&relief->crew.threads, memory_order_relaxed);
    /* relaxed: as above. */
    ret_counters->standing =
        atomic_load_explicit(&relief->crew.standing, memory_order_relaxed);
    ret_counters->calls = crew_counter(&relief->crew.calls);
    ret_counters->refused = crew_counter(&relief->crew.refused);
}

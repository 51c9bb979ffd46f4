/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "sched/scheduler.h"
#include "sched/worker/self.h"
#include "sched/worker/thread.h"
#include "sched/worker/worker.h"

#include <errno.h>

struct mag_sched *mag_sched_self(void)
{
    return mag_self_get()->worker != NULL ? mag_self_get()->worker->sched : NULL;
}

uint32_t mag_sched_worker(void)
{
    return mag_self_get()->worker != NULL ? mag_self_get()->worker->index : MAG_NONE;
}

void *mag_sched_local(void)
{
    return mag_self_get()->worker != NULL ? mag_self_get()->worker->local : NULL;
}

uint32_t mag_sched_workers(const struct mag_sched *sched)
{
    return sched->worker_count;
}

uint32_t mag_sched_capacity(const struct mag_sched *sched)
{
    return sched->capacity;
}

const struct mag_plan *mag_sched_plan(const struct mag_sched *sched)
{
    return sched->plan;
}

static uint64_t read_counter(_Atomic(uint64_t) *count)
{
    /* relaxed: a value of the moment; nothing depends on it. */
    return atomic_load_explicit(count, memory_order_relaxed);
}

int mag_sched_counters(const struct mag_sched *sched, uint32_t index,
                       struct mag_sched_counters *ret_counters)
{
    if (index >= sched->worker_count)
        return -EINVAL;

    struct mag_worker *worker = mag_sched_at(sched, index);
    *ret_counters = (struct mag_sched_counters){
        .jobs = read_counter(&worker->counts.jobs),
        .posts = read_counter(&worker->counts.posts),
        .steals_near = read_counter(&worker->counts.steals_near),
        .steals_far = read_counter(&worker->counts.steals_far),
        .parks = read_counter(&worker->counts.parks),
        .wakes = read_counter(&worker->counts.wakes),
        .ended = read_counter(&worker->counts.ended),
        .pinned = mag_worker_pinned(worker),
    };
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "sched/scheduler.h"
#include "sched/worker/self.h"
#include "sched/worker/thread.h"
#include "sched/worker/worker.h"

#include <magpie/elastic.h>

#include <errno.h>
#include <string.h>

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

void *mag_sched_local_of(const struct mag_sched *sched, uint32_t index)
{
    if (index >= sched->capacity)
        return NULL;
    /* open, acquire: the berth is complete. */
    if (!mag_sched_has_worker(sched, index) &&
        !atomic_load_explicit(&sched->berths[index].open, memory_order_acquire))
        return NULL;
    return mag_sched_at(sched, index)->local;
}

uint32_t mag_sched_workers(const struct mag_sched *sched)
{
    /* relaxed: a value of the moment; nothing depends on it. */
    return atomic_load_explicit(&sched->active, memory_order_relaxed);
}

uint32_t mag_sched_workers_max(const struct mag_sched *sched)
{
    return sched->place_count;
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

/* Reads the words of all states, then the clock, which is not behind any of them then. */
static void read_times(struct mag_worker *worker, struct mag_sched_counters *counters)
{
    uint64_t sums[MAG_TIMES];

    for (uint32_t i = 0; i < MAG_TIMES; i++)
        sums[i] = mag_times_read(&worker->times, (enum mag_time)i);
    int64_t now = mag_os_now_ns();
    for (uint32_t i = 0; i < MAG_TIMES; i++)
        sums[i] =
            mag_times_show(&worker->times, (enum mag_time)i, mag_times_sum(sums[i], now));
    counters->run_ns = sums[MAG_TIME_RUN];
    counters->search_ns = sums[MAG_TIME_SEARCH];
    counters->park_ns = sums[MAG_TIME_PARK];
    counters->blocked_ns = sums[MAG_TIME_BLOCKED];
}

static void read_counters(struct mag_worker *worker, struct mag_sched_counters *counters)
{
    *counters = (struct mag_sched_counters){
        .jobs = read_counter(&worker->counts.jobs),
        .posts = read_counter(&worker->counts.posts),
        .steals_near = read_counter(&worker->counts.steals_near),
        .steals_far = read_counter(&worker->counts.steals_far),
        .parks = read_counter(&worker->counts.parks),
        .wakes = read_counter(&worker->counts.wakes),
        .ended = read_counter(&worker->counts.ended),
        .pinned = mag_worker_pinned(worker),
    };
    for (uint32_t i = 0; i < MAG_STEAL_RINGS; i++)
        counters->steals_ring[i] = read_counter(&worker->steals_ring[i]);
    read_times(worker, counters);
    if (worker->index < worker->sched->place_count) {
        struct mag_seat_state seat = mag_seats_read(&worker->sched->seats, worker->index);

        counters->range = seat.range;
        counters->os_pu = seat.os_pu;
        counters->loosened = seat.loosened;
        counters->repaired = seat.repaired;
    }
}

int mag_sched_counters_read(const struct mag_sched *sched, uint32_t index,
                            struct mag_sched_counters *ret_counters, size_t size)
{
    struct mag_sched_counters counters = {.pinned = MAG_PIN_FOREIGN};

    if (index >= sched->capacity)
        return -EINVAL;
    struct mag_worker *worker = mag_sched_open_at(sched, index);
    if (worker != NULL)
        read_counters(worker, &counters);
    memset(ret_counters, 0, size);
    memcpy(ret_counters, &counters, size < sizeof(counters) ? size : sizeof(counters));
    return 0;
}

/*
 * fake.h - a scheduler without threads, whose workers the test plays one by one.  The
 * test says how many of them are parked, and how many search.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_FAKE_H
#define TESTS_SUPPORT_SCHED_FAKE_H

#include "tests/support/cmocka.h"
#include "tests/support/sched/flat_routes.h"

#include "sched/scheduler.h"
#include "sched/worker/worker.h"

#include <string.h>

enum { FAKE_WORKERS = 8 };

struct fake {
    struct mag_sched sched;
    struct mag_berth berths[FAKE_WORKERS];
    struct mag_worker workers[FAKE_WORKERS];
    struct mag_worker_look looks[FAKE_WORKERS];
    struct mag_inject queue;
    struct flat_routes flat;
};

static struct fake fake;

static inline void fake_begin(uint32_t workers)
{
    memset(&fake, 0, sizeof(fake));
    fake.sched.worker_count = fake.sched.place_count = workers;
    fake.sched.capacity = workers;
    atomic_init(&fake.sched.active, workers);
    atomic_init(&fake.sched.staffed, workers);
    fake.sched.queue_count = 1;
    fake.sched.level_count = 1;
    fake.sched.berths = fake.berths;
    fake.sched.queues = &fake.queue;
    flat_routes_make(&fake.flat, workers, 1);
    fake.sched.routes = fake.flat.routes;
    atomic_init(&fake.sched.phase, MAG_PHASE_RUNNING);
    mag_inject_init(&fake.queue);
    mag_idle_init(&fake.sched.idle, workers);
    for (uint32_t i = 0; i < workers; i++) {
        struct mag_worker *worker = &fake.workers[i];

        fake.berths[i].worker = worker;
        worker->sched = &fake.sched;
        worker->index = worker->rank = i;
        worker->looks = fake.looks;
        worker->rest = MAG_SCHED_FAIR_TICKS;
        mag_runq_init(&worker->ring, worker->slots, MAG_WORKER_RING, 0);
        mag_hand_init(&worker->hand, true);
        mag_inject_init(&worker->inbox);
    }
}

/* A worker that has announced itself and sleeps. */
static inline void fake_park(uint32_t index)
{
    struct mag_worker *worker = &fake.workers[index];

    mag_sleeper_reset(&worker->sleeper);
    (void)mag_idle_announce(&fake.sched.idle, worker->rank, false, &worker->watcher);
}

static inline bool fake_is_woken(uint32_t index)
{
    /* acquire: as the sleeper. */
    return atomic_load_explicit(&fake.workers[index].sleeper.woken,
                                memory_order_acquire) != 0;
}

#endif

/*
 * sched_world.h - a scheduler for models.  Its workers and queues are the real ones, and
 * so is the code that posts, searches, parks and wakes.  A model derives from
 * sched_world, says what its threads do, and calls serve() on the threads that are
 * workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SCHED_WORLD_H
#define TESTS_MODEL_SCHED_WORLD_H

#include "tests/model/model.h"
#include "tests/support/sched/flat_routes.h"

/* Small enough to be filled by a model. */
#define MAG_WORKER_RING 4
/* The queues of different nodes lie side by side. */
#define MAG_QUEUE_STRIDE 1

#include "sched/scheduler.h"

uint32_t mag_sched_workers(const mag_sched *sched)
{
    return sched->active($).load(rl::mo_relaxed);
}

#include "sched/idle/bell.c"
#include "sched/idle/idle.c"
#include "sched/idle/sleeper.c"
#include "sched/policy/search.c"
#include "sched/post/post.c"
#include "sched/queue/hand.c"
#include "sched/queue/owner_lock.c"
#include "sched/worker/bench.c"
#include "sched/worker/next.c"
#include "sched/worker/park.c"
#include "sched/worker/search.c"
#include "sched/worker/wake.c"
#include "tests/model/no_packets.h"

/* The CPU of a model's thread is unknown, and so is its node. */
uint32_t mag_sched_cpu_beside(const mag_sched *, uint32_t cpu)
{
    return cpu;
}

bool mag_asym_heavy()
{
    mag_asym_light(true);
    return true;
}

/* Forked children have a model of their own, model_fork.cpp; in this world there are
 * none. */
mag_fork_steal mag_fork_stack_steal(mag_fork_stack *, mag_fork_slot *, mag_fork_slot *,
                                    mag_fork_taken *)
{
    return MAG_FORK_EMPTY;
}

/* No model is traced. */
void mag_trace_state(mag_sched *, uint32_t, mag_time, int64_t)
{
}

void mag_trace_steal(mag_sched *, uint32_t, uint32_t)
{
}

/* Workers 0 to Workers - 1, each with all others as victims.  All belong to the first of
 * `Queues` queues, one for each node. */
template <unsigned Workers, unsigned Queues = 1> struct sched_world {
    enum { JOBS_MAX = 8 };

    mag_sched sched;
    mag_berth berths[Workers];
    mag_worker workers[Workers];
    mag_fork_stack forks[Workers];
    mag_inject queues[Queues];
    uint32_t victims[Workers][Workers];
    flat_routes flat;
    uint32_t nearest[Queues];
    mag_worker_look looks[Workers][Workers];
    mag_job jobs[JOBS_MAX];

    void open(mag_phase phase)
    {
        sched.phase($).store(phase, rl::mo_relaxed);
        atomic_init(&sched.bell.word, MAG_BELL_OVER); /* there is no monitor */
        sched.fenced = true;
        atomic_init(&sched.crowded, false);
        atomic_init(&sched.pus, Workers);
        sched.worker_count = sched.place_count = sched.capacity = Workers;
        atomic_init(&sched.active, Workers);
        atomic_init(&sched.staffed, Workers);
        sched.spares[0] = 0;
        sched.queue_count = Queues;
        sched.level_count = 1;
        atomic_init(&sched.levels, (uint32_t)0);
        atomic_init(&sched.summons, (uint32_t)0);
        sched.berths = berths;
        sched.queues = queues;
        flat_routes_make(&flat, Workers, Queues);
        sched.routes = flat.routes;
        sched.settings.config.spin_us = 0;
        atomic_init(&sched.pace, (uint32_t)MAG_PACE_OFF);
        for (unsigned i = 0; i < Queues; i++) {
            nearest[i] = i;
            mag_inject_init(&queues[i]);
        }
        mag_idle_init(&sched.idle, Workers);
        mag_shim_naps = false;
        mag_shim_now = 0;
        for (unsigned i = 0; i < Workers; i++)
            hire(i);
        for (unsigned i = 0; i < 8; i++) {
            mag_self_of[i].worker = i < Workers ? &workers[i] : NULL;
            mag_self_of[i].sched = i < Workers ? &sched : NULL;
            mag_self_of[i].cpu_age = mag_self_of[i].cpu = 0;
            mag_shim_sleeps[i] = false;
        }
    }

    void hire(unsigned index)
    {
        mag_worker *worker = &workers[index];

        berths[index].worker = worker;
        worker->sched = &sched;
        worker->index = worker->rank = index;
        worker->queue = 0;
        worker->paths.queues = nearest;
        worker->paths.queue_count = Queues;
        worker->paths.victims = victims[index];
        worker->looks = looks[index];
        worker->paths.rings[0].end = Workers - 1;
        worker->paths.rings[0].reach = MAG_REACH_CORE;
        worker->paths.ring_count = 1;
        worker->random = index + 1;
        worker->running = NULL;
        worker->tab.packet = NULL;
        worker->rest = MAG_SCHED_FAIR_TICKS;
        worker->high_runs = worker->takes = 0;
        worker->tick = worker->looks_out = worker->spin_us = 0;
        worker->inbox_first = worker->looks_up = false;
        worker->searching = worker->watcher = false;
        worker->forks = &forks[index];
        forks[index].slots = forks[index].end = NULL;
        atomic_init(&forks[index].base, (mag_fork_slot *)NULL);
        mag_sleeper_init(&worker->sleeper);
        atomic_init(&worker->benched, false);
        atomic_init(&worker->blocks, false);
        atomic_init(&worker->dismissed, false);
        atomic_init(&worker->counts.jobs, 0);
        atomic_init(&worker->counts.posts, 0);
        atomic_init(&worker->counts.steals_near, 0);
        atomic_init(&worker->counts.steals_far, 0);
        atomic_init(&worker->counts.parks, 0);
        atomic_init(&worker->counts.wakes, 0);
        for (unsigned i = 0; i < MAG_STEAL_RINGS; i++)
            atomic_init(&worker->steals_ring[i], 0);
        mag_times_init(&worker->times);
        mag_inject_init(&worker->inbox);
        mag_hand_init(&worker->hand, true);
        mag_runq_init(&worker->ring, worker->slots, MAG_WORKER_RING, 0);
        for (unsigned i = 0; i < Workers; i++) {
            victims[index][i] = i < index ? i : i + 1;
            looks[index][i].lifo = NULL;
            looks[index][i].jobs = 0;
        }
    }

    /* Makes a job that has not run; its number is its payload. */
    mag_job *job(unsigned number, void (*run)(mag_job *))
    {
        jobs[number].payload($) = (int)number;
        jobs[number].run = run;
        return &jobs[number];
    }

    void run(mag_worker *worker, mag_work *work)
    {
        mag_count(&worker->counts.jobs);
        worker->running = work->job;
        work->job->run(work->job);
    }

    /* As loop() in worker.c. */
    void serve(unsigned index)
    {
        mag_worker *worker = &workers[index];
        mag_work work;

        while (mag_sched_phase(&sched) != MAG_PHASE_ENDING) {
            work.job = mag_worker_next(worker);
            if (work.job == NULL && !mag_worker_wait(worker, &work))
                break;
            run(worker, &work);
        }
    }

    /* As serve(), by a worker that has no job near. */
    void serve_from_idle(unsigned index)
    {
        mag_work work;

        if (!mag_worker_wait(&workers[index], &work))
            return;
        run(&workers[index], &work);
        serve(index);
    }

    /* As serve(), by a worker that has just searched in vain. */
    void park_and_serve(unsigned index)
    {
        park(&workers[index]);
        serve_from_idle(index);
    }
};

#endif

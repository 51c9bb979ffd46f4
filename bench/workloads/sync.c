/*
 * sync.c - semaphores and mutexes: taken and given back by one async function, and by two
 * that contend.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/async.h>
#include <magpie/mutex.h>
#include <magpie/semaphore.h>
#include <magpie/submit_task.h>

enum { CONTENDERS = 2 };

static struct mag_semaphore semaphore = MAG_SEMAPHORE_INIT(1);
static struct mag_mutex mutex = MAG_MUTEX_INIT;
static uint64_t done; /* of whoever has the semaphore, or the mutex */

MAG_ASYNC(mag_task, acquire_often, (uint64_t, count), )
{
    MAG_BEGIN(f);
    for (; f->count != 0; f->count--) {
        MAG_AWAIT_DONE(f, mag_semaphore_acquire(&semaphore, NULL));
        done++;
        if (mag_semaphore_release(&semaphore, 1) != 0)
            MAG_FAIL(f, -EPROTO);
    }
    return mag_task_done();
    MAG_END(f);
}

MAG_ASYNC(mag_task, lock_often, (uint64_t, count), )
{
    MAG_BEGIN(f);
    for (; f->count != 0; f->count--) {
        MAG_AWAIT_DONE(f, mag_mutex_lock(&mutex, NULL));
        done++;
        if (mag_mutex_unlock(&mutex) != 0)
            MAG_FAIL(f, -EPROTO);
    }
    return mag_task_done();
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, acquire_there, uint64_t, count)
static mag_task acquire_there(uint64_t count)
{
    return acquire_often(count);
}

MAG_SUBMIT_TASK(mag_task, lock_there, uint64_t, count)
static mag_task lock_there(uint64_t count)
{
    return lock_often(count);
}

static int run_semaphore(struct bench_run *run)
{
    done = 0;
    int r = mag_task_wait(acquire_often(run->size));
    run->answer = done;
    return r;
}

static int run_mutex(struct bench_run *run)
{
    done = 0;
    int r = mag_task_wait(lock_often(run->size));
    run->answer = done;
    return r;
}

/* The part of a contender: all of them add up to the size. */
static uint64_t part(const struct bench_run *run, uint64_t number)
{
    return run->size / CONTENDERS + (number < run->size % CONTENDERS ? 1 : 0);
}

static int wait_for_all(struct bench_run *run, const mag_task *tasks)
{
    int r = 0;

    for (int i = 0; i < CONTENDERS; i++) {
        int error = mag_task_wait(tasks[i]);
        r = r != 0 ? r : error;
    }
    run->answer = done;
    return r;
}

static int run_semaphore_2(struct bench_run *run)
{
    mag_task tasks[CONTENDERS];

    done = 0;
    for (uint64_t i = 0; i < CONTENDERS; i++)
        tasks[i] = acquire_there_submit(run->sched, part(run, i));
    return wait_for_all(run, tasks);
}

static int run_mutex_2(struct bench_run *run)
{
    mag_task tasks[CONTENDERS];

    done = 0;
    for (uint64_t i = 0; i < CONTENDERS; i++)
        tasks[i] = lock_there_submit(run->sched, part(run, i));
    return wait_for_all(run, tasks);
}

#define SYNC(row, text, tells, run_row, ...)                                     \
    const struct bench_workload bench_##row = {.group = "sync",                  \
                                               .summary = (text),                \
                                               .shows = (tells),                 \
                                               .size_is = "times",               \
                                               .sizes = {5000000},               \
                                               .size_min = 1,                    \
                                               .size_max = UINT64_C(1000000000), \
                                               .per_operation = true,            \
                                               .run_magpie = (run_row),          \
                                               __VA_ARGS__}

SYNC(semaphore, "an async function acquires a semaphore and releases it",
     "a wait that need not wait", run_semaphore, .name = "semaphore", .threads = 1);
SYNC(semaphore_2, "two async functions contend for a semaphore of one permit",
     "a semaphore that is handed over", run_semaphore_2, .name = "semaphore-2",
     .workers_only = true);
SYNC(mutex, "an async function locks a mutex and unlocks it", "a lock that is free",
     run_mutex, .name = "mutex", .threads = 1);
SYNC(mutex_2, "two async functions contend for a mutex", "a lock that is handed over",
     run_mutex_2, .name = "mutex-2", .workers_only = true);

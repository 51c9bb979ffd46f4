/*
 * blocking.c - jobs that compute, beside jobs that block in regions; the twin is the same
 * without the jobs that block.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/regions.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/blocking.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { SLEEPERS = 100, LEAVES_OF_A_JOB = 400 };

static const struct timespec sleep_time = {.tv_nsec = 50000000};

/*
 * Edges: release end -> acquire end : what crosses
 *   ran    run, sleep -> wait_for : nothing but the count
 */
struct work {
    struct mag_job *jobs;
    struct mag_job sleepers[SLEEPERS];
    _Atomic(uint64_t) done, slept;
    _Atomic(uint64_t) sum; /* of what the jobs computed, so that they must */
};

static struct work work;

static void compute(struct mag_job *job)
{
    uint64_t sum = (uint64_t)(job - work.jobs);

    for (uint32_t i = 0; i < LEAVES_OF_A_JOB; i++)
        sum ^= kernel_region_leaf(i, i);
    /* relaxed: a sum. */
    (void)atomic_fetch_xor_explicit(&work.sum, sum, memory_order_relaxed);
    /* ran, release. */
    (void)atomic_fetch_add_explicit(&work.done, 1, memory_order_release);
}

static void sleep_in_region(struct mag_job *job)
{
    struct mag_blocking region;
    (void)job;

    mag_blocking_begin(&region);
    (void)nanosleep(&sleep_time, NULL);
    mag_blocking_end(&region);
    /* ran, release. */
    (void)atomic_fetch_add_explicit(&work.slept, 1, memory_order_release);
}

/* In short sleeps: the thread that looks takes no CPU from the workers. */
static void wait_for(_Atomic(uint64_t) *count, uint64_t wanted)
{
    const struct timespec nap = {.tv_nsec = 50000};

    /* ran, acquire. */
    while (atomic_load_explicit(count, memory_order_acquire) < wanted)
        (void)nanosleep(&nap, NULL);
}

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The sleepers are spread evenly among the jobs that compute. */
static int post_all(struct mag_sched *sched, uint64_t jobs, uint32_t sleepers)
{
    uint32_t asleep = 0;
    int r = 0;

    for (uint64_t i = 0; i < jobs && r == 0; i++) {
        for (; asleep * jobs < i * sleepers && r == 0; asleep++) {
            work.sleepers[asleep].run = sleep_in_region;
            r = mag_sched_post(sched, &work.sleepers[asleep]);
        }
        work.jobs[i].run = compute;
        if (r == 0)
            r = mag_sched_post(sched, &work.jobs[i]);
    }
    for (; asleep < sleepers && r == 0; asleep++) {
        work.sleepers[asleep].run = sleep_in_region;
        r = mag_sched_post(sched, &work.sleepers[asleep]);
    }
    return r;
}

static int measure(struct bench_run *run, struct mag_sched *sched, uint32_t sleepers)
{
    double since = now_s();
    int r = post_all(sched, run->size, sleepers);

    if (r < 0)
        return r;
    wait_for(&work.done, run->size);
    run->seconds = now_s() - since;
    wait_for(&work.slept, sleepers);
    run->answer = run->size;
    return 0;
}

static int run_beside(struct bench_run *run, uint32_t sleepers)
{
    struct mag_sched_config config;
    struct mag_sched *sched;

    mag_sched_config_init(&config);
    config.workers = run->workers;
    config.spare = SLEEPERS;
    work.jobs = calloc(run->size, sizeof(work.jobs[0]));
    if (work.jobs == NULL)
        return -ENOMEM;
    atomic_init(&work.done, 0);
    atomic_init(&work.slept, 0);
    int r = mag_sched_start(&config, &sched);
    if (r == 0) {
        r = measure(run, sched, sleepers);
        (void)mag_sched_destroy(sched);
    }
    free(work.jobs);
    return r;
}

static int run_alone(struct bench_run *run)
{
    return run_beside(run, 0);
}

static int run_beside_sleepers(struct bench_run *run)
{
    return run_beside(run, SLEEPERS);
}

const struct bench_workload bench_blocking = {
    .group = "pool",
    .name = "blocking",
    .summary = "jobs of 0.5 ms beside 100 jobs that sleep 50 ms in regions, 2 workers",
    .shows = "how far jobs that block slow down those that compute",
    .size_is = "jobs",
    .sizes = {1000},
    .size_min = 1,
    .size_max = 1000000,
    .twin = "alone",
    .per_operation = true,
    .threads = 2,
    .run_twin = run_alone,
    .run_magpie = run_beside_sleepers,
};

/*
 * load.c - loads from a thread outside: bursts of jobs, and a trickle.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/load.h"

#include "bench/workloads/workload.h"

#include <magpie/submit.h>

static int submit(void *sched, void (*function)(void *arg), void *arg)
{
    return mag_submit(sched, function, arg);
}

static int run_load(struct bench_run *run,
                    int (*load)(const struct kernel_pool *pool, uint64_t count,
                                struct kernel_load *ret_load))
{
    const struct kernel_pool pool = {.submit = submit, .context = run->sched};
    struct kernel_load outcome = {0};
    int r = load(&pool, run->size, &outcome);

    run->answer = outcome.done;
    run->seconds = outcome.seconds;
    return r;
}

static int run_bursts(struct bench_run *run)
{
    return run_load(run, kernel_load_bursts);
}

static int run_trickle(struct bench_run *run)
{
    return run_load(run, kernel_load_trickle);
}

const struct bench_workload bench_bursts = {
    .group = "pool",
    .name = "bursts",
    .summary = "100 jobs of 10 us from a thread outside, each millisecond",
    .shows = "how long a burst takes, at the 99th percentile",
    .size_is = "bursts",
    .sizes = {1000},
    .size_min = 1,
    .size_max = 1000000,
    .per_operation = true,
    .run_magpie = run_bursts,
};

const struct bench_workload bench_trickle = {
    .group = "pool",
    .name = "trickle",
    .summary = "an empty job from a thread outside, each millisecond",
    .shows = "the CPU time of the process for each job; 1 us is 0.1% of a core",
    .size_is = "jobs",
    .sizes = {1000},
    .size_min = 1,
    .size_max = 1000000,
    .per_operation = true,
    .run_magpie = run_trickle,
};

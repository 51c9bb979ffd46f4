/*
 * run_here.c - what it costs to begin a computation from a thread outside: of 5
 * microseconds without forks, again and again, beyond the time of the computation.
 *
 * It is shown beside the same on a scheduler without places for guests, where a worker is
 * woken for each computation.  The result is the median, because on a busy machine a few
 * take long.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/fork.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { SMALL_NS = 5000, CALIBRATE = 200000 };

struct calls {
    uint64_t steps;           /* of the small computation */
    uint64_t *times;          /* of each call */
    uint64_t plain;           /* median of plain calls */
    struct mag_sched *posted; /* without places for guests */
};

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static uint64_t median(struct calls *calls, uint64_t count)
{
    qsort(calls->times, count, sizeof(*calls->times), by_value);
    return calls->times[count / 2];
}

/* ------------------------------------------------------------- computations */

/* Not inlined, so that a plain call is one; and no call stands for another. */
__attribute__((noinline)) static uint64_t work(uint64_t steps)
{
    uint64_t value = steps | 1;

    __asm__ volatile("" : "+r"(value));
    for (uint64_t i = 0; i < steps; i++) {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
    }
    return value;
}

MAG_FORKABLE(uint64_t, small, uint64_t, steps)
static uint64_t small(mag_fork w, uint64_t steps)
{
    (void)w;
    return work(steps);
}

/* How many steps take so many nanoseconds. */
static uint64_t steps_for(uint64_t ns)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < 5; i++) {
        uint64_t from = now_ns();

        if (work(CALIBRATE) == 0)
            return 1;
        uint64_t took = now_ns() - from;
        best = took < best ? took : best;
    }
    return ns * CALIBRATE / (best + 1) + 1;
}

/* ------------------------------------------------------------- the first row */

static int prepare(struct bench_run *run)
{
    struct calls *calls = calloc(1, sizeof(*calls));

    run->data = calls;
    if (calls == NULL)
        return -ENOMEM;
    calls->steps = steps_for(SMALL_NS);
    calls->times = calloc(run->size + 1, sizeof(*calls->times));
    if (calls->times == NULL)
        return -ENOMEM;
    for (uint64_t i = 0; i < run->size; i++) {
        uint64_t from = now_ns();

        run->answer += work(calls->steps);
        calls->times[i] = now_ns() - from;
    }
    calls->plain = median(calls, run->size);
    return 0;
}

static int prepare_posted(struct bench_run *run)
{
    struct mag_sched_config config;
    int r = prepare(run);

    if (r < 0 || run->sched != NULL)
        return r;
    struct calls *calls = run->data;
    mag_sched_config_init(&config);
    config.workers = run->workers;
    config.spare = 0;
    return mag_sched_start(&config, &calls->posted);
}

static int call_small(struct bench_run *run, struct mag_sched *sched)
{
    struct calls *calls = run->data;
    uint64_t result;
    int r = 0;

    run->answer = 0;
    for (; run->answer < run->size && r == 0; run->answer += r == 0) {
        uint64_t from = now_ns();

        r = small_run(sched, &result, calls->steps);
        calls->times[run->answer] = now_ns() - from;
    }
    uint64_t took = median(calls, run->size);
    uint64_t beyond = took > calls->plain ? took - calls->plain : 1;
    run->seconds = (double)beyond * 1e-9 * (double)run->size;
    return r;
}

static int call_on_magpie(struct bench_run *run)
{
    return call_small(run, run->sched);
}

static int call_posted(struct bench_run *run)
{
    struct calls *calls = run->data;

    return call_small(run, calls->posted);
}

static void cleanup(struct bench_run *run)
{
    struct calls *calls = run->data;

    if (calls == NULL)
        return;
    (void)mag_sched_destroy(calls->posted);
    free(calls->times);
    free(calls);
}

const struct bench_workload bench_run_here = {
    .group = "pool",
    .name = "run-here",
    .summary = "name_run of 5 us from a thread outside: the time beyond the computation",
    .shows = "what it costs to begin a computation, beside waking a worker for it",
    .size_is = "computations",
    .sizes = {2000},
    .size_min = 1,
    .size_max = 10000000,
    .twin = "posted",
    .per_operation = true,
    .prepare = prepare_posted,
    .run_twin = call_posted,
    .run_magpie = call_on_magpie,
    .cleanup = cleanup,
};

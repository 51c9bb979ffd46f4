/*
 * run_here.c - what it costs to begin a computation from a thread outside: of 5
 * microseconds without forks, again and again, beyond the time of the computation; and of
 * 100 microseconds that divides, after pauses of 0.1 to 10 milliseconds, as in a program
 * that computes at each tick of a clock.
 *
 * The first is shown beside the same on a scheduler without places for guests, where a
 * worker is woken for each computation; the second beside the serial computation after
 * the same pauses.  Each result is the median, because on a busy machine a few take long;
 * or the 99th percentile.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/fork.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { SMALL_NS = 5000, LARGE_NS = 100000, PARTS = 8, CALIBRATE = 200000 };

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

static uint64_t percentile(struct calls *calls, uint64_t count, unsigned percent)
{
    qsort(calls->times, count, sizeof(*calls->times), by_value);
    return calls->times[count * percent / 100];
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

MAG_FORKABLE(uint64_t, divided, uint64_t, steps, uint32_t, parts)
static uint64_t divided(mag_fork w, uint64_t steps, uint32_t parts)
{
    if (parts == 1)
        return work(steps);
    struct divided_child child = divided_fork(&w, steps, parts / 2);
    uint64_t value = divided(w, steps, parts - parts / 2);

    return value ^ divided_join(&w, child);
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
    calls->plain = percentile(calls, run->size, 50);
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
    uint64_t took = percentile(calls, run->size, 50);
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

/* ------------------------------------------------------------ the other rows */

static void pause_a_while(uint64_t nth)
{
    static const long pauses[] = {100000, 300000, 1000000, 3000000, 10000000};
    const struct timespec pause = {.tv_nsec = pauses[nth % 5]};

    (void)nanosleep(&pause, NULL);
}

static int tick(struct bench_run *run, unsigned percent)
{
    struct calls *calls = run->data;
    uint64_t steps = calls->steps * (LARGE_NS / SMALL_NS) / PARTS;
    uint64_t result = 0;
    int r = 0;

    run->answer = 0;
    for (; run->answer < run->size && r == 0; run->answer += r == 0) {
        pause_a_while(run->answer);
        uint64_t from = now_ns();

        if (run->sched != NULL)
            r = divided_run(run->sched, &result, steps, PARTS);
        for (int i = 0; run->sched == NULL && i < PARTS; i++)
            result ^= work(steps);
        calls->times[run->answer] = now_ns() - from;
    }
    run->seconds =
        (double)percentile(calls, run->size, percent) * 1e-9 * (double)run->size;
    return result != 1 ? r : -EIO;
}

static int tick_p50(struct bench_run *run)
{
    return tick(run, 50);
}

static int tick_p99(struct bench_run *run)
{
    return tick(run, 99);
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

#define TICK(row, called, text, tells, runs)    \
    const struct bench_workload bench_##row = { \
        .group = "pool",                        \
        .name = (called),                       \
        .summary = (text),                      \
        .shows = (tells),                       \
        .size_is = "computations",              \
        .sizes = {200},                         \
        .size_min = 1,                          \
        .size_max = 1000000,                    \
        .twin = "serial",                       \
        .per_operation = true,                  \
        .prepare = prepare,                     \
        .run_twin = (runs),                     \
        .run_magpie = (runs),                   \
        .cleanup = cleanup,                     \
    }

TICK(tick, "tick", "100 us in 8 parts, after pauses of 0.1 to 10 ms",
     "how much workers help with a short computation after a pause", tick_p50);
TICK(tick_p99, "tick-p99", "the same, at the 99th percentile",
     "how long a short computation after a pause takes in bad cases", tick_p99);

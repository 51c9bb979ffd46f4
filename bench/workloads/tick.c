/*
 * tick.c - short regions after pauses, as in a program that computes at each tick of a
 * clock: how long one takes, at the median and in bad cases.  The twin does the work of a
 * region itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/tick.h"

#include "bench/workloads/workload.h"

#include <magpie/loop.h>

static uint64_t parts[KERNEL_TICK_PARTS];

MAG_LOOP(tick_parts, uint64_t, tick)

static int tick_parts(struct mag_range range, uint32_t slot, uint64_t tick)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        parts[i] = kernel_tick_part(tick, (uint32_t)i);
    return 0;
}

static int region(void *sched, uint64_t tick, uint64_t *ret_sum)
{
    int r = tick_parts_for(sched, 0, KERNEL_TICK_PARTS, tick);

    *ret_sum = 0;
    for (uint32_t i = 0; i < KERNEL_TICK_PARTS; i++)
        *ret_sum ^= parts[i];
    return r;
}

static int serial(void *unused, uint64_t tick, uint64_t *ret_sum)
{
    (void)unused;
    *ret_sum = 0;
    for (uint32_t i = 0; i < KERNEL_TICK_PARTS; i++)
        *ret_sum ^= kernel_tick_part(tick, i);
    return 0;
}

static int run_ticks(struct bench_run *run, unsigned percent)
{
    struct kernel_load outcome = {0};
    int r = kernel_tick(run->sched != NULL ? region : serial, run->sched, run->size,
                        percent, &outcome);

    run->answer = outcome.done;
    run->seconds = outcome.seconds;
    return r;
}

static int run_median(struct bench_run *run)
{
    return run_ticks(run, KERNEL_TICK_MEDIAN);
}

static int run_bad(struct bench_run *run)
{
    return run_ticks(run, KERNEL_TICK_BAD);
}

#define TICK(row, called, text, tells, runs)    \
    const struct bench_workload bench_##row = { \
        .group = "pool",                        \
        .name = (called),                       \
        .summary = (text),                      \
        .shows = (tells),                       \
        .size_is = "regions",                   \
        .sizes = {200},                         \
        .size_min = 1,                          \
        .size_max = 1000000,                    \
        .twin = "serial",                       \
        .per_operation = true,                  \
        .run_twin = (runs),                     \
        .run_magpie = (runs),                   \
    }

TICK(tick, "tick", "100 us in 8 parts, after pauses of 0.1 to 10 ms",
     "how much workers help with a short computation after a pause", run_median);
TICK(tick_p99, "tick-p99", "the same, at the 99th percentile",
     "how long a short computation after a pause takes in bad cases", run_bad);

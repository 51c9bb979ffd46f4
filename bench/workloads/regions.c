/*
 * regions.c - many small parallel regions, one after the other: each is 20 us of work in
 * 16 leaves, and the next begins when it has ended.  A second worker helps only if it
 * steals in every one of them, and soon.
 *
 * A leaf is 600 steps of a shift register, which are linear over exclusive or: the leaves
 * together, exclusive or of all, are 600 steps from the exclusive or of their seeds.  So
 * the answer is known without doing the work.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/fork.h>

enum { LEAVES = 16, STEPS = 600 };

/* Not inlined: a compiler that sees several leaves does them at a time, with vectors. */
static __attribute__((noinline)) uint64_t steps_from(uint64_t x)
{
    for (int i = 0; i < STEPS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

static uint64_t leaf(uint64_t region, uint32_t index)
{
    return steps_from(region * LEAVES + index + 1);
}

static uint64_t region_serial(uint64_t region)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < LEAVES; i++)
        sum ^= leaf(region, i);
    return sum;
}

MAG_FORKABLE(uint64_t, range, uint64_t, region, uint32_t, from, uint32_t, to)
MAG_FORKABLE(uint64_t, regions, uint64_t, count)

static uint64_t range(mag_fork w, uint64_t region, uint32_t from, uint32_t to)
{
    uint32_t middle = from + (to - from) / 2;

    if (to - from == 1)
        return leaf(region, from);

    struct range_child low = range_fork(&w, region, from, middle);
    uint64_t high = range(w, region, middle, to);

    return range_join(&w, low) ^ high;
}

static uint64_t regions(mag_fork w, uint64_t count)
{
    uint64_t sum = 0;

    for (uint64_t region = 0; region < count; region++)
        sum ^= range(w, region, 0, LEAVES);
    return sum;
}

static uint64_t expected(uint64_t size)
{
    uint64_t seeds = 0;

    for (uint64_t seed = 1; seed <= size * LEAVES; seed++)
        seeds ^= seed;
    return steps_from(seeds);
}

static int run_twin(struct bench_run *run)
{
    run->answer = 0;
    for (uint64_t region = 0; region < run->size; region++)
        run->answer ^= region_serial(region);
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    return regions_run(run->sched, &run->answer, run->size);
}

const struct bench_workload bench_regions = {
    .group = "regions",
    .name = "regions",
    .summary = "small parallel regions one after the other: a steal in each",
    .size_is = "regions, of 20 us each",
    .sizes = {10000},
    .size_min = 1,
    .size_max = 10000000,
    .twin = "serial",
    .expected = expected,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
};

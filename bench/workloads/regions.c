/*
 * regions.c - many small parallel regions, one after the other: each is 20 us of work in
 * 16 leaves, and the next begins when it has ended.  A second worker helps only if it
 * steals in every one of them, and soon.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/regions.h"
#include "bench/workloads/workload.h"

#include <magpie/fork.h>

enum { LEAVES = KERNEL_REGION_LEAVES };

MAG_FORKABLE(uint64_t, range, uint64_t, region, uint32_t, from, uint32_t, to)
MAG_FORKABLE(uint64_t, regions, uint64_t, count)

static uint64_t range(mag_fork w, uint64_t region, uint32_t from, uint32_t to)
{
    uint32_t middle = from + (to - from) / 2;

    if (to - from == 1)
        return kernel_region_leaf(region, from);

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

    for (uint64_t region = 0; region < size; region++) {
        for (uint32_t i = 0; i < LEAVES; i++)
            seeds ^= kernel_region_seed(region, i);
    }
    return kernel_region_steps(seeds);
}

static int run_twin(struct bench_run *run)
{
    run->answer = 0;
    for (uint64_t region = 0; region < run->size; region++)
        run->answer ^= kernel_region_serial(region);
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    return regions_run(run->sched, &run->answer, run->size);
}

const struct bench_workload bench_regions = {
    .group = "regions",
    .name = "regions",
    .summary = "small parallel regions one after the other",
    .shows = "how soon other workers join in a region of only 20 us",
    .size_is = "regions, of 20 us each",
    .sizes = {10000},
    .size_min = 1,
    .size_max = 10000000,
    .twin = "serial",
    .workers_only = true,
    .expected = expected,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
};

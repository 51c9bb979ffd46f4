/*
 * skynet.c - every node has ten children, the leaves return their numbers, the root their
 * sum: a regular tree, each node of which forks a range of ten.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/skynet.h"
#include "bench/workloads/workload.h"

#include <magpie/fork_range.h>

enum { WIDTH = KERNEL_SKYNET_WIDTH };

MAG_FORKABLE(uint64_t, skynet, uint64_t, first, uint64_t, leaves)
MAG_FORKABLE_RANGE(uint64_t, branch, uint64_t, first, uint64_t, leaves)

static uint64_t skynet(mag_fork w, uint64_t first, uint64_t leaves)
{
    if (leaves == 1)
        return first;

    struct branch_range branches = branch_fork_range(&w, 0, WIDTH, first, leaves / WIDTH);
    return branch_join_range(&w, branches);
}

static uint64_t branch(mag_fork w, size_t index, uint64_t first, uint64_t leaves)
{
    return skynet(w, first + index * leaves, leaves);
}

static void branch_combine(uint64_t *sum, const uint64_t *later)
{
    *sum += *later;
}

static bool is_power_of_ten(uint64_t size)
{
    while (size % 10 == 0)
        size /= 10;
    return size == 1;
}

static uint64_t expected(uint64_t size)
{
    return size * (size - 1) / 2;
}

static int run_twin(struct bench_run *run)
{
    run->answer = kernel_skynet_serial(0, run->size);
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    return skynet_run(run->sched, &run->answer, 0, run->size);
}

const struct bench_workload bench_skynet = {
    .group = "skynet",
    .name = "skynet",
    .summary = "sum over a tree with ten children per node",
    .shows = "the cost of wide forks: one range of ten children per node",
    .size_is = "leaves, a power of ten",
    .sizes = {1000000, 100000000},
    .size_min = 10,
    .size_max = UINT64_C(1000000000),
    .size_fits = is_power_of_ten,
    .twin = "serial",
    .workers_only = true,
    .weight = 4,
    .expected = expected,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
};

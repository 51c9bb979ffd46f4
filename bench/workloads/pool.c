/*
 * pool.c - what an object of a node pool costs, beside malloc.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/pool_pairs.h"
#include "bench/workloads/workload.h"

#include <errno.h>

static int leave(struct bench_run *run, double ns)
{
    if (ns < 0)
        return -ENOMEM;
    run->answer = run->size;
    run->seconds = ns * 1e-9 * (double)run->size;
    return 0;
}

static int pair_malloc(struct bench_run *run)
{
    return leave(run, bench_malloc_pair_ns(run->size));
}

static int pair_pool(struct bench_run *run)
{
    return leave(run, bench_pool_pair_ns(run->size));
}

static int handoff_malloc(struct bench_run *run)
{
    return leave(run, bench_malloc_handoff_ns(run->size));
}

static int handoff_pool(struct bench_run *run)
{
    return leave(run, bench_pool_handoff_ns(run->size));
}

const struct bench_workload bench_pool_pair = {
    .group = "pool",
    .name = "pool-pair",
    .summary = "one thread takes an object and gives it back",
    .shows = "the cost of an object from a pool, beside malloc",
    .size_is = "objects",
    .sizes = {5000000},
    .size_min = 1,
    .size_max = UINT64_C(1000000000),
    .twin = "malloc",
    .per_operation = true,
    .threads = 1,
    .run_twin = pair_malloc,
    .run_magpie = pair_pool,
};

const struct bench_workload bench_pool_handoff = {
    .group = "pool",
    .name = "pool-handoff",
    .summary = "one thread takes objects, another gives them back",
    .shows = "the cost of returning an object on another thread, beside malloc",
    .size_is = "objects",
    .sizes = {2000000},
    .size_min = 1,
    .size_max = UINT64_C(1000000000),
    .twin = "malloc",
    .per_operation = true,
    .threads = 2,
    .run_twin = handoff_malloc,
    .run_magpie = handoff_pool,
};

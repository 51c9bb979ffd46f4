/*
 * sort.c - sorts of 32-bit numbers, random and nearly sorted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/sort.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/sort.h>

/* NOLINTNEXTLINE(readability-function-size): name_sort_with has many parameters. */
MAG_SORT(rising, uint32_t, void)
static bool rising(const uint32_t *a, const uint32_t *b)
{
    return *a < *b;
}

static int prepare(struct bench_run *run)
{
    run->data = kernel_sort_new(run->size);
    return run->data != NULL ? 0 : -ENOMEM;
}

static int reset(struct bench_run *run)
{
    kernel_sort_fill(run->data);
    return 0;
}

static int reset_nearly(struct bench_run *run)
{
    kernel_sort_fill_nearly(run->data);
    return 0;
}

/* The sort of one thread, which is also that of the leaves. */
static int run_twin(struct bench_run *run)
{
    const struct kernel_sort *data = run->data;
    struct rising_sort_options alone = {.leaf_count = SIZE_MAX};

    return rising_sort_with(NULL, &alone, data->values, data->count);
}

static int run_twin_stable(struct bench_run *run)
{
    const struct kernel_sort *data = run->data;
    struct rising_sort_options alone = {
        .stable = true, .scratch = data->spare, .leaf_count = SIZE_MAX};

    return rising_sort_with(NULL, &alone, data->values, data->count);
}

static int run_magpie(struct bench_run *run)
{
    const struct kernel_sort *data = run->data;

    return rising_sort(run->sched, data->values, data->count);
}

static int run_magpie_stable(struct bench_run *run)
{
    const struct kernel_sort *data = run->data;

    return rising_sort_stable(run->sched, data->values, data->count);
}

static void check(struct bench_run *run)
{
    run->answer = kernel_sort_answer(run->data);
}

static void check_nearly(struct bench_run *run)
{
    run->answer = kernel_sort_answer_nearly(run->data);
}

static void cleanup(struct bench_run *run)
{
    kernel_sort_free(run->data);
}

#define SORT(row, row_name, row_summary, row_shows, fill, serial, parallel, checked) \
    const struct bench_workload bench_##row = {                                      \
        .group = "sort",                                                             \
        .name = (row_name),                                                          \
        .summary = (row_summary),                                                    \
        .shows = (row_shows),                                                        \
        .size_is = "32-bit numbers to sort",                                         \
        .sizes = {10000000},                                                         \
        .size_min = 1,                                                               \
        .size_max = UINT64_C(4000000000),                                            \
        .twin = "serial",                                                            \
        .workers_only = true,                                                        \
        .weight = 4,                                                                 \
        .prepare = prepare,                                                          \
        .reset = (fill),                                                             \
        .run_twin = (serial),                                                        \
        .run_magpie = (parallel),                                                    \
        .check = (checked),                                                          \
        .cleanup = cleanup,                                                          \
    };

SORT(sort_random, "sort-random", "a sort in place of random numbers",
     "how fast an array without order is sorted", reset, run_twin, run_magpie, check)
SORT(sort_sorted, "sort-sorted",
     "a sort in place of sorted numbers, one in a hundred exchanged",
     "whether an array that is nearly sorted takes less", reset_nearly, run_twin,
     run_magpie, check_nearly)
SORT(sort_stable, "sort-stable", "a stable sort of random numbers",
     "what keeping the order of equal items costs", reset, run_twin_stable,
     run_magpie_stable, check)

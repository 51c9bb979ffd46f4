/*
 * cilksort.c - sorts by merging quarters, and merges in parallel: the sort that came with
 * Cilk.  Phases of different shape, and memory traffic.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/sort.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/fork.h>

MAG_FORKABLE_VOID(merge, const uint32_t *, a, size_t, a_count, const uint32_t *, b,
                  size_t, b_count, uint32_t *, into)
MAG_FORKABLE_VOID(sort, uint32_t *, values, uint32_t *, spare, size_t, count)

static void merge(mag_fork w, const uint32_t *a, size_t a_count, const uint32_t *b,
                  size_t b_count, uint32_t *into)
{
    if (a_count + b_count <= KERNEL_MERGE_GRAIN) {
        kernel_merge_plain(a, a_count, b, b_count, into);
        return;
    }
    if (a_count < b_count) {
        merge(w, b, b_count, a, a_count, into);
        return;
    }

    size_t a_low = a_count / 2;
    size_t b_low = kernel_count_below(b, b_count, a[a_low]);
    struct merge_child low = merge_fork(&w, a, a_low, b, b_low, into);

    merge(w, a + a_low, a_count - a_low, b + b_low, b_count - b_low,
          into + a_low + b_low);
    merge_join(&w, low);
}

static void sort(mag_fork w, uint32_t *values, uint32_t *spare, size_t count)
{
    size_t quarter = count / 4;
    size_t half = 2 * quarter;

    if (count <= KERNEL_SORT_GRAIN) {
        kernel_sort_plain(values, count);
        return;
    }

    struct sort_child first = sort_fork(&w, values, spare, quarter);
    struct sort_child second = sort_fork(&w, values + quarter, spare + quarter, quarter);
    struct sort_child third = sort_fork(&w, values + half, spare + half, quarter);

    sort(w, values + half + quarter, spare + half + quarter, count - half - quarter);
    sort_join(&w, third);
    sort_join(&w, second);
    sort_join(&w, first);

    struct merge_child low =
        merge_fork(&w, values, quarter, values + quarter, quarter, spare);
    merge(w, values + half, quarter, values + half + quarter, count - half - quarter,
          spare + half);
    merge_join(&w, low);
    merge(w, spare, half, spare + half, count - half, values);
}

/* ------------------------------------------------------------ the workload */

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

static int run_twin(struct bench_run *run)
{
    const struct kernel_sort *data = run->data;

    kernel_sort_serial(data->values, data->spare, data->count);
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    const struct kernel_sort *data = run->data;

    return sort_run(run->sched, data->values, data->spare, data->count);
}

static void check(struct bench_run *run)
{
    run->answer = kernel_sort_answer(run->data);
}

static void cleanup(struct bench_run *run)
{
    kernel_sort_free(run->data);
}

const struct bench_workload bench_cilksort = {
    .group = "cilksort",
    .name = "cilksort",
    .summary = "merge sort with a parallel merge",
    .shows = "how phases of different shape scale under heavy memory traffic",
    .size_is = "32-bit numbers to sort",
    .sizes = {10000000},
    .size_min = 1,
    .size_max = UINT64_C(4000000000),
    .twin = "serial",
    .workers_only = true,
    .weight = 8,
    .prepare = prepare,
    .reset = reset,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
    .check = check,
    .cleanup = cleanup,
};

/*
 * array.c - the sum of an array of doubles, and its running sums.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/array.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/reduce.h>
#include <magpie/scan.h>

/* NOLINTBEGIN(readability-function-size): name_scan_with has many parameters. */

MAG_REDUCE(add_up, double, const struct kernel_array *, array)
static int add_up(struct mag_range range, uint32_t slot, double *total,
                  const struct kernel_array *array)
{
    (void)slot;
    *total = kernel_array_sum(array, range.begin, range.end, *total);
    return 0;
}
static void add_up_combine(double *total, const double *later)
{
    *total += *later;
}

MAG_SCAN(run_on, double, const struct kernel_array *, array)
static int run_on(struct mag_range range, uint32_t slot, double *total,
                  const struct kernel_array *array)
{
    (void)slot;
    *total = kernel_array_scan(array, range.begin, range.end, *total);
    return 0;
}
static int run_on_fold(struct mag_range range, uint32_t slot, double *total,
                       const struct kernel_array *array)
{
    return add_up(range, slot, total, array);
}
static void run_on_combine(double *total, const double *later)
{
    *total += *later;
}
/* NOLINTEND(readability-function-size) */

/* -------------------------------------------------------------------------- sum */

static int prepare_sum(struct bench_run *run)
{
    run->data = kernel_array_new(run->size, 0);
    return run->data != NULL ? 0 : -ENOMEM;
}

static int sum_twin(struct bench_run *run)
{
    run->answer = (uint64_t)kernel_array_sum(run->data, 0, run->size, 0);
    return 0;
}

static int sum_magpie(struct bench_run *run)
{
    double total = 0;
    int r = add_up_reduce(run->sched, &total, 0, run->size, run->data);

    run->answer = (uint64_t)total;
    return r;
}

static void cleanup(struct bench_run *run)
{
    kernel_array_free(run->data);
}

const struct bench_workload bench_reduce = {
    .group = "loops",
    .name = "reduce",
    .summary = "the sum of an array of doubles",
    .shows = "how fast an array is read by all workers together",
    .size_is = "doubles",
    .sizes = {100000000},
    .size_min = 1,
    .size_max = UINT64_C(4000000000),
    .twin = "serial",
    .workers_only = true,
    .expected = kernel_array_total,
    .prepare = prepare_sum,
    .run_twin = sum_twin,
    .run_magpie = sum_magpie,
    .cleanup = cleanup,
};

/* ------------------------------------------------------------------ running sums */

static int prepare_scan(struct bench_run *run)
{
    run->data = kernel_array_new(run->size, 1);
    return run->data != NULL ? 0 : -ENOMEM;
}

static int reset_scan(struct bench_run *run)
{
    kernel_array_clear(run->data);
    return 0;
}

static int scan_twin(struct bench_run *run)
{
    (void)kernel_array_scan(run->data, 0, run->size, 0);
    return 0;
}

static int scan_magpie(struct bench_run *run)
{
    double total = 0;

    return run_on_scan(run->sched, &total, 0, run->size, run->data);
}

static void check_scan(struct bench_run *run)
{
    run->answer = kernel_array_answer(run->data);
}

const struct bench_workload bench_scan = {
    .group = "loops",
    .name = "scan",
    .summary = "the running sums of an array of doubles",
    .shows = "what running sums gain from workers that pass over them twice",
    .size_is = "doubles",
    .sizes = {100000000},
    .size_min = 1,
    .size_max = UINT64_C(2000000000),
    .twin = "serial",
    .workers_only = true,
    .prepare = prepare_scan,
    .reset = reset_scan,
    .run_twin = scan_twin,
    .run_magpie = scan_magpie,
    .check = check_scan,
    .cleanup = cleanup,
};

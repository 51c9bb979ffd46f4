/*
 * loops.c - parallel loops one after the other, each with so much work, beside plain
 * loops.  The loops are called on a worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/loops.h"

#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/fork.h>
#include <magpie/loop.h>

enum { SLOT_WORDS = 8, SLOTS = MAG_FOR_LIMIT_MAX };

/* What the bodies have added up, a cache line for each slot. */
static uint64_t sums[SLOTS][SLOT_WORDS] __attribute__((aligned(64)));

/* NOLINTNEXTLINE(readability-function-size): name_for_with has many parameters. */
MAG_LOOP(mix_range, void)
static int mix_range(struct mag_range range, uint32_t slot)
{
    sums[slot][0] += kernel_loop_mix(range.begin, range.end);
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): name_for_with has many parameters. */
MAG_LOOP(count_range, void)
static int count_range(struct mag_range range, uint32_t slot)
{
    sums[slot][0] += kernel_loop_count(range.begin, range.end);
    return 0;
}

MAG_FORKABLE(int, mix_loops, uint64_t, loops, size_t, indices)
static int mix_loops(mag_fork w, uint64_t loops, size_t indices)
{
    int r = 0;

    for (uint64_t i = 0; i < loops && r == 0; i++)
        r = mix_range_for_in(w, 0, indices);
    return r;
}

MAG_FORKABLE(int, count_loops, uint64_t, loops, size_t, indices)
static int count_loops(mag_fork w, uint64_t loops, size_t indices)
{
    int r = 0;

    for (uint64_t i = 0; i < loops && r == 0; i++)
        r = count_range_for_in(w, 0, indices);
    return r;
}

static int prepare_slots(struct bench_run *run)
{
    return run->sched == NULL || mag_sched_capacity(run->sched) <= SLOTS ? 0 : -ENOTSUP;
}

static void add_up(struct bench_run *run)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        run->answer += sums[i][0];
        sums[i][0] = 0;
    }
}

/* Rows of loops over `indices` numbers. */
#define LOOPS(row, row_name, row_summary, row_shows, loops, indices, serial, parallel) \
    static uint64_t row##_expected(uint64_t size)                                      \
    {                                                                                  \
        return size * serial(0, indices);                                              \
    }                                                                                  \
    static int row##_twin(struct bench_run *run)                                       \
    {                                                                                  \
        run->answer = 0;                                                               \
        for (uint64_t i = 0; i < run->size; i++)                                       \
            run->answer += serial(0, indices);                                         \
        return 0;                                                                      \
    }                                                                                  \
    static int row##_magpie(struct bench_run *run)                                     \
    {                                                                                  \
        int error = 0;                                                                 \
        int r = parallel(run->sched, &error, run->size, indices);                      \
                                                                                       \
        run->answer = 0;                                                               \
        return r != 0 ? r : error;                                                     \
    }                                                                                  \
    static void row##_check(struct bench_run *run)                                     \
    {                                                                                  \
        if (run->sched != NULL)                                                        \
            add_up(run);                                                               \
    }                                                                                  \
    const struct bench_workload bench_##row = {                                        \
        .group = "loops",                                                              \
        .name = (row_name),                                                            \
        .summary = (row_summary),                                                      \
        .shows = (row_shows),                                                          \
        .size_is = "loops",                                                            \
        .sizes = {loops},                                                              \
        .size_min = 1,                                                                 \
        .size_max = 100000000,                                                         \
        .twin = "serial",                                                              \
        .per_operation = true,                                                         \
        .workers_only = true,                                                          \
        .expected = row##_expected,                                                    \
        .prepare = prepare_slots,                                                      \
        .run_twin = row##_twin,                                                        \
        .run_magpie = row##_magpie,                                                    \
        .check = row##_check,                                                          \
    };

LOOPS(for_empty, "for-empty", "parallel loops over 16 indices with nothing to do",
      "the cost of a loop itself, beside a plain loop", 1000000, KERNEL_LOOP_EMPTY,
      kernel_loop_count, count_loops_run)
LOOPS(for_1us, "for-1us", "parallel loops of about 1 us of work",
      "what a loop costs that is too short to divide", 100000, KERNEL_LOOP_1US,
      kernel_loop_mix, mix_loops_run)
LOOPS(for_10us, "for-10us", "parallel loops of about 10 us of work",
      "whether a loop of 10 us gains from a second worker", 20000, KERNEL_LOOP_10US,
      kernel_loop_mix, mix_loops_run)
LOOPS(for_100us, "for-100us", "parallel loops of about 100 us of work",
      "how well a loop of 100 us is divided", 2000, KERNEL_LOOP_100US, kernel_loop_mix,
      mix_loops_run)
LOOPS(for_1ms, "for-1ms", "parallel loops of about 1 ms of work",
      "how well a loop of 1 ms is divided", 200, KERNEL_LOOP_1MS, kernel_loop_mix,
      mix_loops_run)

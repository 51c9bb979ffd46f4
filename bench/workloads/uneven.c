/*
 * uneven.c - loops whose indices take different times, and loops inside a loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/uneven.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/loop.h>

enum { SLOT_WORDS = 8, SLOTS = MAG_FOR_LIMIT_MAX };

/* What the bodies have added up, a cache line for each worker. */
static uint64_t totals[SLOTS][SLOT_WORDS] __attribute__((aligned(64)));

/* NOLINTNEXTLINE(readability-function-size): name_for_with has many parameters. */
MAG_LOOP(walk_pareto, void)
static int walk_pareto(struct mag_range range, uint32_t slot)
{
    for (size_t i = range.begin; i < range.end; i++)
        totals[slot][0] += kernel_pareto(i);
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_LOOP(walk_triangle, void)
static int walk_triangle(struct mag_range range, uint32_t slot)
{
    for (size_t i = range.begin; i < range.end; i++)
        totals[slot][0] += kernel_triangle(i);
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_LOOP(walk_inner, uint64_t, outer)
static int walk_inner(struct mag_range range, uint32_t slot, uint64_t outer)
{
    for (size_t i = range.begin; i < range.end; i++)
        totals[slot][0] += kernel_nested(outer, i);
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): as above. */
MAG_LOOP(walk_outer, void)
static int walk_outer(struct mag_range range, uint32_t slot)
{
    int error = 0;

    (void)slot;
    for (size_t i = range.begin; i < range.end && error == 0; i++)
        error = walk_inner_for(NULL, 0, KERNEL_INNER, i);
    return error;
}

static int prepare(struct bench_run *run)
{
    return run->sched == NULL || mag_sched_capacity(run->sched) <= SLOTS ? 0 : -ENOTSUP;
}

static void check(struct bench_run *run)
{
    for (uint32_t i = 0; i < SLOTS && run->sched != NULL; i++) {
        run->answer += totals[i][0];
        totals[i][0] = 0;
    }
}

#define UNEVEN(row, row_name, row_summary, row_shows, loops, serial, walk, indices) \
    static uint64_t row##_expected(uint64_t size)                                   \
    {                                                                               \
        return size * serial();                                                     \
    }                                                                               \
    static int row##_twin(struct bench_run *run)                                    \
    {                                                                               \
        run->answer = 0;                                                            \
        for (uint64_t i = 0; i < run->size; i++)                                    \
            run->answer += serial();                                                \
        return 0;                                                                   \
    }                                                                               \
    static int row##_magpie(struct bench_run *run)                                  \
    {                                                                               \
        int error = 0;                                                              \
                                                                                    \
        run->answer = 0;                                                            \
        for (uint64_t i = 0; i < run->size && error == 0; i++)                      \
            error = walk##_for(run->sched, 0, indices);                             \
        return error;                                                               \
    }                                                                               \
    const struct bench_workload bench_##row = {                                     \
        .group = "loops",                                                           \
        .name = (row_name),                                                         \
        .summary = (row_summary),                                                   \
        .shows = (row_shows),                                                       \
        .size_is = "loops",                                                         \
        .sizes = {loops},                                                           \
        .size_min = 1,                                                              \
        .size_max = 1000000,                                                        \
        .twin = "serial",                                                           \
        .per_operation = true,                                                      \
        .workers_only = true,                                                       \
        .expected = row##_expected,                                                 \
        .prepare = prepare,                                                         \
        .run_twin = row##_twin,                                                     \
        .run_magpie = row##_magpie,                                                 \
        .check = check,                                                             \
    };

UNEVEN(for_pareto, "for-pareto",
       "parallel loops of which a few indices take most of the time",
       "how well a loop with a heavy tail is balanced", 200, kernel_pareto_serial,
       walk_pareto, KERNEL_PARETO)
UNEVEN(for_triangle, "for-triangle", "parallel loops whose index i takes i steps",
       "how well a loop that grows is balanced", 200, kernel_triangle_serial,
       walk_triangle, KERNEL_TRIANGLE)
UNEVEN(for_nested, "for-nested", "parallel loops inside a parallel loop",
       "whether inner loops are divided too", 200, kernel_nested_serial, walk_outer,
       KERNEL_OUTER)

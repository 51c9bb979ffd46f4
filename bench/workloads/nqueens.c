/*
 * nqueens.c - ways to put n queens on an n x n board so that none attacks another: an
 * irregular tree with up to n children at each node.
 *
 * A board is three sets of columns: those taken, and those that the rising and the
 * falling diagonals attack in the row that is next.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/fork.h>

enum { QUEENS_MAX = 20 };

/* OEIS A000170. */
static const uint64_t solutions[QUEENS_MAX + 1] = {
    1,      1,       0,        0,        2,         10,         4,
    40,     92,      352,      724,      2680,      14200,      73712,
    365596, 2279184, 14772512, 95815104, 666090624, 4968057848, 39029188884,
};

static uint64_t queens_serial(uint32_t full, uint32_t taken, uint32_t rising,
                              uint32_t falling)
{
    uint64_t count = 0;

    if (taken == full)
        return 1;
    for (uint32_t free = full & ~(taken | rising | falling); free != 0;
         free &= free - 1) {
        uint32_t queen = free & -free;
        count += queens_serial(full, taken | queen, (rising | queen) << 1,
                               (falling | queen) >> 1);
    }
    return count;
}

MAG_FORKABLE(uint64_t, queens, uint32_t, full, uint32_t, taken, uint32_t, rising,
             uint32_t, falling)

static uint64_t queens(mag_fork w, uint32_t full, uint32_t taken, uint32_t rising,
                       uint32_t falling)
{
    struct queens_child children[QUEENS_MAX];
    uint32_t free = full & ~(taken | rising | falling);
    uint32_t forked = 0;
    uint64_t count;

    if (taken == full)
        return 1;
    if (free == 0)
        return 0;
    /* The last child is called: there is nothing else to do meanwhile. */
    for (; (free & (free - 1)) != 0; free &= free - 1) {
        uint32_t queen = free & -free;
        children[forked++] = queens_fork(&w, full, taken | queen, (rising | queen) << 1,
                                         (falling | queen) >> 1);
    }
    count = queens(w, full, taken | free, (rising | free) << 1, (falling | free) >> 1);
    while (forked > 0)
        count += queens_join(&w, children[--forked]);
    return count;
}

static uint64_t expected(uint64_t size)
{
    return solutions[size];
}

static uint32_t full_board(const struct bench_run *run)
{
    return (UINT32_C(1) << run->size) - 1;
}

static int run_twin(struct bench_run *run)
{
    run->answer = queens_serial(full_board(run), 0, 0, 0);
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    return queens_run(run->sched, &run->answer, full_board(run), 0, 0, 0);
}

const struct bench_workload bench_nqueens = {
    .group = "nqueens",
    .name = "nqueens",
    .summary = "solutions of the n queens problem: an irregular tree",
    .size_is = "n, the board's width",
    .sizes = {13},
    .size_min = 1,
    .size_max = QUEENS_MAX,
    .twin = "serial",
    .expected = expected,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
};

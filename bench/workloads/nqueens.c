/*
 * nqueens.c - ways to put n queens on an n x n board so that none attacks another: an
 * irregular tree with up to n children at each node.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/nqueens.h"
#include "bench/workloads/workload.h"

#include <magpie/fork.h>

enum { QUEENS_MAX = KERNEL_QUEENS_MAX };

/* OEIS A000170. */
static const uint64_t solutions[QUEENS_MAX + 1] = {
    1,      1,       0,        0,        2,         10,         4,
    40,     92,      352,      724,      2680,      14200,      73712,
    365596, 2279184, 14772512, 95815104, 666090624, 4968057848, 39029188884,
};

MAG_FORKABLE(uint64_t, queens, uint32_t, full, uint32_t, taken, uint32_t, rising,
             uint32_t, falling)

static uint64_t queens(mag_fork w, uint32_t full, uint32_t taken, uint32_t rising,
                       uint32_t falling)
{
    struct queens_child children[QUEENS_MAX];
    uint32_t free = kernel_queens_free(full, taken, rising, falling);
    uint32_t forked = 0;
    uint64_t count;

    if (taken == full)
        return 1;
    if (free == 0)
        return 0;
    /* The last child is called: there is nothing else to do meanwhile. */
    for (; kernel_queens_rest(free) != 0; free = kernel_queens_rest(free)) {
        uint32_t queen = kernel_queens_first(free);

        children[forked++] =
            queens_fork(&w, full, taken | queen, kernel_queens_rising(rising, queen),
                        kernel_queens_falling(falling, queen));
    }
    count = queens(w, full, taken | free, kernel_queens_rising(rising, free),
                   kernel_queens_falling(falling, free));
    while (forked > 0)
        count += queens_join(&w, children[--forked]);
    return count;
}

static uint64_t expected(uint64_t size)
{
    return solutions[size];
}

static int run_twin(struct bench_run *run)
{
    run->answer = kernel_queens_serial(kernel_queens_full(run->size), 0, 0, 0);
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    return queens_run(run->sched, &run->answer, kernel_queens_full(run->size), 0, 0, 0);
}

const struct bench_workload bench_nqueens = {
    .group = "nqueens",
    .name = "nqueens",
    .summary = "solutions of the n queens problem",
    .shows = "how well the workers share an irregular tree",
    .size_is = "n, the board's width",
    .sizes = {13},
    .size_min = 1,
    .size_max = QUEENS_MAX,
    .twin = "serial",
    .workers_only = true,
    .expected = expected,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
};

/*
 * grid.h - the grids of Task Bench, and the least granularity at which a task library
 * still works.
 *
 * Written from the paper: Slaughter et al., "Task Bench: A Parameterized Benchmark for
 * Evaluating Parallel Runtime Performance", SC20.
 *
 * The model.  A grid has rows of tasks, one below the other.  A task does so many steps
 * of arithmetic, and depends on tasks of the row above: which, the pattern says.  A task
 * library runs the whole grid, and its efficiency is the time of the arithmetic alone,
 * divided by the time that it took, times its workers.  METG(50%), the minimum effective
 * task granularity, is the time that one worker has for a task where the efficiency is
 * one half.  It has no tuning parameter, and says how small tasks may be.
 *
 * Each task looks whether all its inputs are there.  One that ran too early leaves no
 * output, so that those behind it leave none either.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_GRID_H
#define BENCH_KERNELS_GRID_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The twelve patterns: X(PATTERN, name, row).  Task i of step t depends on these of step
 * t - 1, where w is the width of the grid, and what is outside is left out:
 *
 *   TRIVIAL   none                      NO_COMM   i
 *   STENCIL   i - 1, i, i + 1           PERIODIC  the same around the edges
 *   SWEEP     i - 1, i                  TREE      i / 2
 *   FFT       i, i - 2^k, i + 2^k, where k = (t - 1) mod log2 w
 *   ALL       all                       NEAREST   i - 2 ... i + 2
 *   SPREAD    i, and four others, w / 5 apart and moved by t
 *   RANDOM_NEAREST  i, and each of the others of NEAREST with one chance in two
 *   RANDOM_SPREAD   i, and four others by chance
 */
#define KERNEL_GRIDS(X)                                   \
    X(TRIVIAL, trivial, "metg-trivial")                   \
    X(NO_COMM, no_comm, "metg-no-comm")                   \
    X(STENCIL, stencil, "metg-stencil")                   \
    X(PERIODIC, periodic, "metg-periodic")                \
    X(SWEEP, sweep, "metg-sweep")                         \
    X(TREE, tree, "metg-tree")                            \
    X(FFT, fft, "metg-fft")                               \
    X(ALL, all, "metg-all")                               \
    X(NEAREST, nearest, "metg-nearest")                   \
    X(SPREAD, spread, "metg-spread")                      \
    X(RANDOM_NEAREST, random_nearest, "metg-near-random") \
    X(RANDOM_SPREAD, random_spread, "metg-far-random")

enum kernel_pattern {
#define KERNEL_GRID_ENUM(pattern, name, row) KERNEL_GRID_##pattern,
    KERNEL_GRIDS(KERNEL_GRID_ENUM)
#undef KERNEL_GRID_ENUM
        KERNEL_GRID_PATTERNS
};

struct kernel_grid {
    uint32_t width;
    uint32_t steps;
    uint32_t tasks;   /* width x steps; task t x width + i is task i of step t */
    uint32_t workers; /* whose time counts: no more than there are processors */
    uint32_t *first;  /* of each task, where its inputs begin; and one behind the last */
    uint32_t *inputs; /* numbers of tasks, each smaller than that which needs it */
    uint64_t *output; /* `epoch`, when the task has run with all its inputs */
    uint64_t epoch;   /* of this run of the whole grid */
    uint64_t iterations; /* of each task */
    double iteration_s;  /* what one takes */
    uint32_t right;      /* the fewest tasks that were right in a run */
};

/* Whether a grid can have so many tasks: a power of two, from 64 to 2^24. */
int kernel_grid_fits(uint64_t tasks);

/* Makes a grid for so many workers: about four columns for each.  NULL: out of memory.
 * Takes milliseconds to measure the arithmetic. */
struct kernel_grid *kernel_grid_new(enum kernel_pattern pattern, uint32_t tasks,
                                    uint32_t workers);
void kernel_grid_free(struct kernel_grid *grid); /* NULL is ignored */

/* Does one task.  Tasks that do not depend on each other may run at the same time. */
void kernel_grid_task(struct kernel_grid *grid, uint32_t task);

/* Finds METG(50%) of what runs the whole grid: with twice the arithmetic each time, until
 * half of the time is arithmetic.  Ends at 0.1 ms for each task, if it must: a result of
 * 0.2 ms or more means that there was no efficiency of one half.
 *
 *   run      runs every task once, in an order that the inputs allow; 0 or an error
 *   Returns  0, and seconds; or the error of `run` */
int kernel_grid_metg(struct kernel_grid *grid, int (*run)(void *arg), void *arg,
                     double *ret_seconds);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/peers/openmp/grid.h"

/* One thread makes the tasks in their order, and each names its inputs and its output:
 * the dependences of the manual. */
static int run_tasks(void *arg)
{
    struct kernel_grid *grid = arg;
    uint64_t *output = grid->output;
    const uint32_t *inputs = grid->inputs;

#pragma omp parallel
#pragma omp single
    for (uint32_t task = 0; task < grid->tasks; task++) {
        uint32_t begin = grid->first[task];
        uint32_t end = grid->first[task + 1];

#pragma omp task firstprivate(task) depend(iterator(uint32_t i = begin     \
                                                    : end),                \
                                           in                              \
                                           : output[inputs[i]]) depend(out \
                                                                       : output[task])
        kernel_grid_task(grid, task);
    }
    return 0;
}

void run_grid(struct peer_run *run)
{
    peer_grid_run(run, run_tasks);
}

#define GRID_PREPARE(pattern, id, row)                        \
    int prepare_grid_##id(struct peer_run *run)               \
    {                                                         \
        return peer_grid_prepare(run, KERNEL_GRID_##pattern); \
    }
KERNEL_GRIDS(GRID_PREPARE)

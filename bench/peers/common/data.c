/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/array.h"
#include "bench/kernels/matmul.h"
#include "bench/kernels/sort.h"
#include "bench/peers/common/peer.h"

#include <errno.h>
#include <stddef.h>

int peer_matmul_prepare(struct peer_run *run)
{
    run->data = kernel_matmul_new((uint32_t)run->size);
    return run->data != NULL ? 0 : -ENOMEM;
}

void peer_matmul_reset(struct peer_run *run)
{
    kernel_matmul_clear(run->data);
}

void peer_matmul_check(struct peer_run *run)
{
    run->answer = kernel_matmul_answer(run->data);
}

void peer_matmul_cleanup(struct peer_run *run)
{
    kernel_matmul_free(run->data);
}

int peer_sort_prepare(struct peer_run *run)
{
    run->data = kernel_sort_new(run->size);
    return run->data != NULL ? 0 : -ENOMEM;
}

void peer_sort_reset(struct peer_run *run)
{
    kernel_sort_fill(run->data);
}

void peer_sort_check(struct peer_run *run)
{
    run->answer = kernel_sort_answer(run->data);
}

void peer_sort_cleanup(struct peer_run *run)
{
    kernel_sort_free(run->data);
}

int peer_reduce_prepare(struct peer_run *run)
{
    run->data = kernel_array_new(run->size, 0);
    return run->data != NULL ? 0 : -ENOMEM;
}

int peer_scan_prepare(struct peer_run *run)
{
    run->data = kernel_array_new(run->size, 1);
    return run->data != NULL ? 0 : -ENOMEM;
}

void peer_scan_reset(struct peer_run *run)
{
    kernel_array_clear(run->data);
}

void peer_scan_check(struct peer_run *run)
{
    run->answer = kernel_array_answer(run->data);
}

void peer_array_cleanup(struct peer_run *run)
{
    kernel_array_free(run->data);
}

void peer_sort_reset_nearly(struct peer_run *run)
{
    kernel_sort_fill_nearly(run->data);
}

void peer_sort_check_nearly(struct peer_run *run)
{
    run->answer = kernel_sort_answer_nearly(run->data);
}

int peer_grid_prepare(struct peer_run *run, enum kernel_pattern pattern)
{
    run->data = kernel_grid_new(pattern, (uint32_t)run->size, run->workers);
    return run->data != NULL ? 0 : -ENOMEM;
}

void peer_grid_run(struct peer_run *run, int (*run_all)(void *grid))
{
    struct kernel_grid *grid = run->data;
    double metg = 0;
    int r = kernel_grid_metg(grid, run_all, grid, &metg);

    run->seconds = metg * (double)run->size;
    run->answer = r == 0 ? grid->right : 0;
}

void peer_grid_cleanup(struct peer_run *run)
{
    kernel_grid_free(run->data);
}

void peer_load(struct peer_run *run, const struct kernel_pool *pool,
               int (*load)(const struct kernel_pool *pool, uint64_t count,
                           struct kernel_load *ret_load))
{
    struct kernel_load outcome = {0};

    (void)load(pool, run->size, &outcome);
    run->answer = outcome.done;
    run->seconds = outcome.seconds;
}

void peer_tick(struct peer_run *run, kernel_tick_region region, unsigned percent)
{
    struct kernel_load outcome = {0};

    (void)kernel_tick(region, NULL, run->size, percent, &outcome);
    run->answer = outcome.done;
    run->seconds = outcome.seconds;
}

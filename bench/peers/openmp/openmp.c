/*
 * openmp.c - the workloads with OpenMP tasks: a task for each child but the last, and
 * taskwait.  Small regions are a parallel for, which is what OpenMP has for them.
 *
 * Every run is one parallel region whose single thread starts the recursion.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/array.h"
#include "bench/kernels/heat.h"
#include "bench/kernels/matmul.h"
#include "bench/kernels/nqueens.h"
#include "bench/kernels/regions.h"
#include "bench/kernels/skynet.h"
#include "bench/kernels/sort.h"
#include "bench/kernels/uts.h"
#include "bench/peers/common/pages.h"
#include "bench/peers/common/peer.h"
#include "bench/peers/openmp/grid.h"
#include "bench/peers/openmp/loops.h"
#include "bench/peers/openmp/memory.h"

#include <errno.h>
#include <omp.h>

void peer_start(unsigned workers)
{
    omp_set_dynamic(0);
    omp_set_num_threads((int)workers);
}

/* ---------------------------------------------------------------------- fib */

static uint64_t fib(int n)
{
    uint64_t first;
    uint64_t second;

    if (n < 2)
        return (uint64_t)n;
#pragma omp task shared(first)
    first = fib(n - 1);
    second = fib(n - 2);
#pragma omp taskwait
    return first + second;
}

static void run_fib(struct peer_run *run)
{
#pragma omp parallel
#pragma omp single
    run->answer = fib((int)run->size);
}

/* ------------------------------------------------------------------ nqueens */

enum { QUEENS_MAX = KERNEL_QUEENS_MAX };

static uint64_t queens(uint32_t full, uint32_t taken, uint32_t rising, uint32_t falling)
{
    uint64_t counts[QUEENS_MAX];
    uint32_t forked = 0;
    uint64_t count = 0;

    if (taken == full)
        return 1;
    for (uint32_t free = kernel_queens_free(full, taken, rising, falling); free != 0;
         free = kernel_queens_rest(free)) {
        uint32_t queen = kernel_queens_first(free);
        uint32_t child = forked++;

#pragma omp task shared(counts) firstprivate(queen, child)
        counts[child] = queens(full, taken | queen, kernel_queens_rising(rising, queen),
                               kernel_queens_falling(falling, queen));
    }
#pragma omp taskwait
    while (forked > 0)
        count += counts[--forked];
    return count;
}

static void run_queens(struct peer_run *run)
{
#pragma omp parallel
#pragma omp single
    run->answer = queens(kernel_queens_full(run->size), 0, 0, 0);
}

/* ------------------------------------------------------------------- skynet */

enum { WIDTH = KERNEL_SKYNET_WIDTH };

static uint64_t skynet(uint64_t first, uint64_t leaves)
{
    uint64_t sums[WIDTH];
    uint64_t sum = 0;

    if (leaves == 1)
        return first;
    for (uint64_t i = 0; i < WIDTH; i++) {
#pragma omp task shared(sums) firstprivate(i)
        sums[i] = skynet(first + i * (leaves / WIDTH), leaves / WIDTH);
    }
#pragma omp taskwait
    for (uint64_t i = 0; i < WIDTH; i++)
        sum += sums[i];
    return sum;
}

static void run_skynet(struct peer_run *run)
{
#pragma omp parallel
#pragma omp single
    run->answer = skynet(0, run->size);
}

/* ------------------------------------------------------------------- matmul */

static void multiply(const struct kernel_matmul *m, struct kernel_cube cube)
{
    if (cube.span == 1) {
        kernel_matmul_leaf(m, cube);
        return;
    }
    /* The two halves of the sum go to the same place, so they follow each other. */
    for (uint32_t in = 0; in < 2; in++) {
#pragma omp task
        multiply(m, kernel_cube_octant(cube, 0, 0, in));
#pragma omp task
        multiply(m, kernel_cube_octant(cube, 0, 1, in));
#pragma omp task
        multiply(m, kernel_cube_octant(cube, 1, 0, in));
        multiply(m, kernel_cube_octant(cube, 1, 1, in));
#pragma omp taskwait
    }
}

static void run_matmul(struct peer_run *run)
{
    const struct kernel_matmul *m = run->data;
    struct kernel_cube all = kernel_matmul_cube(m);

#pragma omp parallel
#pragma omp single
    multiply(m, all);
}

/* ---------------------------------------------------------------------- uts */

static struct kernel_uts_count walk(const struct kernel_uts_tree *tree,
                                    const struct kernel_uts_node *node);

static struct kernel_uts_count walk_child(const struct kernel_uts_tree *tree,
                                          const struct kernel_uts_node *node,
                                          uint32_t index)
{
    struct kernel_uts_node child = kernel_uts_child(node, index);

    return walk(tree, &child);
}

/* A few children are tasks one by one, many by halves. */
static struct kernel_uts_count walk_range(const struct kernel_uts_tree *tree,
                                          const struct kernel_uts_node *node,
                                          uint32_t from, uint32_t to)
{
    struct kernel_uts_count counts[KERNEL_UTS_GROUP];
    struct kernel_uts_count count = {0, 0, 0};

    if (to - from > KERNEL_UTS_GROUP) {
        uint32_t middle = from + (to - from) / 2;

#pragma omp task shared(counts)
        counts[0] = walk_range(tree, node, from, middle);
        count = walk_range(tree, node, middle, to);
#pragma omp taskwait
        return kernel_uts_sum(count, counts[0]);
    }
    for (uint32_t i = from; i < to; i++) {
#pragma omp task shared(counts) firstprivate(i)
        counts[i - from] = walk_child(tree, node, i);
    }
#pragma omp taskwait
    for (uint32_t i = from; i < to; i++)
        count = kernel_uts_sum(count, counts[i - from]);
    return count;
}

static struct kernel_uts_count walk(const struct kernel_uts_tree *tree,
                                    const struct kernel_uts_node *node)
{
    uint32_t children = kernel_uts_children(tree, node);
    struct kernel_uts_count one = kernel_uts_one(node, children);

    return children == 0 ? one : kernel_uts_sum(one, walk_range(tree, node, 0, children));
}

static void run_uts(struct peer_run *run)
{
    const struct kernel_uts_tree *tree = kernel_uts_tree_of(run->size);
    struct kernel_uts_node root = kernel_uts_root(tree);

#pragma omp parallel
#pragma omp single
    run->answer = kernel_uts_answer(tree, walk(tree, &root));
}

/* ----------------------------------------------------------------- cilksort */

static void merge(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
                  uint32_t *into)
{
    if (a_count + b_count <= KERNEL_MERGE_GRAIN) {
        kernel_merge_plain(a, a_count, b, b_count, into);
        return;
    }
    if (a_count < b_count) {
        merge(b, b_count, a, a_count, into);
        return;
    }

    size_t a_low = a_count / 2;
    size_t b_low = kernel_count_below(b, b_count, a[a_low]);

#pragma omp task
    merge(a, a_low, b, b_low, into);
    merge(a + a_low, a_count - a_low, b + b_low, b_count - b_low, into + a_low + b_low);
#pragma omp taskwait
}

static void sort(uint32_t *values, uint32_t *spare, size_t count)
{
    size_t quarter = count / 4;
    size_t half = 2 * quarter;

    if (count <= KERNEL_SORT_GRAIN) {
        kernel_sort_plain(values, count);
        return;
    }
#pragma omp task
    sort(values, spare, quarter);
#pragma omp task
    sort(values + quarter, spare + quarter, quarter);
#pragma omp task
    sort(values + half, spare + half, quarter);
    sort(values + half + quarter, spare + half + quarter, count - half - quarter);
#pragma omp taskwait

#pragma omp task
    merge(values, quarter, values + quarter, quarter, spare);
    merge(values + half, quarter, values + half + quarter, count - half - quarter,
          spare + half);
#pragma omp taskwait
    merge(spare, half, spare + half, count - half, values);
}

static void run_sort(struct peer_run *run)
{
    const struct kernel_sort *data = run->data;

#pragma omp parallel
#pragma omp single
    sort(data->values, data->spare, run->size);
}

/* ------------------------------------------------------------------ regions */

static void run_regions(struct peer_run *run)
{
    uint64_t sum = 0;

    for (uint64_t region = 0; region < run->size; region++) {
#pragma omp parallel for reduction(^ : sum)
        for (uint32_t i = 0; i < KERNEL_REGION_LEAVES; i++)
            sum ^= kernel_region_leaf(region, i);
    }
    run->answer = sum;
}

/* --------------------------------------------------- regions after pauses */

static int tick_region(void *unused, uint64_t tick, uint64_t *ret_sum)
{
    uint64_t sum = 0;

    (void)unused;
#pragma omp parallel for reduction(^ : sum)
    for (uint32_t i = 0; i < KERNEL_TICK_PARTS; i++)
        sum ^= kernel_tick_part(tick, i);
    *ret_sum = sum;
    return 0;
}

static void run_tick(struct peer_run *run)
{
    peer_tick(run, tick_region, KERNEL_TICK_MEDIAN);
}

static void run_tick_bad(struct peer_run *run)
{
    peer_tick(run, tick_region, KERNEL_TICK_BAD);
}

/* -------------------------------------------------------------- sums of an array */

static void run_reduce(struct peer_run *run)
{
    const struct kernel_array *array = run->data;
    const double *in = array->in;
    double sum = 0;

#pragma omp parallel for simd reduction(+ : sum)
    for (uint64_t i = 0; i < array->count; i++)
        sum += in[i];
    run->answer = (uint64_t)sum;
}

static void run_scan(struct peer_run *run)
{
    const struct kernel_array *array = run->data;
    const double *in = array->in;
    double *out = array->out;
    double sum = 0;

#pragma omp parallel for reduction(inscan, + : sum)
    for (uint64_t i = 0; i < array->count; i++) {
        sum += in[i];
#pragma omp scan inclusive(sum)
        out[i] = sum;
    }
}

/* --------------------------------------------------------------------- heat */

static int prepare_heat(struct peer_run *run)
{
    run->data = kernel_heat_new((uint32_t)run->size);
    return run->data != NULL ? 0 : -ENOMEM;
}

static void reset_heat(struct peer_run *run)
{
    const struct kernel_heat *heat = run->data;

#pragma omp parallel for schedule(static)
    for (uint32_t i = 0; i < heat->stride; i++)
        kernel_heat_start(heat, i, i + 1);
}

/* A barrier ends each loop. */
static void run_heat(struct peer_run *run)
{
    const struct kernel_heat *heat = run->data;

#pragma omp parallel
    for (int step = 0; step < KERNEL_HEAT_STEPS; step += 2) {
#pragma omp for schedule(static)
        for (uint32_t i = 1; i <= heat->width; i++)
            kernel_heat_step(heat, heat->now, heat->next, i, i + 1);
#pragma omp for schedule(static)
        for (uint32_t i = 1; i <= heat->width; i++)
            kernel_heat_step(heat, heat->next, heat->now, i, i + 1);
    }
}

static void check_heat(struct peer_run *run)
{
    run->answer = kernel_heat_answer(run->data);
}

static void cleanup_heat(struct peer_run *run)
{
    kernel_heat_free(run->data);
}

/* --------------------------------------------------------- regions and barriers */

static void run_team(struct peer_run *run)
{
    for (run->answer = 0; run->answer < run->size; run->answer++) {
#pragma omp parallel
        {
            __asm__ volatile("" ::: "memory");
        }
    }
}

static void run_barriers(struct peer_run *run)
{
    uint64_t size = run->size;

#pragma omp parallel
    for (uint64_t i = 0; i < size; i++) {
#pragma omp barrier
    }
    run->answer = size;
}

/* ---------------------------------------------------------------- the table */

const struct peer_workload peer_workloads[] = {
    {.name = "fib", .run = run_fib},
    {.name = "nqueens", .run = run_queens},
    {.name = "skynet", .run = run_skynet},
    {.name = "matmul",
     .prepare = peer_matmul_prepare,
     .reset = peer_matmul_reset,
     .run = run_matmul,
     .check = peer_matmul_check,
     .cleanup = peer_matmul_cleanup},
    {.name = "uts", .run = run_uts},
    {.name = "cilksort",
     .prepare = peer_sort_prepare,
     .reset = peer_sort_reset,
     .run = run_sort,
     .check = peer_sort_check,
     .cleanup = peer_sort_cleanup},
    {.name = "sort-random",
     .prepare = peer_sort_prepare,
     .reset = peer_sort_reset,
     .run = run_sort,
     .check = peer_sort_check,
     .cleanup = peer_sort_cleanup},
    {.name = "sort-sorted",
     .prepare = peer_sort_prepare,
     .reset = peer_sort_reset_nearly,
     .run = run_sort,
     .check = peer_sort_check_nearly,
     .cleanup = peer_sort_cleanup},
    {.name = "sort-stable",
     .prepare = peer_sort_prepare,
     .reset = peer_sort_reset,
     .run = run_sort,
     .check = peer_sort_check,
     .cleanup = peer_sort_cleanup},
    {.name = "regions", .run = run_regions},
    {.name = "tick", .run = run_tick},
    {.name = "tick-p99", .run = run_tick_bad},
    {.name = "reduce",
     .prepare = peer_reduce_prepare,
     .run = run_reduce,
     .cleanup = peer_array_cleanup},
    {.name = "scan",
     .prepare = peer_scan_prepare,
     .reset = peer_scan_reset,
     .run = run_scan,
     .check = peer_scan_check,
     .cleanup = peer_array_cleanup},
    {.name = "for-empty", .run = run_empty},
    {.name = "for-1us", .run = run_1us},
    {.name = "for-10us", .run = run_10us},
    {.name = "for-100us", .run = run_100us},
    {.name = "for-1ms", .run = run_1ms},
    {.name = "for-pareto", .run = run_pareto},
    {.name = "for-triangle", .run = run_triangle},
    {.name = "for-nested", .run = run_nested},
    {.name = "heat",
     .prepare = prepare_heat,
     .reset = reset_heat,
     .run = run_heat,
     .check = check_heat,
     .cleanup = cleanup_heat},
    {.name = "triad",
     .prepare = prepare_triad,
     .reset = peer_triad_reset,
     .run = run_triad,
     .check = peer_triad_check,
     .cleanup = peer_memory_cleanup},
    {.name = "random",
     .prepare = prepare_random,
     .run = run_random,
     .cleanup = peer_memory_cleanup},
    {.name = "chase",
     .prepare = prepare_chase,
     .run = run_chase,
     .cleanup = peer_memory_cleanup},
    {.name = "team", .run = run_team},
    {.name = "barrier", .run = run_barriers},
#define GRID(pattern, id, row)     \
    {.name = row,                  \
     .prepare = prepare_grid_##id, \
     .run = run_grid,              \
     .cleanup = peer_grid_cleanup},
    KERNEL_GRIDS(GRID)
#undef GRID
        {0},
};

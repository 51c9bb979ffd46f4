/*
 * openmp.c - the workloads with OpenMP tasks: a task for each child but the last, and
 * taskwait.  Small regions are a parallel for, which is what OpenMP has for them.
 *
 * Every run is one parallel region whose single thread starts the recursion.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <common/peer.h>

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

enum { QUEENS_MAX = 20 };

static uint64_t queens(uint32_t full, uint32_t taken, uint32_t rising, uint32_t falling)
{
    uint64_t counts[QUEENS_MAX];
    uint32_t forked = 0;
    uint64_t count = 0;

    if (taken == full)
        return 1;
    for (uint32_t free = full & ~(taken | rising | falling); free != 0;
         free &= free - 1) {
        uint32_t queen = free & -free;
        uint32_t child = forked++;

#pragma omp task shared(counts) firstprivate(queen, child)
        counts[child] =
            queens(full, taken | queen, (rising | queen) << 1, (falling | queen) >> 1);
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
    run->answer = queens((UINT32_C(1) << run->size) - 1, 0, 0, 0);
}

/* ------------------------------------------------------------------- skynet */

enum { WIDTH = 10 };

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

static void multiply(const struct peer_matmul *m, struct peer_cube cube)
{
    if (cube.span == 1) {
        peer_matmul_tile(m, cube);
        return;
    }
    /* The two halves of the sum go to the same place, so they follow each other. */
    for (uint32_t in = 0; in < 2; in++) {
#pragma omp task
        multiply(m, peer_matmul_octant(cube, 0, 0, in));
#pragma omp task
        multiply(m, peer_matmul_octant(cube, 0, 1, in));
#pragma omp task
        multiply(m, peer_matmul_octant(cube, 1, 0, in));
        multiply(m, peer_matmul_octant(cube, 1, 1, in));
#pragma omp taskwait
    }
}

static void run_matmul(struct peer_run *run)
{
    const struct peer_matmul *m = run->data;
    struct peer_cube all = {0, 0, 0, m->tiles};

#pragma omp parallel
#pragma omp single
    multiply(m, all);
}

/* ---------------------------------------------------------------------- uts */

static struct peer_count walk(const struct peer_tree *tree, const struct peer_node *node);

static struct peer_count walk_child(const struct peer_tree *tree,
                                    const struct peer_node *node, uint32_t index)
{
    struct peer_node child = peer_uts_child(node, index);

    return walk(tree, &child);
}

/* A few children are tasks one by one, many by halves. */
static struct peer_count walk_range(const struct peer_tree *tree,
                                    const struct peer_node *node, uint32_t from,
                                    uint32_t to)
{
    struct peer_count counts[PEER_UTS_GROUP];
    struct peer_count count = {0, 0, 0};

    if (to - from > PEER_UTS_GROUP) {
        uint32_t middle = from + (to - from) / 2;

#pragma omp task shared(counts)
        counts[0] = walk_range(tree, node, from, middle);
        count = walk_range(tree, node, middle, to);
#pragma omp taskwait
        return peer_uts_sum(count, counts[0]);
    }
    for (uint32_t i = from; i < to; i++) {
#pragma omp task shared(counts) firstprivate(i)
        counts[i - from] = walk_child(tree, node, i);
    }
#pragma omp taskwait
    for (uint32_t i = from; i < to; i++)
        count = peer_uts_sum(count, counts[i - from]);
    return count;
}

static struct peer_count walk(const struct peer_tree *tree, const struct peer_node *node)
{
    uint32_t children = peer_uts_children(tree, node);
    struct peer_count count = {1, children == 0, node->depth};

    return children == 0 ? count
                         : peer_uts_sum(count, walk_range(tree, node, 0, children));
}

static void run_uts(struct peer_run *run)
{
    const struct peer_tree *tree = peer_uts_tree(run->size);
    struct peer_node root = peer_uts_root(tree);

#pragma omp parallel
#pragma omp single
    run->answer = peer_uts_answer(tree, walk(tree, &root));
}

/* ----------------------------------------------------------------- cilksort */

static void merge(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
                  uint32_t *into)
{
    if (a_count + b_count <= PEER_MERGE_GRAIN) {
        peer_merge_plain(a, a_count, b, b_count, into);
        return;
    }
    if (a_count < b_count) {
        merge(b, b_count, a, a_count, into);
        return;
    }

    size_t a_low = a_count / 2;
    size_t b_low = peer_count_below(b, b_count, a[a_low]);

#pragma omp task
    merge(a, a_low, b, b_low, into);
    merge(a + a_low, a_count - a_low, b + b_low, b_count - b_low, into + a_low + b_low);
#pragma omp taskwait
}

static void sort(uint32_t *values, uint32_t *spare, size_t count)
{
    size_t quarter = count / 4;
    size_t half = 2 * quarter;

    if (count <= PEER_SORT_GRAIN) {
        peer_sort_plain(values, count);
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
    const struct peer_sort *data = run->data;

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
        for (uint32_t i = 0; i < PEER_REGION_LEAVES; i++)
            sum ^= peer_region_leaf(region, i);
    }
    run->answer = sum;
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
    {.name = "regions", .run = run_regions},
    {0},
};

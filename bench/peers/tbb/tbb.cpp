/*
 * tbb.cpp - the workloads with oneTBB: parallel_invoke where a fixed number of calls is
 * made, task_group where it is not, parallel_reduce for small regions.
 *
 * Every run is inside one arena with as many slots as workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/array.h"
#include "bench/kernels/matmul.h"
#include "bench/kernels/nqueens.h"
#include "bench/kernels/skynet.h"
#include "bench/kernels/sort.h"
#include "bench/kernels/uts.h"
#include "bench/peers/common/peer.h"
#include "bench/peers/tbb/channels.hpp"
#include "bench/peers/tbb/graph.hpp"
#include "bench/peers/tbb/grid.hpp"
#include "bench/peers/tbb/loops.hpp"
#include "bench/peers/tbb/memory.hpp"
#include "bench/peers/tbb/pipeline.hpp"

#include <memory>
#include <oneapi/tbb.h>

namespace
{

namespace tbb = oneapi::tbb;

std::unique_ptr<tbb::global_control> limit;
std::unique_ptr<tbb::task_arena> arena;

/* ---------------------------------------------------------------------- fib */

uint64_t fib(int n)
{
    uint64_t first = 0;
    uint64_t second = 0;

    if (n < 2)
        return static_cast<uint64_t>(n);
    tbb::parallel_invoke([&] { first = fib(n - 1); }, [&] { second = fib(n - 2); });
    return first + second;
}

void run_fib(peer_run *run)
{
    arena->execute([=] { run->answer = fib(static_cast<int>(run->size)); });
}

/* ------------------------------------------------------------------ nqueens */

enum { QUEENS_MAX = KERNEL_QUEENS_MAX };

uint64_t queens(uint32_t full, uint32_t taken, uint32_t rising, uint32_t falling)
{
    uint64_t counts[QUEENS_MAX];
    uint32_t forked = 0;
    uint64_t count = 0;

    if (taken == full)
        return 1;

    tbb::task_group group;

    for (uint32_t free = kernel_queens_free(full, taken, rising, falling); free != 0;
         free = kernel_queens_rest(free)) {
        uint32_t queen = kernel_queens_first(free);
        uint64_t *into = &counts[forked++];

        group.run([=] {
            *into = queens(full, taken | queen, kernel_queens_rising(rising, queen),
                           kernel_queens_falling(falling, queen));
        });
    }
    group.wait();
    while (forked > 0)
        count += counts[--forked];
    return count;
}

void run_queens(peer_run *run)
{
    arena->execute([=] { run->answer = queens(kernel_queens_full(run->size), 0, 0, 0); });
}

/* ------------------------------------------------------------------- skynet */

enum { WIDTH = KERNEL_SKYNET_WIDTH };

uint64_t skynet(uint64_t first, uint64_t leaves)
{
    uint64_t sums[WIDTH];
    uint64_t sum = 0;

    if (leaves == 1)
        return first;

    tbb::task_group group;

    for (uint64_t i = 0; i < WIDTH; i++) {
        uint64_t *into = &sums[i];

        group.run([=] { *into = skynet(first + i * (leaves / WIDTH), leaves / WIDTH); });
    }
    group.wait();
    for (uint64_t part : sums)
        sum += part;
    return sum;
}

void run_skynet(peer_run *run)
{
    arena->execute([=] { run->answer = skynet(0, run->size); });
}

/* ------------------------------------------------------------------- matmul */

void multiply(const kernel_matmul *m, kernel_cube cube)
{
    if (cube.span == 1) {
        kernel_matmul_leaf(m, cube);
        return;
    }
    /* The two halves of the sum go to the same place, so they follow each other. */
    for (uint32_t in = 0; in < 2; in++) {
        tbb::parallel_invoke([=] { multiply(m, kernel_cube_octant(cube, 0, 0, in)); },
                             [=] { multiply(m, kernel_cube_octant(cube, 0, 1, in)); },
                             [=] { multiply(m, kernel_cube_octant(cube, 1, 0, in)); },
                             [=] { multiply(m, kernel_cube_octant(cube, 1, 1, in)); });
    }
}

void run_matmul(peer_run *run)
{
    const auto *m = static_cast<const kernel_matmul *>(run->data);

    arena->execute([=] { multiply(m, kernel_matmul_cube(m)); });
}

/* ---------------------------------------------------------------------- uts */

kernel_uts_count walk(const kernel_uts_tree *tree, const kernel_uts_node *node);

kernel_uts_count walk_child(const kernel_uts_tree *tree, const kernel_uts_node *node,
                            uint32_t index)
{
    kernel_uts_node child = kernel_uts_child(node, index);

    return walk(tree, &child);
}

/* A few children are tasks one by one, many by halves. */
kernel_uts_count walk_range(const kernel_uts_tree *tree, const kernel_uts_node *node,
                            uint32_t from, uint32_t to)
{
    kernel_uts_count counts[KERNEL_UTS_GROUP];
    kernel_uts_count count = {0, 0, 0};

    if (to - from > KERNEL_UTS_GROUP) {
        uint32_t middle = from + (to - from) / 2;

        tbb::parallel_invoke([&] { counts[0] = walk_range(tree, node, from, middle); },
                             [&] { counts[1] = walk_range(tree, node, middle, to); });
        return kernel_uts_sum(counts[0], counts[1]);
    }

    tbb::task_group group;

    for (uint32_t i = from; i < to; i++)
        group.run([=, &counts] { counts[i - from] = walk_child(tree, node, i); });
    group.wait();
    for (uint32_t i = from; i < to; i++)
        count = kernel_uts_sum(count, counts[i - from]);
    return count;
}

kernel_uts_count walk(const kernel_uts_tree *tree, const kernel_uts_node *node)
{
    uint32_t children = kernel_uts_children(tree, node);
    kernel_uts_count one = kernel_uts_one(node, children);

    return children == 0 ? one : kernel_uts_sum(one, walk_range(tree, node, 0, children));
}

void run_uts(peer_run *run)
{
    const kernel_uts_tree *tree = kernel_uts_tree_of(run->size);
    kernel_uts_node root = kernel_uts_root(tree);

    arena->execute([&] { run->answer = kernel_uts_answer(tree, walk(tree, &root)); });
}

/* ----------------------------------------------------------------- cilksort */

void merge(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
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

    tbb::parallel_invoke([=] { merge(a, a_low, b, b_low, into); },
                         [=] {
                             merge(a + a_low, a_count - a_low, b + b_low, b_count - b_low,
                                   into + a_low + b_low);
                         });
}

void sort(uint32_t *values, uint32_t *spare, size_t count)
{
    size_t quarter = count / 4;
    size_t half = 2 * quarter;
    size_t last = count - half - quarter;

    if (count <= KERNEL_SORT_GRAIN) {
        kernel_sort_plain(values, count);
        return;
    }
    tbb::parallel_invoke(
        [=] { sort(values, spare, quarter); },
        [=] { sort(values + quarter, spare + quarter, quarter); },
        [=] { sort(values + half, spare + half, quarter); },
        [=] { sort(values + half + quarter, spare + half + quarter, last); });
    tbb::parallel_invoke(
        [=] { merge(values, quarter, values + quarter, quarter, spare); },
        [=] {
            merge(values + half, quarter, values + half + quarter, last, spare + half);
        });
    merge(spare, half, spare + half, count - half, values);
}

void run_sort(peer_run *run)
{
    const auto *data = static_cast<const kernel_sort *>(run->data);

    arena->execute([=] { sort(data->values, data->spare, run->size); });
}

/* -------------------------------------------------------------------- sorts */

void run_parallel_sort(peer_run *run)
{
    const auto *data = static_cast<const kernel_sort *>(run->data);

    arena->execute([=] { tbb::parallel_sort(data->values, data->values + run->size); });
}

/* ------------------------------------------------------------------ regions */

void run_regions(peer_run *run)
{
    arena->execute([=] {
        run->answer = 0;
        for (uint64_t i = 0; i < run->size; i++)
            run->answer ^= loops::region(i);
    });
}

int tick_region(void *, uint64_t tick, uint64_t *ret_sum)
{
    arena->execute([=] {
        *ret_sum = tbb::parallel_reduce(
            tbb::blocked_range<uint32_t>(0, KERNEL_TICK_PARTS), uint64_t{0},
            [=](const tbb::blocked_range<uint32_t> &range, uint64_t sum) {
                for (uint32_t i = range.begin(); i != range.end(); i++)
                    sum ^= kernel_tick_part(tick, i);
                return sum;
            },
            [](uint64_t a, uint64_t b) { return a ^ b; });
    });
    return 0;
}

void run_tick(peer_run *run)
{
    peer_tick(run, tick_region, KERNEL_TICK_MEDIAN);
}

void run_tick_bad(peer_run *run)
{
    peer_tick(run, tick_region, KERNEL_TICK_BAD);
}

/* -------------------------------------------------------------- sums of an array */

using indices = tbb::blocked_range<size_t>;

void run_reduce(peer_run *run)
{
    const auto *array = static_cast<const kernel_array *>(run->data);

    arena->execute([=] {
        double sum = tbb::parallel_reduce(
            indices(0, array->count), 0.0,
            [=](const indices &part, double before) {
                return kernel_array_sum(array, part.begin(), part.end(), before);
            },
            [](double a, double b) { return a + b; });
        run->answer = static_cast<uint64_t>(sum);
    });
}

void run_scan(peer_run *run)
{
    const auto *array = static_cast<const kernel_array *>(run->data);

    arena->execute([=] {
        tbb::parallel_scan(
            indices(0, array->count), 0.0,
            [=](const indices &part, double before, bool is_final) {
                return is_final
                           ? kernel_array_scan(array, part.begin(), part.end(), before)
                           : kernel_array_sum(array, part.begin(), part.end(), before);
            },
            [](double a, double b) { return a + b; });
    });
}

/* -------------------------------------------------------------------- loops */

template <std::uint64_t loop()> void run_loops(peer_run *run)
{
    arena->execute([=] {
        run->answer = 0;
        for (uint64_t i = 0; i < run->size; i++)
            run->answer += loop();
    });
}

/* -------------------------------------------------------- loads from outside */

/* The submitting thread takes no part, so no slot is kept for it. */
std::unique_ptr<tbb::task_arena> outside;

int prepare_load(peer_run *run)
{
    limit = nullptr;
    limit = std::make_unique<tbb::global_control>(
        tbb::global_control::max_allowed_parallelism, run->workers + 1);
    outside = std::make_unique<tbb::task_arena>(static_cast<int>(run->workers), 0);
    return 0;
}

int submit(void *, void (*function)(void *arg), void *arg)
{
    outside->enqueue([=] { function(arg); });
    return 0;
}

const kernel_pool pool = {submit, nullptr};

void run_bursts(peer_run *run)
{
    peer_load(run, &pool, kernel_load_bursts);
}

void run_trickle(peer_run *run)
{
    peer_load(run, &pool, kernel_load_trickle);
}

void run_submit(peer_run *run)
{
    peer_load(run, &pool, kernel_submit_one);
}

void run_submit_all(peer_run *run)
{
    peer_load(run, &pool, kernel_submit_eight);
}

/* ---------------------------------------------------------------- pipeline */

void run_pipeline(peer_run *run)
{
    arena->execute([=] { run->answer = peer_pass_items(run->size); });
}

/* ------------------------------------------------------------------- graph */

int prepare_graph(peer_run *)
{
    arena->execute(graphs::prepare);
    return 0;
}

void run_graph(peer_run *run)
{
    arena->execute([=] { run->answer = graphs::run(run->size); });
}

/* ------------------------------------------------------------------- grids */

template <kernel_pattern pattern> int prepare_grid(peer_run *run)
{
    int r = peer_grid_prepare(run, pattern);

    if (r == 0)
        arena->execute([=] {
            grids::built =
                std::make_unique<grids::network>(static_cast<kernel_grid *>(run->data));
        });
    return r;
}

void run_grid(peer_run *run)
{
    arena->execute([=] { peer_grid_run(run, grids::run_all); });
}

} // namespace

void peer_start(unsigned workers)
{
    limit = std::make_unique<tbb::global_control>(
        tbb::global_control::max_allowed_parallelism, workers);
    arena = std::make_unique<tbb::task_arena>(static_cast<int>(workers));
}

/* ---------------------------------------------------------------- the table */

const peer_workload peer_workloads[] = {
    {"fib", nullptr, nullptr, run_fib, nullptr, nullptr},
    {"nqueens", nullptr, nullptr, run_queens, nullptr, nullptr},
    {"skynet", nullptr, nullptr, run_skynet, nullptr, nullptr},
    {"matmul", peer_matmul_prepare, peer_matmul_reset, run_matmul, peer_matmul_check,
     peer_matmul_cleanup},
    {"uts", nullptr, nullptr, run_uts, nullptr, nullptr},
    {"cilksort", peer_sort_prepare, peer_sort_reset, run_sort, peer_sort_check,
     peer_sort_cleanup},
    {"reduce", peer_reduce_prepare, nullptr, run_reduce, nullptr, peer_array_cleanup},
    {"scan", peer_scan_prepare, peer_scan_reset, run_scan, peer_scan_check,
     peer_array_cleanup},
    {"sort-random", peer_sort_prepare, peer_sort_reset, run_parallel_sort,
     peer_sort_check, peer_sort_cleanup},
    {"sort-sorted", peer_sort_prepare, peer_sort_reset_nearly, run_parallel_sort,
     peer_sort_check_nearly, peer_sort_cleanup},
    {"for-empty", nullptr, nullptr,
     run_loops<loops::part_by_part<kernel_loop_count, KERNEL_LOOP_EMPTY>>, nullptr,
     nullptr},
    {"for-1us", nullptr, nullptr,
     run_loops<loops::part_by_part<kernel_loop_mix, KERNEL_LOOP_1US>>, nullptr, nullptr},
    {"for-10us", nullptr, nullptr,
     run_loops<loops::part_by_part<kernel_loop_mix, KERNEL_LOOP_10US>>, nullptr, nullptr},
    {"for-100us", nullptr, nullptr,
     run_loops<loops::part_by_part<kernel_loop_mix, KERNEL_LOOP_100US>>, nullptr,
     nullptr},
    {"for-1ms", nullptr, nullptr,
     run_loops<loops::part_by_part<kernel_loop_mix, KERNEL_LOOP_1MS>>, nullptr, nullptr},
    {"for-pareto", nullptr, nullptr, run_loops<loops::pareto>, nullptr, nullptr},
    {"for-triangle", nullptr, nullptr, run_loops<loops::triangle>, nullptr, nullptr},
    {"for-nested", nullptr, nullptr, run_loops<loops::nested>, nullptr, nullptr},
    {"triad", memory::prepare_triad, peer_triad_reset, memory::run_triad,
     peer_triad_check, memory::cleanup},
    {"random", memory::prepare_random, nullptr, memory::run_random, nullptr,
     memory::cleanup},
    {"chase", memory::prepare_chase, nullptr, memory::run_chase, nullptr,
     memory::cleanup},
    {"regions", nullptr, nullptr, run_regions, nullptr, nullptr},
    {"tick", nullptr, nullptr, run_tick, nullptr, nullptr},
    {"tick-p99", nullptr, nullptr, run_tick_bad, nullptr, nullptr},
    {"bursts", prepare_load, nullptr, run_bursts, nullptr, nullptr},
    {"trickle", prepare_load, nullptr, run_trickle, nullptr, nullptr},
    {"pipeline", nullptr, nullptr, run_pipeline, nullptr, nullptr},
    {"graph", prepare_graph, nullptr, run_graph, nullptr, graphs::cleanup},
#define GRID(pattern, id, row)                                                       \
    {row,           prepare_grid<KERNEL_GRID_##pattern>, nullptr, run_grid, nullptr, \
     grids::cleanup},
    KERNEL_GRIDS(GRID)
#undef GRID
        {"submit", prepare_load, nullptr, run_submit, nullptr, nullptr},
    {"submit-all", prepare_load, nullptr, run_submit_all, nullptr, nullptr},
    {"channel-1-1", nullptr, nullptr, channels::row<1, 1, 64>, nullptr, nullptr},
    {"channel-4-1", nullptr, nullptr, channels::row<4, 1, 64>, nullptr, nullptr},
    {"channel-1-4", nullptr, nullptr, channels::row<1, 4, 64>, nullptr, nullptr},
    {"channel-4-4", nullptr, nullptr, channels::row<4, 4, 64>, nullptr, nullptr},
    {"channel-1-1-unbounded", nullptr, nullptr, channels::row<1, 1, 0>, nullptr, nullptr},
    {"channel-4-1-unbounded", nullptr, nullptr, channels::row<4, 1, 0>, nullptr, nullptr},
    {"channel-1-4-unbounded", nullptr, nullptr, channels::row<1, 4, 0>, nullptr, nullptr},
    {"channel-4-4-unbounded", nullptr, nullptr, channels::row<4, 4, 0>, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr, nullptr},
};

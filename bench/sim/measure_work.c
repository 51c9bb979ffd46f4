/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/fib.h"
#include "bench/kernels/heat.h"
#include "bench/kernels/nqueens.h"
#include "bench/kernels/skynet.h"
#include "bench/kernels/sort.h"
#include "bench/kernels/uts.h"
#include "bench/sim/graph.h"
#include "bench/sim/measure.h"

#include <errno.h>
#include <magpie/fork.h>
#include <magpie/sched.h>
#include <math.h>

enum {
    FIB_N = 27,
    SKYNET_LEAVES = 1000000,
    QUEENS_N = 10,
    SORT_COUNT = 400000,
    RUNS = 7
};
enum { HEAT_WIDTH = 512, UTS_DEPTH = 6 };

MAG_FORKABLE(uint64_t, fib, int, n)

static uint64_t fib(mag_fork w, int n)
{
    if (n < 2)
        return (uint64_t)n;
    struct fib_child second = fib_fork(&w, n - 2);
    uint64_t first = fib(w, n - 1);

    return first + fib_join(&w, second);
}

/* Results, so that nothing is left out. */
static volatile uint64_t sink;

static uint64_t run_fib(void *arg)
{
    (void)arg;
    return kernel_fib_serial(FIB_N);
}

static uint64_t run_forks(void *sched)
{
    uint64_t answer = 0;

    return fib_run(sched, &answer, FIB_N) == 0 ? answer : 0;
}

static uint64_t run_skynet(void *arg)
{
    (void)arg;
    return kernel_skynet_serial(0, SKYNET_LEAVES);
}

static uint64_t run_queens(void *arg)
{
    (void)arg;
    return kernel_queens_serial(kernel_queens_full(QUEENS_N), 0, 0, 0);
}

/* A part of T1: the nodes above a depth. */
static uint64_t walk(const struct kernel_uts_tree *tree,
                     const struct kernel_uts_node *node)
{
    uint32_t children = kernel_uts_children(tree, node);
    uint64_t count = 1;

    for (uint32_t i = 0; i < children && node->depth < UTS_DEPTH; i++) {
        struct kernel_uts_node child = kernel_uts_child(node, i);
        count += walk(tree, &child);
    }
    return count;
}

static uint64_t run_uts(void *arg)
{
    const struct kernel_uts_tree *tree = kernel_uts_tree_of(1);
    struct kernel_uts_node root = kernel_uts_root(tree);

    (void)arg;
    return walk(tree, &root);
}

static uint64_t run_sort(void *arg)
{
    struct kernel_sort *sort = arg;

    for (uint64_t i = 0; i + KERNEL_SORT_GRAIN <= sort->count; i += KERNEL_SORT_GRAIN)
        kernel_sort_plain(sort->values + i, KERNEL_SORT_GRAIN);
    return sort->values[0];
}

static uint64_t run_merge(void *arg)
{
    const struct kernel_sort *sort = arg;
    size_t half = KERNEL_MERGE_GRAIN / 2;

    for (uint64_t i = 0; i + 2 * half <= sort->count; i += 2 * half)
        kernel_merge_plain(sort->values + i, half, sort->values + i + half, half,
                           sort->spare + i);
    return sort->spare[0];
}

static uint64_t run_heat(void *arg)
{
    kernel_heat_serial(arg);
    return 0;
}

/* The least time of a few runs; `before` prepares each. */
static double time_of(uint64_t (*run)(void *arg), void *arg,
                      void (*before)(const void *arg))
{
    double least = INFINITY;

    for (int i = 0; i < RUNS; i++) {
        if (before != NULL)
            before(arg);
        int64_t from = sim_clock_ns();
        sink = run(arg);
        double took = (double)(sim_clock_ns() - from);

        least = took < least ? took : least;
    }
    return least;
}

static void fill(const void *sort)
{
    kernel_sort_fill((struct kernel_sort *)(uintptr_t)sort);
}

static int measure_sort(struct sim_measured *measured)
{
    struct kernel_sort *sort = kernel_sort_new(SORT_COUNT);
    uint64_t leaves = SORT_COUNT / KERNEL_SORT_GRAIN;
    double whole = (double)(leaves * KERNEL_SORT_GRAIN);

    if (sort == NULL)
        return -ENOMEM;
    sim_measured_set(measured, SIM_SORT,
                     time_of(run_sort, sort, fill) / whole / log2(KERNEL_SORT_GRAIN));
    sim_measured_set(measured, SIM_MERGE, time_of(run_merge, sort, NULL) / whole);
    kernel_sort_free(sort);
    return 0;
}

static int measure_heat(struct sim_measured *measured)
{
    struct kernel_heat *heat = kernel_heat_new(HEAT_WIDTH);
    double cells = (double)HEAT_WIDTH * HEAT_WIDTH * KERNEL_HEAT_STEPS;

    if (heat == NULL)
        return -ENOMEM;
    kernel_heat_start(heat, 0, heat->stride);
    sim_measured_set(measured, SIM_HEAT, time_of(run_heat, heat, NULL) / cells);
    kernel_heat_free(heat);
    return 0;
}

static int measure_fork(struct sim_measured *measured, double serial, double calls)
{
    struct mag_sched_config config;
    struct mag_sched *sched;

    mag_sched_config_init(&config);
    config.workers = 1;
    int r = mag_sched_start(&config, &sched);
    if (r < 0)
        return r;
    double forked = time_of(run_forks, sched, NULL) - serial;
    mag_sched_destroy(sched);
    /* Each call but the leaves forks once. */
    sim_measured_set(measured, SIM_FORK, forked > 0 ? 2 * forked / calls : 0);
    return 0;
}

int sim_measure_work(struct sim_measured *measured)
{
    struct sim_costs units = {{0}};
    struct sim_shape shape;
    double fib_ns = time_of(run_fib, NULL, NULL);
    double calls = 2.0 * (double)kernel_fib_serial(FIB_N + 1) - 1;

    units.ns[SIM_QUEENS] = 1;
    if (!sim_graph_measure(&sim_graph_nqueens, QUEENS_N, &units, &shape))
        return -ENOMEM;
    sim_measured_set(measured, SIM_FIB, fib_ns / calls);
    sim_measured_set(measured, SIM_SKYNET,
                     time_of(run_skynet, NULL, NULL) / (SKYNET_LEAVES / 0.9));
    sim_measured_set(measured, SIM_QUEENS,
                     time_of(run_queens, NULL, NULL) / shape.work_ns);
    sim_measured_set(measured, SIM_UTS,
                     time_of(run_uts, NULL, NULL) / (double)run_uts(NULL));
    int r = measure_fork(measured, fib_ns, calls);
    if (r == 0)
        r = measure_sort(measured);
    return r == 0 ? measure_heat(measured) : r;
}

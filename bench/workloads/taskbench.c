/*
 * taskbench.c - Task Bench: the least granularity of tasks, METG(50%), for each of its
 * patterns of dependence, as graphs (graph.h).  The time of an operation is the METG.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/grid.h"

#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/graph.h>
#include <magpie/vtask.h>
#include <stdlib.h>

struct bench_grid {
    struct kernel_grid *grid;
    struct mag_graph *graph; /* NULL for the twin */
    struct mag_sched *sched;
};

MAG_NODE(mag_task, grid_task, struct kernel_grid *, grid, uint32_t, task)

static mag_task grid_task(struct kernel_grid *grid, uint32_t task)
{
    kernel_grid_task(grid, task);
    return mag_task_done();
}

/* A node for each task, an edge for each input. */
static int build(struct bench_grid *bench)
{
    struct kernel_grid *grid = bench->grid;
    struct mag_graph_node **nodes = calloc(grid->tasks, sizeof(struct mag_graph_node *));
    int r = nodes != NULL ? mag_graph_create(&bench->graph) : -ENOMEM;

    for (uint32_t task = 0; task < grid->tasks && r == 0; task++) {
        r = grid_task_node(bench->graph, grid, task, &nodes[task]);
        for (uint32_t i = grid->first[task]; i < grid->first[task + 1] && r == 0; i++)
            r = mag_graph_edge(bench->graph, nodes[grid->inputs[i]], nodes[task]);
    }
    if (r == 0)
        r = mag_graph_build(bench->graph, NULL, 0);
    free(nodes);
    return r;
}

static int prepare(struct bench_run *run, enum kernel_pattern pattern)
{
    struct bench_grid *bench = calloc(1, sizeof(*bench));

    run->data = bench;
    if (bench == NULL)
        return -ENOMEM;
    bench->sched = run->sched;
    bench->grid = kernel_grid_new(pattern, (uint32_t)run->size, run->workers);
    if (bench->grid == NULL)
        return -ENOMEM;
    return run->sched != NULL ? build(bench) : 0;
}

static void cleanup(struct bench_run *run)
{
    struct bench_grid *bench = run->data;

    if (bench == NULL)
        return;
    (void)mag_graph_destroy(bench->graph);
    kernel_grid_free(bench->grid);
    free(bench);
}

static int run_in_order(void *arg)
{
    struct bench_grid *bench = arg;

    for (uint32_t task = 0; task < bench->grid->tasks; task++)
        kernel_grid_task(bench->grid, task);
    return 0;
}

static int run_graph(void *arg)
{
    struct bench_grid *bench = arg;

    return mag_task_wait(mag_graph_run(bench->graph, bench->sched, NULL));
}

static int find_metg(struct bench_run *run, int (*run_all)(void *arg))
{
    struct bench_grid *bench = run->data;
    double metg = 0;
    int r = kernel_grid_metg(bench->grid, run_all, bench, &metg);

    run->seconds = metg * (double)run->size;
    run->answer = bench->grid->right;
    return r;
}

static int metg_twin(struct bench_run *run)
{
    return find_metg(run, run_in_order);
}

static int metg_magpie(struct bench_run *run)
{
    return find_metg(run, run_graph);
}

static bool fits(uint64_t size)
{
    return kernel_grid_fits(size) != 0;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): `what` is joined to other text. */
#define METG(pattern, id, row, what)                            \
    static int prepare_##id(struct bench_run *run)              \
    {                                                           \
        return prepare(run, KERNEL_GRID_##pattern);             \
    }                                                           \
    const struct bench_workload bench_metg_##id = {             \
        .group = "taskbench",                                   \
        .name = row,                                            \
        .summary = "METG(50%) of Task Bench's grid: " what,     \
        .shows = "how small tasks may be that depend on " what, \
        .size_is = "tasks of the grid, a power of two",         \
        .sizes = {2048},                                        \
        .size_min = 64,                                         \
        .size_max = 1 << 24,                                    \
        .size_fits = fits,                                      \
        .twin = "serial",                                       \
        .per_operation = true,                                  \
        .workers_only = true,                                   \
        .prepare = prepare_##id,                                \
        .run_twin = metg_twin,                                  \
        .run_magpie = metg_magpie,                              \
        .cleanup = cleanup,                                     \
    };
/* NOLINTEND(bugprone-macro-parentheses) */

METG(TRIVIAL, trivial, "metg-trivial", "nothing")
METG(NO_COMM, no_comm, "metg-no-comm", "the one above")
METG(STENCIL, stencil, "metg-stencil", "three neighbours")
METG(PERIODIC, periodic, "metg-periodic", "three on a ring")
METG(SWEEP, sweep, "metg-sweep", "two neighbours")
METG(TREE, tree, "metg-tree", "a parent of two")
METG(FFT, fft, "metg-fft", "a butterfly of three")
METG(ALL, all, "metg-all", "all above")
METG(NEAREST, nearest, "metg-nearest", "five neighbours")
METG(SPREAD, spread, "metg-spread", "five far apart")
METG(RANDOM_NEAREST, random_nearest, "metg-near-random", "some of five neighbours")
METG(RANDOM_SPREAD, random_spread, "metg-far-random", "five by chance")

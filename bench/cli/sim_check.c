/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/sim_check.h"

#include "bench/measure/sweep.h"
#include "bench/sim/measure.h"
#include "bench/sim/print.h"
#include "bench/text/text.h"

#include <magpie/topology.h>
#include <math.h>
#include <string.h>

enum { RUNS = 5, NEAR_PERCENT = 15, SPIN_US = 50 };

struct check {
    FILE *out;
    struct sim_setup setup;
    struct bench_sweep sweep;
    unsigned rows, near;
};

/* The real workload of the same name. */
static const struct bench_workload *workload_of(const struct sim_graph *graph,
                                                uint64_t size)
{
    for (unsigned i = 0; bench_workloads[i] != NULL; i++) {
        const struct bench_workload *workload = bench_workloads[i];

        if (strcmp(workload->name, graph->name) == 0 && graph->feed == NULL &&
            bench_absent(workload) == NULL && bench_size_fits(workload, size) &&
            sim_graph_fits(graph, size))
            return workload;
    }
    return NULL;
}

static int compare(struct check *check, const struct bench_row *row)
{
    struct sim_outcome outcome;

    check->setup.workers = row->workers;
    int r = sim_run_setup(&check->setup, &outcome);
    if (r < 0)
        return r;
    /* The costs are least times too. */
    double real = row->min_s * 1e9;
    double off = 100 * (outcome.ns / real - 1);

    check->rows++;
    check->near += fabs(off) <= NEAR_PERCENT;
    (void)fprintf(check->out, "%-20s %7u %12s %12s %+7.1f %%   spread %.0f %%\n",
                  row->label, row->workers, bench_seconds(row->min_s).text,
                  bench_seconds(outcome.ns * 1e-9).text, off,
                  100 * bench_row_spread(row));
    return 0;
}

static int check_graph(struct check *check, const struct sim_graph *graph, uint64_t size)
{
    const struct bench_workload *workload = workload_of(graph, size);
    struct bench_rows rows = {.rows = NULL};

    if (workload == NULL)
        return 0;
    check->setup.graph = graph;
    check->setup.size = size;
    int r = bench_sweep_case(&check->sweep, workload, size, &rows);
    for (size_t i = 0; i < rows.count && r == 0; i++) {
        if (rows.rows[i].ok && strcmp(rows.rows[i].runtime, BENCH_OURS) == 0)
            r = compare(check, &rows.rows[i]);
    }
    bench_rows_free(&rows);
    return r;
}

int sim_check(FILE *out, const struct sim_graph *const *graphs, uint32_t count,
              uint64_t size)
{
    struct check check = {
        .out = out,
        .setup = {.placement = MAG_PLACE_COMPACT, .spin_us = SPIN_US},
        .sweep = {.workers = {1, 2}, .worker_counts = 2, .runs = RUNS},
    };
    struct sim_measured measured;
    struct mag_topology *topology;
    int r = sim_measure(&measured);

    if (r == 0)
        r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);
    if (r != 0)
        return r;
    check.setup.topology = topology;
    check.setup.costs = measured.costs;
    if (mag_topology_pus(topology) < 2)
        check.sweep.worker_counts = 1;
    (void)fprintf(out, "%-20s %7s %12s %12s %9s\n", "workload", "workers", "real",
                  "simulated", "off");
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = check_graph(&check, graphs[i], size != 0 ? size : graphs[i]->size);
    if (r == 0)
        (void)fprintf(out, "%u of %u within %d %%\n", check.near, check.rows,
                      NEAR_PERCENT);
    mag_topology_free(topology);
    return r;
}

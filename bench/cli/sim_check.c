/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/sim_check.h"

#include "bench/measure/sweep.h"
#include "bench/sim/measure.h"
#include "bench/sim/print.h"
#include "bench/text/text.h"

#include <errno.h>
#include <magpie/topology.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { RUNS = 7, PROBE_RUNS = 31, NEAR_PERCENT = 15, SPIN_US = 50, KIB = 1024 };

static const double probe_seconds = 3;

struct check {
    FILE *out;
    struct sim_setup setup;
    const struct sim_costs *costs; /* of this machine */
    uint32_t worker_counts;
    unsigned rows, near, uneven;
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

static bool is_ours(const struct bench_row *row)
{
    return strcmp(row->runtime, BENCH_OURS) == 0;
}

/*
 * What a fork costs in this workload: what one worker takes longer than the twin, at
 * another size.  It depends on how many children wait at once and on what the compiler
 * makes of the function, so a fork of fib is no measure.
 */
static int measure_forks(struct check *check, const struct bench_workload *workload,
                         const struct sim_graph *graph)
{
    const struct bench_sweep sweep = {
        .workers = {1}, .worker_counts = 1, .runs = PROBE_RUNS, .seconds = probe_seconds};
    struct bench_rows rows = {.rows = NULL};
    double *costs = check->setup.costs.ns;
    double forks;

    if (graph->probe == 0)
        return 0;
    if (!sim_graph_forks(graph, graph->probe, &forks))
        return -ENOMEM;
    int r = bench_sweep_case(&sweep, workload, graph->probe, &rows);

    if (r == 0 && rows.count == 2 && rows.rows[0].ok && rows.rows[1].ok) {
        double longer = (rows.rows[1].median_s - rows.rows[0].median_s) * 1e9 -
                        costs[SIM_WAKE_CALL] - costs[SIM_WAKE_DELAY];

        costs[SIM_FORK] = longer > 0 ? longer / forks : 0;
    }
    bench_rows_free(&rows);
    return r;
}

static const char *verdict(struct check *check, double off, double spread)
{
    check->rows++;
    if (fabs(off) <= NEAR_PERCENT) {
        check->near++;
        return "";
    }
    if (spread <= NEAR_PERCENT)
        return "   wrong";
    check->uneven++;
    return "   uneven";
}

static int compare(struct check *check, const struct bench_row *row)
{
    struct sim_outcome outcome;

    check->setup.workers = row->workers;
    int r = sim_run_setup(&check->setup, &outcome);
    if (r < 0)
        return r;
    double off = 100 * (outcome.ns * 1e-9 / row->median_s - 1);
    double spread = 100 * bench_row_spread(row);

    (void)fprintf(check->out, "%-20s %7u %12s %12s %+7.1f %% %7.0f %%%s\n", row->label,
                  row->workers, bench_seconds(row->median_s).text,
                  bench_seconds(outcome.ns * 1e-9).text, off, spread,
                  verdict(check, off, spread));
    return 0;
}

/* The rows of one size: the twin's, whose time is the work, and ours. */
static int compare_all(struct check *check, const struct bench_rows *rows)
{
    const struct sim_setup *setup = &check->setup;
    const struct bench_row *twin = &rows->rows[0];
    int r = 0;

    if (!twin->ok || is_ours(twin))
        return 0;
    if (!sim_graph_calibrate(setup->graph, setup->size, twin->median_s * 1e9,
                             &check->setup.costs))
        return -ENOMEM;
    for (size_t i = 1; i < rows->count && r == 0; i++) {
        if (rows->rows[i].ok)
            r = compare(check, &rows->rows[i]);
    }
    return r;
}

/* What fits into the last-level cache does not wait for memory; what its reads cost is
 * part of the serial time. */
static bool is_cached(const struct sim_graph *graph, uint64_t size)
{
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);

    return graph->kib != NULL && cache > 0 && graph->kib(size) <= (double)cache / KIB;
}

static int check_graph(struct check *check, const struct sim_graph *graph, uint64_t size)
{
    const struct bench_workload *workload = workload_of(graph, size);
    const struct bench_sweep sweep = {
        .workers = {1, 2}, .worker_counts = check->worker_counts, .runs = RUNS};
    struct bench_rows rows = {.rows = NULL};

    if (workload == NULL)
        return 0;
    check->setup.graph = graph;
    check->setup.size = size;
    check->setup.costs = *check->costs;
    if (is_cached(graph, size))
        check->setup.costs.ns[SIM_MEMORY_KIB] = 0;
    int r = measure_forks(check, workload, graph);
    if (r == 0)
        r = bench_sweep_case(&sweep, workload, size, &rows);
    if (r == 0 && rows.count != 0)
        r = compare_all(check, &rows);
    bench_rows_free(&rows);
    return r;
}

int sim_check(FILE *out, const struct sim_graph *const *graphs, uint32_t count,
              uint64_t size)
{
    struct check check = {
        .out = out,
        .setup = {.placement = MAG_PLACE_COMPACT, .spin_us = SPIN_US},
    };
    struct sim_measured measured;
    struct mag_topology *topology;
    int r = sim_measure(&measured);

    if (r == 0)
        r = mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology);
    if (r != 0)
        return r;
    check.setup.topology = topology;
    check.costs = &measured.costs;
    check.worker_counts = mag_topology_pus(topology) < 2 ? 1 : 2;
    (void)fprintf(out, "%-20s %7s %12s %12s %9s %9s\n", "workload", "workers", "real",
                  "simulated", "off", "spread");
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = check_graph(&check, graphs[i], size != 0 ? size : graphs[i]->size);
    if (r == 0)
        (void)fprintf(out, "%u of %u within %d %%, %u whose real times are uneven\n",
                      check.near, check.rows, NEAR_PERCENT, check.uneven);
    mag_topology_free(topology);
    return r;
}

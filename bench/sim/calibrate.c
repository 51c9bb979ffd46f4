/*
 * calibrate.c - the costs of a workload's functions and forks from real runs.
 *
 * A node that is measured in a small loop of its own runs in another cache and with
 * other branches learned than in the whole workload; the serial twin of the workload has
 * the cost that is wanted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/sim/graph.h"

bool sim_graph_calibrate(const struct sim_graph *graph, uint64_t size, double serial_ns,
                         struct sim_costs *costs)
{
    struct sim_costs only = {{0}};
    struct sim_shape shape;

    for (uint32_t i = 0; i < graph->works; i++)
        only.ns[graph->work + i] = costs->ns[graph->work + i];
    if (!sim_graph_measure(graph, size, &only, &shape))
        return false;
    for (uint32_t i = 0; i < graph->works && shape.work_ns > 0; i++)
        costs->ns[graph->work + i] *= serial_ns / shape.work_ns;
    return true;
}

bool sim_graph_forks(const struct sim_graph *graph, uint64_t size, double *ret_forks)
{
    struct sim_costs only = {{0}};
    struct sim_shape shape;

    only.ns[SIM_FORK] = 1;
    if (!sim_graph_measure(graph, size, &only, &shape))
        return false;
    *ret_forks = shape.work_ns;
    return true;
}

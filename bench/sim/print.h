/*
 * print.h - results of simulations, as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SIM_PRINT_H
#define BENCH_SIM_PRINT_H

#include "bench/sim/sim.h"

#include <stdio.h>

/* One simulation, and what is known of its graph. */
struct sim_result {
    const struct sim_setup *setup;
    struct sim_shape shape;
    struct sim_outcome outcome;
};

/* What precedes the rows of one workload. */
void sim_print_head(FILE *out, const struct sim_result *result);

void sim_print_row(FILE *out, const struct sim_result *result);

/* The workloads; the costs, with their meanings and sources. */
void sim_print_list(FILE *out);

/* The time of the row: of feeds the median burst, else the whole run. */
double sim_result_ns(const struct sim_result *result);

/* The work, which one worker without a scheduler would take, over the time. */
double sim_result_speedup(const struct sim_result *result);

#endif

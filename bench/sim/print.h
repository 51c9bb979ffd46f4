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
    struct sim_setup setup;
    struct sim_shape shape;
    struct sim_outcome outcome;
};

/* Those of one call of the program, workload by workload. */
struct sim_results {
    struct sim_result *results;
    size_t count;
    const char *machine; /* in a few words */
};

/* Appends a copy.  0 or -ENOMEM. */
int sim_results_add(struct sim_results *results, const struct sim_result *result);

void sim_results_free(struct sim_results *results);

/* Whether a result begins a workload. */
bool sim_results_begins(const struct sim_results *results, size_t index);

/* What precedes the rows of one workload. */
void sim_print_head(FILE *out, const struct sim_result *result);

void sim_print_row(FILE *out, const struct sim_result *result);

/* The workloads; the costs, with their meanings and sources. */
void sim_print_list(FILE *out);

/* The time of the row: of feeds the median burst, else the whole run. */
double sim_result_ns(const struct sim_result *result);

/* The work, which one worker without a scheduler would take, over the time.  0: jobs come
 * at their times, and the time says nothing. */
double sim_result_speedup(const struct sim_result *result);

#endif

/*
 * json_sim.h - simulations as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_JSON_SIM_H
#define BENCH_REPORT_JSON_SIM_H

#include "bench/sim/print.h"

#include <jansson.h>

/* An array with an object for each simulation: where its time went, its steals, wakes and
 * lines.  NULL: out of memory. */
json_t *bench_simulated_to_json(const struct sim_results *results);

#endif

/*
 * sim_check.h - the simulation beside real runs: whether to believe it on this machine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_CLI_SIM_CHECK_H
#define BENCH_CLI_SIM_CHECK_H

#include "bench/sim/graph.h"

#include <stdio.h>

/*
 * Measures the costs of this machine, runs each of these workloads that `magpie bench`
 * has too serially, with one worker and with two, simulates the same, and prints both
 * times, the real one being the median of several.  The serial time is the work; what a
 * fork costs, runs of another size say.  `size` 0: each workload's own.  Takes a minute
 * for all.
 *
 *   Returns    0; a negative errno
 */
int sim_check(FILE *out, const struct sim_graph *const *graphs, uint32_t count,
              uint64_t size);

#endif

/*
 * count.h - `magpie bench --instructions`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_CLI_COUNT_H
#define BENCH_CLI_COUNT_H

#include "bench/report/report.h"
#include "bench/workloads/workload.h"

/* Counts the instructions of these workloads; none: of all that can be counted.  Returns
 * the exit status. */
int bench_count_instructions(const struct bench_workload *const *workloads,
                             uint32_t count, struct bench_outputs *outputs);

#endif

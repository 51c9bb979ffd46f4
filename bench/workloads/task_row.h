/*
 * task_row.h - rows of one thread whose size is a number of tasks or waits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_WORKLOADS_TASK_ROW_H
#define BENCH_WORKLOADS_TASK_ROW_H

#include "bench/workloads/workload.h"

#define BENCH_TASK_ROW(row, in, named, text, tells, counts, runs) \
    const struct bench_workload bench_##row = {                   \
        .group = (in),                                            \
        .name = (named),                                          \
        .summary = (text),                                        \
        .shows = (tells),                                         \
        .size_is = (counts),                                      \
        .sizes = {2000000},                                       \
        .size_min = 1,                                            \
        .size_max = UINT64_C(1000000000),                         \
        .per_operation = true,                                    \
        .threads = 1,                                             \
        .run_magpie = (runs),                                     \
    }

#endif

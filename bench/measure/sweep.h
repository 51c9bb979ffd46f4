/*
 * sweep.h - measures a workload at one size: its twin, and Magpie and its peers on
 * several numbers of workers, in turns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_SWEEP_H
#define BENCH_MEASURE_SWEEP_H

#include "bench/measure/peer.h"
#include "bench/measure/row.h"
#include "bench/workloads/workload.h"

enum { BENCH_WORKERS_LISTED = 64, BENCH_RUNS_MAX = 1000 };

struct bench_sweep {
    uint32_t workers[BENCH_WORKERS_LISTED];
    uint32_t worker_counts;
    uint32_t runs;  /* of each configuration; 0: as many as the budget and sense allow */
    double seconds; /* budget for one case; 0: none */
    const struct bench_peers *peers; /* those that are ready take part; NULL: none */
};

/*
 * Measures one case and appends its rows, the baseline first.  What fails is a row that
 * is not ok.  Returns 0 or -ENOMEM.
 */
int bench_sweep_case(const struct bench_sweep *sweep,
                     const struct bench_workload *workload, uint64_t size,
                     struct bench_rows *rows);

/* Monotonic seconds. */
double bench_now(void);

#endif

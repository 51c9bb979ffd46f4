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

enum {
    BENCH_WORKERS_LISTED = MAG_SCHED_WORKERS_MAX,
    BENCH_RUNS_MAX = 1000,
    BENCH_SEATINGS = 12, /* each placement with each pin */
};

struct bench_sweep {
    uint32_t workers[BENCH_WORKERS_LISTED];
    uint32_t worker_counts;
    uint32_t runs;  /* of each configuration; 0: as many as the budget and sense allow */
    double seconds; /* budget for one case; 0: none */
    double until;   /* when everything ends, in the seconds of bench_now; 0: never */
    /* Each number of workers is measured with each of these; 0 of them: as usual.  The
     * first one is the runtime BENCH_OURS, the others have the names of their own. */
    struct bench_seating seatings[BENCH_SEATINGS];
    uint32_t seating_count;
    const struct bench_peers *peers; /* those that are ready take part; NULL: none */
};

/*
 * Measures one case and appends its rows, the baseline first.  What fails is a row that
 * is not ok, and so is what had not run once when the time was over (`late`).  Returns 0
 * or -ENOMEM.
 */
int bench_sweep_case(const struct bench_sweep *sweep,
                     const struct bench_workload *workload, uint64_t size,
                     struct bench_rows *rows);

/* The name of the rows of a seating: BENCH_OURS for the first, then what differs from it,
 * such as "scatter", "pin-never" or "scatter/pin-never". */
void bench_seating_name(const struct bench_sweep *sweep, uint32_t index,
                        char name[BENCH_NAME]);

/* "never", "always", "adaptive". */
const char *bench_pin_name(enum mag_pin pin);

#endif

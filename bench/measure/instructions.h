/*
 * instructions.h - how many instructions an operation of a workload takes, exactly.
 *
 * A child process runs the workload with the processor's trap flag set, which interrupts
 * it after each instruction.  Two sizes are counted, so that what a run takes besides its
 * operations cancels out.  Only instructions of the program are counted, not those of the
 * kernel.
 *
 * A row that uses a scheduler is counted on its only worker, from the first operation to
 * the last: nothing there depends on time.  Two workers wait for each other, search and
 * steal for as long as it takes, so that no two runs of them have the same count.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_INSTRUCTIONS_H
#define BENCH_MEASURE_INSTRUCTIONS_H

#include "bench/workloads/workload.h"

/* Why this program cannot count the instructions of a workload; NULL: it can. */
const char *bench_instructions_absent(const struct bench_workload *workload);

/* Counts them.  0; a negative errno; -EIO the child did not end as it should. */
int bench_instructions(const struct bench_workload *workload, double *ret_count);

#endif

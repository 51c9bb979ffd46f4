/*
 * figures.h - the figures that fork-join is to reach, beside what a run measured.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "bench/report.h"
#include "bench/workload.h"

/* The sizes at which a workload's figures are wanted, ended by 0; NULL: it has none. */
const uint64_t *bench_figures_sizes(const struct bench_workload *workload);

/* A table: each figure with what was measured, what is wanted, and whether it was
 * reached.  What the run does not have is named as not measured. */
void bench_figures_write(FILE *out, const struct bench_report *report);

#endif

/*
 * figures.h - the figures that Magpie is to reach, beside what a run measured.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_FIGURES_H
#define BENCH_REPORT_FIGURES_H

#include "bench/report/report.h"
#include "bench/workloads/workload.h"

/* The sizes at which a workload's figures are wanted, ended by 0; NULL: it has none. */
const uint64_t *bench_figures_sizes(const struct bench_workload *workload);

/* A table: each figure with what was measured, what is wanted, and whether it was
 * reached.  What a workload that ran lacks for it is named as not measured; the figures
 * of workloads that did not run are only counted. */
void bench_figures_write(FILE *out, const struct bench_report *report);

#endif

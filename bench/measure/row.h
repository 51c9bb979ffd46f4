/*
 * row.h - what was measured: one row for each workload, size, runtime and number of
 * workers.
 *
 * A runtime is "magpie", the name of a workload's twin ("serial", "malloc", "futex"), or
 * any other name, such as a peer's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_ROW_H
#define BENCH_MEASURE_ROW_H

#include "bench/measure/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many runs a row should have; one with fewer says so. */
enum { BENCH_RUNS_ENOUGH = 5 };

enum { BENCH_NAME = 32, BENCH_LABEL = 48, BENCH_ERROR = 96 };

/* The runtime that reports are about. */
#define BENCH_OURS "magpie"

struct bench_row {
    char workload[BENCH_NAME];
    uint64_t size;
    char label[BENCH_LABEL];
    char runtime[BENCH_NAME];
    char baseline[BENCH_NAME]; /* the runtime this one is compared with; "": none */
    uint32_t workers;
    uint32_t runs;
    double median_s;
    double min_s;
    double max_s;
    bool per_operation; /* the size counts operations */
    uint64_t peak_rss_kib;
    bool ok;
    bool late;               /* not ok only because there was no time to run it once */
    char error[BENCH_ERROR]; /* what is wrong when not ok */
    struct bench_why why;    /* where the time went */
};

struct bench_rows {
    struct bench_row *rows;
    size_t count;
    size_t capacity;
};

/* Appends a copy.  0 or -ENOMEM. */
int bench_rows_add(struct bench_rows *rows, const struct bench_row *row);

void bench_rows_free(struct bench_rows *rows);

/* Fills in runs, median, minimum and maximum; `samples` are sorted. */
void bench_row_measure(struct bench_row *row, double *samples, uint32_t count);

/* Whether two rows belong to the same workload and size. */
bool bench_row_same_case(const struct bench_row *a, const struct bench_row *b);

/* The row that `row` is compared with; NULL when there is none, or it failed. */
const struct bench_row *bench_row_baseline(const struct bench_rows *rows,
                                           const struct bench_row *row);

/* Median of the baseline over median of the row; 0 when one of them is missing;
 * `row` may be NULL. */
double bench_row_speedup(const struct bench_rows *rows, const struct bench_row *row);

/* (max - min) / median; 0 after one run. */
double bench_row_spread(const struct bench_row *row);

/* Median nanoseconds per operation. */
double bench_row_op_ns(const struct bench_row *row);

/* Whether a row is wrong: it failed, and not for want of time. */
bool bench_row_failed(const struct bench_row *row);

/* Whether the row is its case's baseline. */
bool bench_row_is_baseline(const struct bench_row *row);

/* The row of a case with this runtime and number of workers; NULL: none that is ok. */
const struct bench_row *bench_rows_on(const struct bench_rows *rows,
                                      const struct bench_row *of_case,
                                      const char *runtime, uint32_t workers);

/* The row of a case with this runtime and the most workers; NULL: none that is ok. */
const struct bench_row *bench_rows_widest(const struct bench_rows *rows,
                                          const struct bench_row *of_case,
                                          const char *runtime);

/* Whether `rows->rows[index]` is the first row of its case. */
bool bench_rows_case_begins(const struct bench_rows *rows, size_t index);

#endif

/*
 * metg.h - the rows of Task Bench as one table: a line for each pattern, a column for
 * each runtime and number of workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_METG_H
#define BENCH_REPORT_METG_H

#include "bench/measure/row.h"

#include <stdio.h>

/* For people; nothing if Task Bench did not run. */
void bench_metg_print(FILE *out, const struct bench_rows *rows);

/* A section of the page; nothing if Task Bench did not run. */
void bench_html_metg(FILE *out, const struct bench_rows *rows);

#endif

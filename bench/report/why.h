/*
 * why.h - the forms of where the time of rows went.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_WHY_H
#define BENCH_REPORT_WHY_H

#include "bench/measure/row.h"

#include <jansson.h>
#include <stdio.h>

/* A table for people, of rows of which something is known. */
void bench_why_print(FILE *out, const struct bench_rows *rows);

/* A section of the page. */
void bench_html_why(FILE *out, const struct bench_rows *rows);

/* {"run_s": 1.5, "search_s": ..., "park_s": ..., "wait_s": ..., "even_s": ...,
 * "steals_near": 1, "steals_far": 0, "steals_ring": [0, ...], "machine_s": ...,
 * "stolen_s": ..., "mhz": 2300, "lost": {"work": 0.9, "scheduler": ..., "memory": ...,
 * "imbalance": ..., "span": ...}}, where "lost" is of rows that have it (lost.h).  NULL:
 * there is no memory. */
json_t *bench_why_to_json(const struct bench_rows *rows, const struct bench_row *row);

/* Reads that form, but for "lost", which the other figures give; what is missing is
 * 0. */
void bench_why_from_json(const json_t *json, struct bench_row *row);

#endif

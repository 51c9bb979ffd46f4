/*
 * matrix.h - the forms of the matrix of node pairs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_MATRIX_H
#define BENCH_REPORT_MATRIX_H

#include "bench/machine/matrix.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Two small tables for people; nothing if there is no matrix. */
void bench_matrix_print(FILE *out, const struct bench_matrix *matrix);

/* Two heat maps on the page; nothing if there is no matrix. */
void bench_html_matrix(FILE *out, const struct bench_matrix *matrix);

/* {"bytes": 1, "nodes": [0, ...], "links": [{"from": 0, "to": 0, "gb_per_s": 1.5,
 * "latency_ns": 90.5}, ...]}, where from and to count the nodes of the list.  NULL: there
 * is no memory. */
json_t *bench_matrix_to_json(const struct bench_matrix *matrix);

/* Reads that form; NULL is no matrix.  False: it is not one, or there is no memory. */
bool bench_matrix_from_json(const json_t *json, struct bench_matrix *matrix);

#endif

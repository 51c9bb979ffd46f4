/*
 * instructions.h - the instructions of operations, beside what they were and what is
 * wanted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_INSTRUCTIONS_H
#define BENCH_REPORT_INSTRUCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct bench_counted {
    const char *workload;
    double instructions;
};

/* A line of the table; NULL: its head. */
void bench_instructions_row(FILE *out, const struct bench_counted *row);

/* All rows as JSON.  False: they could not be written. */
bool bench_instructions_json(FILE *out, const struct bench_counted *rows, size_t count);

#endif

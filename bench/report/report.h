/*
 * report.h - a whole run, and the forms it is shown in.
 *
 * The JSON form holds everything, so every other form can be made again from it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_REPORT_H
#define BENCH_REPORT_REPORT_H

#include "bench/machine/machine.h"
#include "bench/machine/matrix.h"
#include "bench/measure/peer.h"
#include "bench/measure/row.h"
#include "bench/sim/print.h"

#include <stdio.h>

struct bench_report {
    struct bench_machine machine;
    struct bench_peers peers; /* that were asked for */
    struct bench_rows rows;
    struct bench_matrix matrix;   /* of node pairs, if it was measured */
    struct sim_results simulated; /* what is known of rows that were simulated, if any */
};

void bench_report_free(struct bench_report *report);

/* One line: what the machine is. */
void bench_machine_line(const struct bench_machine *machine, char *buffer, size_t size);

/* What precedes the table: the machine in a line, and each peer in one. */
void bench_table_head(FILE *out, const struct bench_report *report);

/* A table for people: the rows from `from` on, as they come, and what to know about
 * it. */
void bench_table_rows(FILE *out, const struct bench_rows *rows, size_t from);
void bench_table_notes(FILE *out, const struct bench_rows *rows);

/* {"machine": {...}, "peers": [...], "rows": [...], "memory": {...},
 * "simulated": [...]}: the peers only where some were asked for, "memory" only where it
 * was measured (matrix.h), "simulated" only of simulations.  Returns 0 or -ENOMEM.  The
 * caller checks `out` for write errors. */
int bench_json_write(FILE *out, const struct bench_report *report);

/* Reads that form.  False: `why` says what is wrong with it. */
bool bench_json_read(const char *path, struct bench_report *report, char *why,
                     size_t why_size);

void bench_csv_write(FILE *out, const struct bench_report *report);

/* One page that needs nothing else; and the page of simulations. */
void bench_html_write(FILE *out, const struct bench_report *report);
void bench_html_simulated(FILE *out, const struct bench_report *report);

/* The outputs that commands share; NULL: not wanted.  bench_outputs_open opens them all
 * before there is anything to write, so that a bad path is known at once. */
struct bench_outputs {
    const char *command;
    const char *json;
    const char *csv;
    const char *html;
    FILE *json_file;
    FILE *csv_file;
    FILE *html_file;
};

bool bench_outputs_open(struct bench_outputs *outputs);

/* Where the table goes: standard error when standard output is taken. */
FILE *bench_outputs_table(const struct bench_outputs *outputs);

/* Writes and closes them.  False when one of them failed, which has been reported. */
bool bench_outputs_write(struct bench_outputs *outputs,
                         const struct bench_report *report);

#endif

/*
 * html_part.h - pieces that the sections of the report page share, and the sections.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_HTML_PART_H
#define BENCH_REPORT_HTML_PART_H

#include "bench/report/report.h"

#include <stdio.h>

/* Markup as it is. */
void bench_html(FILE *out, const char *markup);

/* Text that came from somewhere else. */
void bench_html_text(FILE *out, const char *text);

/* A label, in which "10^6" is ten to the sixth; and a cell with a row's label. */
void bench_html_label(FILE *out, const char *label);
void bench_html_name(FILE *out, const struct bench_row *row);

/* A cell with text, of a class or "". */
void bench_html_cell(FILE *out, const char *class, const char *text);

/* A cell with a part of 1 in percent. */
void bench_html_percent(FILE *out, double part);

/* A bar that fills `part` of its track. */
void bench_html_bar(FILE *out, double part, const char *class);

/* "1.87 x", "18.7 x" or "187 x". */
void bench_html_times(FILE *out, double ratio);

/* What a row's workload does and shows; nothing if it is not one of ours. */
void bench_html_about(FILE *out, const struct bench_row *row);

/* Whether the row at `index` begins a case of the wanted kind. */
bool bench_html_begins(const struct bench_rows *rows, size_t index, bool per_operation);

/* Sections: how workloads scale, what small operations cost.  Empty without such rows. */
void bench_html_scaling(FILE *out, const struct bench_report *report);
void bench_html_operations(FILE *out, const struct bench_rows *rows);

#endif

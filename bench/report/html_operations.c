/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/html_part.h"
#include "bench/text/text.h"

#include <string.h>

/* The slowest median of a case, to which its bars are drawn. */
static double slowest_of(const struct bench_rows *rows, const struct bench_row *of_case)
{
    double slowest = 0;

    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];

        if (row->ok && bench_row_same_case(row, of_case) &&
            bench_row_op_ns(row) > slowest)
            slowest = bench_row_op_ns(row);
    }
    return slowest;
}

/* Of a runtime only the fewest and the most workers: the others are with all the rows. */
static bool is_shown(const struct bench_rows *rows, const struct bench_row *row)
{
    bool fewest = true;
    bool most = true;

    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *other = &rows->rows[i];

        if (!bench_row_same_case(row, other) || strcmp(row->runtime, other->runtime) != 0)
            continue;
        fewest &= other->workers >= row->workers;
        most &= other->workers <= row->workers;
    }
    return fewest || most;
}

/* How many rows of a case are shown. */
static uint32_t count_shown(const struct bench_rows *rows,
                            const struct bench_row *of_case)
{
    uint32_t count = 0;

    for (size_t i = 0; i < rows->count; i++)
        count += bench_row_same_case(&rows->rows[i], of_case) &&
                 is_shown(rows, &rows->rows[i]);
    return count;
}

static void put_operation_time(FILE *out, const struct bench_rows *rows,
                               const struct bench_row *row)
{
    double ratio = bench_row_speedup(rows, row);

    bench_html(out, "<td>");
    bench_html_text(out, bench_seconds(bench_row_op_ns(row) * 1e-9).text);
    bench_html_bar(out, bench_row_op_ns(row) / slowest_of(rows, row),
                   bench_row_is_baseline(row) ? "other" : "");
    bench_html(out, "</td>");
    bench_html_percent(out, bench_row_spread(row));
    bench_html(out, "<td>");
    if (ratio > 0 && !bench_row_is_baseline(row)) {
        bench_html_times(out, ratio);
        bench_html(out, " ");
        bench_html_text(out, row->baseline);
    }
    bench_html(out, "</td>");
}

static void put_operation(FILE *out, const struct bench_rows *rows, size_t index)
{
    const struct bench_row *row = &rows->rows[index];
    char text[32];

    bench_html(out, "<tr>");
    if (bench_rows_case_begins(rows, index)) {
        (void)fprintf(out, "<td class=\"name\" rowspan=\"%u\">", count_shown(rows, row));
        bench_html_label(out, row->label);
        bench_html(out, "<em>");
        bench_html_about(out, row);
        bench_html(out, "</em></td>");
    }
    bench_html_cell(out, "left", row->runtime);
    (void)snprintf(text, sizeof(text), "%u", row->workers);
    bench_html_cell(out, "", text);
    if (row->ok) {
        put_operation_time(out, rows, row);
    } else {
        bench_html(out, "<td class=\"bad\" colspan=\"3\">");
        bench_html_text(out, row->error);
        bench_html(out, "</td>");
    }
    bench_html(out, "</tr>\n");
}

void bench_html_operations(FILE *out, const struct bench_rows *rows)
{
    bool any = false;

    for (size_t i = 0; i < rows->count; i++) {
        if (!rows->rows[i].per_operation || !is_shown(rows, &rows->rows[i]))
            continue;
        if (!any)
            bench_html(
                out, "<h2>Small operations<small>time of one; a shorter bar is faster"
                     "</small></h2>\n<div class=\"card wide\"><table class=\"groups\">\n"
                     "<tr><th>operation</th><th class=\"left\">runtime</th>"
                     "<th>workers</th><th>each</th><th>spread</th><th>speed</th>"
                     "</tr>\n");
        any = true;
        put_operation(out, rows, i);
    }
    if (any)
        bench_html(out, "</table></div>\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/metg.h"

#include "bench/report/html_part.h"
#include "bench/text/text.h"

#include <string.h>

enum { COLUMNS = 64, NAME = 18, CELL = 12, TEXT = 64 };

static const char prefix[] = "metg-";

/* From here on the half was not reached: the search ends at 0.1 ms of computation. */
static const double not_reached_ns = 200e3;

/* The rows of one runtime on one number of workers: any of them. */
struct columns {
    const struct bench_row *of[COLUMNS];
    unsigned count;
};

static bool is_metg(const struct bench_row *row)
{
    return row->per_operation && strncmp(row->workload, prefix, strlen(prefix)) == 0;
}

static bool same_column(const struct bench_row *a, const struct bench_row *b)
{
    return a->workers == b->workers && strcmp(a->runtime, b->runtime) == 0;
}

static struct columns columns_of(const struct bench_rows *rows)
{
    struct columns columns = {.count = 0};

    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];
        unsigned j = 0;

        while (j < columns.count && !same_column(columns.of[j], row))
            j++;
        if (is_metg(row) && j == columns.count && j < COLUMNS)
            columns.of[columns.count++] = row;
    }
    return columns;
}

/* "magpie, 2", the second being workers. */
static void put_title(char *text, const struct bench_row *row)
{
    (void)snprintf(text, TEXT, "%s, %u", row->runtime, row->workers);
}

/* The METG of a pattern in a column: "1.2 us", "none" where no size of tasks reached one
 * half, "-" where it was not measured. */
static void put_figure(char *text, const struct bench_rows *rows,
                       const struct bench_row *of_case, const struct bench_row *column)
{
    const struct bench_row *row =
        bench_rows_on(rows, of_case, column->runtime, column->workers);

    if (row == NULL)
        (void)snprintf(text, TEXT, "-");
    else if (bench_row_op_ns(row) >= not_reached_ns)
        (void)snprintf(text, TEXT, "none");
    else
        (void)snprintf(text, TEXT, "%s", bench_seconds(bench_row_op_ns(row) * 1e-9).text);
}

/* "stencil"; and with its size, if that is not the one of the first row. */
static void put_pattern(char *text, const struct bench_row *row,
                        const struct bench_row *first)
{
    const char *name = row->workload + strlen(prefix);

    if (row->size == first->size)
        (void)snprintf(text, TEXT, "%s", name);
    else
        (void)snprintf(text, TEXT, "%s(%llu)", name, (unsigned long long)row->size);
}

void bench_metg_print(FILE *out, const struct bench_rows *rows)
{
    struct columns columns = columns_of(rows);
    char text[TEXT];

    if (columns.count == 0)
        return;
    (void)fprintf(out, "\n%s%-*s", bench_colour(out, BENCH_DIM), NAME, "METG(50%) of");
    for (unsigned i = 0; i < columns.count; i++) {
        put_title(text, columns.of[i]);
        (void)fprintf(out, " %*s", CELL, text);
    }
    (void)fprintf(out, "%s\n", bench_colour(out, BENCH_PLAIN));
    for (size_t i = 0; i < rows->count; i++) {
        if (!is_metg(&rows->rows[i]) || !bench_rows_case_begins(rows, i))
            continue;
        put_pattern(text, &rows->rows[i], columns.of[0]);
        (void)fprintf(out, "%-*s", NAME, text);
        for (unsigned j = 0; j < columns.count; j++) {
            put_figure(text, rows, &rows->rows[i], columns.of[j]);
            (void)fprintf(out, " %*s", CELL, text);
        }
        (void)fputc('\n', out);
    }
}

void bench_html_metg(FILE *out, const struct bench_rows *rows)
{
    struct columns columns = columns_of(rows);
    char text[TEXT];

    if (columns.count == 0)
        return;
    bench_html(out, "<h2>Task Bench<small>METG(50%): how small tasks may be; less is "
                    "better</small></h2>\n<div class=\"card wide\"><table>\n<tr>"
                    "<th>each task depends on</th>");
    for (unsigned i = 0; i < columns.count; i++) {
        put_title(text, columns.of[i]);
        (void)fprintf(out, "<th>%s</th>", text);
    }
    bench_html(out, "</tr>\n");
    for (size_t i = 0; i < rows->count; i++) {
        if (!is_metg(&rows->rows[i]) || !bench_rows_case_begins(rows, i))
            continue;
        put_pattern(text, &rows->rows[i], columns.of[0]);
        bench_html(out, "<tr>");
        bench_html_cell(out, "name", text);
        for (unsigned j = 0; j < columns.count; j++) {
            put_figure(text, rows, &rows->rows[i], columns.of[j]);
            bench_html_cell(out, "", text);
        }
        bench_html(out, "</tr>\n");
    }
    bench_html(out,
               "</table></div>\n<p class=\"note\">The time of one worker for a task, of "
               "which half is computation, on so many workers.  None: at no size of task "
               "was half of the time computation.</p>\n");
}

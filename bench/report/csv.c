/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/report.h"

#include <inttypes.h>

/* A field in quotes, as RFC 4180 has it. */
static void put_quoted(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static void put_row(FILE *out, const struct bench_rows *rows, const struct bench_row *row)
{
    double speedup = bench_row_speedup(rows, row);

    put_quoted(out, row->workload);
    (void)fprintf(out, ",%" PRIu64 ",", row->size);
    put_quoted(out, row->runtime);
    (void)fprintf(out, ",%u,%u,%.9g,%.9g,%.9g,%" PRIu64 ",%s,", row->workers, row->runs,
                  row->median_s, row->min_s, row->max_s, row->peak_rss_kib,
                  row->ok ? "true" : "false");
    if (row->per_operation && row->ok)
        (void)fprintf(out, "%.6g", bench_row_op_ns(row));
    (void)fputc(',', out);
    if (speedup > 0)
        (void)fprintf(out, "%.6g", speedup);
    (void)fputc(',', out);
    put_quoted(out, row->error);
    (void)fputc('\n', out);
}

void bench_csv_write(FILE *out, const struct bench_report *report)
{
    (void)fputs("workload,size,runtime,workers,runs,median_s,min_s,max_s,peak_rss_kib,ok,"
                "per_op_ns,speedup,error\n",
                out);
    for (size_t i = 0; i < report->rows.count; i++)
        put_row(out, &report->rows, &report->rows.rows[i]);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/html_part.h"

#include "bench/workloads/workload.h"

#include <string.h>

void bench_html(FILE *out, const char *markup)
{
    (void)fputs(markup, out);
}

/* Text that came from somewhere else. */
void bench_html_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            bench_html(out, "&lt;");
        else if (*text == '>')
            bench_html(out, "&gt;");
        else if (*text == '&')
            bench_html(out, "&amp;");
        else
            (void)fputc(*text, out);
    }
}

/* A label, in which "10^6" is ten to the sixth. */
void bench_html_label(FILE *out, const char *label)
{
    const char *power = strchr(label, '^');
    char part[BENCH_LABEL];
    size_t digits = power != NULL ? strspn(power + 1, "0123456789") : 0;

    if (digits == 0) {
        bench_html_text(out, label);
        return;
    }
    (void)snprintf(part, sizeof(part), "%.*s", (int)(power - label), label);
    bench_html_text(out, part);
    (void)fprintf(out, "<sup>%.*s</sup>", (int)digits, power + 1);
    bench_html_text(out, power + 1 + digits);
}

void bench_html_name(FILE *out, const struct bench_row *row)
{
    bench_html(out, "<td class=\"name\">");
    bench_html_label(out, row->label);
    bench_html(out, "</td>");
}

void bench_html_cell(FILE *out, const char *class, const char *text)
{
    (void)fprintf(out, "<td%s%s%s>", *class != '\0' ? " class=\"" : "", class,
                  *class != '\0' ? "\"" : "");
    bench_html_text(out, text);
    bench_html(out, "</td>");
}

void bench_html_percent(FILE *out, double part)
{
    (void)fprintf(out, "<td>%.0f&#8239;%%</td>", 100 * part);
}

/* A bar that fills `part` of its track. */
void bench_html_bar(FILE *out, double part, const char *class)
{
    double filled = part < 0.01 ? 0.01 : part > 1 ? 1 : part;

    (void)fprintf(
        out, "<span class=\"bar\"><i class=\"%s\" style=\"width:%.1f%%\"></i></span>",
        class, 100 * filled);
}

/* "1.87 x", "18.7 x" or "187 x". */
void bench_html_times(FILE *out, double ratio)
{
    (void)fprintf(out, "%.*f&#8239;&times;",
                  ratio < 9.995   ? 2
                  : ratio < 99.95 ? 1
                                  : 0,
                  ratio);
}

void bench_html_about(FILE *out, const struct bench_row *row)
{
    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        const struct bench_workload *workload = bench_workloads[i];

        if (strcmp(workload->name, row->workload) != 0)
            continue;
        bench_html_text(out, workload->summary);
        bench_html(out, ". Shows ");
        bench_html_text(out, workload->shows);
        bench_html(out, ".");
    }
}

/* Whether the row at `index` begins a case of the wanted kind. */
bool bench_html_begins(const struct bench_rows *rows, size_t index, bool per_operation)
{
    return rows->rows[index].per_operation == per_operation &&
           bench_rows_case_begins(rows, index);
}

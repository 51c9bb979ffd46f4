/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/html_style.h"
#include "bench/plot.h"
#include "bench/report.h"
#include "bench/text.h"
#include "bench/workload.h"

#include <math.h>
#include <string.h>

static const char *const ours = "magpie";

/* ------------------------------------------------------------------- pieces */

static void put(FILE *out, const char *markup)
{
    (void)fputs(markup, out);
}

/* Text that came from somewhere else. */
static void put_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            put(out, "&lt;");
        else if (*text == '>')
            put(out, "&gt;");
        else if (*text == '&')
            put(out, "&amp;");
        else
            (void)fputc(*text, out);
    }
}

/* A cell; a figure and its unit stay together. */
static void put_cell(FILE *out, const char *class, const char *text)
{
    (void)fprintf(out, "<td%s%s%s>", *class != '\0' ? " class=\"" : "", class,
                  *class != '\0' ? "\"" : "");
    put_text(out, text);
    put(out, "</td>");
}

static void put_percent(FILE *out, double part)
{
    (void)fprintf(out, "<td>%.0f&#8239;%%</td>", 100 * part);
}

/* A bar that fills `part` of its track. */
static void put_bar(FILE *out, double part, const char *class)
{
    double filled = part < 0.01 ? 0.01 : part > 1 ? 1 : part;

    (void)fprintf(
        out, "<span class=\"bar\"><i class=\"%s\" style=\"width:%.1f%%\"></i></span>",
        class, 100 * filled);
}

static const char *summary_of(const struct bench_row *row)
{
    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        if (strcmp(bench_workloads[i]->name, row->workload) == 0)
            return bench_workloads[i]->summary;
    }
    return "";
}

/* Whether the row at `index` begins a case of the wanted kind. */
static bool begins(const struct bench_rows *rows, size_t index, bool per_operation)
{
    return rows->rows[index].per_operation == per_operation &&
           bench_rows_case_begins(rows, index);
}

static const struct bench_row *on_one(const struct bench_rows *rows,
                                      const struct bench_row *of_case)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];

        if (row->ok && row->workers == 1 && bench_row_same_case(row, of_case) &&
            strcmp(row->runtime, ours) == 0)
            return row;
    }
    return NULL;
}

/* -------------------------------------------------------------------- tiles */

struct summary {
    double speedup_logs; /* over serial, of the widest rows */
    double scaling_logs; /* over one worker, of the widest rows */
    uint32_t speedups;
    uint32_t scalings;
    uint32_t most_workers;
    double best;
    const struct bench_row *best_row;
};

static void sum_up_case(const struct bench_rows *rows, const struct bench_row *of_case,
                        struct summary *summary)
{
    const struct bench_row *wide = bench_rows_widest(rows, of_case, ours);
    const struct bench_row *one = on_one(rows, of_case);
    double speedup = wide != NULL ? bench_row_speedup(rows, wide) : 0;

    if (speedup <= 0)
        return;
    summary->speedup_logs += log(speedup);
    summary->speedups++;
    if (wide->workers > summary->most_workers)
        summary->most_workers = wide->workers;
    if (one != NULL && wide->median_s > 0) {
        summary->scaling_logs += log(one->median_s / wide->median_s);
        summary->scalings++;
    }
    if (speedup > summary->best) {
        summary->best = speedup;
        summary->best_row = wide;
    }
}

static struct summary sum_up(const struct bench_rows *rows)
{
    struct summary summary = {0};

    for (size_t i = 0; i < rows->count; i++) {
        if (begins(rows, i, false))
            sum_up_case(rows, &rows->rows[i], &summary);
    }
    return summary;
}

static void put_tiles(FILE *out, const struct bench_rows *rows)
{
    struct summary s = sum_up(rows);
    size_t right = 0;

    for (size_t i = 0; i < rows->count; i++)
        right += rows->rows[i].ok;

    put(out, "<div class=\"tiles\">\n");
    if (s.speedups > 0) {
        (void)fprintf(
            out,
            "<div class=\"card tile\"><b>%.2f&#8239;&times;</b><span>faster than "
            "serial C on %s, geometric mean</span></div>\n",
            exp(s.speedup_logs / s.speedups), bench_count(s.most_workers, "worker").text);
        (void)fprintf(
            out,
            "<div class=\"card tile\"><b>%.2f&#8239;&times;</b><span>at best: ", s.best);
        put_text(out, s.best_row->label);
        put(out, "</span></div>\n");
    }
    if (s.scalings > 0 && s.most_workers > 1)
        (void)fprintf(
            out,
            "<div class=\"card tile\"><b>%.2f&#8239;&times;</b><span>from 1 worker to "
            "%u, geometric mean</span></div>\n",
            exp(s.scaling_logs / s.scalings), s.most_workers);
    (void)fprintf(
        out,
        "<div class=\"card tile %s\"><b>%zu&#8239;/&#8239;%zu</b><span>measurements with "
        "the right answer</span></div>\n</div>\n",
        right == rows->count ? "good" : "bad", right, rows->count);
}

/* ---------------------------------------------------------------- workloads */

static void put_time(FILE *out, const struct bench_row *row)
{
    put_cell(out, "", row != NULL ? bench_seconds(row->median_s).text : "-");
}

static void put_summary_row(FILE *out, const struct bench_rows *rows,
                            const struct bench_row *of_case)
{
    const struct bench_row *wide = bench_rows_widest(rows, of_case, ours);
    double speedup = wide != NULL ? bench_row_speedup(rows, wide) : 0;

    put(out, "<tr>");
    put_cell(out, "name", of_case->label);
    put_time(out, bench_row_baseline(rows, of_case));
    put_time(out, on_one(rows, of_case));
    put_time(out, wide);
    if (speedup > 0) {
        (void)fprintf(out, "<td>%.2f&#8239;&times;", speedup);
        put_bar(out, speedup / wide->workers, "");
        put(out, "</td>");
        put_percent(out, speedup / wide->workers);
    } else {
        put(out, "<td>-</td><td>-</td>");
    }
    put_cell(out, "", wide != NULL ? bench_kib(wide->peak_rss_kib).text : "-");
    put(out, "</tr>\n");
}

static void put_summary(FILE *out, const struct bench_rows *rows)
{
    uint32_t most = sum_up(rows).most_workers;

    (void)fprintf(out,
                  "<h2>Workloads<small>median times; the bar is full at the ideal "
                  "speed-up</small></h2>\n<div class=\"card wide\"><table>\n"
                  "<tr><th>workload</th><th>serial C</th><th>1 worker</th><th>%s</th>"
                  "<th>speed-up over serial C</th><th>efficiency</th><th>peak memory</th>"
                  "</tr>\n",
                  bench_count(most, "worker").text);
    for (size_t i = 0; i < rows->count; i++) {
        if (begins(rows, i, false))
            put_summary_row(out, rows, &rows->rows[i]);
    }
    put(out, "</table></div>\n");
}

static void put_figure(FILE *out, const struct bench_rows *rows,
                       const struct bench_row *of_case)
{
    const struct bench_row *wide = bench_rows_widest(rows, of_case, ours);

    put(out, "<figure class=\"card\"><figcaption><b>");
    put_text(out, of_case->label);
    (void)fprintf(out, "</b><span>%.2f&#8239;&times; on %u</span></figcaption><p>",
                  bench_row_speedup(rows, wide), wide->workers);
    put_text(out, summary_of(of_case));
    put(out, "</p>\n");
    if (!bench_plot(out, rows, of_case))
        put(out, "<p>gnuplot could not draw this one.</p>");
    put(out, "</figure>\n");
}

static void put_plots(FILE *out, const struct bench_rows *rows)
{
    put(out, "<h2>Scaling<small>speed-up over serial C; dotted: ideal, dashed: serial C"
             "</small></h2>\n");
    if (!bench_plot_possible()) {
        put(out, "<div class=\"card missing\">The plots are missing: there is no gnuplot "
                 "on the machine where this page was made.  With gnuplot installed, "
                 "<code>magpie report FILE.json --html FILE.html</code> makes the page "
                 "again from the JSON of this run.</div>\n");
        return;
    }
    put(out, "<div class=\"plots\">\n");
    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *wide = bench_rows_widest(rows, &rows->rows[i], ours);

        if (begins(rows, i, false) && wide != NULL && bench_row_speedup(rows, wide) > 0)
            put_figure(out, rows, &rows->rows[i]);
    }
    put(out, "</div>\n");
}

/* --------------------------------------------------------- small operations */

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

static void put_operation(FILE *out, const struct bench_rows *rows, size_t index)
{
    const struct bench_row *row = &rows->rows[index];
    double ratio = bench_row_speedup(rows, row);
    char text[32];

    put(out, "<tr><td class=\"name\">");
    if (bench_rows_case_begins(rows, index)) {
        put_text(out, row->label);
        put(out, "<em>");
        put_text(out, summary_of(row));
        put(out, "</em>");
    }
    put(out, "</td>");
    put_cell(out, "left", row->runtime);
    (void)snprintf(text, sizeof(text), "%u", row->workers);
    put_cell(out, "", text);
    if (!row->ok) {
        (void)fprintf(out, "<td class=\"bad\" colspan=\"4\">");
        put_text(out, row->error);
        put(out, "</td></tr>\n");
        return;
    }
    put(out, "<td>");
    put_text(out, bench_seconds(bench_row_op_ns(row) * 1e-9).text);
    put_bar(out, bench_row_op_ns(row) / slowest_of(rows, row),
            bench_row_is_baseline(row) ? "other" : "");
    put(out, "</td>");
    put_percent(out, bench_row_spread(row));
    if (ratio > 0 && !bench_row_is_baseline(row))
        (void)fprintf(out, "<td>%.2f&#8239;&times; %s</td>", ratio, row->baseline);
    else
        put(out, "<td></td>");
    put_cell(out, "", bench_kib(row->peak_rss_kib).text);
    put(out, "</tr>\n");
}

static void put_operations(FILE *out, const struct bench_rows *rows)
{
    bool any = false;

    for (size_t i = 0; i < rows->count; i++) {
        if (!rows->rows[i].per_operation)
            continue;
        if (!any)
            put(out, "<h2>Small operations<small>time of one; a shorter bar is faster"
                     "</small></h2>\n<div class=\"card wide\"><table>\n"
                     "<tr><th>operation</th><th class=\"left\">runtime</th>"
                     "<th>workers</th><th>each</th><th>spread</th><th>speed</th>"
                     "<th>peak memory</th></tr>\n");
        any = true;
        put_operation(out, rows, i);
    }
    if (any)
        put(out, "</table></div>\n");
}

/* ------------------------------------------------------------ all the rows */

static void put_row(FILE *out, const struct bench_rows *rows, const struct bench_row *row)
{
    double speedup = bench_row_speedup(rows, row);
    char text[32];

    put(out, "<tr>");
    put_cell(out, "name", row->label);
    put_cell(out, "left", row->runtime);
    (void)snprintf(text, sizeof(text), "%u", row->workers);
    put_cell(out, "", text);
    if (!row->ok) {
        (void)fprintf(out, "<td class=\"bad\" colspan=\"6\">");
        put_text(out, row->error);
        put(out, "</td></tr>\n");
        return;
    }
    (void)snprintf(text, sizeof(text), "%u", row->runs);
    put_cell(out, "", text);
    put_cell(out, "", bench_seconds(row->median_s).text);
    put_cell(out, "", bench_seconds(row->min_s).text);
    put_cell(out, "", bench_seconds(row->max_s).text);
    if (speedup > 0)
        (void)fprintf(out, "<td>%.2f&#8239;&times;</td>", speedup);
    else
        put(out, "<td></td>");
    put_cell(out, "", bench_kib(row->peak_rss_kib).text);
    put(out, "</tr>\n");
}

static void put_rows(FILE *out, const struct bench_rows *rows)
{
    (void)fprintf(out,
                  "<h2>Every measurement</h2>\n<details class=\"card\"><summary>%s"
                  "</summary><div class=\"wide\"><table>\n<tr><th>workload</th>"
                  "<th class=\"left\">runtime</th><th>workers</th><th>runs</th>"
                  "<th>median</th><th>fastest</th><th>slowest</th><th>speed-up</th>"
                  "<th>peak memory</th></tr>\n",
                  bench_count((uint32_t)rows->count, "row").text);
    for (size_t i = 0; i < rows->count; i++)
        put_row(out, rows, &rows->rows[i]);
    put(out, "</table></div></details>\n");
}

/* --------------------------------------------------------------- the machine */

static void put_fact(FILE *out, const char *name, const char *text)
{
    if (*text == '\0')
        return;
    (void)fprintf(out, "<dt>%s</dt><dd>", name);
    put_text(out, text);
    put(out, "</dd>\n");
}

static void put_machine(FILE *out, const struct bench_machine *m)
{
    char text[192];

    put(out, "<h2>Machine</h2>\n<dl class=\"card\">\n");
    put_fact(out, "processor", m->cpu);
    (void)snprintf(text, sizeof(text), "%s, %s, %s, %s, %s",
                   bench_count(m->packages, "package").text,
                   bench_count(m->nodes, "NUMA node").text,
                   bench_count(m->caches, "last-level cache").text,
                   bench_count(m->cores, "core").text, bench_count(m->pus, "PU").text);
    put_fact(out, "usable", text);
    if (m->pus < m->online) {
        (void)snprintf(text, sizeof(text), "%u of %u PUs", m->pus, m->online);
        put_fact(out, "allowed", text);
    }
    (void)snprintf(text, sizeof(text), "%.2f CPUs", m->quota_cpus);
    put_fact(out, "CPU quota", m->quota_cpus > 0 ? text : "none");
    put_fact(out, "memory", m->memory_kib > 0 ? bench_kib(m->memory_kib).text : "");
    put_fact(out, "system", m->os);
    put_fact(out, "kernel", m->kernel);
    put_fact(out, "compiler", m->compiler);
    put_fact(out, "Magpie", m->version);
    put_fact(out, "steals use", m->membarrier ? "membarrier" : "fences");
    put(out, "</dl>\n");
}

static void put_method(FILE *out, const struct bench_machine *m)
{
    put(out, "<h2>Do it again</h2>\n<pre>");
    put_text(out, m->command[0] != '\0' ? m->command : "magpie bench");
    put(out,
        "</pre>\n<p class=\"note\">Every configuration ran in a process of its own, "
        "so its peak memory is its own.  The configurations of a workload took turns, "
        "one run each and round again, so a slow moment of the machine met all of "
        "them; the first round warmed up and is not counted.  Every run's answer was "
        "compared with the one that is known.  Spread is (slowest - fastest) / median."
        "</p>\n");
}

static void put_header(FILE *out, const struct bench_machine *m)
{
    put(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
             "<title>Magpie: how work scales on this machine</title>\n<style>");
    put(out, bench_html_style);
    put(out, "</style>\n</head>\n<body>\n<main>\n<header>\n"
             "<h1>How work scales on this machine</h1>\n<p>");
    put_text(out, m->cpu);
    (void)fprintf(out, ", %s &middot; Magpie ", bench_count(m->cores, "core").text);
    put_text(out, m->version);
    put(out, " &middot; ");
    put_text(out, m->date);
    if (m->seconds > 0)
        (void)fprintf(out, " &middot; measured in %s", bench_seconds(m->seconds).text);
    put(out, "</p>\n</header>\n");
}

void bench_html_write(FILE *out, const struct bench_report *report)
{
    const struct bench_rows *rows = &report->rows;

    put_header(out, &report->machine);
    put_tiles(out, rows);
    if (sum_up(rows).speedups > 0) {
        put_summary(out, rows);
        put_plots(out, rows);
    }
    put_operations(out, rows);
    put_machine(out, &report->machine);
    put_method(out, &report->machine);
    put_rows(out, rows);
    put(out, "</main>\n</body>\n</html>\n");
}

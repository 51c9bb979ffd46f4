/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/html_part.h"
#include "bench/report/plot.h"
#include "bench/text/text.h"

#include <math.h>
#include <string.h>

static const struct bench_row *on_one(const struct bench_rows *rows,
                                      const struct bench_row *of_case)
{
    return bench_rows_on(rows, of_case, BENCH_OURS, 1);
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
    const struct bench_row *wide = bench_rows_widest(rows, of_case, BENCH_OURS);
    const struct bench_row *one = on_one(rows, of_case);
    double speedup = bench_row_speedup(rows, wide);

    if (wide == NULL || speedup <= 0)
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
        if (bench_html_begins(rows, i, false))
            sum_up_case(rows, &rows->rows[i], &summary);
    }
    return summary;
}

static void put_ratio_tile(FILE *out, double ratio, const char *of, const char *label)
{
    bench_html(out, "<div class=\"card tile\"><b>");
    bench_html_times(out, ratio);
    (void)fprintf(out, "</b><span>%s", of);
    bench_html_label(out, label);
    bench_html(out, "</span></div>\n");
}

static void put_tiles(FILE *out, const struct bench_rows *rows)
{
    struct summary s = sum_up(rows);
    char text[64];
    size_t right = 0;
    size_t all = 0;

    for (size_t i = 0; i < rows->count; i++) {
        right += rows->rows[i].ok;
        all += !rows->rows[i].late;
    }

    bench_html(out, "<div class=\"tiles\">\n");
    if (s.speedups > 0) {
        (void)snprintf(text, sizeof(text), "%s, geometric mean",
                       bench_count(s.most_workers, "worker").text);
        put_ratio_tile(out, exp(s.speedup_logs / s.speedups), "the speed of serial C on ",
                       text);
        put_ratio_tile(out, s.best, "at best: ", s.best_row->label);
    }
    if (s.scalings > 0 && s.most_workers > 1) {
        (void)snprintf(text, sizeof(text), "%u, geometric mean", s.most_workers);
        put_ratio_tile(out, exp(s.scaling_logs / s.scalings), "from 1 worker to ", text);
    }
    (void)fprintf(out,
                  "<div class=\"card tile %s\"><b>%zu&#8239;/&#8239;%zu</b>"
                  "<span>measurements with the right answer</span></div>\n</div>\n",
                  right == all ? "good" : "bad", right, all);
}

/* ---------------------------------------------------------------- workloads */

static void put_time(FILE *out, const struct bench_row *row)
{
    bench_html_cell(out, "", row != NULL ? bench_seconds(row->median_s).text : "-");
}

static void put_summary_row(FILE *out, const struct bench_rows *rows,
                            const struct bench_row *of_case)
{
    const struct bench_row *wide = bench_rows_widest(rows, of_case, BENCH_OURS);
    double speedup = bench_row_speedup(rows, wide);

    bench_html(out, "<tr>");
    bench_html_name(out, of_case);
    put_time(out, bench_row_baseline(rows, of_case));
    put_time(out, on_one(rows, of_case));
    put_time(out, wide);
    if (wide != NULL && speedup > 0) {
        bench_html(out, "<td>");
        bench_html_times(out, speedup);
        bench_html_bar(out, speedup / wide->workers, "");
        bench_html(out, "</td>");
        bench_html_percent(out, speedup / wide->workers);
    } else {
        bench_html(out, "<td>-</td><td>-</td>");
    }
    bench_html_cell(out, "", wide != NULL ? bench_kib(wide->peak_rss_kib).text : "-");
    bench_html(out, "</tr>\n");
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
        if (bench_html_begins(rows, i, false))
            put_summary_row(out, rows, &rows->rows[i]);
    }
    bench_html(out, "</table></div>\n");
}

static void put_figure(FILE *out, const struct bench_report *report,
                       const struct bench_row *of_case)
{
    const struct bench_rows *rows = &report->rows;
    const struct bench_row *wide = bench_rows_widest(rows, of_case, BENCH_OURS);

    bench_html(out, "<figure class=\"card\"><figcaption><b>");
    bench_html_label(out, of_case->label);
    bench_html(out, "</b><span>");
    bench_html_times(out, bench_row_speedup(rows, wide));
    (void)fprintf(out, " on %u</span></figcaption><p>", wide->workers);
    bench_html_about(out, of_case);
    bench_html(out, "</p>\n");
    if (!bench_plot(out, rows, of_case, &report->machine))
        bench_html(out, "<p>gnuplot could not draw this one.</p>");
    bench_html(out, "</figure>\n");
}

/* The colour of each runtime, if there are several. */
static void put_legend(FILE *out, const struct bench_report *report)
{
    const struct bench_rows *rows = &report->rows;
    const char *names[BENCH_PLOT_RUNTIMES];
    unsigned count = bench_plot_runtimes(rows, names);

    bench_html(out, "<p class=\"legend\">");
    for (unsigned i = 0; count > 1 && i < count; i++) {
        (void)fprintf(out, "<span><i style=\"background:var(--plot-%u)\"></i>",
                      BENCH_PLOT_SERIES + i);
        bench_html_text(out, names[i]);
        bench_html(out, "</span>");
    }
    bench_html(
        out,
        "<span><i class=\"dots\"></i>ideal</span><span><i class=\"dashes\"></i>serial C"
        "</span>");
    if (report->machine.node_end_count > 0)
        bench_html(out, "<span>upright: another node begins</span>");
    bench_html(out, "</p>\n");
}

static void put_plots(FILE *out, const struct bench_report *report)
{
    const struct bench_rows *rows = &report->rows;

    bench_html(out, "<h2>Scaling<small>speed-up over serial C</small></h2>\n");
    if (!bench_plot_possible()) {
        bench_html(
            out, "<div class=\"card missing\">The plots are missing: there is no gnuplot "
                 "on the machine where this page was made.  With gnuplot installed, "
                 "<code>magpie report FILE.json --html FILE.html</code> makes the page "
                 "again from the JSON of this run.</div>\n");
        return;
    }
    put_legend(out, report);
    bench_html(out, "<div class=\"plots\">\n");
    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *wide =
            bench_rows_widest(rows, &rows->rows[i], BENCH_OURS);

        if (bench_html_begins(rows, i, false) && wide != NULL &&
            bench_row_speedup(rows, wide) > 0)
            put_figure(out, report, &rows->rows[i]);
    }
    bench_html(out, "</div>\n");
}

void bench_html_scaling(FILE *out, const struct bench_report *report)
{
    const struct bench_rows *rows = &report->rows;

    put_tiles(out, rows);
    if (sum_up(rows).speedups == 0)
        return;
    put_summary(out, rows);
    put_plots(out, report);
}

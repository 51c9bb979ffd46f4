/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/html_part.h"
#include "bench/report/html_style.h"
#include "bench/report/plot.h"
#include "bench/report/report.h"
#include "bench/text/text.h"

#include <inttypes.h>
#include <string.h>

/* A colour for each way to spend time, readable on light and dark pages. */
static const char *const colours[SIM_SPENTS] = {
    [SIM_SPENT_RUN] = "#3a9d5d",    [SIM_SPENT_REMOTE] = "#9a6fc4",
    [SIM_SPENT_SEARCH] = "#d9a441", [SIM_SPENT_STEAL] = "#c9503f",
    [SIM_SPENT_WAKE] = "#5b8bd0",   [SIM_SPENT_WAIT] = "#8a8f98",
    [SIM_SPENT_LINES] = "#d677a8",  [SIM_SPENT_PARK] = "#c9ccd1"};

static void put_spent(FILE *out, const struct sim_result *result)
{
    double all = result->outcome.ns * result->setup.workers;

    bench_html(out, "<td class=\"left\"><span style=\"display:flex;width:20em;"
                    "height:1em\">");
    for (int i = 0; i < SIM_SPENTS; i++) {
        double part = 100 * result->outcome.spent[i] / all;

        (void)fprintf(
            out, "<i title=\"%s %.1f %%\" style=\"width:%.2f%%;background:%s\"></i>",
            sim_spent_name((enum sim_spent)i), part, part > 0 ? part : 0, colours[i]);
    }
    bench_html(out, "</span></td>");
}

static void put_row(FILE *out, const struct sim_result *result)
{
    const struct sim_outcome *o = &result->outcome;
    double speedup = sim_result_speedup(result);
    char text[96];

    (void)fprintf(out, "<tr><td>%u</td>", result->setup.workers);
    bench_html_cell(out, "", bench_seconds(sim_result_ns(result) * 1e-9).text);
    bench_html(out, "<td>");
    if (speedup > 0) {
        bench_html_times(out, speedup);
        bench_html_bar(out, speedup / result->setup.workers, "");
    }
    bench_html(out, "</td>");
    put_spent(out, result);
    (void)snprintf(text, sizeof(text),
                   "%" PRIu64 " / %" PRIu64 " / %" PRIu64 " / %" PRIu64,
                   o->steals[MAG_REACH_CORE], o->steals[MAG_REACH_CACHE],
                   o->steals[MAG_REACH_NODE], o->steals[MAG_REACH_FAR]);
    bench_html_cell(out, "", text);
    (void)snprintf(text, sizeof(text), "%" PRIu64, o->barriers);
    bench_html_cell(out, "", text);
    (void)snprintf(text, sizeof(text), "%" PRIu64 " (%" PRIu64 ")", o->wakes,
                   o->wakes_vain);
    bench_html_cell(out, "", text);
    (void)snprintf(text, sizeof(text), "%u", o->chain);
    bench_html_cell(out, "", text);
    (void)snprintf(text, sizeof(text), "%u, after %s", o->most_awake,
                   bench_seconds(o->all_awake_ns * 1e-9).text);
    bench_html_cell(out, "", text);
    bench_html_cell(out, "left", o->hottest);
    bench_html(out, "</tr>\n");
}

static void put_plot(FILE *out, const struct bench_rows *rows,
                     const struct sim_result *result)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];

        if (row->size != result->setup.size ||
            strcmp(row->workload, result->setup.graph->name) != 0)
            continue;
        if (!bench_plot_possible() || !bench_plot(out, rows, row, NULL))
            bench_html(out, "<p>gnuplot could not draw the speed-up.</p>");
        return;
    }
}

/* What precedes the rows of a workload. */
static void put_workload(FILE *out, const struct bench_report *report,
                         const struct sim_result *result)
{
    (void)fprintf(out, "<h2>%s(%" PRIu64 ")<small>", result->setup.graph->name,
                  result->setup.size);
    bench_html_text(out, result->setup.graph->summary);
    (void)fprintf(out, "; work %s, span %s</small></h2>\n",
                  bench_seconds(result->shape.work_ns * 1e-9).text,
                  bench_seconds(result->shape.span_ns * 1e-9).text);
    put_plot(out, &report->rows, result);
    bench_html(out, "</figure>\n<div class=\"card wide\"><table>\n<tr><th>workers</th>"
                    "<th>time</th><th>speed-up</th><th class=\"left\">where it went</th>"
                    "<th>steals: core / cache / node / far</th><th>membarriers</th>"
                    "<th>wakes (vain)</th><th>longest chain</th><th>most awake</th>"
                    "<th class=\"left\">hottest line</th></tr>\n");
}

static void put_workloads(FILE *out, const struct bench_report *report)
{
    const struct sim_results *all = &report->simulated;

    for (size_t i = 0; i < all->count; i++) {
        if (sim_results_begins(all, i))
            put_workload(out, report, &all->results[i]);
        put_row(out, &all->results[i]);
        if (i + 1 == all->count || sim_results_begins(all, i + 1))
            bench_html(out, "</table></div>\n");
    }
}

static void put_colours(FILE *out)
{
    bench_html(out, "<p class=\"legend\">");
    for (int i = 0; i < SIM_SPENTS; i++)
        (void)fprintf(out, "<span><i style=\"background:%s\"></i>%s</span>", colours[i],
                      sim_spent_name((enum sim_spent)i));
    bench_html(out, "</p>\n");
}

void bench_html_simulated(FILE *out, const struct bench_report *report)
{
    bench_html(out,
               "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
               "<title>Magpie: simulated</title>\n<style>");
    bench_html(out, bench_html_style);
    bench_html(out, "</style>\n</head>\n<body>\n<main>\n<header>\n"
                    "<h1>How work would scale</h1>\n<p>Simulated: ");
    bench_html_text(out, report->simulated.machine);
    bench_html(out, " &middot; Magpie ");
    bench_html_text(out, report->machine.version);
    bench_html(out, "</p>\n</header>\n");
    put_colours(out);
    put_workloads(out, report);
    bench_html(out, "<h2>Do it again</h2>\n<pre>");
    bench_html_text(out, report->machine.command);
    bench_html(out, "</pre>\n</main>\n</body>\n</html>\n");
}

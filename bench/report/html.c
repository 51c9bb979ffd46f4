/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/html_part.h"
#include "bench/report/html_style.h"
#include "bench/report/matrix.h"
#include "bench/report/metg.h"
#include "bench/report/report.h"
#include "bench/report/why.h"
#include "bench/text/text.h"

#include <string.h>

/* ------------------------------------------------------------ all the rows */

static void put_row(FILE *out, const struct bench_rows *rows, const struct bench_row *row)
{
    double speedup = bench_row_speedup(rows, row);
    char text[32];

    bench_html(out, "<tr>");
    bench_html_name(out, row);
    bench_html_cell(out, "left", row->runtime);
    (void)snprintf(text, sizeof(text), "%u", row->workers);
    bench_html_cell(out, "", text);
    if (!row->ok) {
        (void)fprintf(out, "<td class=\"bad\" colspan=\"6\">");
        bench_html_text(out, row->error);
        bench_html(out, "</td></tr>\n");
        return;
    }
    (void)snprintf(text, sizeof(text), "%u", row->runs);
    bench_html_cell(out, row->runs < BENCH_RUNS_ENOUGH ? "bad" : "", text);
    bench_html_cell(out, "", bench_seconds(row->median_s).text);
    bench_html_cell(out, "", bench_seconds(row->min_s).text);
    bench_html_cell(out, "", bench_seconds(row->max_s).text);
    bench_html(out, "<td>");
    if (speedup > 0)
        bench_html_times(out, speedup);
    bench_html(out, "</td>");
    bench_html_cell(out, "", bench_kib(row->peak_rss_kib).text);
    bench_html(out, "</tr>\n");
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
    bench_html(out, "</table></div></details>\n");
}

/* --------------------------------------------------------------- the machine */

static void put_fact(FILE *out, const char *name, const char *text)
{
    if (*text == '\0')
        return;
    (void)fprintf(out, "<dt>%s</dt><dd>", name);
    bench_html_text(out, text);
    bench_html(out, "</dd>\n");
}

static void put_peers(FILE *out, const struct bench_peers *peers)
{
    for (uint32_t i = 0; i < peers->count; i++) {
        const struct bench_peer *peer = &peers->peers[i];
        const char *state = bench_peer_state_name(peer->state);
        char text[BENCH_PEER_TEXT + 16];

        if (peer->state == BENCH_PEER_READY)
            (void)snprintf(text, sizeof(text), "%s", peer->text);
        else
            (void)snprintf(text, sizeof(text), "%s: %s", state, peer->text);
        put_fact(out, peer->name, text);
    }
}

/* "1, 2" of {1, 2}. */
static void list_node_ends(const struct bench_machine *m, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < m->node_end_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%u", i > 0 ? ", " : "",
                                 m->node_ends[i]);
}

static void put_seating(FILE *out, const struct bench_machine *m)
{
    char text[192];

    if (m->placement[0] == '\0')
        return;
    (void)snprintf(text, sizeof(text), "%s, pins: %s", m->placement, m->pin);
    put_fact(out, "workers sit", text);
    list_node_ends(m, text, sizeof(text));
    put_fact(out, "a node ends after worker", text);
}

static void put_machine(FILE *out, const struct bench_machine *m,
                        const struct bench_peers *peers)
{
    char text[192];

    bench_html(out, "<h2>Machine</h2>\n<dl class=\"card\">\n");
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
    put_seating(out, m);
    put_fact(out, "steals use", m->membarrier ? "membarrier" : "fences");
    put_peers(out, peers);
    bench_html(out, "</dl>\n");
}

static void put_method(FILE *out, const struct bench_machine *m)
{
    bench_html(out, "<h2>Do it again</h2>\n<pre>");
    bench_html_text(out, m->command[0] != '\0' ? m->command : "magpie bench");
    bench_html(
        out,
        "</pre>\n<p class=\"note\">Every configuration ran in a process of its own, "
        "so its peak memory is its own.  The configurations of a workload took turns, "
        "one run each and round again, so a slow moment of the machine met all of "
        "them; the first round warmed up and is not counted.  Every run's answer was "
        "compared with the one that is known.  Spread is (slowest - fastest) / median."
        "</p>\n");
}

/* "2026-11-23T16:47:02Z" as "2026-11-23 16:47 UTC". */
static void put_date(FILE *out, const char *date)
{
    char text[32];

    if (strlen(date) == strlen("0000-00-00T00:00:00Z")) {
        (void)snprintf(text, sizeof(text), "%.10s %.5s UTC", date, date + 11);
        date = text;
    }
    bench_html_text(out, date);
}

static void put_header(FILE *out, const struct bench_machine *m)
{
    bench_html(out,
               "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
               "<title>Magpie: how work scales on this machine</title>\n<style>");
    bench_html(out, bench_html_style);
    bench_html(out, "</style>\n</head>\n<body>\n<main>\n<header>\n"
                    "<h1>How work scales on this machine</h1>\n<p>");
    bench_html_text(out, m->cpu);
    (void)fprintf(out, ", %s &middot; Magpie ", bench_count(m->cores, "core").text);
    bench_html_text(out, m->version);
    bench_html(out, " &middot; ");
    put_date(out, m->date);
    if (m->seconds > 0)
        (void)fprintf(out, " &middot; measured in %s", bench_seconds(m->seconds).text);
    bench_html(out, "</p>\n</header>\n");
}

void bench_html_write(FILE *out, const struct bench_report *report)
{
    const struct bench_rows *rows = &report->rows;

    put_header(out, &report->machine);
    bench_html_scaling(out, report);
    bench_html_operations(out, rows);
    bench_html_metg(out, rows);
    bench_html_matrix(out, &report->matrix);
    bench_html_why(out, rows);
    put_machine(out, &report->machine, &report->peers);
    put_method(out, &report->machine);
    put_rows(out, rows);
    bench_html(out, "</main>\n</body>\n</html>\n");
}

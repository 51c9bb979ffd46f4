/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/figures.h"

#include "bench/report/figure.h"
#include "bench/text/text.h"

#include <string.h>

enum { NAME = 58 };

/* ------------------------------------------------------------ what was measured */

static const struct bench_row *find(const struct bench_rows *rows,
                                    const struct bench_row *of_case, const char *runtime,
                                    uint32_t workers)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];

        if (row->ok && row->workers == workers && row->median_s > 0 &&
            bench_row_same_case(row, of_case) && strcmp(row->runtime, runtime) == 0)
            return row;
    }
    return NULL;
}

/* A peer that shows what the processor can do, and not how a scheduler divides it: it has
 * figures of its own. */
static bool is_beside_the_peers(const struct bench_row *row)
{
    return strcmp(row->runtime, "openblas") == 0;
}

/* The fastest row of a case on so many workers that is neither ours nor the baseline. */
static const struct bench_row *find_best_peer(const struct bench_rows *rows,
                                              const struct bench_row *of_case,
                                              uint32_t workers)
{
    const struct bench_row *best = NULL;

    for (size_t i = 0; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];

        if (row->ok && row->workers == workers && bench_row_same_case(row, of_case) &&
            strcmp(row->runtime, BENCH_OURS) != 0 && !bench_row_is_baseline(row) &&
            !is_beside_the_peers(row) && (best == NULL || row->median_s < best->median_s))
            best = row;
    }
    return best;
}

/* Our row of the first size of a workload. */
static const struct bench_row *find_first(const struct bench_rows *rows,
                                          const struct bench_row *of_case,
                                          uint32_t workers)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(rows->rows[i].workload, of_case->workload) == 0)
            return find(rows, &rows->rows[i], BENCH_OURS, workers);
    }
    return NULL;
}

/* What a figure compares our row with; NULL: the run does not have it. */
static const struct bench_row *find_other(const struct bench_figure *figure,
                                          const struct bench_rows *rows,
                                          const struct bench_row *of_case)
{
    switch (figure->kind) {
    case BENCH_SCALING:
        return find(rows, of_case, BENCH_OURS, 1);
    case BENCH_OVER_PEER:
    case BENCH_OF_PEER:
    case BENCH_MEMORY_OF_PEER:
        return find(rows, of_case, figure->peer, figure->workers);
    case BENCH_OVER_FIRST:
        return find_first(rows, of_case, figure->workers);
    case BENCH_OVER_BEST:
        return find_best_peer(rows, of_case, figure->workers);
    case BENCH_COST:
    case BENCH_BYTES:
        return find(rows, of_case, BENCH_OURS, figure->workers);
    default:
        return bench_row_baseline(rows, of_case);
    }
}

static double compare(enum bench_figure_kind kind, const struct bench_row *ours,
                      const struct bench_row *other)
{
    switch (kind) {
    case BENCH_OVER_TWIN:
    case BENCH_OVER_FIRST:
    case BENCH_OF_PEER:
        return ours->median_s / other->median_s;
    case BENCH_COST:
        return bench_row_op_ns(ours);
    case BENCH_BYTES:
        return (double)ours->peak_rss_kib * 1024 / (double)ours->size;
    case BENCH_MEMORY_OF_PEER:
        return (double)ours->peak_rss_kib / (double)other->peak_rss_kib;
    case BENCH_MEMORY:
        return ((double)ours->peak_rss_kib - (double)other->peak_rss_kib) / 1024;
    default:
        return other->median_s / ours->median_s;
    }
}

/* Whether less is better. */
static bool is_upper_limit(enum bench_figure_kind kind)
{
    return kind != BENCH_SCALING && kind != BENCH_SPEEDUP && kind != BENCH_OVER_PEER &&
           kind != BENCH_OVER_BEST;
}

static const char *unit_of(enum bench_figure_kind kind)
{
    switch (kind) {
    case BENCH_COST:
        return "ns";
    case BENCH_BYTES:
        return "B";
    case BENCH_MEMORY:
        return "MiB";
    default:
        return "x";
    }
}

/* ---------------------------------------------------------------- the table */

struct tally {
    uint32_t reached;
    uint32_t measured;
    uint32_t all;
};

/* The runtime that a figure compares with, in words. */
static const char *other_name(const struct bench_figure *figure,
                              const struct bench_row *other)
{
    if (figure->peer != NULL)
        return figure->peer;
    if (figure->kind == BENCH_OVER_BEST)
        return other != NULL ? other->runtime : "the best peer";
    if (other == NULL)
        return "its twin";
    return strcmp(other->runtime, "serial") == 0 ? "serial C" : other->runtime;
}

static void describe(const struct bench_figure *figure, const struct bench_row *other,
                     const char *label, char *text, size_t size)
{
    const char *name = other_name(figure, other);
    struct bench_text workers = bench_count(figure->workers, "worker");

    switch (figure->kind) {
    case BENCH_OVER_TWIN:
    case BENCH_OF_PEER:
        (void)snprintf(text, size, "%s, %s: time over %s", label, workers.text, name);
        break;
    case BENCH_SCALING:
        (void)snprintf(text, size, "%s: %s over 1", label, workers.text);
        break;
    case BENCH_SPEEDUP:
        (void)snprintf(text, size, "%s, %s: speed-up over %s", label, workers.text, name);
        break;
    case BENCH_OVER_PEER:
        (void)snprintf(text, size, "%s, %s: faster than %s", label, workers.text, name);
        break;
    case BENCH_OVER_BEST:
        (void)snprintf(text, size, "%s, %s: faster than %s%s", label, workers.text, name,
                       other != NULL ? ", the best peer" : "");
        break;
    case BENCH_OVER_FIRST:
        (void)snprintf(text, size, "%s, %s: time over %s", label, workers.text,
                       other != NULL ? other->label : "the first size");
        break;
    case BENCH_COST:
        (void)snprintf(text, size, "%s, %s: an operation", label, workers.text);
        break;
    case BENCH_MEMORY:
    case BENCH_MEMORY_OF_PEER:
        (void)snprintf(text, size, "%s, %s: memory over %s", label, workers.text, name);
        break;
    case BENCH_BYTES:
        (void)snprintf(text, size, "%s, %s: memory of each", label, workers.text);
        break;
    }
}

static void put_figure(FILE *out, const struct bench_figure *figure, double limit,
                       const struct bench_rows *rows, const struct bench_row *of_case,
                       struct tally *tally)
{
    const struct bench_row *ours = find(rows, of_case, BENCH_OURS, figure->workers);
    const struct bench_row *other = find_other(figure, rows, of_case);
    bool most = is_upper_limit(figure->kind);
    const char *unit = unit_of(figure->kind);
    char text[160];

    if (figure->kind == BENCH_OVER_FIRST && ours != NULL && ours == other)
        return;
    describe(figure, other, of_case->label, text, sizeof(text));
    tally->all++;
    if (ours == NULL || other == NULL) {
        (void)fprintf(out, "%-*s %8s     %s %5.2f %-3s  %snot measured%s\n", NAME, text,
                      "-", most ? "<=" : ">=", limit, unit, bench_colour(out, BENCH_DIM),
                      bench_colour(out, BENCH_PLAIN));
        return;
    }

    double value = compare(figure->kind, ours, other);
    bool reached = most ? value <= limit : value >= limit;

    tally->measured++;
    tally->reached += reached;
    (void)fprintf(out, "%-*s %8.2f %-3s %s %5.2f %-3s  %s%s%s\n", NAME, text, value, unit,
                  most ? "<=" : ">=", limit, unit,
                  bench_colour(out, reached ? BENCH_GOOD : BENCH_BAD),
                  reached ? "reached" : "not reached", bench_colour(out, BENCH_PLAIN));
}

/* A figure at every size that ran; none: it is only counted. */
static void put_cases(FILE *out, const struct bench_figure *figure,
                      const struct bench_report *report, struct tally *tally)
{
    const struct bench_rows *rows = &report->rows;
    bool clang = strncmp(report->machine.compiler, "clang", 5) == 0;
    double limit = clang && figure->clang_limit > 0 ? figure->clang_limit : figure->limit;
    bool any = false;

    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(rows->rows[i].workload, figure->workload) != 0 ||
            !bench_rows_case_begins(rows, i))
            continue;
        any = true;
        put_figure(out, figure, limit, rows, &rows->rows[i], tally);
    }
    tally->all += !any;
}

void bench_figures_write(FILE *out, const struct bench_report *report)
{
    struct tally tally = {0, 0, 0};

    (void)fprintf(out, "\n%s%-*s %12s %10s%s\n", bench_colour(out, BENCH_DIM), NAME,
                  "figure", "measured", "wanted", bench_colour(out, BENCH_PLAIN));
    for (const struct bench_figure *figure = bench_figures; figure->workload; figure++)
        put_cases(out, figure, report, &tally);
    (void)fprintf(out, "%u of %u figures reached, %u not measured\n", tally.reached,
                  tally.measured, tally.all - tally.measured);
}

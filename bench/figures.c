/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/figures.h"

#include "bench/text.h"

#include <string.h>

enum { NAME = 58 };

enum kind {
    OVER_SERIAL, /* time over that of serial C, at most */
    SCALING,     /* how many times faster than on one worker, at least */
    SPEEDUP,     /* how many times faster than serial C, at least */
    OVER_PEER,   /* how many times faster than the peer, at least */
    OVER_BEST,   /* the same, than the fastest of all peers */
    OVER_FIRST,  /* time over that of the workload's first size, at most */
    MEMORY,      /* MiB more than serial C has at its peak, at most */
};

struct figure {
    const char *workload;
    enum kind kind;
    uint32_t workers;
    double limit;
    const char *peer;   /* of OVER_PEER */
    double clang_limit; /* where clang built it; 0: the same */
};

static const struct figure figures[] = {
    {"fib", OVER_SERIAL, 1, 1.35, NULL, 2},
    {"fib", OVER_SERIAL, 2, 0.72, NULL, 0},
    {"fib", SCALING, 2, 1.85, NULL, 0},
    {"nqueens", SCALING, 2, 1.85, NULL, 0},
    {"skynet", SCALING, 2, 1.85, NULL, 0},
    {"uts", SCALING, 2, 1.85, NULL, 0},
    {"cilksort", SCALING, 2, 1.85, NULL, 0},
    {"fib", OVER_PEER, 1, 15, "tbb", 0},
    {"fib", OVER_PEER, 2, 15, "tbb", 0},
    {"fib", OVER_PEER, 1, 15, "openmp", 0},
    {"fib", OVER_PEER, 2, 15, "openmp", 0},
    {"skynet", OVER_BEST, 1, 2, NULL, 0},
    {"skynet", OVER_BEST, 2, 2, NULL, 0},
    {"nqueens", OVER_BEST, 1, 2, NULL, 0},
    {"nqueens", OVER_BEST, 2, 2, NULL, 0},
    {"matmul", OVER_BEST, 1, 1, NULL, 0},
    {"matmul", OVER_BEST, 2, 1, NULL, 0},
    {"regions", SPEEDUP, 2, 1.5, NULL, 0},
    {"regions", OVER_BEST, 2, 1, NULL, 0},
    {"fib", MEMORY, 1, 3, NULL, 0},
    {"fib", MEMORY, 2, 4, NULL, 0},
    {"fib-entry", OVER_FIRST, 1, 1.1, NULL, 0},
    {"fib-entry", OVER_FIRST, 2, 1.1, NULL, 0},
};

enum { FIGURES = sizeof(figures) / sizeof(figures[0]) };

const uint64_t *bench_figures_sizes(const struct bench_workload *workload)
{
    static const struct {
        const char *workload;
        uint64_t sizes[BENCH_SIZES];
    } wanted[] = {
        {"fib", {39}},        {"nqueens", {14}},        {"skynet", {100000000}},
        {"matmul", {2048}},   {"uts", {1, 3}},          {"cilksort", {10000000}},
        {"regions", {10000}}, {"fib-entry", {1, 2, 3}},
    };

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (strcmp(wanted[i].workload, workload->name) == 0)
            return wanted[i].sizes;
    }
    return NULL;
}

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
            (best == NULL || row->median_s < best->median_s))
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
static const struct bench_row *find_other(const struct figure *figure,
                                          const struct bench_rows *rows,
                                          const struct bench_row *of_case)
{
    switch (figure->kind) {
    case SCALING:
        return find(rows, of_case, BENCH_OURS, 1);
    case OVER_PEER:
        return find(rows, of_case, figure->peer, figure->workers);
    case OVER_FIRST:
        return find_first(rows, of_case, figure->workers);
    case OVER_BEST:
        return find_best_peer(rows, of_case, figure->workers);
    default:
        return bench_row_baseline(rows, of_case);
    }
}

static double compare(enum kind kind, const struct bench_row *ours,
                      const struct bench_row *other)
{
    if (kind == OVER_SERIAL || kind == OVER_FIRST)
        return ours->median_s / other->median_s;
    if (kind == MEMORY)
        return ((double)ours->peak_rss_kib - (double)other->peak_rss_kib) / 1024;
    return other->median_s / ours->median_s;
}

/* ---------------------------------------------------------------- the table */

struct tally {
    uint32_t reached;
    uint32_t measured;
    uint32_t all;
};

static void describe(const struct figure *figure, const struct bench_row *other,
                     const char *label, char *text, size_t size)
{
    const char *peer = other != NULL ? other->runtime : "the best peer";
    struct bench_text workers = bench_count(figure->workers, "worker");

    switch (figure->kind) {
    case OVER_SERIAL:
        (void)snprintf(text, size, "%s, %s: time over serial C", label, workers.text);
        break;
    case SCALING:
        (void)snprintf(text, size, "%s: %s over 1", label, workers.text);
        break;
    case SPEEDUP:
        (void)snprintf(text, size, "%s, %s: speed-up over serial C", label, workers.text);
        break;
    case OVER_PEER:
        (void)snprintf(text, size, "%s, %s: faster than %s", label, workers.text,
                       figure->peer);
        break;
    case OVER_BEST:
        (void)snprintf(text, size, "%s, %s: faster than %s%s", label, workers.text, peer,
                       other != NULL ? ", the best peer" : "");
        break;
    case OVER_FIRST:
        (void)snprintf(text, size, "%s, %s: time over %s", label, workers.text,
                       other != NULL ? other->label : "the first size");
        break;
    case MEMORY:
        (void)snprintf(text, size, "%s, %s: memory over serial C", label, workers.text);
        break;
    }
}

static void put_figure(FILE *out, const struct figure *figure, double limit,
                       const struct bench_rows *rows, const struct bench_row *of_case,
                       struct tally *tally)
{
    const struct bench_row *ours = find(rows, of_case, BENCH_OURS, figure->workers);
    const struct bench_row *other = find_other(figure, rows, of_case);
    bool most = figure->kind == OVER_SERIAL || figure->kind == OVER_FIRST ||
                figure->kind == MEMORY;
    const char *unit = figure->kind == MEMORY ? "MiB" : "x";
    char text[160];

    if (figure->kind == OVER_FIRST && ours != NULL && ours == other)
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

/* A figure at every size that was measured; none: it stands there without a size. */
static void put_cases(FILE *out, const struct figure *figure,
                      const struct bench_report *report, struct tally *tally)
{
    const struct bench_rows *rows = &report->rows;
    bool clang = strncmp(report->machine.compiler, "clang", 5) == 0;
    double limit = clang && figure->clang_limit > 0 ? figure->clang_limit : figure->limit;
    struct bench_row absent = {0};
    bool any = false;

    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(rows->rows[i].workload, figure->workload) != 0 ||
            !bench_rows_case_begins(rows, i))
            continue;
        any = true;
        put_figure(out, figure, limit, rows, &rows->rows[i], tally);
    }
    if (any)
        return;
    (void)snprintf(absent.workload, sizeof(absent.workload), "%s", figure->workload);
    (void)snprintf(absent.label, sizeof(absent.label), "%s", figure->workload);
    put_figure(out, figure, limit, rows, &absent, tally);
}

void bench_figures_write(FILE *out, const struct bench_report *report)
{
    struct tally tally = {0, 0, 0};

    (void)fprintf(out, "\n%s%-*s %12s %10s%s\n", bench_colour(out, BENCH_DIM), NAME,
                  "figure", "measured", "wanted", bench_colour(out, BENCH_PLAIN));
    for (size_t i = 0; i < FIGURES; i++)
        put_cases(out, &figures[i], report, &tally);
    (void)fprintf(out, "%u of %u figures reached, %u not measured\n", tally.reached,
                  tally.measured, tally.all - tally.measured);
}

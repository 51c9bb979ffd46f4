/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/report.h"
#include "bench/text/text.h"

#include <string.h>

enum { NAME = 14, RUNTIME = 8, FIGURE = 11 };

static void print_head(FILE *out, bool per_operation)
{
    (void)fprintf(
        out, "%s%-*s %-*s %7s %*s %8s %9s %11s %11s%s\n", bench_colour(out, BENCH_DIM),
        NAME, per_operation ? "per operation" : "workload", RUNTIME, "runtime", "workers",
        FIGURE, "median", "spread", per_operation ? "ratio" : "speed-up",
        per_operation ? "" : "efficiency", "peak memory", bench_colour(out, BENCH_PLAIN));
}

static enum bench_colour colour_of(const struct bench_row *row, double speedup)
{
    if (bench_row_failed(row))
        return BENCH_BAD;
    if (row->per_operation || bench_row_is_baseline(row) || speedup <= 1)
        return BENCH_PLAIN;
    return BENCH_GOOD;
}

/* "1.87 x" and "94 %", each empty where it says nothing. */
static void print_ratio(FILE *out, const struct bench_rows *rows,
                        const struct bench_row *row)
{
    double speedup = bench_row_speedup(rows, row);
    char ratio[16] = "";
    char efficiency[16] = "";

    if (speedup > 0)
        (void)snprintf(ratio, sizeof(ratio), "%.*f x", speedup < 0.0995 ? 4 : 2, speedup);
    if (speedup > 0 && !row->per_operation && !bench_row_is_baseline(row))
        (void)snprintf(efficiency, sizeof(efficiency), "%.0f %%",
                       100 * speedup / row->workers);
    (void)fprintf(out, " %s%9s %11s%s", bench_colour(out, colour_of(row, speedup)), ratio,
                  efficiency, bench_colour(out, BENCH_PLAIN));
}

static void print_row(FILE *out, const struct bench_rows *rows,
                      const struct bench_row *row, const char *label)
{
    double seconds = row->per_operation ? bench_row_op_ns(row) * 1e-9 : row->median_s;
    char spread[16] = "-";

    (void)fprintf(out, "%s%-*s%s %-*s %7u ", bench_colour(out, BENCH_BOLD), NAME, label,
                  bench_colour(out, BENCH_PLAIN), RUNTIME, row->runtime, row->workers);
    if (!row->ok) {
        (void)fprintf(out, "%s%s%s\n",
                      bench_colour(out, row->late ? BENCH_WARN : BENCH_BAD), row->error,
                      bench_colour(out, BENCH_PLAIN));
        return;
    }
    if (row->runs > 1)
        (void)snprintf(spread, sizeof(spread), "%.1f %%", 100 * bench_row_spread(row));
    (void)fprintf(out, "%*s %8s", FIGURE, bench_seconds(seconds).text, spread);
    print_ratio(out, rows, row);
    (void)fprintf(out, " %11s", bench_kib(row->peak_rss_kib).text);
    if (row->runs < BENCH_RUNS_ENOUGH)
        (void)fprintf(out, "  %s%s%s", bench_colour(out, BENCH_WARN),
                      bench_count(row->runs, "run").text, bench_colour(out, BENCH_PLAIN));
    (void)fputc('\n', out);
}

/* "peer tbb absent: there is no oneTBB". */
static void print_peer(FILE *out, const struct bench_peer *peer)
{
    bool ready = peer->state == BENCH_PEER_READY;

    (void)fprintf(out, "%speer %s%s%s: %s%s\n",
                  bench_colour(out, ready ? BENCH_PLAIN : BENCH_WARN), peer->name,
                  ready ? "" : " ", ready ? "" : bench_peer_state_name(peer->state),
                  peer->text, bench_colour(out, BENCH_PLAIN));
}

/* "a node ends after worker 8, 16 and 24". */
static void print_node_ends(FILE *out, const struct bench_machine *machine)
{
    uint32_t count = machine->node_end_count;

    if (count == 0)
        return;
    (void)fprintf(out, "placement %s: a node ends after worker", machine->placement);
    for (uint32_t i = 0; i < count; i++)
        (void)fprintf(out, "%s %u",
                      i == 0           ? ""
                      : i + 1 == count ? " and"
                                       : ",",
                      machine->node_ends[i]);
    (void)fputc('\n', out);
}

void bench_table_head(FILE *out, const struct bench_report *report)
{
    char line[256];

    bench_machine_line(&report->machine, line, sizeof(line));
    (void)fprintf(out, "%s\n", line);
    print_node_ends(out, &report->machine);
    for (uint32_t i = 0; i < report->peers.count; i++)
        print_peer(out, &report->peers.peers[i]);
}

void bench_table_rows(FILE *out, const struct bench_rows *rows, size_t from)
{
    for (size_t i = from; i < rows->count; i++) {
        const struct bench_row *row = &rows->rows[i];

        if (i == 0 || row->per_operation != row[-1].per_operation) {
            (void)fputc('\n', out);
            print_head(out, row->per_operation);
        }
        print_row(out, rows, row,
                  i == 0 || !bench_row_same_case(row, row - 1) ? row->label : "");
    }
    (void)fflush(out);
}

void bench_table_notes(FILE *out, const struct bench_rows *rows)
{
    size_t wrong = 0;

    for (size_t i = 0; i < rows->count; i++)
        wrong += bench_row_failed(&rows->rows[i]);

    (void)fprintf(
        out,
        "\n%sspeed-up: median time of the serial C version over that of the row,"
        "\n          from runs that took turns; ratio: the same over the row"
        "\n          above of another runtime; spread: (max - min) / median%s\n",
        bench_colour(out, BENCH_DIM), bench_colour(out, BENCH_PLAIN));
    if (wrong == 0)
        (void)fprintf(out, "%severy answer is right%s\n", bench_colour(out, BENCH_GOOD),
                      bench_colour(out, BENCH_PLAIN));
    else
        (void)fprintf(out, "%s%zu of %zu rows failed%s\n", bench_colour(out, BENCH_BAD),
                      wrong, rows->count, bench_colour(out, BENCH_PLAIN));
}

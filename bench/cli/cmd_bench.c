/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"
#include "bench/cli/configurations.h"
#include "bench/cli/count.h"
#include "bench/cli/list.h"
#include "bench/measure/lane.h"
#include "bench/measure/sweep.h"
#include "bench/report/figures.h"
#include "bench/report/matrix.h"
#include "bench/report/metg.h"
#include "bench/report/report.h"
#include "bench/report/why.h"
#include "bench/sim/measure.h"
#include "bench/text/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const command = "bench";

enum {
    SIZES_LISTED = 16,
    WORKLOADS_LISTED = 256,
    SECONDS = 60,
    FIGURES_RUNS = 3,
    OPTION_SECONDS = 256,
    OPTION_CSV,
    OPTION_JSON,
    OPTION_HTML,
    OPTION_LIST,
    OPTION_PEERS,
    OPTION_PEERS_DIR,
    OPTION_FIGURES,
    OPTION_INSTRUCTIONS,
    OPTION_WHY,
    OPTION_PIN,
};

/* What was asked for. */
struct request {
    struct bench_sweep sweep;
    struct bench_configurations configurations;
    double seconds; /* for all workloads; 0: no limit; negative: not given */
    uint64_t sizes[SIZES_LISTED];
    uint32_t size_count;
    const struct bench_workload *workloads[WORKLOADS_LISTED];
    uint32_t workload_count;
    struct bench_peers peers;
    const char *peers_dir; /* where they are built; NULL: the usual place */
    struct bench_outputs outputs;
    char command[BENCH_COMMAND];
    bool figures;
    bool limited; /* nothing runs when the time is over, be it in its first run */
    bool list;
    bool why;          /* prints where the time went, too */
    bool matrix;       /* of node pairs, after the rows of memory */
    bool instructions; /* counts them, and nothing else */
    bool costs;        /* of the simulation's model, and nothing else */
};

/* ---------------------------------------------------------------- arguments */

static const struct argp_option options[] = {
    {"workers", 'w', "N,...", 0,
     "Numbers of workers, such as 1,2,8 or 1..max (default: 1, 2, 4 ... up to the CPUs "
     "that this process may use, which is max)",
     0},
    {"placement", 'p', "POLICY,...", 0,
     "Where workers sit: per-core (default), compact, scatter, per-pu; several are "
     "measured beside each other",
     0},
    {"pin", OPTION_PIN, "HOW,...", 0,
     "Whether workers are bound to their CPUs: never, always, adaptive (default)", 0},
    {"runs", 'r', "N", 0,
     "Measured runs of each configuration, after one warm-up run (default: as many as "
     "the time allows)",
     0},
    {"size", 's', "N,...", 0,
     "Sizes instead of the defaults, such as 1000, 10^6 or 1e6; --list explains them", 0},
    {"seconds", OPTION_SECONDS, "S", 0,
     "Time for all workloads together (default: 60, or no limit if --runs is given). "
     "Each configuration of a workload that is named runs at least once; without names "
     "everything ends when the time is over",
     0},
    {"peers", OPTION_PEERS, "NAME,...", 0,
     "Also run the workloads on these task libraries, if their toolchains are "
     "installed: openmp, tbb, openblas, glib, libuv, pigz, rayon, go, dotnet, or all",
     0},
    {"peers-dir", OPTION_PEERS_DIR, "DIR", 0,
     "Build the peers in DIR (default: magpie/peers in the user's cache folder)", 0},
    {"figures", OPTION_FIGURES, NULL, 0,
     "Measure everything that has a figure to reach, beside all peers, and compare; "
     "takes an hour or more",
     0},
    {"instructions", OPTION_INSTRUCTIONS, NULL, 0,
     "Count the instructions of an operation instead of measuring times, of rows that "
     "use "
     "one thread (x86-64 only)",
     0},
    {"why", OPTION_WHY, NULL, 0,
     "Also print where the time of each row went: what its workers did, and how much "
     "of the machine others took",
     0},
    {"json", OPTION_JSON, "FILE", 0,
     "Write all results to FILE as JSON; - is standard output", 1},
    {"csv", OPTION_CSV, "FILE", 0, "Write the rows to FILE as CSV", 1},
    {"html", OPTION_HTML, "FILE", 0, "Write a page with tables and plots to FILE", 1},
    {"list", OPTION_LIST, NULL, 0, "List the workloads and what each shows, and run none",
     2},
    {0},
};

static double take_seconds(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= 1e6))
        bench_usage(command, "--seconds: '%s' is not a time from 0 to 1000000", text);
    return seconds;
}

static void take_peers(struct bench_peers *peers, const char *list)
{
    char bad[64];

    if (!bench_peers_take(peers, list, bad, sizeof(bad)))
        bench_usage(command, "--peers: '%s' is not one of %s and all", bad,
                    bench_peers_names());
}

/* Options without a value. */
static error_t set_flag(struct request *request, int key)
{
    switch (key) {
    case OPTION_FIGURES:
        request->figures = true;
        return 0;
    case OPTION_INSTRUCTIONS:
        request->instructions = true;
        return 0;
    case OPTION_WHY:
        request->why = true;
        return 0;
    case OPTION_LIST:
        request->list = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        bench_argp_init(state);
        return 0;
    case 'w':
        bench_take_workers(&request->configurations, arg);
        return 0;
    case 'p':
        bench_take_placements(&request->configurations, arg);
        return 0;
    case OPTION_PIN:
        bench_take_pins(&request->configurations, arg);
        return 0;
    case 'r':
        request->sweep.runs =
            (uint32_t)bench_number(command, "--runs", arg, 1, BENCH_RUNS_MAX);
        return 0;
    case 's':
        request->size_count =
            bench_numbers(command, "--size", arg, request->sizes, SIZES_LISTED);
        return 0;
    case OPTION_SECONDS:
        request->seconds = take_seconds(arg);
        return 0;
    case OPTION_JSON:
        request->outputs.json = arg;
        return 0;
    case OPTION_CSV:
        request->outputs.csv = arg;
        return 0;
    case OPTION_HTML:
        request->outputs.html = arg;
        return 0;
    case OPTION_PEERS:
        take_peers(&request->peers, arg);
        return 0;
    case OPTION_PEERS_DIR:
        if (*arg == '\0')
            bench_usage(command, "--peers-dir: '' is not a folder");
        request->peers_dir = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (strcmp(arg, "costs") == 0)
            request->costs = true;
        else
            request->workload_count =
                bench_choose(arg, request->workloads, request->workload_count);
        request->matrix |= strcmp(arg, "memory") == 0;
        return 0;
    default:
        return set_flag(request, key);
    }
}

static void check_sizes(const struct request *request)
{
    for (uint32_t i = 0; i < request->workload_count; i++) {
        const struct bench_workload *workload = request->workloads[i];

        for (uint32_t j = 0; j < request->size_count; j++) {
            if (!bench_size_fits(workload, request->sizes[j]))
                bench_usage(command,
                            "--size: %" PRIu64 " does not fit %s: %s, %" PRIu64
                            " to %" PRIu64,
                            request->sizes[j], workload->name, workload->size_is,
                            workload->size_min, workload->size_max);
        }
    }
}

/* The figures are for one worker and for two, beside all peers. */
static void fill_figures(struct request *request)
{
    if (request->configurations.workers == NULL) {
        request->sweep.workers[0] = 1;
        request->sweep.workers[1] = 2;
        request->sweep.worker_counts = 2;
    }
    if (request->peers.count == 0)
        take_peers(&request->peers, "all");
    if (request->sweep.runs == 0 && request->seconds < 0)
        request->sweep.runs = FIGURES_RUNS;
}

static void fill_defaults(struct request *request)
{
    if (request->figures)
        fill_figures(request);
    if (request->seconds < 0)
        request->seconds = request->sweep.runs != 0 ? 0 : SECONDS;
    request->limited =
        request->workload_count == 0 && !request->figures && request->seconds > 0;
    if (request->workload_count == 0)
        request->workload_count =
            bench_choose_all(request->figures, request->limited, request->workloads);
    check_sizes(request);
}

/* --------------------------------------------------------------------- runs */

static const uint64_t *sizes_of(const struct request *request,
                                const struct bench_workload *workload,
                                uint32_t *ret_count)
{
    const uint64_t *sizes = request->figures ? bench_figures_sizes(workload) : NULL;

    *ret_count = request->size_count;
    if (request->size_count != 0)
        return request->sizes;
    if (sizes == NULL)
        sizes = workload->sizes;
    while (*ret_count < BENCH_SIZES && sizes[*ret_count] != 0)
        (*ret_count)++;
    return sizes;
}

/* What a case weighs when the time is divided. */
static uint32_t weight_of(const struct bench_workload *workload)
{
    return workload->weight != 0 ? workload->weight : 1;
}

/* Of the workloads from `from` on. */
static uint32_t weigh_cases(const struct request *request, uint32_t from)
{
    uint32_t weight = 0;

    for (uint32_t i = from; i < request->workload_count; i++) {
        uint32_t sizes;

        (void)sizes_of(request, request->workloads[i], &sizes);
        weight += sizes * weight_of(request->workloads[i]);
    }
    return weight;
}

/* The sizes of one workload, each with its part of the time that is left. */
static int run_workload(struct request *request, uint32_t index, double until,
                        struct bench_report *report)
{
    FILE *out = bench_outputs_table(&request->outputs);
    uint32_t weight = weight_of(request->workloads[index]);
    uint32_t all = weigh_cases(request, index);
    uint32_t count;
    const uint64_t *sizes = sizes_of(request, request->workloads[index], &count);
    const char *absent = bench_absent(request->workloads[index]);
    int r = 0;

    if (absent != NULL) {
        (void)fprintf(out, "%s: skipped, %s\n", request->workloads[index]->name, absent);
        return 0;
    }
    for (uint32_t i = 0; i < count && r == 0; i++, all -= weight) {
        size_t from = report->rows.count;
        double left = until - bench_now();

        if (request->seconds > 0)
            request->sweep.seconds = left > 0 ? left * weight / all : 1e-3;
        r = bench_sweep_case(&request->sweep, request->workloads[index], sizes[i],
                             &report->rows);
        bench_table_rows(out, &report->rows, from);
    }
    return r;
}

/* As large as the chains of the row "chase", if a size is given. */
static int measure_matrix(const struct request *request, struct bench_matrix *matrix)
{
    uint64_t lines = request->size_count > 0 ? request->sizes[0] : 0;
    int r;

    bench_progress("memory: the matrix of node pairs");
    r = bench_matrix_measure(matrix, lines * BENCH_MATRIX_LINE);
    bench_progress(NULL);
    bench_matrix_print(bench_outputs_table(&request->outputs), matrix);
    return r;
}

/* Runs workloads while there is time for them. */
static int run_workloads(struct request *request, double until,
                         struct bench_report *report)
{
    FILE *out = bench_outputs_table(&request->outputs);
    uint32_t i = 0;
    int r = 0;

    for (; i < request->workload_count && r == 0; i++) {
        if (request->limited && i > 0 && bench_now() >= until)
            break;
        r = run_workload(request, i, until, report);
    }
    if (r < 0 || i == request->workload_count)
        return r;
    (void)fprintf(
        out, "\nleft out, as %.3g s are over (--seconds gives more):", request->seconds);
    for (; i < request->workload_count; i++)
        (void)fprintf(out, " %s", request->workloads[i]->name);
    (void)fputc('\n', out);
    return 0;
}

static int run_all(struct request *request, struct bench_report *report)
{
    double began = bench_now();
    double until = began + request->seconds;
    int r;

    request->sweep.until = request->limited ? until : 0;
    r = run_workloads(request, until, report);

    if (request->matrix && r == 0)
        r = measure_matrix(request, &report->matrix);
    report->machine.seconds = bench_now() - began;
    bench_metg_print(bench_outputs_table(&request->outputs), &report->rows);
    if (request->why)
        bench_why_print(bench_outputs_table(&request->outputs), &report->rows);
    bench_table_notes(bench_outputs_table(&request->outputs), &report->rows);
    if (request->figures)
        bench_figures_write(bench_outputs_table(&request->outputs), report);
    return r;
}

/* An absent peer is no failure. */
static bool all_right(const struct bench_report *report)
{
    for (size_t i = 0; i < report->rows.count; i++) {
        if (bench_row_failed(&report->rows.rows[i]))
            return false;
    }
    for (uint32_t i = 0; i < report->peers.count; i++) {
        if (report->peers.peers[i].state == BENCH_PEER_FAILED)
            return false;
    }
    return true;
}

/* Gets the peers ready.  False: there is nothing to build them from, or nowhere to. */
static bool build_peers(struct request *request, struct bench_report *report)
{
    char sources[BENCH_PEER_PATH];
    char cache[BENCH_PEER_PATH];
    const char *into = request->peers_dir;

    if (request->peers.count == 0)
        return true;
    if (!bench_peers_sources(sources, sizeof(sources))) {
        (void)fprintf(stderr, "magpie bench: the sources of the peers are missing; "
                              "MAGPIE_PEERS can name their folder\n");
        return false;
    }
    if (into == NULL && !bench_peers_cache(cache, sizeof(cache))) {
        (void)fprintf(stderr, "magpie bench: HOME is not set; --peers-dir must name a "
                              "folder to build peers in\n");
        return false;
    }
    bench_peers_build(&request->peers, sources, into != NULL ? into : cache);
    report->peers = request->peers;
    request->sweep.peers = &report->peers;
    return true;
}

static int bench(struct request *request)
{
    struct bench_report report = {0};
    bool good;
    int r = bench_machine_read(&report.machine);

    if (r == 0) {
        memcpy(report.machine.command, request->command, sizeof(request->command));
        fill_defaults(request);
        r = bench_configure(&request->configurations, &request->sweep, &report.machine);
    }
    if (r == 0) {
        if (!bench_outputs_open(&request->outputs) || !build_peers(request, &report))
            return BENCH_FAILED;
        bench_table_head(bench_outputs_table(&request->outputs), &report);
        r = run_all(request, &report);
    }
    if (r < 0)
        (void)fprintf(stderr, "magpie bench: %s\n", mag_call_text(r));
    good =
        bench_outputs_write(&request->outputs, &report) && r == 0 && all_right(&report);
    bench_report_free(&report);
    return good ? BENCH_OK : BENCH_FAILED;
}

/* Not a workload: what `magpie sim --costs` reads. */
static int measure_costs(const struct request *request)
{
    struct sim_measured measured;

    if (request->workload_count != 0)
        bench_usage(command, "'costs' is measured by itself, without workloads");
    int r = sim_measure(&measured);
    if (r == 0)
        sim_measured_write(stdout, &measured);
    else
        (void)fprintf(stderr, "magpie bench: %s\n", mag_call_text(r));
    return bench_close(command, "-", stdout) && r == 0 ? BENCH_OK : BENCH_FAILED;
}

static int run(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "[WORKLOAD...]",
        "Measures how workloads scale over the cores of this machine.\v"
        "Without WORKLOAD, all workloads run for which a minute has time.  Each "
        "configuration runs in a process of its own.  The processes take turns, and "
        "every "
        "answer is checked.\n"
        "'magpie bench costs' measures the costs that 'magpie sim' can read.",
        NULL,
        NULL,
        NULL};
    static char name[] = "magpie bench";
    struct request request = {.seconds = -1, .outputs = {.command = command}};

    argv[0] = name;
    bench_keep_command(request.command, sizeof(request.command), argc, argv);
    bench_parse(command, &argp, argc, argv, &request);
    if (request.costs)
        return measure_costs(&request);
    if (request.instructions)
        return bench_count_instructions(request.workloads, request.workload_count,
                                        &request.outputs);
    if (!request.list)
        return bench(&request);
    bench_list_workloads();
    return bench_close(command, "-", stdout) ? BENCH_OK : BENCH_FAILED;
}

const struct bench_command bench_command_bench = {"bench", run};

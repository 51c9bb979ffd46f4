/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"
#include "bench/report/figures.h"
#include "bench/report/matrix.h"
#include "bench/report/metg.h"
#include "bench/report/report.h"
#include "bench/report/why.h"

#include <stdlib.h>
#include <string.h>

static const char *const command = "report";

enum { OPTION_CSV = 256, OPTION_JSON, OPTION_HTML, OPTION_FIGURES, OPTION_WHY };

struct request {
    const char *input;
    bool figures;
    bool why;
    struct bench_outputs outputs;
};

static const struct argp_option options[] = {
    {"html", OPTION_HTML, "FILE", 0, "Write a page with tables and plots to FILE", 0},
    {"csv", OPTION_CSV, "FILE", 0, "Write the rows to FILE as CSV", 0},
    {"json", OPTION_JSON, "FILE", 0,
     "Write all results to FILE as JSON; - is standard output", 0},
    {"figures", OPTION_FIGURES, NULL, 0,
     "Compare the run with the figures that Magpie is to reach", 0},
    {"why", OPTION_WHY, NULL, 0, "Also print where the time of each row went", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        bench_argp_init(state);
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
    case OPTION_FIGURES:
        request->figures = true;
        return 0;
    case OPTION_WHY:
        request->why = true;
        return 0;
    case ARGP_KEY_ARG:
        if (request->input != NULL)
            bench_usage(command, "unexpected argument '%s': only one file is read", arg);
        request->input = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        bench_usage(command, "FILE is missing: what 'magpie bench --json' wrote");
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_table(FILE *out, const struct bench_report *report,
                        const struct request *request)
{
    const struct bench_rows *rows = &report->rows;

    bench_table_head(out, report);
    bench_table_rows(out, rows, 0);
    bench_matrix_print(out, &report->matrix);
    bench_metg_print(out, rows);
    if (request->why)
        bench_why_print(out, rows);
    bench_table_notes(out, rows);
    if (request->figures)
        bench_figures_write(out, report);
}

static int run(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "FILE",
        "Makes a table, a page or CSV again from the JSON of an earlier run.\v"
        "FILE was written by 'magpie bench --json'; - is standard input.",
        NULL,
        NULL,
        NULL};
    struct request request = {.outputs = {.command = command}};
    struct bench_report report = {0};
    char why[256];
    bool good;

    bench_parse(command, &argp, argc, argv, &request);
    good = bench_json_read(request.input, &report, why, sizeof(why));
    if (!good)
        (void)fprintf(stderr, "magpie report: %s: %s\n", request.input, why);
    if (good && bench_outputs_open(&request.outputs)) {
        print_table(bench_outputs_table(&request.outputs), &report, &request);
        good = bench_outputs_write(&request.outputs, &report);
    } else {
        good = false;
    }
    bench_report_free(&report);
    return good ? BENCH_OK : BENCH_FAILED;
}

const struct bench_command bench_command_report = {"report", run};

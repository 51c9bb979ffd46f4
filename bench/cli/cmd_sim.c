/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"
#include "bench/cli/sim_check.h"
#include "bench/report/report.h"
#include "bench/sim/print.h"
#include "bench/sim/sim.h"
#include "bench/text/text.h"

#include <errno.h>
#include <inttypes.h>
#include <magpie/error.h>
#include <stddef.h>
#include <string.h>

static const char *const command = "sim";

enum {
    OPTION_TOPOLOGY = 256,
    OPTION_SYNTHETIC,
    OPTION_SEED,
    OPTION_COSTS,
    OPTION_LIST,
    OPTION_VICTIMS,
    OPTION_WAKING,
    OPTION_BARRIER,
    OPTION_FORCE,
    OPTION_SEARCHERS,
    OPTION_VAIN,
    OPTION_LAST_LOOK,
    OPTION_QUEUES,
    OPTION_CHECK,
    OPTION_JSON,
    OPTION_CSV,
    OPTION_HTML,
    WORKERS_LISTED = 64,
    GRAPHS_LISTED = 32,
    FORM_WORDS = 6, /* of an option, with the NULL behind them */
    SPIN_US = 50,   /* as a scheduler's default */
};

struct request {
    struct sim_setup setup;
    enum mag_topology_kind kind;
    const char *text; /* of the kind */
    const char *costs;
    uint64_t workers[WORKERS_LISTED];
    uint32_t worker_counts;
    uint64_t size; /* 0: each workload's own */
    const struct sim_graph *graphs[GRAPHS_LISTED];
    uint32_t graph_count;
    struct bench_outputs outputs;
    char command[BENCH_COMMAND];
    bool list, check;
    bool failed; /* an output is lost */
};

static const struct argp_option options[] = {
    {"topology", OPTION_TOPOLOGY, "FILE", 0,
     "Simulate the machine that lstopo saved as XML, instead of this one", 0},
    {"synthetic", OPTION_SYNTHETIC, "TEXT", 0,
     "Simulate a machine that hwloc invents, such as 'package:2 l3:8 core:8 pu:2'", 0},
    {"workers", 'w', "N,...", 0,
     "Numbers of workers (default: 1, 2, 4 ... up to the machine's PUs)", 0},
    {"size", 's', "N", 0, "Size instead of the default; --list explains it", 0},
    {"seed", OPTION_SEED, "N", 0,
     "Seed of the thieves' random numbers (default: 0, those of a scheduler)", 0},
    {"costs", OPTION_COSTS, "FILE", 0,
     "Costs of the steps; 'magpie bench costs' measures those of this machine", 0},
    {"json", OPTION_JSON, "FILE", 0,
     "Write all results to FILE as JSON; - is standard output", 1},
    {"csv", OPTION_CSV, "FILE", 0, "Write the rows to FILE as CSV", 1},
    {"html", OPTION_HTML, "FILE", 0, "Write a page with tables and plots to FILE", 1},
    {"victims", OPTION_VICTIMS, "all|one", 0,
     "Search all victims, as the scheduler does, or one random victim", 1},
    {"waking", OPTION_WAKING, "usual|one|jobs|tree|early", 0,
     "Wake as the scheduler does, always one by one, by a tree for jobs of one call or "
     "for all work, or already before a thief's membarrier",
     1},
    {"barrier", OPTION_BARRIER, "shared|all|locked|one", 0,
     "A membarrier interrupts all running workers and serves all thieves that wait for "
     "it, as the scheduler's does, or one thief; or it interrupts its victim alone, one "
     "call at a time, or many",
     1},
    {"force", OPTION_FORCE, "at-once|late|hungry|tag", 0,
     "A thief takes by force at once, as the scheduler does, or after a look at all "
     "victims, or also asks them to share: each fork looks for that, or one join",
     1},
    {"searchers", OPTION_SEARCHERS, "half|two", 0,
     "Half of the awake workers may search, as in the scheduler, or of these two in each "
     "cache",
     1},
    {"vain", OPTION_VAIN, "search|park", 0,
     "A woken worker that finds nothing searches on, as in the scheduler, or parks", 1},
    {"last-look", OPTION_LAST_LOOK, "all|free", 0,
     "The look at all workers before a worker parks costs what it costs, or nothing", 1},
    {"queues", OPTION_QUEUES, "node|cache", 0,
     "An injection queue for each node, as in the scheduler, or for each cache", 1},
    {"check", OPTION_CHECK, NULL, 0,
     "Run the workloads here serially and with 1 and 2 workers, and compare with their "
     "simulation by the serial time and the costs of this machine",
     2},
    {"list", OPTION_LIST, NULL, 0, "List the workloads, and the costs with their sources",
     2},
    {0},
};

/* ---------------------------------------------------------------- arguments */

static void add_graph(struct request *request, const char *name)
{
    const struct sim_graph *graph = sim_graph_named(name);

    if (graph == NULL)
        bench_usage(command, "'%s' is not a workload; 'magpie sim --list' lists them",
                    name);
    if (request->graph_count == GRAPHS_LISTED)
        bench_usage(command, "more than %d workloads", GRAPHS_LISTED);
    request->graphs[request->graph_count++] = graph;
}

static void take_machine(struct request *request, enum mag_topology_kind kind,
                         const char *text)
{
    if (request->kind != MAG_TOPOLOGY_MACHINE)
        bench_usage(command,
                    "give --topology or --synthetic, only one of them and only once");
    request->kind = kind;
    request->text = text;
}

static void take_workers(struct request *request, const char *text)
{
    request->worker_counts =
        bench_numbers(command, "--workers", text, request->workers, WORKERS_LISTED);
    for (uint32_t i = 0; i < request->worker_counts; i++) {
        if (request->workers[i] < 1 || request->workers[i] > SIM_WORKERS_MAX)
            bench_usage(command, "--workers: %" PRIu64 " is not from 1 to %d",
                        request->workers[i], SIM_WORKERS_MAX);
    }
}

/* Which of the words it is; they end with NULL. */
static unsigned take_word(const char *option, const char *text, const char *const *words)
{
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0)
            return i;
    }
    bench_usage(command, "%s: '%s' is not one of what --help lists", option, text);
}

static error_t parse_output(int key, const char *arg, struct bench_outputs *outputs)
{
    switch (key) {
    case OPTION_JSON:
        outputs->json = arg;
        return 0;
    case OPTION_CSV:
        outputs->csv = arg;
        return 0;
    case OPTION_HTML:
        outputs->html = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* How the simulated scheduler differs from the real one: an option, its words, and the
 * number in struct sim_setup that says which of the words was given. */
static const struct form {
    const char *option;
    const char *words[FORM_WORDS]; /* ended by NULL */
    size_t number;                 /* its offset */
    int key;
} forms[] = {
#define FORM(key, name, member, ...)                                       \
    {                                                                      \
        name, {__VA_ARGS__, NULL}, offsetof(struct sim_setup, member), key \
    }
    FORM(OPTION_VICTIMS, "--victims", victims, "all", "one"),
    FORM(OPTION_WAKING, "--waking", waking, "usual", "one", "jobs", "tree", "early"),
    FORM(OPTION_BARRIER, "--barrier", barrier, "shared", "all", "locked", "one"),
    FORM(OPTION_FORCE, "--force", force, "at-once", "late", "hungry", "tag"),
    FORM(OPTION_SEARCHERS, "--searchers", searchers, "half", "two"),
    FORM(OPTION_VAIN, "--vain", vain, "search", "park"),
    FORM(OPTION_LAST_LOOK, "--last-look", last_look, "all", "free"),
    FORM(OPTION_QUEUES, "--queues", queues, "node", "cache"),
#undef FORM
};

_Static_assert(sizeof(enum sim_victims) == sizeof(unsigned),
               "an enumeration is unsigned");

static error_t parse_form(int key, const char *arg, struct request *request)
{
    char *setup = (char *)&request->setup;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (forms[i].key == key) {
            unsigned number = take_word(forms[i].option, arg, forms[i].words);

            memcpy(setup + forms[i].number, &number, sizeof(number));
            return 0;
        }
    }
    return parse_output(key, arg, &request->outputs);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        bench_argp_init(state);
        return 0;
    case OPTION_TOPOLOGY:
        take_machine(request, MAG_TOPOLOGY_XML, arg);
        return 0;
    case OPTION_SYNTHETIC:
        take_machine(request, MAG_TOPOLOGY_SYNTHETIC, arg);
        return 0;
    case 'w':
        take_workers(request, arg);
        return 0;
    case 's':
        request->size = bench_number(command, "--size", arg, 1, UINT64_MAX);
        return 0;
    case OPTION_SEED:
        request->setup.seed = bench_number(command, "--seed", arg, 0, UINT64_MAX);
        return 0;
    case OPTION_COSTS:
        request->costs = arg;
        return 0;
    case OPTION_CHECK:
        request->check = true;
        return 0;
    case OPTION_LIST:
        request->list = true;
        return 0;
    case ARGP_KEY_ARG:
        add_graph(request, arg);
        return 0;
    default:
        return parse_form(key, arg, request);
    }
}

static void check_sizes(const struct request *request)
{
    for (uint32_t i = 0; i < request->graph_count && request->size != 0; i++) {
        const struct sim_graph *graph = request->graphs[i];

        if (!sim_graph_fits(graph, request->size))
            bench_usage(command,
                        "--size: %" PRIu64 " does not fit %s: %s, %" PRIu64
                        " to %" PRIu64,
                        request->size, graph->name, graph->size_is, graph->size_min,
                        graph->size_max);
    }
}

static bool read_costs(struct request *request)
{
    char why[128];
    FILE *in;
    bool good;

    sim_costs_default(&request->setup.costs);
    if (request->costs == NULL)
        return true;
    in = fopen(request->costs, "re");
    if (in == NULL) {
        (void)fprintf(stderr, "magpie sim: %s: cannot be read\n", request->costs);
        return false;
    }
    good = sim_costs_read(&request->setup.costs, in, why, sizeof(why));
    (void)fclose(in);
    if (!good)
        (void)fprintf(stderr, "magpie sim: %s: %s\n", request->costs, why);
    return good;
}

/* All, if none was named. */
static void choose_graphs(struct request *request)
{
    for (uint32_t i = 0; request->graph_count == 0 && sim_graphs[i] != NULL; i++)
        request->graphs[i] = sim_graphs[i];
    while (request->graphs[request->graph_count] != NULL)
        request->graph_count++;
}

static int check_here(struct request *request)
{
    choose_graphs(request);
    return sim_check(stdout, request->graphs, request->graph_count, request->size);
}

static void fill_defaults(struct request *request)
{
    uint32_t pus = mag_topology_pus(request->setup.topology);

    choose_graphs(request);
    for (uint64_t n = 1; request->worker_counts == 0 && n < pus * UINT64_C(2); n *= 2) {
        /* The last one is the number of PUs. */
        if (n * 2 > pus || n == pus) {
            request->workers[request->worker_counts++] = pus;
            break;
        }
        request->workers[request->worker_counts++] = n;
    }
}

/* --------------------------------------------------------------------- runs */

/* The row of a result, as `magpie bench` would write it; of the work without a scheduler
 * if `serial`. */
static int add_row(struct bench_rows *rows, const struct sim_result *result, bool serial)
{
    const struct sim_setup *setup = &result->setup;
    double seconds = (serial ? result->shape.work_ns : sim_result_ns(result)) * 1e-9;
    struct bench_row row = {.size = setup->size,
                            .workers = serial ? 1 : setup->workers,
                            .runs = 1,
                            .median_s = seconds,
                            .min_s = seconds,
                            .max_s = seconds,
                            .ok = true};

    (void)snprintf(row.workload, sizeof(row.workload), "%s", setup->graph->name);
    (void)snprintf(row.label, sizeof(row.label), "%s(%" PRIu64 ")", setup->graph->name,
                   setup->size);
    (void)snprintf(row.runtime, sizeof(row.runtime), serial ? "serial" : "sim");
    (void)snprintf(row.baseline, sizeof(row.baseline), "serial");
    return bench_rows_add(rows, &row);
}

static int run_graph(const struct request *request, const struct sim_graph *graph,
                     struct bench_report *report)
{
    FILE *out = bench_outputs_table(&request->outputs);
    struct sim_result result = {.setup = request->setup};
    int r = 0;

    result.setup.graph = graph;
    result.setup.size = request->size != 0 ? request->size : graph->size;
    if (!sim_graph_measure(graph, result.setup.size, &result.setup.costs, &result.shape))
        return -ENOMEM;
    sim_print_head(out, &result);
    for (uint32_t i = 0; i < request->worker_counts && r == 0; i++) {
        result.setup.workers = (uint32_t)request->workers[i];
        r = sim_run_setup(&result.setup, &result.outcome);
        if (r < 0)
            break;
        sim_print_row(out, &result);
        if (i == 0 && sim_result_speedup(&result) > 0)
            r = add_row(&report->rows, &result, true);
        if (r == 0)
            r = add_row(&report->rows, &result, false);
        if (r == 0)
            r = sim_results_add(&report->simulated, &result);
    }
    return r;
}

static int run_graphs(struct request *request, struct bench_report *report)
{
    int r = bench_machine_read(&report->machine);

    memcpy(report->machine.command, request->command, sizeof(request->command));
    report->simulated.machine = request->text != NULL ? request->text : "this machine";
    for (uint32_t i = 0; i < request->graph_count && r == 0; i++)
        r = run_graph(request, request->graphs[i], report);
    return r;
}

static int simulate(struct request *request)
{
    struct bench_report report = {0};
    struct mag_topology *topology;
    int r = mag_topology_load(request->kind, request->text, &topology);

    if (r < 0)
        return r;
    request->setup.topology = topology;
    fill_defaults(request);
    check_sizes(request);
    if (bench_outputs_open(&request->outputs)) {
        r = run_graphs(request, &report);
        request->failed = !bench_outputs_write(&request->outputs, &report);
    } else {
        request->failed = true;
    }
    bench_report_free(&report);
    mag_topology_free(topology);
    return r;
}

static void say_error(const struct request *request, int error)
{
    const char *text = request->text;

    (void)fprintf(stderr, "magpie sim: %s%s%s\n", text != NULL ? text : "",
                  text != NULL ? ": " : "",
                  error == -EINVAL ? "not a machine that hwloc understands"
                                   : mag_call_text(error));
}

static int run(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "[WORKLOAD...]",
        "Simulates how workloads scale on a machine that need not be here.\v"
        "The scheduler's own decisions are called; the costs of carrying them out are a "
        "model.",
        NULL,
        NULL,
        NULL};
    static char name[] = "magpie sim";
    static struct request request = {.setup = {.spin_us = SPIN_US},
                                     .outputs = {.command = "sim"}};
    int r = 0;

    argv[0] = name;
    bench_keep_command(request.command, sizeof(request.command), argc, argv);
    bench_parse(command, &argp, argc, argv, &request);
    if (request.list)
        sim_print_list(stdout);
    else if (request.check)
        r = check_here(&request);
    else if (!read_costs(&request))
        return BENCH_FAILED;
    else
        r = simulate(&request);
    if (r < 0)
        say_error(&request, r);
    if ((request.list || request.check) && !bench_close(command, "-", stdout))
        return BENCH_FAILED;
    return r == 0 && !request.failed ? BENCH_OK : BENCH_FAILED;
}

const struct bench_command bench_command_sim = {"sim", run};

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cli/command.h"
#include "bench/machine/machine.h"
#include "bench/machine/topo.h"
#include "bench/text/text.h"

#include <errno.h>
#include <magpie/budget.h>
#include <magpie/sched.h>
#include <string.h>

static const char *const command = "topo";

enum { OPTION_JSON = 256, OPTION_XML, OPTION_SYNTHETIC, PUS_LISTED = 4096 };

struct request {
    enum mag_topology_kind kind;
    const char *text; /* of the kind */
    enum mag_placement placement;
    uint32_t workers; /* 0: not given */
    uint32_t os_pus[PUS_LISTED];
    uint32_t os_pu_count;
    bool json;
};

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "Print JSON", 0},
    {"xml", OPTION_XML, "FILE", 0,
     "Show the machine that lstopo saved as XML, instead of this one", 0},
    {"synthetic", OPTION_SYNTHETIC, "TEXT", 0,
     "Show a machine that hwloc invents, such as 'node:2 core:8 pu:2'", 0},
    {"placement", 'p', "POLICY", 0,
     "Where workers sit: per-core (default), compact, scatter, per-pu, or PU numbers "
     "such as 0,2,4",
     0},
    {"workers", 'w', "N", 0, "Number of workers (default: what a scheduler would choose)",
     0},
    {0},
};

static void take_placement(struct request *request, const char *text)
{
    static const enum mag_placement policies[] = {MAG_PLACE_PER_CORE, MAG_PLACE_COMPACT,
                                                  MAG_PLACE_SCATTER, MAG_PLACE_PER_PU};
    uint64_t numbers[PUS_LISTED];

    for (unsigned i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        if (strcmp(text, mag_placement_name(policies[i])) == 0) {
            request->placement = policies[i];
            return;
        }
    }
    if (*text < '0' || *text > '9')
        bench_usage(
            command,
            "--placement: '%s' is not per-core, compact, scatter, per-pu or a list "
            "of PUs",
            text);
    request->placement = MAG_PLACE_LIST;
    request->os_pu_count =
        bench_numbers(command, "--placement", text, numbers, PUS_LISTED);
    for (uint32_t i = 0; i < request->os_pu_count; i++)
        request->os_pus[i] = numbers[i] < MAG_NONE ? (uint32_t)numbers[i] : MAG_NONE;
}

static void take_machine(struct request *request, enum mag_topology_kind kind,
                         const char *text)
{
    if (request->kind != MAG_TOPOLOGY_MACHINE)
        bench_usage(command, "give --xml or --synthetic, only one of them and only once");
    request->kind = kind;
    request->text = text;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        bench_argp_init(state);
        return 0;
    case OPTION_JSON:
        request->json = true;
        return 0;
    case OPTION_XML:
        take_machine(request, MAG_TOPOLOGY_XML, arg);
        return 0;
    case OPTION_SYNTHETIC:
        take_machine(request, MAG_TOPOLOGY_SYNTHETIC, arg);
        return 0;
    case 'p':
        take_placement(request, arg);
        return 0;
    case 'w':
        request->workers =
            (uint32_t)bench_number(command, "--workers", arg, 1, MAG_SCHED_WORKERS_MAX);
        return 0;
    case ARGP_KEY_ARG:
        bench_usage(command, "unexpected argument '%s'", arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* As a scheduler would choose: what the policy asks for, on this machine as far as the
 * quota goes; a list is meant as it is. */
static int choose_workers(const struct request *request,
                          const struct mag_topology *topology, uint32_t *ret_workers)
{
    struct mag_budget *budget;
    int r;

    *ret_workers = request->workers;
    if (request->workers != 0 || request->kind != MAG_TOPOLOGY_MACHINE ||
        request->placement == MAG_PLACE_LIST)
        return 0;
    r = mag_budget_read(topology, MAG_BUDGET_UP, NULL, &budget);
    if (r < 0)
        return r;
    *ret_workers = mag_budget_cap(budget, request->placement == MAG_PLACE_PER_PU
                                              ? mag_topology_pus(topology)
                                              : mag_topology_cores(topology));
    mag_budget_free(budget);
    return 0;
}

/* Where the machine came from. */
static const char *source_of(const struct request *request,
                             const struct mag_topology *topology)
{
    static char text[64];
    const char *stand_in = bench_stand_in(topology);

    if (request->text != NULL)
        return request->text;
    if (stand_in == NULL)
        return "this machine";
    (void)snprintf(text, sizeof(text), "in place of this machine, by %s", stand_in);
    return text;
}

static int show(const struct request *request, const struct mag_topology *topology)
{
    struct bench_topo topo = {
        .topology = topology,
        .source = source_of(request, topology),
        .placement = mag_placement_name(request->placement),
    };
    struct mag_plan *plan;
    uint32_t workers;
    int r = choose_workers(request, topology, &workers);

    if (r == 0)
        r = mag_plan_make(topology, request->placement, workers, request->os_pus,
                          request->os_pu_count, &plan);
    if (r == -EINVAL)
        bench_usage(command,
                    "--placement: the list names a PU that this machine does not have");
    if (r < 0)
        return r;
    topo.plan = plan;
    if (request->json)
        r = bench_topo_json(stdout, &topo);
    else
        bench_topo_draw(stdout, &topo);
    mag_plan_free(plan);
    return r;
}

static int run(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse,
        NULL,    "Draws the machine as Magpie sees it, and where its workers sit.",
        NULL,    NULL,
        NULL};
    static struct request request;
    struct mag_topology *topology;
    int r;

    bench_parse(command, &argp, argc, argv, &request);
    r = mag_topology_load(request.kind, request.text, &topology);
    if (r == -EINVAL && request.kind == MAG_TOPOLOGY_SYNTHETIC)
        bench_usage(command, "--synthetic: '%s' is not a machine that hwloc understands",
                    request.text);
    if (r == 0) {
        r = show(&request, topology);
        mag_topology_free(topology);
    }
    if (r < 0)
        (void)fprintf(
            stderr, "magpie topo: %s%s%s\n", request.text != NULL ? request.text : "",
            request.text != NULL ? ": " : "",
            r == -EINVAL ? "not a machine that hwloc understands" : mag_call_text(r));
    return bench_close(command, "-", stdout) && r == 0 ? BENCH_OK : BENCH_FAILED;
}

const struct bench_command bench_command_topo = {"topo", run};

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sim/costs.h"

#include <stdlib.h>
#include <string.h>

/* The sources; docs/design/simulation.md says what was read there. */
#define MILAN   "AnandTech, EPYC Milan review, 2021, p. 4"
#define LARGE   "Chips and Cheese, core-to-core latency on large systems, 2023"
#define VELTEN  "Velten et al., arXiv 2204.03290, 2022"
#define HERE    "docs/measured/results.md, one worker"
#define PAUSE   "Intel, optimization manual: 140 cycles on Skylake"
#define ASSUMED "a round figure, assumed"

static const struct sim_cost_about abouts[SIM_COSTS] = {
    [SIM_LINE_CORE] = {"line-core", 10, "a line from a PU of the same core", LARGE},
    [SIM_LINE_CACHE] = {"line-cache", 25, "a line from the same last-level cache", MILAN},
    [SIM_LINE_NODE] = {"line-node", 100, "a line from another cache of the node", MILAN},
    [SIM_LINE_PACKAGE] = {"line-package", 110, "a line from another node of the package",
                          MILAN},
    [SIM_LINE_FAR] = {"line-far", 200, "a line from another package", MILAN},
    [SIM_ATOMIC] = {"atomic", 6, "a read-modify-write of a line that is here",
                    "Schweizer et al., PACT 2015"},
    [SIM_LOOK] = {"look", 2, "a look at a victim whose line is here", ASSUMED},
    [SIM_PAUSE] = {"pause", 40, "one pause instruction", PAUSE},
    [SIM_FORK] = {"fork", 0.2, "a fork and its join", HERE},
    [SIM_TAKE] = {"take", 40, "taking a child or a job, without its lines", ASSUMED},
    [SIM_POST] = {"post", 20, "posting a job, without its lines", ASSUMED},
    [SIM_WAKE_CALL] = {"wake-call", 1500, "waking a thread, for the waker", ASSUMED},
    [SIM_WAKE_DELAY] = {"wake-delay", 5000, "until a woken thread runs", ASSUMED},
    [SIM_SLEEP] = {"sleep", 1000, "falling asleep", ASSUMED},
    [SIM_BARRIER] = {"barrier", 500, "membarrier, when no other thread runs", ASSUMED},
    [SIM_IPI] = {"ipi", 100, "the same for each running thread", ASSUMED},
    [SIM_INTERRUPT] = {"interrupt", 700, "what an interrupt costs its thread", ASSUMED},
    [SIM_MEMORY_KIB] = {"memory-kib", 8, "a KiB of a node's memory (125 GiB/s)", VELTEN},
    [SIM_REMOTE_KIB] = {"remote-kib", 40, "a KiB on another node, in addition", VELTEN},
    [SIM_SMT] = {"smt-percent", 160, "work beside a busy sibling, percent", ASSUMED},
    [SIM_FIB] = {"fib", 0.344, "one call of fib", HERE},
    [SIM_UTS] = {"uts", 77.3, "one node of uts: a SHA-1", HERE},
    [SIM_SKYNET] = {"skynet", 0.763, "one node of skynet", HERE},
    [SIM_QUEENS] = {"queens", 7.7, "one board of nqueens", HERE},
    [SIM_SORT] = {"sort", 4.35, "one number of a leaf of cilksort, each halving", HERE},
    [SIM_MERGE] = {"merge", 3.87, "one number merged", HERE},
    [SIM_HEAT] = {"heat", 1.08, "one cell of heat", HERE},
};

const struct sim_cost_about *sim_cost_about(enum sim_cost cost)
{
    return &abouts[cost];
}

void sim_costs_default(struct sim_costs *costs)
{
    for (int i = 0; i < SIM_COSTS; i++)
        costs->ns[i] = abouts[i].ns;
}

static bool take_line(struct sim_costs *costs, const char *name, const char *figure)
{
    char *end;
    double ns = strtod(figure, &end);

    if (end == figure || *end != '\0' || !(ns >= 0 && ns <= 1e9))
        return false;
    for (int i = 0; i < SIM_COSTS; i++) {
        if (strcmp(name, abouts[i].name) != 0)
            continue;
        costs->ns[i] = ns;
        return true;
    }
    return false;
}

bool sim_costs_read(struct sim_costs *costs, FILE *in, char *why, size_t why_size)
{
    char line[256];

    for (unsigned number = 1; fgets(line, sizeof(line), in) != NULL; number++) {
        char *rest;
        const char *name = strtok_r(line, " \t\n", &rest);
        const char *figure = name != NULL ? strtok_r(NULL, " \t\n", &rest) : NULL;

        if (name == NULL || *name == '#')
            continue;
        if (figure != NULL && take_line(costs, name, figure))
            continue;
        (void)snprintf(why, why_size, "line %u: '%s' is not a figure of the model",
                       number, name);
        return false;
    }
    return true;
}

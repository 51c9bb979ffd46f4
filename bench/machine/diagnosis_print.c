/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/machine/diagnosis.h"
#include "bench/text/text.h"
#include "bench/text/utf8.h"

#include <errno.h>
#include <jansson.h>
#include <magpie/budget.h>
#include <magpie/default.h>
#include <magpie/sched.h>
#include <string.h>

enum { NAME = 13, VARIABLE = 17, INDENT = 2, WARNING_INDENT = 4 };

static const char *const pinned_names[] = {
    [MAG_PINNED] = "obtained",           [MAG_PIN_REFUSED] = "refused",
    [MAG_PIN_FOREIGN] = "not asked for", [MAG_PIN_LOST] = "lost",
    [MAG_PIN_LOOSENED] = "loosened",
};

/* --------------------------------------------------------------------- text */

static void heading(FILE *out, const char *text)
{
    (void)fprintf(out, "\n%s%s%s\n", bench_colour(out, BENCH_BOLD), text,
                  bench_colour(out, BENCH_PLAIN));
}

static void name(FILE *out, const char *text)
{
    (void)fprintf(out, "%*s%-*s ", INDENT, "", NAME, text);
}

static void print_cpus(FILE *out, const struct bench_diagnosis *d)
{
    heading(out, "processors");
    name(out, "online");
    (void)fprintf(out, "%s\n", bench_count(mag_budget_online(d->budget), "PU").text);
    name(out, "allowed");
    (void)fprintf(out, "%s: %s\n", bench_count(mag_topology_pus(d->topology), "PU").text,
                  d->allowed);
    name(out, "hwloc finds");
    (void)fprintf(out, "%s, %s, %s, %s\n", bench_count(d->packages, "package").text,
                  bench_count(mag_topology_nodes(d->topology), "node").text,
                  bench_count(d->caches, "last-level cache").text,
                  bench_count(mag_topology_cores(d->topology), "core").text);
    name(out, "pinning");
    (void)fprintf(out, "%s\n", pinned_names[d->pinned]);
    name(out, "load");
    if (d->load >= 0)
        (void)fprintf(out, "%.2f in the last minute\n", d->load);
    else
        (void)fprintf(out, "unknown\n");
}

/* Whether a level is the process's own in its version. */
static bool is_first(const struct bench_diagnosis *d, uint32_t index)
{
    return index == 0 || mag_budget_level(d->budget, index)->version !=
                             mag_budget_level(d->budget, index - 1)->version;
}

static void print_limit(FILE *out, const struct mag_budget_level *level)
{
    if (!level->controlled)
        (void)fprintf(out, "no CPU controller, so no limit\n");
    else if (level->cpus > 0)
        (void)fprintf(out, "%.2f CPUs, %s of every %s\n", level->cpus,
                      bench_seconds((double)level->quota_usec * 1e-6).text,
                      bench_seconds((double)level->period_usec * 1e-6).text);
    else
        (void)fprintf(out, "no limit\n");
}

/* A group that was never held back is not one whose counter cannot be read. */
static void print_throttling(FILE *out, const struct mag_budget_level *level)
{
    if (!level->controlled)
        return;
    name(out, "");
    if (!level->counted)
        (void)fprintf(out, "how often it was held back cannot be read\n");
    else if (level->throttled == 0)
        (void)fprintf(out, "never held back so far\n");
    else
        (void)fprintf(out, "held back %llu times, for %s in all\n",
                      (unsigned long long)level->throttled,
                      bench_seconds((double)level->throttled_usec * 1e-6).text);
}

static void print_level(FILE *out, const struct mag_budget_level *level, bool first)
{
    name(out, first ? "its group" : "above it");
    (void)fprintf(out, "%s: ", level->path);
    print_limit(out, level);
    print_throttling(out, level);
}

static void print_quota(FILE *out, const struct bench_diagnosis *d)
{
    heading(out, "CPU time");
    name(out, "quota");
    if (mag_budget_quota(d->budget) > 0)
        (void)fprintf(out, "%.2f CPUs, the smallest of these groups\n",
                      mag_budget_quota(d->budget));
    else
        (void)fprintf(out, "none: no control group sets a limit\n");
    for (uint32_t i = 0; i < mag_budget_levels(d->budget); i++)
        print_level(out, mag_budget_level(d->budget, i), is_first(d, i));
}

static const char *memory_text(const struct bench_diagnosis *d)
{
    if (mag_topology_nodes(d->topology) < 2)
        return "one node: nothing to bind";
    if (!d->memory_binding)
        return "may not be bound to nodes: it lands where it is first touched";
    return d->memory_preference ? "may be bound to nodes"
                                : "may be bound to nodes, but threads may not prefer one";
}

static void print_kernel(FILE *out, const struct bench_diagnosis *d)
{
    heading(out, "kernel");
    name(out, "membarrier");
    (void)fprintf(out, "%s\n",
                  d->membarrier ? "used: a fork needs no fence"
                                : "refused: forks and steals use fences");
    name(out, "memory");
    (void)fprintf(out, "%s\n", memory_text(d));
}

/* Of the environment. */
static void print_variables(FILE *out)
{
    const struct mag_sched_variable *variable;

    heading(out, "default scheduler");
    for (uint32_t i = 0; (variable = mag_sched_variable(i)) != NULL; i++) {
        const char *value = mag_sched_variable_value(i);

        (void)fprintf(out, "%*s%-*s ", INDENT, "", VARIABLE, variable->name);
        if (value == NULL)
            (void)fprintf(out, "not set\n");
        else if (mag_sched_variable_check(i) == MAG_E_ENVIRONMENT)
            (void)fprintf(out, "%s: wrong\n", value);
        else
            (void)fprintf(out, "%s\n", value);
    }
}

/* Words of a text in lines that fit, each behind an indentation. */
static void print_wrapped(FILE *out, const char *text)
{
    uint32_t columns = bench_columns(out);
    uint32_t at = WARNING_INDENT;

    for (size_t length; *text != '\0'; text += length + strspn(text + length, " ")) {
        length = strcspn(text, " ");
        if (at + length + 1 > columns) {
            (void)fprintf(out, "\n%*s", WARNING_INDENT, "");
            at = WARNING_INDENT;
        }
        (void)fprintf(out, "%s%.*s", at > WARNING_INDENT ? " " : "", (int)length, text);
        at += (uint32_t)length + 1;
    }
    (void)fputc('\n', out);
}

static void print_warnings(FILE *out, const struct bench_diagnosis *d)
{
    heading(out, "warnings");
    if (d->warning_count == 0)
        (void)fprintf(out, "%*s%snone%s\n", INDENT, "", bench_colour(out, BENCH_GOOD),
                      bench_colour(out, BENCH_PLAIN));
    for (uint32_t i = 0; i < d->warning_count; i++) {
        (void)fprintf(out, "%*s%s!%s ", INDENT, "", bench_colour(out, BENCH_WARN),
                      bench_colour(out, BENCH_PLAIN));
        print_wrapped(out, d->warnings[i]);
    }
}

void bench_diagnosis_print(FILE *out, const struct bench_diagnosis *d)
{
    if (d->error != 0) {
        (void)fprintf(out, "hwloc cannot look at this machine: %s\n",
                      mag_call_text(d->error));
        return;
    }
    (void)fprintf(out, "%s%s%s\n", bench_colour(out, BENCH_BOLD), d->decision,
                  bench_colour(out, BENCH_PLAIN));
    print_cpus(out, d);
    print_quota(out, d);
    print_kernel(out, d);
    print_variables(out);
    print_warnings(out, d);
}

/* --------------------------------------------------------------------- JSON */

static json_t *levels_to_json(const struct bench_diagnosis *d)
{
    json_t *levels = json_array();
    int failed = levels == NULL;

    for (uint32_t i = 0; i < mag_budget_levels(d->budget); i++) {
        const struct mag_budget_level *level = mag_budget_level(d->budget, i);

        json_t *throttled =
            level->counted ? json_integer((json_int_t)level->throttled) : json_null();
        json_t *held_usec = level->counted
                                ? json_integer((json_int_t)level->throttled_usec)
                                : json_null();

        failed |= json_array_append_new(
            levels,
            json_pack("{so si sb sf sI sI so so}", "path", bench_json_text(level->path),
                      "version", (int)level->version, "controlled", level->controlled,
                      "cpus", level->cpus, "quota_usec", (json_int_t)level->quota_usec,
                      "period_usec", (json_int_t)level->period_usec, "throttled",
                      throttled, "throttled_usec", held_usec));
    }
    return bench_json_whole(levels, failed == 0);
}

static json_t *warnings_to_json(const struct bench_diagnosis *d)
{
    json_t *warnings = json_array();
    int failed = warnings == NULL;

    for (uint32_t i = 0; i < d->warning_count; i++)
        failed |= json_array_append_new(warnings, bench_json_text(d->warnings[i]));
    return bench_json_whole(warnings, failed == 0);
}

/* With one node the kernel was not asked. */
static json_t *of_nodes_to_json(const struct bench_diagnosis *d, bool allowed)
{
    return mag_topology_nodes(d->topology) > 1 ? json_boolean(allowed) : json_null();
}

static json_t *variables_to_json(void)
{
    json_t *variables = json_array();
    int failed = variables == NULL;
    const struct mag_sched_variable *variable;

    for (uint32_t i = 0; (variable = mag_sched_variable(i)) != NULL; i++) {
        const char *value = mag_sched_variable_value(i);

        failed |= json_array_append_new(
            variables, json_pack("{ss so ss sb}", "name", variable->name, "value",
                                 value != NULL ? bench_json_text(value) : json_null(),
                                 "allowed", variable->allowed, "wrong",
                                 mag_sched_variable_check(i) == MAG_E_ENVIRONMENT));
    }
    return bench_json_whole(variables, failed == 0);
}

static json_t *diagnosis_to_json(const struct bench_diagnosis *d)
{
    const char *pinned = pinned_names[d->pinned];

    if (d->error != 0)
        return json_pack("{ss}", "error", mag_call_text(d->error));
    return json_pack(
        "{sI ss so sI sI ss sI sI sI sI ss sf sf so sb so so so so}", "workers",
        (json_int_t)mag_budget_workers(d->budget), "reason",
        mag_budget_reason_name(mag_budget_reason(d->budget)), "decision",
        bench_json_text(d->decision), "online", (json_int_t)mag_budget_online(d->budget),
        "allowed", (json_int_t)mag_topology_pus(d->topology), "allowed_list", d->allowed,
        "packages", (json_int_t)d->packages, "nodes",
        (json_int_t)mag_topology_nodes(d->topology), "caches", (json_int_t)d->caches,
        "cores", (json_int_t)mag_topology_cores(d->topology), "pinning", pinned, "load",
        d->load, "quota_cpus", mag_budget_quota(d->budget), "levels", levels_to_json(d),
        "membarrier", d->membarrier, "memory_binding",
        of_nodes_to_json(d, d->memory_binding), "memory_preference",
        of_nodes_to_json(d, d->memory_preference), "variables", variables_to_json(),
        "warnings", warnings_to_json(d));
}

int bench_diagnosis_json(FILE *out, const struct bench_diagnosis *d)
{
    json_t *root = diagnosis_to_json(d);

    if (root == NULL)
        return -ENOMEM;
    /* What goes wrong with the output is seen when it is closed. */
    (void)json_dumpf(root, out, JSON_INDENT(2));
    (void)fputc('\n', out);
    json_decref(root);
    return 0;
}

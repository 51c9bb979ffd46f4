/*
 * topo_draw.c - draws a machine: a heading for each package and node, then one line for
 * each last-level cache with its cores as boxes of PU numbers, and under it the workers.
 *
 *     package 0
 *       node 0, 251.6 GiB
 *         cache 0   [0 64] [1 65] [2 66] [3 67]
 *         workers    0      1      2      3
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/machine/topo.h"
#include "bench/text/text.h"

#include <stdarg.h>
#include <string.h>

enum { THREADS_MAX = 16, INDENT = 4, LEAD = INDENT + 11, NODES_SHOWN = 16 };

/* PUs of one line: same package, node, cache and kind. */
struct group {
    uint32_t from;
    uint32_t end;
    uint32_t width[THREADS_MAX]; /* of the n-th PU of each core */
    uint32_t core_width;
};

static const struct mag_pu *pu_at(const struct bench_topo *topo, uint32_t pu)
{
    return mag_topology_pu(topo->topology, pu);
}

/* -------------------------------------------------------------- what belongs together */

static bool same_line(const struct mag_pu *a, const struct mag_pu *b)
{
    return a->package == b->package && a->node == b->node && a->cache == b->cache &&
           a->kind == b->kind;
}

/* First and last + 1 PU of the core at `from`, within `end`. */
static uint32_t core_end(const struct bench_topo *topo, uint32_t from, uint32_t end)
{
    uint32_t i = from + 1;

    while (i < end && i - from < THREADS_MAX &&
           pu_at(topo, i)->core == pu_at(topo, from)->core)
        i++;
    return i;
}

/* The workers on a PU, such as "3" or "3+1" for worker 3 and another; "" for none. */
static struct bench_text workers_on(const struct bench_topo *topo, uint32_t pu)
{
    struct bench_text text = {""};
    uint32_t others = 0;

    for (uint32_t i = 0; i < mag_plan_workers(topo->plan); i++) {
        if (mag_plan_seat(topo->plan, i)->pu != pu)
            continue;
        if (text.text[0] == '\0')
            (void)snprintf(text.text, sizeof(text.text), "%u", i);
        else
            others++;
    }
    if (others > 0) {
        size_t used = strlen(text.text);
        (void)snprintf(text.text + used, sizeof(text.text) - used, "+%u", others);
    }
    return text;
}

static struct bench_text number_of(const struct bench_topo *topo, uint32_t pu)
{
    struct bench_text text;

    (void)snprintf(text.text, sizeof(text.text), "%u", pu_at(topo, pu)->os_index);
    return text;
}

static void widen(uint32_t *width, const char *text)
{
    uint32_t length = (uint32_t)strlen(text);

    if (length > *width)
        *width = length;
}

static struct group group_at(const struct bench_topo *topo, uint32_t from)
{
    struct group group = {.from = from, .end = from, .core_width = 1};

    while (group.end < mag_topology_pus(topo->topology) &&
           same_line(pu_at(topo, from), pu_at(topo, group.end)))
        group.end++;

    for (uint32_t core = from; core < group.end; core = core_end(topo, core, group.end)) {
        uint32_t end = core_end(topo, core, group.end);
        uint32_t width = 2;

        for (uint32_t pu = core; pu < end; pu++) {
            widen(&group.width[pu - core], number_of(topo, pu).text);
            widen(&group.width[pu - core], workers_on(topo, pu).text);
            width += group.width[pu - core] + 1;
        }
        if (width > group.core_width)
            group.core_width = width;
    }
    return group;
}

/* ------------------------------------------------------------------ drawing */

/* The number of a package or cache: how many others come before it.  The topology's own
 * numbers mean nothing but equality. */
static uint32_t ordinal(const struct bench_topo *topo, uint32_t at,
                        uint32_t (*of)(const struct mag_pu *pu))
{
    uint32_t changes = 0;

    for (uint32_t i = 1; i <= at; i++)
        changes += of(pu_at(topo, i)) != of(pu_at(topo, i - 1));
    return changes;
}

static uint32_t package_of(const struct mag_pu *pu)
{
    return pu->package;
}

static uint32_t cache_of(const struct mag_pu *pu)
{
    return pu->cache;
}

/* A line that is put together before it is printed, so that no blanks end it. */
struct line {
    char text[512];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line,
                                                      const char *format, ...)
{
    size_t room = sizeof(line->text) - line->used;
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(line->text + line->used, room, format, args);
    va_end(args);
    if (length > 0)
        line->used += (size_t)length < room ? (size_t)length : room - 1;
}

static void print_line(FILE *out, struct line *line, enum bench_colour colour)
{
    while (line->used > 0 && line->text[line->used - 1] == ' ')
        line->used--;
    (void)fprintf(out, "%s%.*s%s\n",
                  colour != BENCH_PLAIN ? bench_colour(out, colour) : "", (int)line->used,
                  line->text,
                  colour != BENCH_PLAIN ? bench_colour(out, BENCH_PLAIN) : "");
}

static void draw_pus(FILE *out, const struct bench_topo *topo, const struct group *group,
                     const char *name, const uint32_t range[2])
{
    struct line line = {.used = 0};

    add(&line, "%*s%-*s", INDENT, "", LEAD - INDENT, name);
    for (uint32_t core = range[0]; core < range[1];
         core = core_end(topo, core, range[1])) {
        uint32_t last = core_end(topo, core, range[1]);

        for (uint32_t pu = core; pu < last; pu++)
            add(&line, "%c%*s", pu == core ? '[' : ' ', (int)group->width[pu - core],
                number_of(topo, pu).text);
        add(&line, "] ");
    }
    print_line(out, &line, BENCH_PLAIN);
}

/* Under each PU its workers; nothing when there are none. */
static void draw_workers(FILE *out, const struct bench_topo *topo,
                         const struct group *group, const uint32_t range[2])
{
    struct line line = {.used = 0};
    bool any = false;

    add(&line, "%*s%-*s", INDENT, "", LEAD - INDENT, "workers");
    for (uint32_t core = range[0]; core < range[1];
         core = core_end(topo, core, range[1])) {
        uint32_t last = core_end(topo, core, range[1]);

        for (uint32_t pu = core; pu < last; pu++) {
            struct bench_text workers = workers_on(topo, pu);

            any |= workers.text[0] != '\0';
            add(&line, " %*s", (int)group->width[pu - core], workers.text);
        }
        add(&line, "  ");
    }
    if (any)
        print_line(out, &line, BENCH_GOOD);
}

/* As many cores in a line as fit. */
static void draw_group(FILE *out, const struct bench_topo *topo,
                       const struct group *group)
{
    uint32_t columns = bench_columns(out);
    uint32_t in_line = columns > LEAD ? (columns - LEAD) / group->core_width : 1;
    uint32_t range[2] = {group->from, group->from};
    char name[LEAD + 16];

    (void)snprintf(name, sizeof(name), "cache %u", ordinal(topo, group->from, cache_of));
    for (; range[0] < group->end; range[0] = range[1]) {
        for (uint32_t cores = 0; range[1] < group->end && (cores == 0 || cores < in_line);
             cores++)
            range[1] = core_end(topo, range[1], group->end);
        draw_pus(out, topo, group, name, range);
        draw_workers(out, topo, group, range);
        name[0] = '\0';
    }
}

static void draw_node(FILE *out, const struct bench_topo *topo, uint32_t index)
{
    const struct mag_node *node = mag_topology_node(topo->topology, index);

    if (node == NULL) {
        (void)fputs("  without memory of its own\n", out);
        return;
    }
    (void)fprintf(out, "  node %u", node->os_index);
    if (node->memory_bytes > 0)
        (void)fprintf(out, ", %s", bench_kib(node->memory_bytes / 1024).text);
    (void)fputc('\n', out);
}

static bool is_hybrid(const struct bench_topo *topo)
{
    for (uint32_t i = 1; i < mag_topology_pus(topo->topology); i++) {
        if (pu_at(topo, i)->kind != pu_at(topo, 0)->kind)
            return true;
    }
    return false;
}

/* Headings for what differs from the line before. */
static void draw_headings(FILE *out, const struct bench_topo *topo, uint32_t at)
{
    const struct mag_pu *pu = pu_at(topo, at);
    const struct mag_pu *before = at > 0 ? pu_at(topo, at - 1) : NULL;
    bool package = before == NULL || before->package != pu->package;

    if (package)
        (void)fprintf(out, "\n%spackage %u%s\n", bench_colour(out, BENCH_BOLD),
                      ordinal(topo, at, package_of), bench_colour(out, BENCH_PLAIN));
    if (package || before->node != pu->node)
        draw_node(out, topo, pu->node);
    if (before != NULL ? before->kind != pu->kind : is_hybrid(topo))
        (void)fprintf(out, "%*scores of kind %u%s\n", INDENT, "", pu->kind,
                      pu->kind == 0 ? ", the slowest" : "");
}

static void draw_memory_nodes(FILE *out, const struct mag_topology *topology)
{
    bool any = false;

    for (uint32_t i = 0; i < mag_topology_nodes(topology); i++) {
        const struct mag_node *node = mag_topology_node(topology, i);

        if (node->pus > 0)
            continue;
        if (!any)
            (void)fputs("\nmemory without PUs\n", out);
        any = true;
        (void)fprintf(out, "  node %u, %s\n", node->os_index,
                      bench_kib(node->memory_bytes / 1024).text);
    }
}

static void draw_distances(FILE *out, const struct mag_topology *topology)
{
    uint32_t nodes = mag_topology_nodes(topology);

    if (nodes < 2)
        return;
    if (nodes > NODES_SHOWN) {
        (void)fprintf(out, "\ndistances of %u nodes: see --json\n", nodes);
        return;
    }
    (void)fputs("\nnode distances\n       ", out);
    for (uint32_t to = 0; to < nodes; to++)
        (void)fprintf(out, "%4u", mag_topology_node(topology, to)->os_index);
    (void)fputc('\n', out);
    for (uint32_t from = 0; from < nodes; from++) {
        (void)fprintf(out, "  %4u ", mag_topology_node(topology, from)->os_index);
        for (uint32_t to = 0; to < nodes; to++)
            (void)fprintf(out, "%4u", mag_topology_distance(topology, from, to));
        (void)fputc('\n', out);
    }
}

void bench_topo_draw(FILE *out, const struct bench_topo *topo)
{
    const struct mag_topology *topology = topo->topology;
    struct group group;

    (void)fprintf(out, "%s: %s, %s, %s\n", topo->source,
                  bench_count(mag_topology_nodes(topology), "node").text,
                  bench_count(mag_topology_cores(topology), "core").text,
                  bench_count(mag_topology_pus(topology), "PU").text);
    for (uint32_t from = 0; from < mag_topology_pus(topology); from = group.end) {
        group = group_at(topo, from);
        draw_headings(out, topo, from);
        draw_group(out, topo, &group);
    }
    draw_memory_nodes(out, topology);
    draw_distances(out, topology);
    (void)fprintf(out, "\n%s, placed %s; a box is a core, its numbers are PUs\n",
                  bench_count(mag_plan_workers(topo->plan), "worker").text,
                  topo->placement);
}

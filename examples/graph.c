/*
 * graph.c - building a program: sources are compiled when they are newer than what was
 * made of them, and linked when all are compiled; the graph is run twice.
 *
 *     graph           runs the graph, and checks what was done
 *     graph --dot     prints it: graph --dot | dot -Tsvg >graph.svg
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { SOURCES = 3 };

struct source {
    const char *name;
    bool is_new;
};

static atomic_int compiled, linked;

MAG_VTASK_DEFINE(choice_task, bool)

MAG_NODE(choice_task, is_new, struct source *, source)
MAG_NODE(mag_task, compile, struct source *, source)
MAG_NODE(mag_task, link, int, sources)

static choice_task is_new(struct source *source)
{
    return choice_task_result(source->is_new);
}

/* A node that waits without holding a worker. */
MAG_ASYNC(mag_task, compile, (struct source *, source), struct mag_delay_state compiler;)
{
    MAG_BEGIN(f);
    /* Stands for the compiler. */
    MAG_CONNECT_DONE(f, mag_delay, &f->compiler, NULL, 2000000);
    f->source->is_new = false;
    /* relaxed: the end of the run publishes it. */
    (void)atomic_fetch_add_explicit(&compiled, 1, memory_order_relaxed);
    MAG_END(f);
}

static mag_task link(int sources)
{
    (void)sources;
    /* relaxed: as above. */
    (void)atomic_fetch_add_explicit(&linked, 1, memory_order_relaxed);
    return mag_task_done();
}

/* For each source: is_new -1-> compile -> link; link is skipped if nothing is new. */
static int add_nodes(struct mag_graph *graph, struct source *sources)
{
    struct mag_graph_node *links;
    int r = link_node(graph, SOURCES, &links);

    for (int i = 0; i < SOURCES && r == 0; i++) {
        struct mag_graph_node *asks, *compiles;

        r = is_new_node(graph, &sources[i], &asks);
        if (r == 0)
            r = compile_node(graph, &sources[i], &compiles);
        if (r == 0)
            r = mag_graph_edge_if(graph, asks, compiles, true);
        if (r == 0)
            r = mag_graph_edge(graph, compiles, links);
        if (r == 0)
            mag_graph_name(compiles, sources[i].name);
    }
    return r;
}

static int build(struct mag_graph *graph, struct source *sources)
{
    char cycle[100];
    int r = add_nodes(graph, sources);

    if (r == 0)
        r = mag_graph_build(graph, cycle, sizeof(cycle));
    if (r == -ELOOP)
        (void)fprintf(stderr, "graph: a cycle: %s\n", cycle);
    return r;
}

static void print_part(void *arg, const char *text, size_t length)
{
    (void)fwrite(text, 1, length, arg);
}

int main(int argc, char **argv)
{
    struct source sources[SOURCES] = {
        {"main.c", true}, {"parse.c", false}, {"print.c", true}};
    struct mag_graph *graph;
    int r = mag_graph_create(&graph);

    if (r == 0)
        r = build(graph, sources);
    if (r == 0 && argc > 1 && strcmp(argv[1], "--dot") == 0) {
        mag_graph_print(graph, print_part, stdout);
        return mag_graph_destroy(graph);
    }
    for (int i = 0; i < 2 && r == 0; i++) {
        r = mag_task_wait(mag_graph_run(graph, NULL, NULL));
        /* relaxed, both: as above. */
        printf("after run %d: compiled %d, linked %d\n", i + 1,
               atomic_load_explicit(&compiled, memory_order_relaxed),
               atomic_load_explicit(&linked, memory_order_relaxed));
    }
    if (r != 0)
        (void)fprintf(stderr, "graph: %s\n", mag_error_text(r));
    (void)mag_graph_destroy(graph);
    /* relaxed, both: as above. */
    return r == 0 && atomic_load_explicit(&compiled, memory_order_relaxed) == 2 &&
                   atomic_load_explicit(&linked, memory_order_relaxed) == 1
               ? 0
               : 1;
}

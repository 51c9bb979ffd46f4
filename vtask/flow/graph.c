/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/graph.h"
#include "vtask/debug/debug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int mag_graph_create(struct mag_graph **ret_graph)
{
    struct mag_graph *graph = calloc(1, sizeof(*graph));

    if (graph == NULL)
        return -ENOMEM;
    graph->last = &graph->nodes;
    mag_spin_init(&graph->lock);
    *ret_graph = graph;
    return 0;
}

int mag_graph_destroy(struct mag_graph *graph)
{
    if (graph == NULL)
        return 0;
    if (mag_graph_is_busy(graph))
        return -EBUSY;
    for (struct mag_graph_node *node = graph->nodes, *next; node != NULL; node = next) {
        next = node->next;
        free(node->edges);
        free(node);
    }
    free(graph);
    return 0;
}

/* -------------------------------------------------------------------- nodes, edges */

/* Memory for a node: aligned as its arguments are. */
static struct mag_graph_node *make_node(const struct mag_graph_type *type)
{
    size_t unit = alignof(struct mag_graph_node);
    size_t size = (sizeof(struct mag_graph_node) + type->size + unit - 1) / unit * unit;
    struct mag_graph_node *node = aligned_alloc(unit, size);

    if (node != NULL)
        memset(node, 0, size);
    return node;
}

int mag_graph_add(struct mag_graph *graph, const struct mag_graph_type *type,
                  const void *args, struct mag_graph_node **ret_node)
{
    struct mag_graph_node *node;

    if (mag_graph_is_busy(graph))
        return -EBUSY;
    node = make_node(type);
    if (node == NULL)
        return -ENOMEM;
    node->graph = graph;
    node->type = type;
    node->name = type->name;
    node->number = graph->count++;
    memcpy(node->args, args, type->size);
    *graph->last = node;
    graph->last = &node->next;
    graph->is_built = false;
    *ret_node = node;
    return 0;
}

void mag_graph_name(struct mag_graph_node *node, const char *name)
{
    node->name = name;
}

/* Room for one more edge. */
static int make_edge_room(struct mag_graph_node *node)
{
    uint32_t room = node->edge_room == 0 ? 2 : 2 * node->edge_room;
    struct mag_graph_edge *edges;

    if (node->edge_count < node->edge_room)
        return 0;
    edges = realloc(node->edges, room * sizeof(*edges));
    if (edges == NULL)
        return -ENOMEM;
    node->edges = edges;
    node->edge_room = room;
    return 0;
}

static int add_edge(struct mag_graph *graph, struct mag_graph_node *from,
                    const struct mag_graph_edge *edge)
{
    if (from == NULL || edge->to == NULL || from->graph != graph ||
        edge->to->graph != graph)
        return mag_misuse_argument(MAG_E_ARG);
    if (mag_graph_is_busy(graph))
        return -EBUSY;
    int r = make_edge_room(from);
    if (r < 0)
        return r;
    from->edges[from->edge_count++] = *edge;
    edge->to->edges_to++;
    graph->is_built = false;
    return 0;
}

int mag_graph_edge(struct mag_graph *graph, struct mag_graph_node *from,
                   struct mag_graph_node *to)
{
    return add_edge(graph, from, &(struct mag_graph_edge){.to = to});
}

int mag_graph_edge_if(struct mag_graph *graph, struct mag_graph_node *from,
                      struct mag_graph_node *to, uint64_t result)
{
    return add_edge(
        graph, from,
        &(struct mag_graph_edge){.to = to, .result = result, .is_conditional = true});
}

/* ------------------------------------------------------------------------- cycles */

/* `walked` during the search for a cycle: edges that were followed, or one of these. */
#define GRAPH_NOT_SEEN UINT32_MAX
#define GRAPH_DONE     (UINT32_MAX - 1)

/* Appends to a text that may be cut off. */
static void append_name(char *text, size_t size, const char *name)
{
    size_t length = size == 0 ? 0 : strlen(text);

    if (length < size)
        (void)strncat(text, name, size - length - 1);
}

/* The nodes from `from` to `last`, of which each was reached from the one before, and
 * `from` again. */
static void tell_cycle(struct mag_graph_node *from, struct mag_graph_node *last,
                       char *cycle, size_t size)
{
    /* Turns the links round, so that they lead from `from` to `last`. */
    struct mag_graph_node *after = NULL;

    for (struct mag_graph_node *node = last; after != from && node != NULL;) {
        struct mag_graph_node *before = node->before;

        node->before = after;
        after = node;
        node = before;
    }
    for (struct mag_graph_node *node = from; node != NULL; node = node->before) {
        append_name(cycle, size, node->name);
        append_name(cycle, size, " -> ");
    }
    append_name(cycle, size, from->name);
}

/* Follows all edges from `root`, depth first, without recursion. */
static int walk_from(struct mag_graph_node *root, char *cycle, size_t size)
{
    struct mag_graph_node *node = root;

    root->before = NULL;
    root->walked = 0;
    while (node != NULL) {
        if (node->walked == node->edge_count) {
            node->walked = GRAPH_DONE;
            node = node->before;
            continue;
        }
        struct mag_graph_node *to = node->edges[node->walked++].to;
        if (to->walked == GRAPH_NOT_SEEN) {
            to->before = node;
            to->walked = 0;
            node = to;
        } else if (to->walked != GRAPH_DONE) {
            tell_cycle(to, node, cycle, size);
            return -ELOOP;
        }
    }
    return 0;
}

static int look_for_cycle(struct mag_graph *graph, char *cycle, size_t size)
{
    int r = 0;

    for (struct mag_graph_node *node = graph->nodes; node != NULL; node = node->next)
        node->walked = GRAPH_NOT_SEEN;
    for (struct mag_graph_node *node = graph->nodes; node != NULL && r == 0;
         node = node->next) {
        if (node->walked == GRAPH_NOT_SEEN)
            r = walk_from(node, cycle, size);
    }
    return r;
}

int mag_graph_build(struct mag_graph *graph, char *cycle, size_t size)
{
    struct mag_graph_node **last = &graph->first;

    if (mag_graph_is_busy(graph))
        return -EBUSY;
    if (size != 0)
        cycle[0] = 0;
    int r = look_for_cycle(graph, cycle, size);
    if (r < 0)
        return r;
    graph->sinks = 0;
    for (struct mag_graph_node *node = graph->nodes; node != NULL; node = node->next) {
        graph->sinks += node->edge_count == 0;
        atomic_init(&node->edges_left, node->edges_to);
        if (node->edges_to != 0)
            continue;
        *last = node;
        last = &node->next_first;
    }
    *last = NULL;
    graph->is_built = true;
    return 0;
}

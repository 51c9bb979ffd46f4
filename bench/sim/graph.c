/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sim/graph.h"

#include <stdlib.h>
#include <string.h>

const struct sim_graph *const sim_graphs[] = {
    &sim_graph_fib,
    &sim_graph_skynet,
    &sim_graph_nqueens,
    &sim_graph_uts,
    &sim_graph_cilksort,
    &sim_graph_heat,
    &sim_graph_loop,
    &sim_graph_bursts,
    &sim_graph_bulk,
    &sim_graph_trickle,
    &sim_graph_pipeline,
    &sim_graph_mgzip,
    NULL,
};

const struct sim_graph *sim_graph_named(const char *name)
{
    for (unsigned i = 0; sim_graphs[i] != NULL; i++) {
        if (strcmp(sim_graphs[i]->name, name) == 0)
            return sim_graphs[i];
    }
    return NULL;
}

bool sim_graph_fits(const struct sim_graph *graph, uint64_t size)
{
    return size >= graph->size_min && size <= graph->size_max &&
           (graph->size_fits == NULL || graph->size_fits(size));
}

/* ------------------------------------------------------------------------- code */

static struct sim_op *add(struct sim_code *code, enum sim_op_kind kind)
{
    if (code->count == code->capacity) {
        uint32_t capacity = code->capacity != 0 ? code->capacity * 2 : 64;
        struct sim_op *ops = realloc(code->ops, capacity * sizeof(*ops));

        if (ops == NULL) {
            code->failed = true;
            return NULL;
        }
        code->ops = ops;
        code->capacity = capacity;
    }
    struct sim_op *op = &code->ops[code->count++];

    op->kind = kind;
    return op;
}

void sim_run_in(struct sim_code *code, double ns, double kib, double where)
{
    struct sim_op *op = add(code, SIM_RUN);

    if (op == NULL)
        return;
    op->ns = ns;
    op->kib = kib;
    op->where = where;
}

void sim_run(struct sim_code *code, double ns)
{
    sim_run_in(code, ns, 0, 0);
}

void sim_add(struct sim_code *code, enum sim_op_kind kind, const struct sim_node *node)
{
    struct sim_op *op = add(code, kind);

    if (op != NULL)
        op->node = *node;
}

void sim_join(struct sim_code *code)
{
    (void)add(code, SIM_JOIN);
}

/* ------------------------------------------------------------------ work and span */

enum { CHILDREN_MAX = 32 /* forked by one node and not joined */ };

struct measure {
    const struct sim_graph *graph;
    const struct sim_costs *costs;
    struct sim_code code;
    struct sim_shape shape;
};

/* The span of a node.  A child's span counts from its fork; a join waits for it. */
static double span_of(struct measure *measure, const struct sim_node *node)
{
    struct sim_code *code = &measure->code;
    uint32_t from = code->count;
    double ends[CHILDREN_MAX] = {0};
    unsigned forked = 0;
    double now = 0;

    measure->shape.nodes++;
    measure->graph->unfold(measure->costs, node, code);
    for (uint32_t i = from; i < code->count && !code->failed; i++) {
        struct sim_op op = code->ops[i];
        uint32_t until = code->count;

        if (op.kind == SIM_RUN) {
            now += op.ns;
            measure->shape.work_ns += op.ns;
        } else if (op.kind == SIM_CALL) {
            now += span_of(measure, &op.node);
        } else if (op.kind == SIM_CHILD) {
            now += measure->costs->ns[SIM_FORK];
            measure->shape.work_ns += measure->costs->ns[SIM_FORK];
            measure->shape.forks++;
            ends[forked++] = now + span_of(measure, &op.node);
        } else if (op.kind == SIM_JOIN) {
            double end = ends[--forked];

            now = end > now ? end : now;
        } else {
            double end = now + span_of(measure, &op.node);

            now = end > now ? end : now;
        }
        code->count = until;
    }
    code->count = from;
    return now;
}

bool sim_graph_measure(const struct sim_graph *graph, uint64_t size,
                       const struct sim_costs *costs, struct sim_shape *ret_shape)
{
    struct measure measure = {.graph = graph, .costs = costs};
    struct sim_feed feed = {.jobs = 1};

    if (graph->feed != NULL)
        graph->feed(size, &feed);
    for (uint64_t i = 0; i < feed.jobs; i++) {
        struct sim_node node = {0};

        graph->root(size, i, &node);
        double span = span_of(&measure, &node);
        if (span > measure.shape.span_ns)
            measure.shape.span_ns = span;
    }
    *ret_shape = measure.shape;
    free(measure.code.ops);
    return !measure.code.failed;
}

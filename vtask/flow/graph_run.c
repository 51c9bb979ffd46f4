/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/combine/delay.h"
#include "vtask/debug/debug.h"
#include "vtask/flow/graph.h"
#include "vtask/value/kind.h"

#include <magpie/job_kind.h>
#include <magpie/promise.h>

#include <errno.h>

/* Nodes of whoever has them: lists linked by `todo`. */
struct todo {
    struct mag_graph_node *ready;
    struct mag_graph_node *skipped;
};

/* What has become of a node. */
struct ending {
    bool ran;
    uint64_t result;
};

static const struct ending not_run = {false, 0};

/* The innermost node that this thread calls; NULL: none.  Such nodes are in no list of
 * somebody who has them, and are linked by `todo`.  They are still there when the stack
 * is not, at the end of a thread. */
static __thread struct mag_graph_node *innermost_node;

/* --------------------------------------------------------------------- how it ends */

/* No further node begins.  The first error counts.  `node` is the one that failed, or
 * NULL. */
static void stop_graph(struct mag_graph *graph, const struct mag_graph_node *node,
                       int error, uint64_t detail)
{
    mag_spin_lock(&graph->lock);
    if (graph->error == 0) {
        graph->error = error;
        graph->detail = detail;
        graph->failed = node;
    }
    mag_spin_unlock(&graph->lock);
    /* relaxed: a node that begins all the same does no harm. */
    atomic_store_explicit(&graph->stopped, true, memory_order_relaxed);
}

static bool graph_is_stopped(struct mag_graph *graph)
{
    /* relaxed: as above. */
    if (atomic_load_explicit(&graph->stopped, memory_order_relaxed))
        return true;
    if (!mag_cancel_has_fired(graph->cancel))
        return false;
    stop_graph(graph, NULL, -ECANCELED, (uintptr_t)graph->cancel);
    return true;
}

/* All nodes have ended or were skipped.  The graph may be run again, changed and
 * destroyed as soon as it does not run. */
static void end_graph_run(struct mag_graph *graph)
{
    struct mag_operation *operation = graph->operation;
    int error = graph->error;
    uint64_t detail = error == 0 ? 0 : graph->detail;

    /* again, release: the run precedes the next one. */
    atomic_store_explicit(&graph->runs, false, memory_order_release);
    mag_core_finish(&operation->core, error, detail);
}

/* A node without edges has ended. */
static void end_sink(struct mag_graph *graph)
{
    /* over, both ends: what all nodes have done precedes the end of the run. */
    if (atomic_fetch_sub_explicit(&graph->sinks_left, 1, memory_order_acq_rel) == 1)
        end_graph_run(graph);
}

/* ------------------------------------------------------------------------- edges */

static void push_node(struct mag_graph_node **list, struct mag_graph_node *node)
{
    node->todo = *list;
    *list = node;
}

static struct mag_graph_node *pop_node(struct mag_graph_node **list)
{
    struct mag_graph_node *node = *list;

    *list = node->todo;
    return node;
}

/* Decides one of the edges to `node`.  The last one hands the node to the caller. */
static void decide_edge(struct mag_graph_node *node, bool taken, struct todo *todo)
{
    uint64_t more = (taken ? MAG_EDGE_TAKEN : 0) - 1;
    /* decided, both ends: what comes before the node precedes it. */
    uint64_t left =
        more + atomic_fetch_add_explicit(&node->edges_left, more, memory_order_acq_rel);

    if ((uint32_t)left != 0)
        return;
    /* relaxed: the end of this run publishes it to the next one. */
    atomic_store_explicit(&node->edges_left, node->edges_to, memory_order_relaxed);
    if (left >= MAG_EDGE_TAKEN)
        push_node(&todo->ready, node);
    else
        push_node(&todo->skipped, node);
}

/* Decides the edges of a node that has ended or is skipped.  After the last one the graph
 * may be gone, unless `todo` has a node. */
static void decide_all(struct mag_graph_node *node, struct ending ending,
                       struct todo *todo)
{
    const struct mag_graph_edge *edges = node->edges;
    uint32_t count = node->edge_count;

    if (count == 0) {
        end_sink(node->graph);
        return;
    }
    /* From the last to the first: the node of the first edge is then on top. */
    for (uint32_t i = count; i != 0; i--) {
        const struct mag_graph_edge *edge = &edges[i - 1];
        bool taken =
            ending.ran && (!edge->is_conditional || edge->result == ending.result);

        decide_edge(edge->to, taken, todo);
    }
}

static int post_node(struct mag_graph_node *node);

/* Goes on behind a node.  Returns the node to be run next by the caller, or NULL. */
static struct mag_graph_node *go_on_behind(struct mag_graph_node *node,
                                           struct ending ending)
{
    struct todo todo = {NULL, NULL};

    decide_all(node, ending, &todo);
    for (;;) {
        if (todo.skipped != NULL) {
            decide_all(pop_node(&todo.skipped), not_run, &todo);
            continue;
        }
        if (todo.ready == NULL)
            return NULL;
        node = pop_node(&todo.ready);
        if (todo.ready == NULL)
            return node;
        if (post_node(node) < 0)
            push_node(&todo.skipped, node);
    }
}

/* ------------------------------------------------------------------------- a node */

static void run_node(struct mag_job *job);
static void resume_node(struct mag_job *job);

static struct mag_graph_node *graph_node_of(struct mag_job *job)
{
    return (struct mag_graph_node *)(void *)job;
}

/* If the post is refused, the graph is stopped, and the node is the caller's. */
static int post_node(struct mag_graph_node *node)
{
    struct mag_graph *graph = node->graph;

    node->continuation.job.run = run_node;
    int r = mag_sched_post(graph->sched, &node->continuation.job);
    if (r < 0)
        stop_graph(graph, NULL, r, 0);
    return r;
}

/* Reads the task that a node has returned, which is complete. */
static struct ending read_node(struct mag_graph_node *node, mag_vtask task)
{
    struct ending ending = {true, 0};
    uint64_t detail = 0;
    int r = mag_vtask_get_value(task, &ending.result, sizeof(ending.result), &detail);

    if (r == 0)
        return ending;
    stop_graph(node->graph, node, r, detail);
    return not_run;
}

/* Calls a node.  True: it has ended; false: it waits, and may have gone on by now. */
static bool call_node(struct mag_graph_node *node, struct ending *ret_ending)
{
    push_node(&innermost_node, node);
    mag_vtask task = node->type->call(node->args);
    (void)pop_node(&innermost_node);
    int r = mag_vtask_status(task);

    if (r != MAG_PENDING) {
        *ret_ending = read_node(node, task);
        return true;
    }
    node->awaited = task;
    node->continuation.job.run = resume_node;
    r = mag_vtask_on_completed(task, &node->continuation, MAG_AWAIT_CONTEXT);
    if (r == 0)
        return false;
    node->continuation.job.run = mag_continuation_spent;
    stop_graph(node->graph, node, r, 0);
    *ret_ending = not_run;
    return true;
}

/* Runs a node, and those that become ready by it; skips them if the graph is stopped. */
static void run_from(struct mag_graph_node *node)
{
    while (node != NULL) {
        struct ending ending = not_run;

        if (!graph_is_stopped(node->graph) && !call_node(node, &ending))
            return;
        node = go_on_behind(node, ending);
    }
}

static void run_node(struct mag_job *job)
{
    job->run = mag_continuation_spent;
    run_from(graph_node_of(job));
}

/* Reads the task for which the node has waited.  False: a foreign job, or one that is
 * called too early (VT-32). */
static bool end_node_wait(struct mag_job *job, struct ending *ret_ending)
{
    if (job == NULL || job->run != resume_node ||
        mag_vtask_status(graph_node_of(job)->awaited) == MAG_PENDING)
        return false;
    job->run = mag_continuation_spent;
    *ret_ending = read_node(graph_node_of(job), graph_node_of(job)->awaited);
    return true;
}

static void resume_node(struct mag_job *job)
{
    struct ending ending;

    if (!end_node_wait(job, &ending))
        return;
    struct mag_sched *sched = graph_node_of(job)->graph->sched;
    struct mag_graph_node *next = go_on_behind(graph_node_of(job), ending);
    /* A node that does not come back to its context has ended elsewhere; or a scheduler
     * that stops has refused it.  After a refusal nothing runs any more. */
    if (next != NULL && (mag_sched_self() == sched || post_node(next) < 0))
        run_from(next);
}

/* --------------------------------------------------------------------- stops, kinds */

/* The thread ends in nodes that it has called.  No further node begins, here too. */
static void end_nodes(struct mag_sched *sched)
{
    (void)sched;
    while (innermost_node != NULL) {
        struct mag_graph_node *node = pop_node(&innermost_node);
        struct mag_graph *graph = node->graph;

        stop_graph(graph, node, -EOWNERDEAD, 0);
        /* No continuation runs on this thread.  Only the completer reads the flags, and
         * the run does not end before this node. */
        mag_spin_lock(&graph->lock);
        graph->operation->core.flags |= MAG_CORE_QUEUED;
        mag_spin_unlock(&graph->lock);
        run_from(go_on_behind(node, not_run));
    }
}

static void drop_node(struct mag_job *job, const struct mag_job_stop *stop)
{
    (void)stop;
    stop_graph(graph_node_of(job)->graph, NULL, -ECANCELED, 0);
    run_from(graph_node_of(job));
}

static void drop_resumed_node(struct mag_job *job, const struct mag_job_stop *stop)
{
    struct ending ending;

    (void)stop;
    stop_graph(graph_node_of(job)->graph, NULL, -ECANCELED, 0);
    if (end_node_wait(job, &ending))
        run_from(go_on_behind(graph_node_of(job), ending));
}

static struct mag_job_kind node_kind = {
    .run = run_node, .dropped = drop_node, .ended = end_nodes};
static struct mag_job_kind resumed_node_kind = {.run = resume_node,
                                                .dropped = drop_resumed_node};

static __attribute__((constructor)) void add_node_kinds(void)
{
    mag_job_kind_add(&node_kind);
    mag_job_kind_add(&resumed_node_kind);
}

/* ------------------------------------------------------------------------- a run */

static void prepare_run(struct mag_graph *graph, struct mag_sched *sched,
                        struct mag_cancel *cancel, struct mag_operation *operation)
{
    graph->sched = sched;
    graph->cancel = cancel;
    graph->operation = operation;
    graph->error = 0;
    graph->failed = NULL;
    /* relaxed, here and below: the posts of the first nodes publish the run. */
    atomic_store_explicit(&graph->sinks_left, graph->sinks, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&graph->stopped, false, memory_order_relaxed);
}

/* The run may end with the last post. */
static void post_first_nodes(struct mag_graph *graph)
{
    for (struct mag_graph_node *node = graph->first, *next; node != NULL; node = next) {
        next = node->next_first;
        if (post_node(node) < 0)
            run_from(node);
    }
}

/* Begins to run.  0; -EBUSY; -EINVAL. */
static int begin_run(struct mag_graph *graph)
{
    /* again, acquire: the run before is over; nothing crosses on the way back. */
    if (atomic_exchange_explicit(&graph->runs, true, memory_order_acquire))
        return -EBUSY;
    if (graph->is_built)
        return 0;
    /* relaxed: nothing was changed. */
    atomic_store_explicit(&graph->runs, false, memory_order_relaxed);
    return -EINVAL;
}

mag_vtask mag_graph_run_of(struct mag_graph *graph, struct mag_sched *sched,
                           struct mag_cancel *cancel)
{
    void *object = NULL;
    int r = mag_timing_sched(&sched);

    if (r == 0)
        r = mag_operation_rent(&mag_operation_word, &object);
    if (r < 0)
        return mag_vtask_failed(r, 0);
    r = begin_run(graph);
    if (r < 0 || graph->nodes == NULL) {
        mag_operation_return(object);
        /* relaxed: nothing was run. */
        if (r == 0)
            atomic_store_explicit(&graph->runs, false, memory_order_relaxed);
        return r < 0 ? mag_vtask_failed(r, 0) : MAG_VTASK_COMPLETED;
    }
    mag_vtask task = mag_operation_task(object);
    prepare_run(graph, sched, cancel, object);
    post_first_nodes(graph);
    return task;
}

const char *mag_graph_failed(const struct mag_graph *graph)
{
    return graph->failed != NULL ? graph->failed->name : NULL;
}

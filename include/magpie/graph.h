/*
 * graph.h - graphs: functions that run when those before them have ended, built once and
 * run many times.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_NODE(mag_task, load, int *, to)
 *     MAG_NODE(mag_task, add, int *, to, int, amount)
 *     MAG_NODE(mag_task, join, const int *, left, const int *, right, int *, to)
 *
 *     static mag_task load(int *to)
 *     {
 *         *to = 20;
 *         return mag_task_done();
 *     }
 *
 *     static mag_task add(int *to, int amount)      // plain, or made by MAG_ASYNC
 *     {
 *         *to += amount;
 *         return mag_task_done();
 *     }
 *
 *     static mag_task join(const int *left, const int *right, int *to)
 *     {
 *         *to = *left + *right;
 *         return mag_task_done();
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_graph *graph;
 *         struct mag_graph_node *loads[2], *adds, *joins;
 *         int left, right, sum = 0;
 *
 *         if (mag_graph_create(&graph) != 0)
 *             return 1;
 *         int r = load_node(graph, &left, &loads[0]);
 *         if (r == 0)
 *             r = load_node(graph, &right, &loads[1]);
 *         if (r == 0)
 *             r = add_node(graph, &left, 2, &adds);
 *         if (r == 0)
 *             r = join_node(graph, &left, &right, &sum, &joins);
 *         if (r == 0)
 *             r = mag_graph_edge(graph, loads[0], adds);
 *         if (r == 0)
 *             r = mag_graph_edge(graph, adds, joins);
 *         if (r == 0)
 *             r = mag_graph_edge(graph, loads[1], joins);
 *         if (r == 0)
 *             r = mag_graph_build(graph, NULL, 0);
 *         for (int i = 0; i < 3 && r == 0; i++)
 *             r = mag_task_wait(mag_graph_run(graph, NULL, NULL));  // or MAG_AWAIT_DONE
 *         (void)mag_graph_destroy(graph);
 *         return r == 0 && sum == 42 ? 0 : 1;
 *     }
 *
 * The model.  A graph has nodes, which are functions with their arguments, and edges.  A
 * node runs when all nodes that have an edge to it have ended; those that depend on
 * nothing run first.  Nodes that do not depend on each other run at the same time, on the
 * workers of a scheduler.  A run is a task, which is complete when the last node has
 * ended.  What a node wrote is visible to those that come after it.
 *
 * A node that becomes ready runs on the worker that has ended its last predecessor, next,
 * without a queue.  If several become ready, the others can be taken by other workers.
 *
 * Async nodes.  A node returns a task.  It has ended when that task is complete.
 *
 * Conditional edges.  A node may return a task whose result is a number of at most 8
 * bytes.  An edge made by mag_graph_edge_if is taken if the result is the edge's; other
 * edges are always taken.  A node runs if at least one of the edges that lead to it was
 * taken, after all of them have been decided.  Otherwise it is skipped: it does not run,
 * and no edge of it is taken.  So branches that were divided can meet again.
 *
 * Errors.  If a node fails, no further node begins, and the run's task fails with the
 * node's error and detail when those that run have ended.  If several fail, the first one
 * in time counts; mag_graph_failed tells which.
 *
 * What arguments point to must stay valid while the graph runs.  The arguments
 * themselves are copied when the node is added.  Exceptions and longjmp must not leave a
 * node.  A node that ends its thread has failed with -EOWNERDEAD; an async node may do so
 * only before it has waited for the first time: afterwards the run is never complete.
 *
 * docs/design/graphs.md explains how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_GRAPH_H
#define MAGPIE_GRAPH_H

#include <magpie/cancel.h>
#include <magpie/detail/graph.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

struct mag_graph;
struct mag_graph_node;

/* -------------------------------------------------------------- building */

/*
 * Makes an empty graph.
 *
 *   Allocates  yes
 *   Returns    0; -ENOMEM
 *   Release    mag_graph_destroy
 */
MAG_API MAG_MUST_CHECK int mag_graph_create(struct mag_graph **ret_graph);

/*
 * Frees a graph and its nodes.  NULL is allowed.
 *
 *   Returns    0; -EBUSY it runs: nothing has changed
 */
MAG_API int mag_graph_destroy(struct mag_graph *graph);

/*
 * MAG_NODE(task type, name, type1, arg1, ...) lets a function be a node, any number of
 * times.  It takes up to eight pairs, or void.  The task type is mag_task, or one made by
 * MAG_VTASK_DEFINE for a number of at most 8 bytes.  It declares
 *
 *   static task name(type1 arg1, ...);          you write its body, plain or by MAG_ASYNC
 *   int name_node(struct mag_graph *graph, type1 arg1, ...,
 *                 struct mag_graph_node **ret_node)
 *
 * `name_node`
 *   Adds a node, which is called `name` until it gets another name.  It belongs to the
 *   graph.
 *   Thread     one at a time, and not while the graph runs
 *   Allocates  yes
 *   Returns    0; -ENOMEM; -EBUSY the graph runs
 */
#define MAG_NODE(result_task, name, ...)      \
    MAG_CHECK_PAIRS(name##_node, __VA_ARGS__) \
    MAG_CHECK_TASK_TYPE(result_task)          \
    MAG_NODE_DECLARE(result_task, name, __VA_ARGS__)

/*
 * Gives a node a name, for mag_graph_build, mag_graph_failed and mag_graph_print.
 *
 *   name       must stay valid as long as the graph
 */
MAG_API void mag_graph_name(struct mag_graph_node *node, const char *name);

/*
 * Adds an edge: `to` runs after `from` has ended.
 *
 *   Thread     as name_node
 *   Allocates  yes
 *   Returns    0; -ENOMEM; -EBUSY the graph runs; MAG_E_ARG a node is NULL or of another
 *              graph
 */
MAG_API MAG_MUST_CHECK int mag_graph_edge(struct mag_graph *graph,
                                          struct mag_graph_node *from,
                                          struct mag_graph_node *to);

/*
 * As mag_graph_edge, for an edge that is taken only if `from` has returned this result.
 *
 *   result     the result's bytes, zero-extended; of mag_task it is 0
 */
MAG_API MAG_MUST_CHECK int mag_graph_edge_if(struct mag_graph *graph,
                                             struct mag_graph_node *from,
                                             struct mag_graph_node *to, uint64_t result);

/*
 * Checks the graph and prepares it for runs.  Call it after the last change.
 *
 *   cycle, size  where the nodes of a cycle are written, such as "a -> b -> a", cut off
 *                at `size` bytes with the final 0; NULL, 0: nowhere
 *   Thread       as name_node
 *   Returns      0; -ELOOP there is a cycle: a node would wait for itself; -EBUSY the
 *                graph runs
 */
MAG_API MAG_MUST_CHECK int mag_graph_build(struct mag_graph *graph, char *cycle,
                                           size_t size);

/* --------------------------------------------------------------- running */

/* As mag_graph_run, untyped. */
MAG_API MAG_MUST_CHECK mag_vtask mag_graph_run_of(struct mag_graph *graph,
                                                  struct mag_sched *sched,
                                                  struct mag_cancel *cancel);

/*
 * Runs a graph that was built, from its first nodes to its last.  One run at a time; the
 * next may begin as soon as the task of the last is complete, also in code that awaits
 * it.
 *
 *   sched      NULL: that of the calling worker; on any other thread the default one
 *   cancel     no node begins after it has fired.  It must stay alive until the task is
 *              complete.  NULL: nobody cancels
 *   Thread     any
 *   Blocks     with NULL for `sched`, as mag_sched_default
 *   Allocates  one object from a pool: nothing after warm-up
 *   Returns    the run's task.  Its errors: that of a node; -ECANCELED `cancel` fired,
 *              whose address is the detail, or the scheduler was stopped; -ESHUTDOWN the
 *              scheduler is stopping; MAG_E_FORKED it belongs to the parent process.  No
 *              node was called: -EBUSY the graph runs; -EINVAL it was not built since the
 *              last change; -ENOMEM; an error of mag_sched_default
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_graph_run(struct mag_graph *graph,
                                                 struct mag_sched *sched,
                                                 struct mag_cancel *cancel)
{
    return mag_task_of(mag_graph_run_of(graph, sched, cancel));
}

/*
 * The name of the node that failed in the last run; NULL: none did.
 *
 *   Thread     any, between the end of a run and the next
 */
MAG_API const char *mag_graph_failed(const struct mag_graph *graph);

/* -------------------------------------------------------------- printing */

/* Gets a part of a text.  It need not end with a 0. */
typedef void (*mag_graph_sink)(void *arg, const char *text, size_t length);

/*
 * Prints a graph in the language of Graphviz, part by part: dot -Tsvg makes a picture of
 * it.  An edge with a condition is labelled with the result.
 *
 *   Thread     as name_node
 */
MAG_API void mag_graph_print(const struct mag_graph *graph, mag_graph_sink sink,
                             void *arg);

/*
 * As mag_graph_print, into a buffer.
 *
 *   buffer, size  the text, cut off at `size` bytes with the final 0; NULL, 0: nowhere
 *   Returns       the length of the whole text, without the final 0
 */
MAG_API size_t mag_graph_text(const struct mag_graph *graph, char *buffer, size_t size);

MAG_EXTERN_C_END

#endif

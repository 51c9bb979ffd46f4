/*
 * graphs.h - what the tests of graphs share: a scheduler, nodes that note when they ran,
 * and short forms of building a graph.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_GRAPHS_H
#define TESTS_SUPPORT_VTASK_GRAPHS_H

#include "tests/support/fault.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/sources.h"

#include <magpie/magpie.h>

static struct mag_sched *sched;
static shared clock_;

static inline int start(void **state)
{
    (void)state;
    sched = test_sched_start(2);
    return 0;
}

static inline int stop(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- nodes */

struct step {
    shared runs;
    uint64_t at; /* by the clock, in the last run */
    uint32_t worker;
    unsigned answer;
    int error;
};

static inline void note(struct step *step)
{
    step->at = add(&clock_, 1) + 1;
    step->worker = mag_sched_worker();
    (void)add(&step->runs, 1);
}

MAG_NODE(mag_task, plain, struct step *, step)

static mag_task plain(struct step *step)
{
    note(step);
    return step->error != 0 ? mag_task_of(mag_vtask_failed(step->error, 5))
                            : mag_task_done();
}

MAG_NODE(mag_task, later, struct step *, step)

MAG_ASYNC(mag_task, later, (struct step *, step), mag_vtask delay;)
{
    MAG_BEGIN(f);
    if (mag_delay(NULL, 50000, &f->delay) == 0)
        MAG_AWAIT_DONE(f, mag_task_of(f->delay));
    note(f->step);
    if (f->step->error != 0)
        MAG_FAIL(f, f->step->error);
    MAG_END(f);
}

MAG_VTASK_DEFINE(answer_task, unsigned)
MAG_NODE(answer_task, chooses, struct step *, step)

static answer_task chooses(struct step *step)
{
    note(step);
    return answer_task_result(step->answer);
}

static inline struct mag_graph *graph_of(void)
{
    struct mag_graph *graph = NULL;

    assert_int_equal(mag_graph_create(&graph), 0);
    return graph;
}

static inline struct mag_graph_node *add_plain(struct mag_graph *graph, struct step *step)
{
    struct mag_graph_node *node = NULL;

    assert_int_equal(plain_node(graph, step, &node), 0);
    return node;
}

static inline struct mag_graph_node *add_later(struct mag_graph *graph, struct step *step)
{
    struct mag_graph_node *node = NULL;

    assert_int_equal(later_node(graph, step, &node), 0);
    return node;
}

static inline struct mag_graph_node *add_chooser(struct mag_graph *graph,
                                                 struct step *step)
{
    struct mag_graph_node *node = NULL;

    assert_int_equal(chooses_node(graph, step, &node), 0);
    return node;
}

static inline void edge(struct mag_graph *graph, struct mag_graph_node *from,
                        struct mag_graph_node *to)
{
    assert_int_equal(mag_graph_edge(graph, from, to), 0);
}

static inline void edge_if(struct mag_graph *graph, struct mag_graph_node *from,
                           struct mag_graph_node *to, uint64_t result)
{
    assert_int_equal(mag_graph_edge_if(graph, from, to, result), 0);
}

static inline void build(struct mag_graph *graph)
{
    assert_int_equal(mag_graph_build(graph, NULL, 0), 0);
}

static inline int run(struct mag_graph *graph)
{
    return mag_task_wait(mag_graph_run(graph, sched, NULL));
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/graphs.h"

/* ------------------------------------------------------------------------- errors */

static void an_error_stops_the_rest_and_names_its_node(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        static struct step steps[4];
        struct mag_graph *graph = graph_of();
        struct mag_graph_node *nodes[4];
        uint64_t detail = 0;

        memset(steps, 0, sizeof(steps));
        for (unsigned i = 0; i < 4; i++)
            nodes[i] =
                waits == 1 ? add_later(graph, &steps[i]) : add_plain(graph, &steps[i]);
        mag_graph_name(nodes[1], "broken");
        for (unsigned i = 0; i < 3; i++)
            edge(graph, nodes[i], nodes[i + 1]);
        build(graph);
        steps[1].error = -EIO;
        mag_vtask task = mag_graph_run(graph, sched, NULL).task;
        assert_int_equal(mag_vtask_wait_completed(&task, 0, -1), 0);
        assert_int_equal(mag_vtask_get_value(task, NULL, 0, &detail), -EIO);
        (void)mag_vtask_release(task);
        assert_int_equal(detail, waits == 1 ? 0 : 5);
        assert_string_equal(mag_graph_failed(graph), "broken");
        assert_int_equal(look(&steps[0].runs) + look(&steps[1].runs), 2);
        assert_int_equal(look(&steps[2].runs) + look(&steps[3].runs), 0);
        steps[1].error = 0;
        assert_int_equal(run(graph), 0);
        assert_null(mag_graph_failed(graph));
        assert_int_equal(look(&steps[3].runs), 1);
        assert_int_equal(mag_graph_destroy(graph), 0);
    }
}

MAG_NODE(mag_task, fires, struct mag_cancel *, cancel)

static mag_task fires(struct mag_cancel *cancel)
{
    (void)mag_cancel_fire(cancel);
    return mag_task_done();
}

static void a_cancellation_stops_the_rest(void **state)
{
    struct mag_graph *graph = graph_of();
    struct mag_cancel cancel = {0};
    struct mag_graph_node *first = NULL;
    struct step step = {.error = 0};
    uint64_t detail = 0;
    (void)state;

    assert_int_equal(fires_node(graph, &cancel, &first), 0);
    edge(graph, first, add_plain(graph, &step));
    build(graph);
    mag_vtask task = mag_graph_run(graph, sched, &cancel).task;
    assert_int_equal(mag_vtask_wait_completed(&task, 0, -1), 0);
    assert_int_equal(mag_vtask_get_value(task, NULL, 0, &detail), -ECANCELED);
    (void)mag_vtask_release(task);
    assert_int_equal(detail, (uintptr_t)&cancel);
    assert_null(mag_graph_failed(graph));
    assert_int_equal(look(&step.runs), 0);
    assert_int_equal(mag_graph_destroy(graph), 0);
}

/* ------------------------------------------------------------- use while it runs */

static struct mag_operation *waited_for;

MAG_NODE(mag_task, waits, void)

static mag_task waits(void)
{
    return mag_task_of(mag_operation_task(waited_for));
}

static void rent_waited_for(void)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    waited_for = object;
}

static void a_graph_that_runs_cannot_be_changed(void **state)
{
    struct mag_graph *graph = graph_of();
    struct step step = {.error = 0};
    struct mag_graph_node *first = NULL, *other = NULL;
    char text[8];
    (void)state;

    assert_int_equal(waits_node(graph, &first), 0);
    struct mag_graph_node *second = add_plain(graph, &step);
    edge(graph, first, second);
    build(graph);
    rent_waited_for();
    mag_task task = mag_graph_run(graph, sched, NULL);
    assert_int_equal(mag_task_get(mag_graph_run(graph, sched, NULL)), -EBUSY);
    assert_int_equal(mag_vtask_get(mag_graph_run_of(graph, sched, NULL), NULL), -EBUSY);
    assert_int_equal(plain_node(graph, &step, &other), -EBUSY);
    assert_int_equal(mag_graph_edge(graph, first, second), -EBUSY);
    assert_int_equal(mag_graph_build(graph, text, sizeof(text)), -EBUSY);
    assert_int_equal(mag_graph_destroy(graph), -EBUSY);
    assert_int_equal(mag_operation_set_done(waited_for), 0);
    assert_int_equal(mag_task_wait(task), 0);
    assert_int_equal(look(&step.runs), 1);
    assert_int_equal(mag_graph_destroy(graph), 0);
}

static void nodes_of_other_graphs_are_refused(void **state)
{
    struct mag_graph *one = graph_of(), *other = graph_of();
    struct step step = {.error = 0};
    struct mag_graph_node *here = add_plain(one, &step), *there = add_plain(other, &step);
    (void)state;

    assert_int_equal(mag_graph_edge(one, here, there), MAG_E_ARG);
    assert_int_equal(mag_graph_edge(one, there, here), MAG_E_ARG);
    assert_int_equal(mag_graph_edge(one, NULL, here), MAG_E_ARG);
    assert_int_equal(mag_graph_edge_if(one, here, NULL, 1), MAG_E_ARG);
    assert_int_equal(mag_graph_destroy(one), 0);
    assert_int_equal(mag_graph_destroy(other), 0);
}

/* ------------------------------------------------------------------ a scheduler stops */

static void a_stop_ends_the_run(void **state)
{
    struct mag_sched *stopping = test_sched_start(1);
    struct mag_graph *graph = graph_of();
    static struct step steps[3];
    struct holder holder;
    (void)state;

    memset(steps, 0, sizeof(steps));
    struct mag_graph_node *first = add_plain(graph, &steps[0]);
    edge(graph, first, add_plain(graph, &steps[1]));
    edge(graph, first, add_plain(graph, &steps[2]));
    build(graph);
    holder_begin(&holder, stopping);
    mag_task waiting = mag_graph_run(graph, stopping, NULL);
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_CANCEL, 0, NULL, NULL),
                     -ETIMEDOUT);
    holder_let_go(&holder);
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    assert_int_equal(mag_task_get(waiting), -ECANCELED);
    assert_int_equal(mag_task_get(mag_graph_run(graph, stopping, NULL)), -ESHUTDOWN);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(look(&steps[i].runs), 0);
    assert_int_equal(mag_sched_destroy(stopping), 0);
    assert_int_equal(mag_graph_destroy(graph), 0);
}

static void a_node_that_waits_during_a_stop_is_the_last(void **state)
{
    struct mag_sched *stopping = test_sched_start(1);
    struct mag_graph *graph = graph_of();
    struct step step = {.error = 0};
    struct mag_graph_node *first = NULL;
    (void)state;

    assert_int_equal(waits_node(graph, &first), 0);
    edge(graph, first, add_plain(graph, &step));
    build(graph);
    rent_waited_for();
    mag_task task = mag_graph_run(graph, stopping, NULL);
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_operation_set_done(waited_for), 0);
    assert_int_equal(mag_task_get(task), -ESHUTDOWN);
    assert_int_equal(look(&step.runs), 0);
    assert_int_equal(mag_sched_destroy(stopping), 0);
    assert_int_equal(mag_graph_destroy(graph), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_stops_the_rest_and_names_its_node),
        cmocka_unit_test(a_cancellation_stops_the_rest),
        cmocka_unit_test(a_graph_that_runs_cannot_be_changed),
        cmocka_unit_test(nodes_of_other_graphs_are_refused),
        cmocka_unit_test(a_stop_ends_the_run),
        cmocka_unit_test(a_node_that_waits_during_a_stop_is_the_last),
    };

    return cmocka_run_group_tests(tests, start, stop);
}

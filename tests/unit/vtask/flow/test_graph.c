/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/graphs.h"

enum { TRIES_MAX = 20 };

MAG_NODE(mag_task, void_node, void)

static mag_task void_node(void)
{
    (void)add(&clock_, 1);
    return mag_task_done();
}

/* ------------------------------------------------------------------------- order */

static void an_empty_graph_is_a_complete_task(void **state)
{
    struct mag_graph *graph = graph_of();
    (void)state;

    build(graph);
    for (int i = 0; i < 2; i++)
        assert_int_equal(mag_task_get(mag_graph_run(graph, sched, NULL)), 0);
    assert_int_equal(mag_graph_destroy(graph), 0);
    assert_int_equal(mag_graph_destroy(NULL), 0);
}

/* Random graphs whose edges lead from lower to higher numbers. */
static void nodes_run_once_and_after_those_before_them(void **state)
{
    enum { NODES = 30, RUNS = 5 };
    static struct step steps[NODES];
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t round = test_rounds(300); round != 0; round--) {
        struct mag_graph *graph = graph_of();
        struct mag_graph_node *nodes[NODES];
        bool before[NODES][NODES] = {{false}};

        memset(steps, 0, sizeof(steps));
        for (unsigned i = 0; i < NODES; i++)
            nodes[i] = test_random_below(&random, 4) == 0 ? add_later(graph, &steps[i])
                                                          : add_plain(graph, &steps[i]);
        for (unsigned i = 0; i < 2 * NODES; i++) {
            unsigned to = 1 + test_random_below(&random, NODES - 1);
            unsigned from = test_random_below(&random, to);
            before[from][to] = true;
            edge(graph, nodes[from], nodes[to]);
        }
        build(graph);
        for (unsigned times = 1; times <= RUNS; times++) {
            assert_int_equal(run(graph), 0);
            for (unsigned to = 0; to < NODES; to++) {
                assert_int_equal(look(&steps[to].runs), times);
                for (unsigned from = 0; from < to; from++)
                    assert_true(!before[from][to] || steps[from].at < steps[to].at);
            }
        }
        assert_int_equal(mag_graph_destroy(graph), 0);
    }
}

static void a_chain_runs_on_one_worker(void **state)
{
    enum { NODES = 50 };
    static struct step steps[NODES];
    struct mag_graph *graph = graph_of();
    struct mag_graph_node *last = NULL;
    (void)state;

    memset(steps, 0, sizeof(steps));
    for (unsigned i = 0; i < NODES; i++) {
        struct mag_graph_node *node = add_plain(graph, &steps[i]);
        if (last != NULL)
            edge(graph, last, node);
        last = node;
    }
    build(graph);
    assert_int_equal(run(graph), 0);
    for (unsigned i = 1; i < NODES; i++)
        assert_int_equal(steps[i].worker, steps[0].worker);
    assert_int_equal(mag_graph_destroy(graph), 0);
}

/* ------------------------------------------------------------------------ cycles */

static void a_cycle_is_refused_and_named(void **state)
{
    struct mag_graph *graph = graph_of();
    struct step step = {.error = 0};
    struct mag_graph_node *nodes[4];
    static const char *names[] = {"start", "left", "right", "end"};
    char text[64] = "x", small[8];
    (void)state;

    for (unsigned i = 0; i < 4; i++) {
        nodes[i] = add_plain(graph, &step);
        mag_graph_name(nodes[i], names[i]);
    }
    edge(graph, nodes[0], nodes[1]);
    edge(graph, nodes[1], nodes[2]);
    edge(graph, nodes[2], nodes[3]);
    assert_int_equal(mag_graph_build(graph, text, sizeof(text)), 0);
    assert_string_equal(text, "");
    edge(graph, nodes[3], nodes[1]);
    assert_int_equal(mag_graph_build(graph, text, sizeof(text)), -ELOOP);
    assert_string_equal(text, "left -> right -> end -> left");
    assert_int_equal(mag_graph_build(graph, small, sizeof(small)), -ELOOP);
    assert_string_equal(small, "left ->");
    assert_int_equal(mag_graph_build(graph, NULL, 0), -ELOOP);
    assert_int_equal(run(graph), -EINVAL);
    assert_int_equal(look(&step.runs), 0);
    assert_int_equal(mag_graph_destroy(graph), 0);

    graph = graph_of();
    nodes[0] = add_plain(graph, &step);
    edge(graph, nodes[0], nodes[0]);
    assert_int_equal(mag_graph_build(graph, text, sizeof(text)), -ELOOP);
    assert_string_equal(text, "plain -> plain");
    assert_int_equal(mag_graph_destroy(graph), 0);
}

static void a_change_needs_another_build(void **state)
{
    struct mag_graph *graph = graph_of();
    struct step step = {.error = 0};
    (void)state;

    assert_int_equal(run(graph), -EINVAL);
    struct mag_graph_node *first = add_plain(graph, &step);
    build(graph);
    struct mag_graph_node *second = add_plain(graph, &step);
    assert_int_equal(run(graph), -EINVAL);
    build(graph);
    edge(graph, first, second);
    assert_int_equal(run(graph), -EINVAL);
    build(graph);
    assert_int_equal(run(graph), 0);
    assert_int_equal(look(&step.runs), 2);
    assert_int_equal(mag_graph_destroy(graph), 0);
}

/* --------------------------------------------------------------------- conditions */

static void the_result_of_a_node_chooses_the_edges_that_are_taken(void **state)
{
    static struct step steps[6];
    struct mag_graph *graph = graph_of();
    struct mag_graph_node *nodes[6];
    (void)state;

    memset(steps, 0, sizeof(steps));
    nodes[0] = add_chooser(graph, &steps[0]);
    for (unsigned i = 1; i < 6; i++)
        nodes[i] = add_plain(graph, &steps[i]);
    edge_if(graph, nodes[0], nodes[1], 1); /* a branch of two */
    edge(graph, nodes[1], nodes[2]);
    edge_if(graph, nodes[0], nodes[3], 2); /* a branch of one */
    edge(graph, nodes[2], nodes[4]);       /* both meet again */
    edge(graph, nodes[3], nodes[4]);
    edge_if(graph, nodes[0], nodes[5], 1); /* either is enough */
    edge_if(graph, nodes[0], nodes[5], 2);
    build(graph);
    static const unsigned want[3][6] = {
        {1, 0, 0, 0, 0, 0}, {1, 1, 1, 0, 1, 1}, {1, 0, 0, 1, 1, 1}};
    for (unsigned answer = 0; answer < 3; answer++) {
        for (unsigned i = 0; i < 6; i++)
            set(&steps[i].runs, 0);
        steps[0].answer = answer;
        assert_int_equal(run(graph), 0);
        for (unsigned i = 0; i < 6; i++)
            assert_int_equal(look(&steps[i].runs), want[answer][i]);
    }
    assert_int_equal(mag_graph_destroy(graph), 0);
}

/* ------------------------------------------------------------------------- text */

static void a_graph_is_printed_for_graphviz(void **state)
{
    struct mag_graph *graph = graph_of();
    struct step step = {.error = 0};
    struct mag_graph_node *first = add_chooser(graph, &step);
    struct mag_graph_node *second = add_plain(graph, &step);
    struct mag_graph_node *third = NULL;
    static const char want[] = "digraph {\n"
                               "    n0 [label=\"chooses\"];\n"
                               "    n1 [label=\"say \\\"hi\\\" \\\\ \\n\"];\n"
                               "    n2 [label=\"void_node\"];\n"
                               "    n0 -> n1;\n"
                               "    n0 -> n2 [label=\"7\", style=dashed];\n"
                               "}\n";
    char text[300], small[10];
    (void)state;

    assert_int_equal(void_node_node(graph, &third), 0);
    mag_graph_name(second, "say \"hi\" \\ \n");
    edge(graph, first, second);
    edge_if(graph, first, third, 7);
    assert_int_equal(mag_graph_text(graph, text, sizeof(text)), strlen(want));
    assert_string_equal(text, want);
    assert_int_equal(mag_graph_text(graph, small, sizeof(small)), strlen(want));
    assert_string_equal(small, "digraph {");
    assert_int_equal(mag_graph_text(graph, NULL, 0), strlen(want));
    assert_int_equal(mag_graph_destroy(graph), 0);
}

/* ------------------------------------------------------------------------ memory */

/* Fails each allocation of a small graph in turn. */
static void without_memory_nothing_has_changed(void **state)
{
    (void)state;
    for (uint32_t nth = 1; nth <= 4; nth++) {
        struct mag_graph *graph = NULL;
        struct mag_graph_node *nodes[2] = {NULL, NULL};
        /* Without an edge both may run at a time. */
        struct step steps[2] = {{.error = 0}, {.error = 0}};

        test_fail_allocation(nth);
        int r = mag_graph_create(&graph);
        if (r == 0)
            r = plain_node(graph, &steps[0], &nodes[0]);
        if (r == 0)
            r = plain_node(graph, &steps[1], &nodes[1]);
        if (r == 0)
            r = mag_graph_edge(graph, nodes[0], nodes[1]);
        test_fail_allocation(0);
        assert_int_equal(r, -ENOMEM);
        if (graph != NULL) {
            assert_int_equal(mag_graph_build(graph, NULL, 0), 0);
            assert_int_equal(run(graph), 0);
            assert_int_equal(look(&steps[0].runs) + look(&steps[1].runs), nth - 2);
        }
        assert_int_equal(mag_graph_destroy(graph), 0);
    }
}

static void a_run_allocates_nothing_after_warm_up(void **state)
{
    static struct step steps[10];
    struct mag_graph *graph = graph_of();
    struct mag_graph_node *last = add_plain(graph, &steps[9]);
    uint64_t made = 1;
    (void)state;

    memset(steps, 0, sizeof(steps));
    for (unsigned i = 0; i < 9; i++)
        edge(graph,
             i % 3 == 0 ? add_later(graph, &steps[i]) : add_plain(graph, &steps[i]),
             last);
    build(graph);
    for (unsigned tries = 0; made != 0 && tries < TRIES_MAX; tries++) {
        uint64_t before = test_allocations();
        for (uint32_t i = test_rounds(500); i != 0; i--)
            assert_int_equal(run(graph), 0);
        made = test_allocations() - before;
    }
    assert_int_equal(made, 0);
    assert_int_equal(mag_graph_destroy(graph), 0);
}

/* ------------------------------------------------------------------ async functions */

/* The next run begins as soon as the last is over. */
MAG_ASYNC(mag_task, run_often, (struct mag_graph *, graph, int, times), int i;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->times; f->i++)
        MAG_AWAIT_DONE(f, mag_graph_run(f->graph, sched, NULL));
    MAG_END(f);
}

static void an_async_function_runs_a_graph_again_and_again(void **state)
{
    struct mag_graph *graph = graph_of();
    static struct step steps[3];
    (void)state;

    memset(steps, 0, sizeof(steps));
    struct mag_graph_node *first = add_plain(graph, &steps[0]);
    edge(graph, first, add_plain(graph, &steps[1]));
    edge(graph, first, add_plain(graph, &steps[2]));
    build(graph);
    assert_int_equal(mag_task_wait(run_often(graph, 200)), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(look(&steps[i].runs), 200);
    assert_int_equal(mag_graph_destroy(graph), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_graph_is_a_complete_task),
        cmocka_unit_test(nodes_run_once_and_after_those_before_them),
        cmocka_unit_test(a_chain_runs_on_one_worker),
        cmocka_unit_test(a_cycle_is_refused_and_named),
        cmocka_unit_test(a_change_needs_another_build),
        cmocka_unit_test(the_result_of_a_node_chooses_the_edges_that_are_taken),
        cmocka_unit_test(a_graph_is_printed_for_graphviz),
        cmocka_unit_test(without_memory_nothing_has_changed),
        cmocka_unit_test(a_run_allocates_nothing_after_warm_up),
        cmocka_unit_test(an_async_function_runs_a_graph_again_and_again),
    };

    return cmocka_run_group_tests(tests, start, stop);
}

/*
 * Random graphs with conditions and async nodes, several at a time, against a serial walk
 * over the same graph: the same nodes run, each once, and those that fail stop it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/magpie.h>

enum { GRAPHS = 3, NODES = 40, EDGES = 70, RUNS = 4, ROUNDS = 1500, ALWAYS = 4 };

struct node_plan {
    shared runs;
    unsigned answer; /* 0 to 3 */
    bool waits;
    bool fails;
};

struct graph_plan {
    struct node_plan nodes[NODES];
    struct {
        unsigned from, to, answer; /* ALWAYS: no condition */
    } edges[EDGES];
    struct mag_graph *graph;
    bool fails;
};

static struct mag_sched *sched;

MAG_VTASK_DEFINE(answer_task, unsigned)
MAG_NODE(answer_task, act, struct node_plan *, plan)

MAG_ASYNC(answer_task, act, (struct node_plan *, plan), mag_vtask delay;)
{
    MAG_BEGIN(f);
    if (f->plan->waits && mag_delay(NULL, 1, &f->delay) == 0)
        MAG_AWAIT_DONE(f, mag_task_of(f->delay));
    (void)add(&f->plan->runs, 1);
    if (f->plan->fails)
        MAG_FAIL(f, -EIO);
    return answer_task_result(f->plan->answer);
    MAG_END(f);
}

static void choose_nodes(struct graph_plan *plan, uint64_t *random)
{
    plan->fails = false;
    for (unsigned i = 0; i < NODES; i++) {
        struct node_plan *node = &plan->nodes[i];

        set(&node->runs, 0);
        node->answer = test_random_below(random, 4);
        node->waits = test_random_below(random, 4) == 0;
        node->fails = test_random_below(random, 200) == 0;
    }
}

static void make_graph(struct graph_plan *plan, uint64_t *random)
{
    struct mag_graph_node *nodes[NODES] = {NULL};

    choose_nodes(plan, random);
    assert_int_equal(mag_graph_create(&plan->graph), 0);
    for (unsigned i = 0; i < NODES; i++)
        assert_int_equal(act_node(plan->graph, &plan->nodes[i], &nodes[i]), 0);
    for (unsigned i = 0; i < EDGES; i++) {
        unsigned to = 1 + test_random_below(random, NODES - 1);
        unsigned from = test_random_below(random, to);
        unsigned answer = test_random_below(random, ALWAYS + 4);

        answer = answer > ALWAYS ? ALWAYS : answer;
        plan->edges[i].from = from;
        plan->edges[i].to = to;
        plan->edges[i].answer = answer;
        int r = answer == ALWAYS
                    ? mag_graph_edge(plan->graph, nodes[from], nodes[to])
                    : mag_graph_edge_if(plan->graph, nodes[from], nodes[to], answer);
        assert_int_equal(r, 0);
    }
    assert_int_equal(mag_graph_build(plan->graph, NULL, 0), 0);
}

/* Which nodes run if none fails: edges lead from lower to higher numbers. */
static void walk(struct graph_plan *plan, bool *runs)
{
    bool has_edge[NODES] = {false}, taken[NODES] = {false};

    plan->fails = false;
    for (unsigned i = 0; i < NODES; i++) {
        for (unsigned k = 0; k < EDGES; k++) {
            if (plan->edges[k].to != i)
                continue;
            has_edge[i] = true;
            taken[i] =
                taken[i] ||
                (runs[plan->edges[k].from] &&
                 (plan->edges[k].answer == ALWAYS ||
                  plan->edges[k].answer == plan->nodes[plan->edges[k].from].answer));
        }
        runs[i] = taken[i] || !has_edge[i];
        plan->fails = plan->fails || (runs[i] && plan->nodes[i].fails);
    }
}

static void check(struct graph_plan *plan, int r)
{
    bool runs[NODES];

    walk(plan, runs);
    assert_int_equal(r, plan->fails ? -EIO : 0);
    assert_true(plan->fails == (mag_graph_failed(plan->graph) != NULL));
    for (unsigned i = 0; i < NODES; i++) {
        uint64_t ran = look(&plan->nodes[i].runs);

        assert_true(plan->fails ? ran <= runs[i] : ran == runs[i]);
    }
}

static void graphs_run_as_a_serial_walk_says(void **state)
{
    static struct graph_plan plans[GRAPHS];
    uint64_t random = test_seed();
    uint32_t rounds = test_rounds(ROUNDS);
    (void)state;

    for (uint32_t round = 0; test_goes_on(round, rounds); round++) {
        for (unsigned i = 0; i < GRAPHS; i++)
            make_graph(&plans[i], &random);
        for (unsigned times = 0; times < RUNS; times++) {
            mag_task tasks[GRAPHS];

            for (unsigned i = 0; i < GRAPHS; i++)
                tasks[i] = mag_graph_run(plans[i].graph, sched, NULL);
            for (unsigned i = 0; i < GRAPHS; i++) {
                check(&plans[i], mag_task_wait(tasks[i]));
                choose_nodes(&plans[i], &random);
            }
        }
        for (unsigned i = 0; i < GRAPHS; i++)
            assert_int_equal(mag_graph_destroy(plans[i].graph), 0);
    }
}

static int start(void **state)
{
    (void)state;
    sched = test_sched_start(3);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graphs_run_as_a_serial_walk_says),
    };

    return cmocka_run_group_tests(tests, start, stop);
}

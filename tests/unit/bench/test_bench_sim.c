/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sim/costs.h"
#include "bench/sim/graph.h"
#include "bench/sim/measure.h"
#include "bench/sim/sim.h"
#include "bench/text/text.h"
#include "tests/support/bench/sim.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A workload at a size that a test has time for; the loads from outside come last. */
struct small {
    const struct sim_graph *graph;
    uint64_t size;
};

static const struct small smalls[] = {
    {&sim_graph_fib, 27},          {&sim_graph_skynet, 100000}, {&sim_graph_nqueens, 9},
    {&sim_graph_cilksort, 300000}, {&sim_graph_heat, 256},      {&sim_graph_loop, 20000},
    {&sim_graph_bursts, 5},        {&sim_graph_bulk, 2000},     {&sim_graph_trickle, 10},
    {&sim_graph_pipeline, 500},    {&sim_graph_mgzip, 100},
};

enum {
    LOADS = 5,
    SMALLS = sizeof(smalls) / sizeof(smalls[0]),
    COMPUTATIONS = SMALLS - LOADS
};

static struct mag_topology *synthetic(const char *text)
{
    struct mag_topology *topology = NULL;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, text, &topology), 0);
    return topology;
}

static struct mag_topology *recorded(const char *file)
{
    struct mag_topology *topology = NULL;
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/tests/topologies/%s", MAG_SOURCE_DIR, file);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML, path, &topology), 0);
    return topology;
}

static struct sim_setup setup_of(const struct mag_topology *topology,
                                 const struct small *small, uint32_t workers)
{
    struct sim_setup setup = {.topology = topology,
                              .workers = workers,
                              .graph = small->graph,
                              .size = small->size,
                              .spin_us = 50};

    sim_costs_default(&setup.costs);
    return setup;
}

/* ------------------------------------------------------------------- what is the same */

static void the_same_seed_gives_the_same_run(void **state)
{
    struct mag_topology *topology = synthetic("node:2 l3:2 core:8 pu:2");
    (void)state;

    for (int i = 0; i < SMALLS; i++) {
        struct sim_setup setup = setup_of(topology, &smalls[i], 40);
        setup.seed = 7;
        struct sim_outcome first = run(&setup);
        struct sim_outcome second = run(&setup);

        assert_memory_equal(&first, &second, sizeof(first));
    }
    mag_topology_free(topology);
}

static void another_seed_gives_another_run(void **state)
{
    struct mag_topology *topology = synthetic("node:2 core:16 pu:1");
    struct sim_setup setup = setup_of(topology, &smalls[0], 32);
    struct sim_outcome first = run(&setup);
    (void)state;

    setup.seed = 1;
    struct sim_outcome second = run(&setup);

    assert_true(first.ns < second.ns || first.ns > second.ns);
    mag_topology_free(topology);
}

/* ---------------------------------------------------------------- what must hold */

static void check_conserved(const struct mag_topology *topology, uint32_t workers)
{
    for (int i = 0; i < SMALLS; i++) {
        struct sim_setup setup = setup_of(topology, &smalls[i], workers);
        struct sim_shape shape = shape_of(&setup);
        struct sim_outcome outcome = run(&setup);
        double sum = 0;

        assert_int_equal(outcome.nodes, shape.nodes);
        assert_int_equal(outcome.forks, shape.forks);
        assert_int_equal(outcome.joins, shape.forks);
        for (int j = 0; j < SIM_SPENTS; j++)
            sum += outcome.spent[j];
        assert_true(sum > 0.999999 * outcome.ns * workers &&
                    sum < 1.000001 * outcome.ns * workers);
    }
}

static void every_function_runs_once_and_every_fork_is_joined(void **state)
{
    static const char *const machines[] = {
        "16amd64-4distances.xml", "192em64t-12gr2n8c2t.xml", "power8gpudistances.xml",
        "zen1-2x7451.xml",        "zen3-2x7763.xml",         "odd.xml"};
    static const uint32_t workers[] = {1, 2, 5, 64, 384};
    (void)state;

    for (unsigned i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        struct mag_topology *topology = recorded(machines[i]);

        for (unsigned j = 0; j < sizeof(workers) / sizeof(workers[0]); j++)
            check_conserved(topology, workers[j]);
        mag_topology_free(topology);
    }
}

/* Nothing but the work costs much. */
static void make_cheap(struct sim_costs *costs)
{
    for (int i = SIM_LINE_CORE; i < SIM_MEMORY_KIB; i++)
        costs->ns[i] = 1;
    costs->ns[SIM_MEMORY_KIB] = costs->ns[SIM_REMOTE_KIB] = 0;
}

/* No schedule is faster than the work divided, nor than the span; and a greedy one takes
 * at most their sum.  Ours looks for work in steps, so the span counts several times. */
static void a_run_keeps_the_bounds_of_work_and_span(void **state)
{
    struct mag_topology *topology = synthetic("core:128 pu:1");
    static const uint32_t workers[] = {1, 2, 4, 16, 64, 128};
    (void)state;

    for (int i = 0; i < COMPUTATIONS; i++) {
        for (unsigned j = 0; j < sizeof(workers) / sizeof(workers[0]); j++) {
            struct sim_setup setup = setup_of(topology, &smalls[i], workers[j]);
            make_cheap(&setup.costs);
            struct sim_shape shape = shape_of(&setup);
            struct sim_outcome outcome = run(&setup);
            double share = shape.work_ns / workers[j];

            assert_true(outcome.ns >= 0.999 * share);
            assert_true(outcome.ns >= 0.999 * shape.span_ns);
            assert_true(outcome.ns <= 1.1 * share + 16 * shape.span_ns + 60000);
        }
    }
    mag_topology_free(topology);
}

static void one_worker_takes_the_time_of_the_work(void **state)
{
    struct mag_topology *topology = synthetic("core:2 pu:1");
    (void)state;

    for (int i = 0; i < COMPUTATIONS; i++) {
        struct sim_setup setup = setup_of(topology, &smalls[i], 1);
        struct sim_shape shape = shape_of(&setup);
        struct sim_outcome outcome = run(&setup);
        /* The worker has to be woken first. */
        double most = shape.work_ns * 1.02 + setup.costs.ns[SIM_WAKE_CALL] +
                      setup.costs.ns[SIM_WAKE_DELAY] + 1000;

        assert_true(outcome.ns >= shape.work_ns && outcome.ns <= most);
    }
    mag_topology_free(topology);
}

static void only_machines_with_far_nodes_have_far_steals(void **state)
{
    struct mag_topology *near = synthetic("core:32 pu:1");
    struct mag_topology *far = synthetic("node:2 core:16 pu:1");
    const struct small small = {&sim_graph_fib, 33};
    struct sim_setup setup = setup_of(near, &small, 32);
    (void)state;

    assert_int_equal(run(&setup).steals[MAG_REACH_FAR], 0);
    setup.topology = far;
    assert_int_not_equal(run(&setup).steals[MAG_REACH_FAR], 0);
    mag_topology_free(near);
    mag_topology_free(far);
}

static void work_beside_a_sibling_takes_longer(void **state)
{
    struct mag_topology *topology = synthetic("core:2 pu:2");
    struct sim_setup setup = setup_of(topology, &smalls[5], 2);
    double apart = run(&setup).ns;
    (void)state;

    setup.placement = MAG_PLACE_COMPACT;
    assert_true(run(&setup).ns > 1.3 * apart);
    mag_topology_free(topology);
}

static void a_dearer_membarrier_makes_a_run_longer(void **state)
{
    struct mag_topology *topology = synthetic("core:64 pu:1");
    const struct small small = {&sim_graph_fib, 33};
    struct sim_setup setup = setup_of(topology, &small, 64);
    struct sim_outcome usual = run(&setup);
    (void)state;

    setup.costs.ns[SIM_BARRIER] *= 100;
    struct sim_outcome dear = run(&setup);

    assert_int_not_equal(usual.barriers, 0);
    assert_true(dear.ns > usual.ns);
    mag_topology_free(topology);
}

static void a_tree_wakes_many_workers_sooner(void **state)
{
    struct mag_topology *topology = synthetic("core:64 pu:1");
    const struct small small = {&sim_graph_bulk, 2000};
    struct sim_setup setup = setup_of(topology, &small, 64);
    (void)state;

    setup.waking = SIM_WAKING_ONE;
    struct sim_outcome one = run(&setup);
    setup.waking = SIM_WAKING_TREE;
    struct sim_outcome tree = run(&setup);

    assert_int_equal(one.most_awake, 64);
    assert_int_equal(tree.most_awake, 64);
    assert_true(tree.all_awake_ns < one.all_awake_ns);
    assert_true(tree.chain < one.chain);
    setup.waking = SIM_WAKING_USUAL;
    struct sim_outcome usual = run(&setup);

    assert_memory_equal(&usual, &tree, sizeof(usual));
    mag_topology_free(topology);
}

static void waking_changes_who_works_and_not_what_is_done(void **state)
{
    struct mag_topology *topology = synthetic("l3:4 core:16 pu:1");
    struct sim_setup setup = setup_of(topology, &smalls[5], 64);
    struct sim_outcome usual = run(&setup);
    (void)state;

    setup.waking = SIM_WAKING_JOBS;
    struct sim_outcome jobs = run(&setup);
    setup.waking = SIM_WAKING_TREE;
    struct sim_outcome tree = run(&setup);
    setup.waking = SIM_WAKING_EARLY;
    struct sim_outcome early = run(&setup);

    assert_true(usual.chain < jobs.chain);
    assert_true(tree.chain < jobs.chain);
    assert_true(usual.most_awake >= jobs.most_awake);
    assert_int_equal(jobs.nodes, usual.nodes);
    assert_int_equal(tree.nodes, usual.nodes);
    assert_int_equal(early.nodes, usual.nodes);
    assert_true(early.ns < usual.ns || early.ns > usual.ns);
    mag_topology_free(topology);
}

static void an_aimed_membarrier_is_sooner_over(void **state)
{
    struct mag_topology *topology = synthetic("core:64 pu:1");
    const struct small small = {&sim_graph_fib, 33};
    struct sim_setup setup = setup_of(topology, &small, 64);
    (void)state;

    setup.barrier = SIM_BARRIER_ALL;
    struct sim_outcome all = run(&setup);
    setup.barrier = SIM_BARRIER_ONE;
    struct sim_outcome one = run(&setup);

    assert_int_not_equal(one.barriers, 0);
    assert_true(one.spent[SIM_SPENT_STEAL] / (double)one.barriers <
                all.spent[SIM_SPENT_STEAL] / (double)all.barriers);
    mag_topology_free(topology);
}

static void thieves_that_share_membarriers_make_fewer(void **state)
{
    struct mag_topology *topology = synthetic("core:64 pu:1");
    const struct small small = {&sim_graph_fib, 33};
    struct sim_setup setup = setup_of(topology, &small, 64);
    struct sim_outcome shared = run(&setup);
    (void)state;

    setup.barrier = SIM_BARRIER_ALL;
    struct sim_outcome all = run(&setup);

    assert_true(shared.barriers < all.barriers);
    assert_true(shared.ns < all.ns);
    mag_topology_free(topology);
}

static void victims_that_are_asked_spare_thieves_the_membarrier(void **state)
{
    struct mag_topology *topology = synthetic("core:64 pu:1");
    const struct small small = {&sim_graph_fib, 33};
    struct sim_setup setup = setup_of(topology, &small, 64);
    struct sim_outcome at_once = run(&setup);
    (void)state;

    setup.force = SIM_FORCE_LATE;
    struct sim_outcome late = run(&setup);
    setup.force = SIM_FORCE_HUNGRY;
    struct sim_outcome hungry = run(&setup);

    assert_int_equal(late.nodes, at_once.nodes);
    assert_int_equal(hungry.nodes, at_once.nodes);
    assert_true(late.barriers < at_once.barriers);
    assert_true(hungry.barriers < at_once.barriers);
    mag_topology_free(topology);
}

/* A search of all victims finds what is there; one of a single victim often does not. */
static void a_search_of_one_victim_looks_at_fewer(void **state)
{
    struct mag_topology *topology = synthetic("node:2 core:32 pu:1");
    struct sim_setup setup = setup_of(topology, &smalls[5], 64);
    struct sim_outcome all = run(&setup);
    (void)state;

    setup.victims = SIM_VICTIMS_ONE;
    struct sim_outcome one = run(&setup);

    assert_int_equal(one.nodes, all.nodes);
    assert_true(one.misses < all.misses);
    mag_topology_free(topology);
}

static void a_run_needs_a_worker(void **state)
{
    struct mag_topology *topology = synthetic("core:2 pu:1");
    struct sim_setup setup = setup_of(topology, &smalls[0], 0);
    struct sim_outcome outcome;
    (void)state;

    assert_int_equal(sim_run_setup(&setup, &outcome), -EINVAL);
    setup.workers = SIM_WORKERS_MAX + 1;
    assert_int_equal(sim_run_setup(&setup, &outcome), -EINVAL);
    mag_topology_free(topology);
}

/* --------------------------------------------------------------------- graphs, costs */

static void the_tree_of_uts_is_the_published_one(void **state)
{
    const struct small small = {&sim_graph_uts, 1};
    struct sim_setup setup = setup_of(NULL, &small, 1);
    (void)state;

    setup.costs.ns[SIM_UTS] = 1;
    setup.costs.ns[SIM_FORK] = 0;
    struct sim_shape shape = shape_of(&setup);

    assert_int_equal(shape.work_ns, kernel_uts_tree_of(1)->nodes);
    /* A path to the deepest leaf has a node at each depth. */
    assert_int_equal(shape.span_ns, kernel_uts_tree_of(1)->depth + 1);
}

static void costs_are_read_from_a_file(void **state)
{
    char text[] = "# measured\nfork 7.5\n\nwake-delay 123\n";
    FILE *in = fmemopen(text, strlen(text), "r");
    struct sim_costs costs;
    char why[128];
    (void)state;

    assert_non_null(in);
    sim_costs_default(&costs);
    assert_true(sim_costs_read(&costs, in, why, sizeof(why)));
    assert_true(costs.ns[SIM_FORK] > 7.4 && costs.ns[SIM_FORK] < 7.6);
    assert_true(costs.ns[SIM_WAKE_DELAY] > 122 && costs.ns[SIM_WAKE_DELAY] < 124);
    assert_true(costs.ns[SIM_UTS] > 0);
    (void)fclose(in);
}

static void measured_costs_can_be_read(void **state)
{
    struct sim_measured measured;
    struct sim_costs costs;
    char text[8192] = "";
    char why[128] = "";
    (void)state;

    assert_int_equal(sim_measure(&measured), 0);
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(out);
    sim_measured_write(out, &measured);
    (void)fclose(out);
    FILE *in = fmemopen(text, strlen(text), "r");
    assert_non_null(in);
    sim_costs_default(&costs);
    if (!sim_costs_read(&costs, in, why, sizeof(why)))
        fail_msg("%s", why);
    (void)fclose(in);
    assert_true(measured.measured[SIM_UTS] && costs.ns[SIM_UTS] > 0);
    assert_true(measured.measured[SIM_ATOMIC] && costs.ns[SIM_ATOMIC] > 0);
}

static void a_wrong_line_of_costs_is_named(void **state)
{
    static const char *const wrong[] = {"fork\n", "fork x\n", "frok 1\n", "fork -1\n"};
    struct sim_costs costs;
    char why[128];
    (void)state;

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "look 1\n%s", wrong[i]);
        FILE *in = fmemopen(text, strlen(text), "r");

        assert_non_null(in);
        assert_false(sim_costs_read(&costs, in, why, sizeof(why)));
        assert_non_null(strstr(why, "line 2"));
        (void)fclose(in);
    }
}

static void every_cost_has_a_source(void **state)
{
    (void)state;

    for (int i = 0; i < SIM_COSTS; i++) {
        const struct sim_cost_about *about = sim_cost_about((enum sim_cost)i);

        assert_non_null(about->name);
        assert_non_null(about->meaning);
        assert_non_null(about->source);
        assert_true(about->ns > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(another_seed_gives_another_run),
        cmocka_unit_test(every_function_runs_once_and_every_fork_is_joined),
        cmocka_unit_test(a_run_keeps_the_bounds_of_work_and_span),
        cmocka_unit_test(one_worker_takes_the_time_of_the_work),
        cmocka_unit_test(only_machines_with_far_nodes_have_far_steals),
        cmocka_unit_test(work_beside_a_sibling_takes_longer),
        cmocka_unit_test(a_dearer_membarrier_makes_a_run_longer),
        cmocka_unit_test(a_tree_wakes_many_workers_sooner),
        cmocka_unit_test(waking_changes_who_works_and_not_what_is_done),
        cmocka_unit_test(an_aimed_membarrier_is_sooner_over),
        cmocka_unit_test(thieves_that_share_membarriers_make_fewer),
        cmocka_unit_test(victims_that_are_asked_spare_thieves_the_membarrier),
        cmocka_unit_test(a_search_of_one_victim_looks_at_fewer),
        cmocka_unit_test(measured_costs_can_be_read),
        cmocka_unit_test(a_run_needs_a_worker),
        cmocka_unit_test(the_tree_of_uts_is_the_published_one),
        cmocka_unit_test(costs_are_read_from_a_file),
        cmocka_unit_test(a_wrong_line_of_costs_is_named),
        cmocka_unit_test(every_cost_has_a_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

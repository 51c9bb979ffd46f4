/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of a scheduler that `magpie sim` compares with the real one: each keeps what
 * every scheduler keeps, and each changes what it says. */
#include "bench/sim/sim.h"
#include "tests/support/bench/sim.h"
#include "tests/support/cmocka.h"

#include <string.h>

enum { WORKERS = 384, FORMS = 6 };

static const struct {
    const struct sim_graph *graph;
    uint64_t size;
} loads[] = {{&sim_graph_fib, 27},     {&sim_graph_nqueens, 9},
             {&sim_graph_loop, 20000}, {&sim_graph_cilksort, 300000},
             {&sim_graph_bulk, 2000},  {&sim_graph_pipeline, 300}};

enum { LOADS = sizeof(loads) / sizeof(loads[0]), COMPUTATIONS = 4 };

static struct mag_topology *machine(void)
{
    struct mag_topology *topology = NULL;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC,
                                       "package:2 [numa] l3:12 core:16 pu:1", &topology),
                     0);
    return topology;
}

/* Form 0 is the real one. */
static struct sim_setup setup_of(const struct mag_topology *topology, int load, int form)
{
    struct sim_setup setup = {.topology = topology,
                              .workers = WORKERS,
                              .graph = loads[load].graph,
                              .size = loads[load].size,
                              .seed = 3,
                              .spin_us = 50};

    setup.force = form == 1 ? SIM_FORCE_TAG : SIM_FORCE_AT_ONCE;
    setup.searchers = form == 2 ? SIM_SEARCHERS_TWO : SIM_SEARCHERS_HALF;
    setup.vain = form == 3 ? SIM_VAIN_PARK : SIM_VAIN_SEARCH;
    setup.last_look = form == 4 ? SIM_LAST_LOOK_FREE : SIM_LAST_LOOK_ALL;
    setup.queues = form == 5 ? SIM_QUEUES_CACHE : SIM_QUEUES_NODE;
    sim_costs_default(&setup.costs);
    return setup;
}

static void every_form_runs_every_function_once_and_the_same_again(void **state)
{
    struct mag_topology *topology = machine();
    (void)state;

    for (int i = 0; i < LOADS * FORMS; i++) {
        struct sim_setup setup = setup_of(topology, i / FORMS, i % FORMS);
        struct sim_shape shape = shape_of(&setup);
        struct sim_outcome first = run(&setup);
        struct sim_outcome second = run(&setup);

        assert_int_equal(first.nodes, shape.nodes);
        assert_int_equal(first.joins, shape.forks);
        assert_memory_equal(&first, &second, sizeof(first));
    }
    mag_topology_free(topology);
}

/* With steps that cost next to nothing: not below the work divided, nor the span, nor
 * far above their sum. */
static void every_form_keeps_the_bounds_of_work_and_span(void **state)
{
    struct mag_topology *topology = machine();
    (void)state;

    for (int i = 0; i < COMPUTATIONS * FORMS; i++) {
        struct sim_setup setup = setup_of(topology, i / FORMS, i % FORMS);

        for (int cost = SIM_LINE_CORE; cost < SIM_MEMORY_KIB; cost++)
            setup.costs.ns[cost] = 1;
        setup.costs.ns[SIM_MEMORY_KIB] = setup.costs.ns[SIM_REMOTE_KIB] = 0;
        struct sim_shape shape = shape_of(&setup);
        double ns = run(&setup).ns;
        double share = shape.work_ns / WORKERS;

        assert_true(ns >= 0.999 * share && ns >= 0.999 * shape.span_ns);
        assert_true(ns <= 1.1 * share + 16 * shape.span_ns + 60000);
    }
    mag_topology_free(topology);
}

static void a_tagged_child_spares_thieves_the_membarrier(void **state)
{
    struct mag_topology *topology = machine();
    struct sim_setup setup = setup_of(topology, 0, 0);
    (void)state;

    setup.size = 33;
    struct sim_outcome real = run(&setup);
    setup.force = SIM_FORCE_TAG;
    struct sim_outcome tagged = run(&setup);

    assert_int_not_equal(real.barriers, 0);
    assert_true(tagged.barriers < real.barriers);
    mag_topology_free(topology);
}

static void fewer_searchers_are_woken_and_find_less(void **state)
{
    struct mag_topology *topology = machine();
    struct sim_setup setup = setup_of(topology, 2, 0);
    (void)state;

    setup.size = 200000;
    struct sim_outcome half = run(&setup);
    setup.searchers = SIM_SEARCHERS_TWO;
    struct sim_outcome two = run(&setup);

    assert_true(two.spent[SIM_SPENT_SEARCH] < half.spent[SIM_SPENT_SEARCH]);
    mag_topology_free(topology);
}

/* What is posted by one call waits in the queue of one cache, far from the others. */
static void a_queue_for_each_cache_is_far_from_most_workers(void **state)
{
    struct mag_topology *topology = machine();
    struct sim_setup setup = setup_of(topology, 4, 0);
    (void)state;

    setup.size = 10000;
    struct sim_outcome node = run(&setup);
    setup.queues = SIM_QUEUES_CACHE;
    struct sim_outcome cache = run(&setup);

    assert_true(cache.ns > node.ns);
    mag_topology_free(topology);
}

static void a_free_last_look_reads_fewer_lines(void **state)
{
    struct mag_topology *topology = machine();
    struct sim_setup setup = setup_of(topology, 2, 0);
    (void)state;

    struct sim_outcome all = run(&setup);
    setup.last_look = SIM_LAST_LOOK_FREE;
    struct sim_outcome looks = run(&setup);

    assert_true(looks.spent[SIM_SPENT_LINES] + looks.spent[SIM_SPENT_SEARCH] <
                all.spent[SIM_SPENT_LINES] + all.spent[SIM_SPENT_SEARCH]);
    mag_topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_runs_every_function_once_and_the_same_again),
        cmocka_unit_test(every_form_keeps_the_bounds_of_work_and_span),
        cmocka_unit_test(a_tagged_child_spares_thieves_the_membarrier),
        cmocka_unit_test(fewer_searchers_are_woken_and_find_less),
        cmocka_unit_test(a_queue_for_each_cache_is_far_from_most_workers),
        cmocka_unit_test(a_free_last_look_reads_fewer_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

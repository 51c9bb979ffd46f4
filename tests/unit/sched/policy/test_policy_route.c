/* SPDX-License-Identifier: Apache-2.0 */
/* Routes: tables for machines that a reader can picture, and properties that hold on all
 * machines of tests/topologies under every placement. */
#include "tests/support/fault.h"
#include "tests/support/sched/machine.h"

#include <errno.h>

enum { RINGS = 40 };

/* --------------------------------------------------------------------- ranks */

static const struct {
    const char *machine;
    enum mag_placement placement;
    uint32_t workers;
    uint32_t ranks[8]; /* of worker 0, 1, ... */
} ranks[] = {
    {"node:2 core:2 pu:2", MAG_PLACE_COMPACT, 8, {0, 1, 2, 3, 4, 5, 6, 7}},
    {"node:2 core:2 pu:2", MAG_PLACE_PER_PU, 8, {0, 1, 2, 3, 4, 5, 6, 7}},
    {"node:2 core:2 pu:2", MAG_PLACE_PER_CORE, 8, {0, 2, 4, 6, 1, 3, 5, 7}},
    {"node:2 core:2 pu:2", MAG_PLACE_SCATTER, 8, {0, 4, 2, 6, 1, 5, 3, 7}},
    {"node:2 core:2 pu:2", MAG_PLACE_SCATTER, 4, {0, 2, 1, 3}},
    {"pack:2 node:2 core:2 pu:1", MAG_PLACE_SCATTER, 8, {0, 4, 2, 6, 1, 5, 3, 7}},
    {"core:2 pu:1", MAG_PLACE_PER_CORE, 5, {0, 3, 1, 4, 2}},
    {"hybrid.xml", MAG_PLACE_PER_CORE, 8, {4, 6, 0, 1, 2, 3, 5, 7}},
    {"pu:1", MAG_PLACE_SCATTER, 3, {0, 1, 2}},
};

static void a_rank_is_a_place_in_the_machine_whatever_the_placement(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++) {
        struct machine machine;

        machine_begin(&machine, ranks[i].machine, ranks[i].placement, ranks[i].workers,
                      NULL);
        for (uint32_t j = 0; j < ranks[i].workers; j++)
            assert_int_equal(machine.routes.rank[j], ranks[i].ranks[j]);
        machine_end(&machine);
    }
}

static void by_a_list_too_it_is_a_place_in_the_machine(void **state)
{
    static const uint32_t os_pus[] = {7, 0, 5, 0, 2};
    static const uint32_t wanted[] = {4, 0, 3, 1, 2};
    struct machine machine;
    (void)state;

    machine_begin(&machine, "node:2 core:2 pu:2", MAG_PLACE_LIST, 5, os_pus);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(machine.routes.rank[i], wanted[i]);
    machine_end(&machine);
}

static void check_span(const struct machine *machine, uint32_t rank, struct mag_span span,
                       enum mag_reach reach)
{
    const struct mag_routes *routes = &machine->routes;
    const struct mag_seat *seat = machine_seat(machine, routes->spots[rank].worker);

    for (uint32_t i = 0; i < routes->workers; i++) {
        const struct mag_seat *other = machine_seat(machine, routes->spots[i].worker);
        bool inside = i >= span.begin && i < span.end;

        assert_int_equal(inside, mag_seat_reach(seat, other) <= reach);
    }
}

static void check_ranks(const struct machine *machine)
{
    const struct mag_routes *routes = &machine->routes;

    assert_int_equal(routes->workers, machine_workers(machine));
    for (uint32_t i = 0; i < routes->workers; i++) {
        assert_true(routes->rank[i] < routes->workers);
        assert_int_equal(routes->spots[routes->rank[i]].worker, i);
        assert_int_equal(routes->spots[routes->rank[i]].os_pu,
                         machine_seat(machine, i)->os_pu);
    }
    for (uint32_t i = 0; i < routes->workers; i += 5) {
        const struct mag_spot *spot = &routes->spots[i];

        for (uint32_t j = 0; j < routes->workers; j++)
            assert_int_equal(j >= spot->pu.begin && j < spot->pu.end,
                             routes->spots[j].os_pu == spot->os_pu);
        check_span(machine, i, spot->core, MAG_REACH_CORE);
        check_span(machine, i, spot->cache, MAG_REACH_CACHE);
        check_span(machine, i, routes->homes[spot->home].ranks, MAG_REACH_NODE);
    }
}

static void every_rank_is_given_once_and_neighbours_stand_together(void **state)
{
    (void)state;
    check_machines(check_ranks);
}

/* -------------------------------------------------------------------- victims */

static void victims_come_nearest_first(void **state)
{
    struct mag_ring rings[8];
    uint32_t victims[16];
    struct machine machine;
    (void)state;

    machine_begin(&machine, "node:2 l3:2 core:2 pu:2", MAG_PLACE_COMPACT, 16, NULL);
    assert_int_equal(mag_routes_victims(&machine.routes, 5, victims, rings, 8), 4);
    assert_int_equal(rings[0].reach, MAG_REACH_CORE);
    assert_int_equal(rings[0].end, 1);
    assert_int_equal(victims[0], 4);
    assert_int_equal(rings[1].reach, MAG_REACH_CACHE);
    assert_int_equal(rings[1].end, 3);
    assert_int_equal(rings[2].reach, MAG_REACH_NODE);
    assert_int_equal(rings[2].end, 7);
    assert_int_equal(rings[3].reach, MAG_REACH_FAR);
    assert_int_equal(rings[3].end, 15);
    for (uint32_t i = 7; i < 15; i++)
        assert_true(victims[i] >= 8);
    assert_int_equal(mag_routes_victims(&machine.routes, 5, victims, rings, 2), 2);
    assert_int_equal(rings[1].end, 15);
    assert_int_equal(rings[1].reach, MAG_REACH_FAR);
    machine_end(&machine);
}

static void a_lonely_worker_has_no_victims(void **state)
{
    struct machine machine;
    struct mag_ring ring;
    (void)state;

    machine_begin(&machine, "pu:1", MAG_PLACE_PER_CORE, 1, NULL);
    assert_int_equal(mag_routes_victims(&machine.routes, 0, NULL, &ring, 1), 0);
    machine_end(&machine);
}

static void without_a_node_all_other_packages_are_far(void **state)
{
    static const uint32_t os_pus[] = {8, 40, 9, 8, 0};
    struct mag_ring rings[8];
    uint32_t victims[4];
    struct machine machine;
    (void)state;

    machine_begin(&machine, "odd.xml", MAG_PLACE_LIST, 5, os_pus);
    assert_int_equal(mag_routes_victims(&machine.routes, 2, victims, rings, 8), 1);
    assert_int_equal(rings[0].end, 4);
    assert_int_equal(rings[0].distance, 20);
    machine_end(&machine);
}

static void far_nodes_come_by_their_distance(void **state)
{
    static const uint32_t os_pus[] = {0, 12, 9, 1};
    struct mag_ring rings[8];
    uint32_t victims[3];
    struct machine machine;
    (void)state;

    machine_begin(&machine, "odd.xml", MAG_PLACE_LIST, 4, os_pus);
    assert_int_equal(mag_routes_victims(&machine.routes, 0, victims, rings, 8), 3);
    assert_int_equal(victims[0], 3);
    assert_int_equal(rings[0].reach, MAG_REACH_CACHE);
    assert_int_equal(victims[1], 2);
    assert_int_equal(rings[1].distance, 20);
    assert_int_equal(victims[2], 1);
    assert_int_equal(rings[2].distance, 31);
    machine_end(&machine);
}

/* Checks that what a ring says is true of each victim in it. */
static void check_ring(const struct machine *machine, uint32_t worker, uint32_t victim,
                       const struct mag_ring *ring)
{
    const struct mag_seat *from = machine_seat(machine, worker);
    const struct mag_seat *to = machine_seat(machine, victim);

    assert_int_equal(mag_seat_reach(from, to), ring->reach);
    if (from->node != MAG_NONE && to->node != MAG_NONE)
        assert_int_equal(mag_topology_distance(machine->topology, from->node, to->node),
                         ring->distance);
}

static void check_victims(const struct machine *machine)
{
    uint32_t workers = machine_workers(machine);
    uint32_t *victims = calloc(workers, sizeof(*victims));
    char *seen = calloc(workers, 1);
    struct mag_ring rings[RINGS];

    assert_true(victims != NULL && seen != NULL);
    for (uint32_t worker = 0; worker < workers; worker += 7) {
        uint32_t count =
            mag_routes_victims(&machine->routes, worker, victims, rings, RINGS);

        memset(seen, 0, workers);
        assert_true(workers == 1 ? count == 0 : rings[count - 1].end == workers - 1);
        for (uint32_t i = 0, ring = 0; i + 1 < workers; i++) {
            assert_true(victims[i] < workers && victims[i] != worker);
            assert_int_equal(seen[victims[i]]++, 0);
            ring += i == rings[ring].end;
            check_ring(machine, worker, victims[i], &rings[ring]);
        }
        for (uint32_t i = 1; i < count; i++) {
            assert_true(rings[i].end > rings[i - 1].end);
            assert_true(rings[i].reach >= rings[i - 1].reach);
            if (rings[i].reach == MAG_REACH_FAR && rings[i - 1].reach == MAG_REACH_FAR)
                assert_true(rings[i].distance > rings[i - 1].distance);
        }
    }
    free(victims);
    free(seen);
}

static void everybody_else_is_a_victim_once_and_the_nearest_come_first(void **state)
{
    (void)state;
    check_machines(check_victims);
}

/* --------------------------------------------------------------------- queues */

static const struct {
    const char *machine;
    uint32_t from, count;
    uint32_t queues[24];
} queue_orders[] = {
    {"odd.xml", 0, 3, {0, 2, 1}},
    {"odd.xml", 1, 3, {1, 2, 0}},
    {"odd.xml", 2, 3, {2, 0, 1}},
    {"192em64t-12gr2n8c2t.xml", 9, 24, {9,  8,  0,  1,  4,  5,  10, 11, 12, 13,
                                        14, 15, 16, 17, /* 65 */
                                        2,  3,  6,  7,  18, 19, 20, 21, 22, 23}},
    {"zen1-2x7451.xml", 5, 8, {5, 0, 1, 2, 3, 4, 6, 7}},
    {"cascadelake-2x6230.xml", 0, 1, {0}},
};

static void queues_come_by_distance(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(queue_orders) / sizeof(queue_orders[0]); i++) {
        struct machine machine;
        uint32_t queues[24];

        machine_begin(&machine, queue_orders[i].machine, MAG_PLACE_PER_CORE, 0, NULL);
        assert_int_equal(machine.routes.queue_count, queue_orders[i].count);
        mag_routes_queues(&machine.routes, queue_orders[i].from, queues);
        for (uint32_t j = 0; j < queue_orders[i].count; j++)
            assert_int_equal(queues[j], queue_orders[i].queues[j]);
        machine_end(&machine);
    }
}

static uint32_t queue_distance(const struct machine *machine, uint32_t from, uint32_t to)
{
    return mag_topology_distance(machine->topology, from, to);
}

static void check_queue_order(const struct machine *machine)
{
    uint32_t count = machine->routes.queue_count;
    uint32_t *queues = calloc(count, sizeof(*queues));
    char *seen = calloc(count, 1);

    assert_true(queues != NULL && seen != NULL);
    for (uint32_t from = 0; from < count; from++) {
        memset(seen, 0, count);
        mag_routes_queues(&machine->routes, from, queues);
        assert_int_equal(queues[0], from);
        for (uint32_t i = 0; i < count; i++) {
            assert_true(queues[i] < count);
            assert_int_equal(seen[queues[i]]++, 0);
            if (i > 1)
                assert_true(queue_distance(machine, from, queues[i - 1]) <=
                            queue_distance(machine, from, queues[i]));
        }
    }
    free(queues);
    free(seen);
}

static void every_queue_is_reached_and_the_nearest_first(void **state)
{
    (void)state;
    check_machines(check_queue_order);
}

/* By the machine's own figures all its nodes are equally far: the package decides. */
static void of_equally_far_homes_those_of_the_package_come_first(void **state)
{
    static const uint32_t wanted[] = {5, 4, 6, 7, 0, 1, 2, 3};
    struct machine machine;
    (void)state;

    machine_begin(&machine, "zen1-2x7451.xml", MAG_PLACE_SCATTER, 0, NULL);
    assert_int_equal(machine.routes.home_count, 8);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(machine.routes.nearest[5 * 8 + i], wanted[i]);
    machine_end(&machine);
}

static bool is_served(const struct machine *machine, uint32_t queue)
{
    for (uint32_t i = 0; i < machine_workers(machine); i++) {
        uint32_t node = machine_seat(machine, i)->node;

        if (mag_route_own_queue(&machine->routes, node) == queue)
            return true;
    }
    return false;
}

/* The first worker of the queue, by rank. */
static void check_first_worker(const struct machine *machine, uint32_t queue)
{
    const struct mag_routes *routes = &machine->routes;
    uint32_t rank = routes->queue_rank[queue];

    assert_int_equal(rank != MAG_NONE, is_served(machine, queue));
    for (uint32_t i = 0; i < routes->workers && i <= rank; i++) {
        const struct mag_seat *seat = machine_seat(machine, routes->spots[i].worker);

        assert_int_equal(mag_route_own_queue(routes, seat->node) == queue, i == rank);
    }
}

static void check_served(const struct machine *machine)
{
    const struct mag_routes *routes = &machine->routes;

    for (uint32_t node = 0; node < routes->queue_count; node++) {
        uint32_t queue = routes->node_queue[node];

        check_first_worker(machine, node);
        assert_true(is_served(machine, queue));
        if (is_served(machine, node))
            assert_int_equal(queue, node);
        for (uint32_t i = 0; i < routes->queue_count && queue != node; i++)
            assert_true(!is_served(machine, i) || queue_distance(machine, node, queue) <=
                                                      queue_distance(machine, node, i));
    }
}

static void jobs_of_a_node_without_workers_go_to_the_nearest_with_some(void **state)
{
    (void)state;
    check_machines(check_served);
}

/* ----------------------------------------------------------------------- CPUs */

/* Two nodes of two cores of two PUs; workers on PU 5 and 7, numbered backwards. */
static void each_cpu_knows_its_queue_and_its_nearest_worker(void **state)
{
    static const uint32_t os_pus[] = {7, 5};
    static const struct {
        uint32_t cpu, worker, on_it;
    } rows[] = {{0, 1, 0}, {3, 1, 0}, {4, 1, 0}, {5, 1, 1}, {6, 0, 0}, {7, 0, 1}};
    struct machine machine;
    (void)state;

    machine_begin(&machine, "node:2 core:2 pu:2", MAG_PLACE_LIST, 2, os_pus);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct mag_routes *routes = &machine.routes;
        struct mag_span on_it = mag_route_cpu_workers(routes, rows[i].cpu);

        assert_int_equal(mag_route_cpu_queue(routes, rows[i].cpu), 1);
        assert_int_equal(routes->spots[routes->cpu_rank[rows[i].cpu]].worker,
                         rows[i].worker);
        assert_int_equal(on_it.end - on_it.begin, rows[i].on_it);
    }
    machine_end(&machine);
}

/* A CPU that came online later. */
static void a_cpu_that_the_machine_does_not_know_has_a_served_queue(void **state)
{
    static const uint32_t os_pus[] = {3};
    struct machine machine;
    (void)state;

    machine_begin(&machine, "node:2 core:2 pu:1", MAG_PLACE_LIST, 1, os_pus);
    assert_int_equal(mag_route_cpu_queue(&machine.routes, 4), 1);
    assert_int_equal(mag_route_cpu_queue(&machine.routes, MAG_NONE), 1);
    assert_int_equal(mag_route_cpu_workers(&machine.routes, 4).end, 0);
    machine_end(&machine);
}

static void check_cpu(const struct machine *machine, uint32_t pu)
{
    const struct mag_routes *routes = &machine->routes;
    struct mag_seat from = machine_pu(machine, pu);
    uint32_t nearest = routes->spots[routes->cpu_rank[from.os_pu]].worker;
    uint64_t least = machine_apart(machine, &from, machine_seat(machine, nearest));
    struct mag_span on_it = mag_route_cpu_workers(routes, from.os_pu);

    assert_int_equal(mag_route_cpu_queue(routes, from.os_pu),
                     routes->node_queue[mag_route_own_queue(routes, from.node)]);
    for (uint32_t i = 0; i < routes->workers; i++) {
        const struct mag_seat *seat = machine_seat(machine, i);
        uint32_t rank = routes->rank[i];

        assert_true(machine_apart(machine, &from, seat) >= least);
        assert_int_equal(seat->pu == pu, rank >= on_it.begin && rank < on_it.end);
    }
}

static void check_cpus(const struct machine *machine)
{
    for (uint32_t i = 0; i < mag_topology_pus(machine->topology); i += 3)
        check_cpu(machine, i);
}

static void every_cpu_knows_the_worker_nearest_to_it(void **state)
{
    (void)state;
    check_machines(check_cpus);
}

/* --------------------------------------------------------------------- memory */

static void every_allocation_may_fail_and_leaves_nothing_behind(void **state)
{
    struct machine machine;
    bool failed = true;
    (void)state;

    machine_begin(&machine, "node:2 core:2 pu:1", MAG_PLACE_SCATTER, 4, NULL);
    int64_t before = test_live_allocations();
    for (uint32_t nth = 1; failed; nth++) {
        struct mag_routes routes = {.memory = NULL};

        test_fail_allocation(nth);
        int r = mag_routes_load(machine.topology, machine.plan, 4, &routes);
        failed = test_has_failed();
        test_fail_allocation(0);
        assert_int_equal(r, failed ? -ENOMEM : 0);
        mag_routes_free(&routes);
        assert_int_equal(test_live_allocations(), before);
        assert_true(failed || nth > 4);
    }
    machine_end(&machine);
}

/* Routes made twice from the same values are the same, and stay inside their memory. */
static void routes_are_a_function_of_the_layout(void **state)
{
    static const struct mag_pu pus[] = {{.os_index = 4, .core = 0},
                                        {.os_index = 2, .core = 1}};
    static const struct mag_seat seats[] = {{.pu = 1, .os_pu = 2, .core = 1},
                                            {.pu = 0, .os_pu = 4, .core = 0}};
    static const uint32_t distances[] = {10};
    static uint64_t memory[2][512];
    const struct mag_layout layout = {.pus = pus,
                                      .pu_count = 2,
                                      .seats = seats,
                                      .workers = 2,
                                      .distances = distances,
                                      .nodes = 1};
    size_t size = mag_routes_size(&layout);
    struct mag_routes routes[2];
    (void)state;

    assert_true(size % 8 == 0 && size < sizeof(memory[0]));
    for (unsigned i = 0; i < 2; i++) {
        memset(memory[i], 0x5a, sizeof(memory[i]));
        mag_routes_make(&routes[i], &layout, memory[i]);
        for (size_t at = size / 8; at < 512; at++)
            assert_int_equal(memory[i][at], UINT64_C(0x5a5a5a5a5a5a5a5a));
    }
    assert_memory_equal(memory[0], memory[1], sizeof(memory[0]));
    assert_int_equal(routes[0].rank[0], 1);
    assert_int_equal(routes[0].rank[1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_is_a_place_in_the_machine_whatever_the_placement),
        cmocka_unit_test(by_a_list_too_it_is_a_place_in_the_machine),
        cmocka_unit_test(every_rank_is_given_once_and_neighbours_stand_together),
        cmocka_unit_test(victims_come_nearest_first),
        cmocka_unit_test(a_lonely_worker_has_no_victims),
        cmocka_unit_test(without_a_node_all_other_packages_are_far),
        cmocka_unit_test(far_nodes_come_by_their_distance),
        cmocka_unit_test(everybody_else_is_a_victim_once_and_the_nearest_come_first),
        cmocka_unit_test(queues_come_by_distance),
        cmocka_unit_test(of_equally_far_homes_those_of_the_package_come_first),
        cmocka_unit_test(every_queue_is_reached_and_the_nearest_first),
        cmocka_unit_test(jobs_of_a_node_without_workers_go_to_the_nearest_with_some),
        cmocka_unit_test(each_cpu_knows_its_queue_and_its_nearest_worker),
        cmocka_unit_test(a_cpu_that_the_machine_does_not_know_has_a_served_queue),
        cmocka_unit_test(every_cpu_knows_the_worker_nearest_to_it),
        cmocka_unit_test(every_allocation_may_fail_and_leaves_nothing_behind),
        cmocka_unit_test(routes_are_a_function_of_the_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

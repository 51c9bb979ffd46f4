/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a search: tables of whole searches, and properties of searches by every
 * worker of every machine in tests/topologies. */
#include "sched/policy/search.h"
#include "tests/support/sched/machine.h"

/* ---------------------------------------------------------------------- kit */

struct searcher {
    struct mag_paths paths;
    uint32_t *victims;
    uint32_t *queues;
};

static void searcher_begin(struct searcher *searcher, const struct machine *machine,
                           uint32_t worker)
{
    const struct mag_routes *routes = &machine->routes;
    uint32_t node = machine_seat(machine, worker)->node;

    searcher->victims = calloc(routes->workers, sizeof(uint32_t));
    searcher->queues = calloc(routes->queue_count, sizeof(uint32_t));
    assert_true(searcher->victims != NULL && searcher->queues != NULL);
    searcher->paths.victims = searcher->victims;
    searcher->paths.queues = searcher->queues;
    searcher->paths.queue_count = routes->queue_count;
    searcher->paths.has_spare = false;
    searcher->paths.ring_count = mag_routes_victims(
        routes, worker, searcher->victims, searcher->paths.rings, MAG_PATH_RINGS);
    mag_routes_queues(routes, mag_route_own_queue(routes, node), searcher->queues);
}

static void searcher_end(struct searcher *searcher)
{
    free(searcher->victims);
    free(searcher->queues);
}

/* --------------------------------------------------------------------- rings */

/* Worker 0 of a machine: two victims on its node, two on the nearest other nodes, one
 * farther, one farther still. */
static void far_rings_count_from_the_nearest_other_node(void **state)
{
    uint32_t victims[] = {2, 1, 5, 3, 6, 4};
    struct mag_paths paths = {.victims = victims,
                              .rings = {{.end = 1, .reach = MAG_REACH_CORE},
                                        {.end = 2, .reach = MAG_REACH_NODE},
                                        {.end = 4, .reach = MAG_REACH_FAR},
                                        {.end = 5, .reach = MAG_REACH_FAR},
                                        {.end = 6, .reach = MAG_REACH_FAR}},
                              .ring_count = 5};
    (void)state;

    assert_int_equal(mag_paths_far_ring(&paths, 5, 7), 0);
    assert_int_equal(mag_paths_far_ring(&paths, 3, 7), 0);
    assert_int_equal(mag_paths_far_ring(&paths, 6, 7), 1);
    assert_int_equal(mag_paths_far_ring(&paths, 4, 7), 2);
    /* Workers farther than the last ring, and a worker in none. */
    assert_int_equal(mag_paths_far_ring(&paths, 4, 1), 1);
    assert_int_equal(mag_paths_far_ring(&paths, 9, 7), 7);
    assert_int_equal(mag_paths_far_ring(&paths, 1, 7), 7);
}

/* -------------------------------------------------------------------- tables */

/* "own n3 q1 f7": own, a near victim, a queue, a far victim. */
static const char *const letters[] = {[MAG_SEARCH_OWN] = "own",
                                      [MAG_SEARCH_NEAR] = "n",
                                      [MAG_SEARCH_QUEUE] = "q",
                                      [MAG_SEARCH_FAR] = "f",
                                      [MAG_SEARCH_NEAR_SPARE] = "near-spare",
                                      [MAG_SEARCH_FAR_SPARE] = "far-spare"};

static void print_search(const struct mag_paths *paths, uint64_t random, char *ret_text,
                         size_t size)
{
    struct mag_search search = mag_search_begin(paths, random);
    struct mag_search_step step = mag_search_next(&search);
    size_t length = 0;

    for (; step.where != MAG_SEARCH_END; step = mag_search_next(&search)) {
        if (step.where == MAG_SEARCH_OWN || step.where == MAG_SEARCH_NEAR_SPARE ||
            step.where == MAG_SEARCH_FAR_SPARE)
            length += (size_t)snprintf(ret_text + length, size - length, "%s%s",
                                       length != 0 ? " " : "", letters[step.where]);
        else
            length += (size_t)snprintf(ret_text + length, size - length, " %s%u",
                                       letters[step.where], step.index);
    }
}

/* A random start decides between equally far victims: here there is one victim of each
 * kind. */
static const struct {
    const char *machine;
    uint32_t worker;
    const char *search;
} searches[] = {
    {"pu:1", 0, "own"},
    {"core:2 pu:1", 0, "own n1"},
    {"core:2 pu:1", 1, "own n0"},
    {"node:2 core:1 pu:1", 0, "own q1 f1"},
    {"node:2 core:1 pu:2", 1, "own n0 q1"},
    {"node:2 core:1 pu:2", 2, "own n3 q0"},
    {"odd.xml", 0, "own"},
};

static void a_worker_looks_at_its_own_then_near_then_at_queues_then_far(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
        struct machine machine;
        struct searcher searcher;
        char text[256];

        machine_begin(&machine, searches[i].machine, MAG_PLACE_PER_PU,
                      strcmp(searches[i].machine, "odd.xml") == 0 ? 1 : 0, NULL);
        searcher_begin(&searcher, &machine, searches[i].worker);
        print_search(&searcher.paths, 1, text, sizeof(text));
        assert_int_equal(strncmp(text, searches[i].search, strlen(searches[i].search)),
                         0);
        searcher_end(&searcher);
        machine_end(&machine);
    }
}

/* Spare berths come behind the workers that are as near. */
static void spare_berths_of_a_node_are_looked_at_after_its_workers(void **state)
{
    static const struct {
        const char *machine;
        const char *search;
    } wanted[] = {
        {"pu:1", "own near-spare far-spare"},
        {"core:2 pu:1", "own n1 near-spare far-spare"},
        {"node:2 core:1 pu:1", "own near-spare q1 f1 far-spare"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct machine machine;
        struct searcher searcher;
        char text[256];

        machine_begin(&machine, wanted[i].machine, MAG_PLACE_PER_PU, 0, NULL);
        searcher_begin(&searcher, &machine, 0);
        searcher.paths.has_spare = true;
        print_search(&searcher.paths, 1, text, sizeof(text));
        assert_string_equal(text, wanted[i].search);
        searcher_end(&searcher);
        machine_end(&machine);
    }
}

/* The ring of three begins where the random number says, and goes round once. */
static void a_ring_is_entered_at_a_random_place(void **state)
{
    static const char *const wanted[] = {"own n1 n2 n3", "own n2 n3 n1", "own n3 n1 n2"};
    struct machine machine;
    struct searcher searcher;
    unsigned seen[3] = {0};
    uint64_t random = 88172645463325252;
    (void)state;

    machine_begin(&machine, "l3:1 core:4 pu:1", MAG_PLACE_COMPACT, 0, NULL);
    searcher_begin(&searcher, &machine, 0);
    for (unsigned i = 0; i < 3000; i++) {
        char text[64];
        unsigned which = 0;

        print_search(&searcher.paths, random, text, sizeof(text));
        while (which < 3 && strcmp(text, wanted[which]) != 0)
            which++;
        assert_true(which < 3);
        seen[which]++;
        (void)mag_search_random(&random, 1);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_in_range(seen[i], 800, 1200);
    searcher_end(&searcher);
    machine_end(&machine);
}

static void the_random_state_goes_on_from_search_to_search(void **state)
{
    struct machine machine;
    struct searcher searcher;
    (void)state;

    machine_begin(&machine, "l3:1 core:4 pu:1", MAG_PLACE_COMPACT, 0, NULL);
    searcher_begin(&searcher, &machine, 0);
    struct mag_search search = mag_search_begin(&searcher.paths, 5);
    while (mag_search_next(&search).where != MAG_SEARCH_END) {
    }
    assert_true(search.random != 5 && search.random != 0);
    assert_int_equal(mag_search_next(&search).where, MAG_SEARCH_END);
    searcher_end(&searcher);
    machine_end(&machine);
}

/* ---------------------------------------------------------------- properties */

struct tally {
    char *victims;
    char *queues;
    enum mag_search_where last;
    uint64_t apart; /* how far the last victim is */
};

static void count_step(struct tally *tally, const struct machine *machine,
                       uint32_t worker, const struct mag_search_step *step)
{
    const struct mag_seat *seat = machine_seat(machine, worker);

    assert_true(step->where >= tally->last);
    tally->last = step->where;
    if (step->where == MAG_SEARCH_QUEUE) {
        assert_true(step->index < machine->routes.queue_count);
        assert_int_equal(tally->queues[step->index]++, 0);
    } else if (step->where != MAG_SEARCH_OWN) {
        assert_true(step->index < machine->routes.workers);
        assert_int_equal(tally->victims[step->index]++, 0);
        const struct mag_seat *victim = machine_seat(machine, step->index);
        uint64_t apart = machine_apart(machine, seat, victim);

        assert_int_equal(step->where == MAG_SEARCH_FAR,
                         mag_seat_reach(seat, victim) == MAG_REACH_FAR);
        /* A worker on the same PU counts as near as one in the same core. */
        assert_true(apart >= tally->apart || apart < (uint64_t)2 << 32);
        tally->apart = apart;
    }
}

static void check_search(const struct machine *machine, uint32_t worker)
{
    const struct mag_routes *routes = &machine->routes;
    struct tally tally = {.victims = calloc(routes->workers, 1),
                          .queues = calloc(routes->queue_count, 1)};
    uint32_t node = machine_seat(machine, worker)->node;
    struct searcher searcher;

    assert_true(tally.victims != NULL && tally.queues != NULL);
    searcher_begin(&searcher, machine, worker);
    struct mag_search search = mag_search_begin(&searcher.paths, worker + 1);
    struct mag_search_step step = mag_search_next(&search);

    assert_int_equal(step.where, MAG_SEARCH_OWN);
    for (; step.where != MAG_SEARCH_END; step = mag_search_next(&search))
        count_step(&tally, machine, worker, &step);
    for (uint32_t i = 0; i < routes->workers; i++)
        assert_int_equal(tally.victims[i], i != worker);
    for (uint32_t i = 0; i < routes->queue_count; i++)
        assert_int_equal(tally.queues[i], i != mag_route_own_queue(routes, node));
    searcher_end(&searcher);
    free(tally.victims);
    free(tally.queues);
}

static void check_searches(const struct machine *machine)
{
    for (uint32_t i = 0; i < machine->routes.workers; i += 7)
        check_search(machine, i);
}

static void a_search_comes_to_every_victim_and_queue_once_the_nearest_first(void **state)
{
    (void)state;
    check_machines(check_searches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(far_rings_count_from_the_nearest_other_node),
        cmocka_unit_test(a_worker_looks_at_its_own_then_near_then_at_queues_then_far),
        cmocka_unit_test(spare_berths_of_a_node_are_looked_at_after_its_workers),
        cmocka_unit_test(a_ring_is_entered_at_a_random_place),
        cmocka_unit_test(the_random_state_goes_on_from_search_to_search),
        cmocka_unit_test(a_search_comes_to_every_victim_and_queue_once_the_nearest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

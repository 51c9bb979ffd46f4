/* SPDX-License-Identifier: Apache-2.0 */
/* Which worker a post wakes: tables for machines that a reader can picture, and the
 * property that no nearer worker sleeps on, for all machines of tests/topologies under
 * every placement. */
#include "sched/policy/wake.h"
#include "tests/support/sched/machine.h"

/* Finds a worker as idle.c looks for a bit: the first rank of the first span that has
 * one. `parked` has one byte for each worker. */
static uint32_t find_parked(const struct machine *machine, struct mag_wake wake,
                            const char *parked)
{
    const struct mag_routes *routes = &machine->routes;
    struct mag_wake_walk walk = mag_wake_begin(wake);

    for (uint32_t step = 0; step < 2 * (MAG_WAKE_HOMES + routes->home_count); step++) {
        struct mag_span span = mag_wake_next(routes, &walk);

        for (uint32_t i = span.begin; i < span.end; i++) {
            bool avoided = i >= walk.wake.avoid.begin && i < walk.wake.avoid.end;

            if (parked[routes->spots[i].worker] && !avoided)
                return routes->spots[i].worker;
        }
    }
    return MAG_NONE;
}

static struct mag_wake wake_on(const struct machine *machine, uint32_t cpu)
{
    return mag_wake_for_queue(&machine->routes,
                              mag_route_cpu_queue(&machine->routes, cpu), cpu);
}

/* -------------------------------------------------------------------- tables */

/* Two nodes of two cores of two PUs, with a worker on each PU.  Each row has the parked
 * workers by CPU, the poster's CPU and the CPU of the woken worker. */
static const struct {
    const char *parked; /* by CPU */
    uint32_t poster, woken;
} posts[] = {
    {"11111111", 0, 1}, /* the sibling: the poster needs its own CPU */
    {"11111111", 5, 4}, {"10111111", 0, 2}, /* the same node, then */
    {"10001111", 0, 4},                     /* the other node */
    {"10000000", 0, 0},                     /* no other worker is parked */
    {"00010001", 2, 3},                     /* the sibling */
    {"00010001", 5, 7},                     /* the node */
    {"10000000", 7, 0},
};

static void the_worker_nearest_to_the_poster_is_woken(void **state)
{
    static const uint32_t list[] = {7, 0, 5, 2, 1, 6, 3, 4};
    (void)state;

    for (int placement = MAG_PLACE_PER_CORE; placement <= MAG_PLACE_LIST; placement++) {
        struct machine machine;

        machine_begin(&machine, "node:2 core:2 pu:2", (enum mag_placement)placement, 8,
                      placement == MAG_PLACE_LIST ? list : NULL);
        for (size_t i = 0; i < sizeof(posts) / sizeof(posts[0]); i++) {
            char parked[8];

            for (uint32_t j = 0; j < 8; j++)
                parked[j] =
                    (char)(posts[i].parked[machine_seat(&machine, j)->os_pu] == '1');
            uint32_t woken =
                find_parked(&machine, wake_on(&machine, posts[i].poster), parked);
            assert_int_equal(machine_seat(&machine, woken)->os_pu, posts[i].woken);
        }
        machine_end(&machine);
    }
}

/* From a CPU of another node, the workers of the queue come first. */
static void for_a_job_to_another_node_somebody_there_is_woken(void **state)
{
    static const struct {
        uint32_t cpu, queue, woken; /* woken: a PU */
    } rows[] = {{0, 0, 1}, {0, 1, 4}, {4, 1, 5}, {4, 0, 0}, {MAG_NONE, 1, 4}};
    static const char parked[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    struct machine machine;
    (void)state;

    machine_begin(&machine, "node:2 core:2 pu:2", MAG_PLACE_SCATTER, 8, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mag_wake wake =
            mag_wake_for_queue(&machine.routes, rows[i].queue, rows[i].cpu);
        uint32_t woken = find_parked(&machine, wake, parked);

        assert_int_equal(machine_seat(&machine, woken)->os_pu, rows[i].woken);
    }
    machine_end(&machine);
}

static void for_what_a_worker_has_a_worker_beside_it_is_woken(void **state)
{
    struct machine machine;
    char parked[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    (void)state;

    /* Worker 3 sits on PU 6, worker 7 on PU 7. */
    machine_begin(&machine, "node:2 core:2 pu:2", MAG_PLACE_SCATTER, 8, NULL);
    assert_int_equal(machine_seat(&machine, 3)->os_pu, 6);
    uint32_t rank = machine.routes.rank[3];
    struct mag_wake wake = mag_wake_for_worker(&machine.routes, rank, 6);
    assert_int_equal(find_parked(&machine, wake, parked), 7);
    /* The worker runs elsewhere: its own place is as good as any. */
    wake = mag_wake_for_worker(&machine.routes, rank, 0);
    assert_int_equal(find_parked(&machine, wake, parked), 3);
    machine_end(&machine);
}

static void a_certain_worker_is_woken_if_it_is_parked(void **state)
{
    struct machine machine;
    char parked[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    (void)state;

    machine_begin(&machine, "node:2 core:2 pu:2", MAG_PLACE_SCATTER, 8, NULL);
    for (uint32_t i = 0; i < 8; i++) {
        struct mag_wake wake = mag_wake_one(&machine.routes, machine.routes.rank[i]);

        assert_int_equal(find_parked(&machine, wake, parked), i);
    }
    parked[3] = 0;
    struct mag_wake wake = mag_wake_one(&machine.routes, machine.routes.rank[3]);
    assert_int_equal(find_parked(&machine, wake, parked), 7);
    machine_end(&machine);
}

/* Both workers of one CPU compete with a poster on that CPU. */
static void all_workers_on_the_posters_cpu_are_avoided(void **state)
{
    struct machine machine;
    char parked[4] = {1, 1, 1, 1};
    (void)state;

    machine_begin(&machine, "core:2 pu:1", MAG_PLACE_PER_CORE, 4, NULL);
    assert_int_equal(machine_seat(&machine, 2)->os_pu, 0);
    assert_int_equal(find_parked(&machine, wake_on(&machine, 0), parked), 1);
    parked[1] = 0;
    assert_int_equal(find_parked(&machine, wake_on(&machine, 0), parked), 3);
    parked[3] = 0;
    assert_int_equal(find_parked(&machine, wake_on(&machine, 0), parked), 0);
    machine_end(&machine);
}

static void nobody_is_woken_while_somebody_searches(void **state)
{
    static const struct {
        uint32_t parked, searching;
        bool due;
    } rows[] = {{0, 0, false}, {1, 0, true}, {9, 0, true}, {1, 1, false}, {0, 2, false}};
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(mag_wake_is_due(rows[i].parked, rows[i].searching), rows[i].due);
}

static void
at_its_node_a_job_wakes_somebody_if_nobody_is_awake_or_older_jobs_wait(void **state)
{
    static const struct {
        uint32_t parked;
        bool awake, older, due;
    } rows[] = {
        {0, true, true, false},  {0, false, true, false}, {2, false, false, true},
        {1, true, false, false}, {1, true, true, true},   {9, false, true, true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            mag_wake_is_due_there(rows[i].parked, rows[i].awake, rows[i].older),
            rows[i].due);
}

static void nobody_is_woken_beside_a_quarter_of_searchers(void **state)
{
    static const struct {
        uint32_t searching, awake;
        bool one;
    } rows[] = {{0, 1, true}, {1, 4, false}, {1, 5, true}, {25, 100, false}};
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(mag_wake_one_beside(rows[i].searching, rows[i].awake),
                         rows[i].one);
}

/* ---------------------------------------------------------------- properties */

static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

/* Parks few workers, or many. */
static void park_some(char *parked, uint32_t workers, uint64_t *random)
{
    uint64_t share = next_random(random) % 16 + 1;

    for (uint32_t i = 0; i < workers; i++)
        parked[i] = (char)(next_random(random) % 16 < share);
}

static void check_post(const struct machine *machine, uint32_t pu, const char *parked)
{
    struct mag_seat from = machine_pu(machine, pu);
    uint32_t woken = find_parked(machine, wake_on(machine, from.os_pu), parked);
    uint64_t least = UINT64_MAX;

    /* A worker on the poster's own CPU comes after all others. */
    for (uint32_t i = 0; i < machine->routes.workers; i++) {
        uint64_t apart = machine_apart(machine, &from, machine_seat(machine, i));

        apart = apart == 0 ? UINT64_MAX - 1 : apart;
        if (parked[i] && apart < least)
            least = apart;
    }
    assert_int_equal(woken == MAG_NONE, least == UINT64_MAX);
    if (woken == MAG_NONE)
        return;
    uint64_t apart = machine_apart(machine, &from, machine_seat(machine, woken));
    assert_true(parked[woken] && (apart == 0 ? UINT64_MAX - 1 : apart) == least);
}

static void check_posts(const struct machine *machine)
{
    uint32_t pus = mag_topology_pus(machine->topology);
    char *parked = calloc(machine->routes.workers, 1);
    uint64_t random = 88172645463325252;

    assert_non_null(parked);
    for (uint32_t pu = 0; pu<pus; pu += pus> 100 ? 7 : 1) {
        for (unsigned i = 0; i < 8; i++) {
            park_some(parked, machine->routes.workers, &random);
            check_post(machine, pu, parked);
        }
    }
    free(parked);
}

static void the_nearest_parked_worker_is_woken_for_a_post(void **state)
{
    (void)state;
    check_machines(check_posts);
}

/* Whoever sees it. */
static void check_seen(const struct machine *machine)
{
    const struct mag_routes *routes = &machine->routes;
    char *parked = calloc(routes->workers, 1);

    assert_non_null(parked);
    memset(parked, 1, routes->workers);
    for (uint32_t rank = 0; rank < routes->workers; rank += 5) {
        uint32_t cpu = routes->spots[rank].os_pu;

        parked[routes->spots[rank].worker] = 0;
        for (uint32_t queue = 0; queue < routes->queue_count; queue++) {
            uint32_t first = routes->queue_rank[queue];
            struct mag_wake wake = mag_wake_for_seen(routes, rank, cpu, queue);
            uint32_t woken = find_parked(machine, wake, parked);

            if (first != MAG_NONE &&
                routes->spots[first].home != routes->spots[rank].home)
                assert_int_equal(routes->spots[routes->rank[woken]].home,
                                 routes->spots[first].home);
            else
                assert_int_equal(
                    woken,
                    find_parked(machine, mag_wake_for_worker(routes, rank, cpu), parked));
        }
        parked[routes->spots[rank].worker] = 1;
    }
    free(parked);
}

static void a_worker_of_the_queue_is_woken_for_a_job_that_is_seen_there(void **state)
{
    (void)state;
    check_machines(check_seen);
}

/* The walk comes to every worker, wherever it begins, so a claim always ends. */
static void check_walks(const struct machine *machine)
{
    const struct mag_routes *routes = &machine->routes;
    char *parked = calloc(routes->workers, 1);

    assert_non_null(parked);
    for (uint32_t i = 0; i < routes->workers; i += 5) {
        uint32_t other = (i * 7 + 3) % routes->workers;
        uint32_t cpu = routes->spots[routes->rank[other]].os_pu;

        parked[other] = 1;
        assert_int_equal(find_parked(machine, mag_wake_one(routes, i), parked), other);
        assert_int_equal(find_parked(machine, mag_wake_any(), parked), other);
        assert_int_equal(find_parked(machine, wake_on(machine, cpu), parked), other);
        for (uint32_t queue = 0; queue < routes->queue_count; queue++)
            assert_int_equal(
                find_parked(machine, mag_wake_for_queue(routes, queue, cpu), parked),
                other);
        parked[other] = 0;
    }
    free(parked);
}

static void a_walk_comes_to_every_worker(void **state)
{
    (void)state;
    check_machines(check_walks);
}

/* ----------------------------------------------------------------- span bits */

static void bits_of_a_span_are_those_of_its_ranks(void **state)
{
    static const struct mag_span spans[] = {{0, 0},   {0, 1},     {0, 64},  {63, 64},
                                            {63, 65}, {64, 128},  {5, 200}, {64, 64},
                                            {70, 71}, {190, 192}, {1, 191}, {300, 301}};
    (void)state;

    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        for (uint32_t rank = 0; rank < 320; rank++) {
            uint64_t bits = mag_span_bits(spans[i], rank / 64);

            assert_int_equal(bits >> rank % 64 & 1,
                             rank >= spans[i].begin && rank < spans[i].end);
        }
    }
}

/* Four nodes of two PUs, equally far; workers on PU 3 and 6. */
static void for_a_cpu_that_came_late_stands_that_of_a_worker(void **state)
{
    static const uint32_t os_pus[] = {6, 3};
    static const uint32_t stands[] = {3, 3, 3, 6};
    struct machine machine;
    (void)state;

    machine_begin(&machine, "pack:2 node:2 core:2 pu:1", MAG_PLACE_LIST, 2, os_pus);
    for (uint32_t cpu = 0; cpu < 12; cpu++)
        assert_int_equal(mag_route_knows_cpu(&machine.routes, cpu), cpu < 8);
    assert_false(mag_route_knows_cpu(&machine.routes, MAG_NONE));
    for (uint32_t node = 0; node < 4; node++) {
        uint32_t cpu = mag_route_node_cpu(&machine.routes, node);

        assert_int_equal(cpu, stands[node]);
        assert_int_equal(mag_route_cpu_queue(&machine.routes, cpu),
                         machine.routes.node_queue[node]);
    }
    machine_end(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worker_nearest_to_the_poster_is_woken),
        cmocka_unit_test(for_a_job_to_another_node_somebody_there_is_woken),
        cmocka_unit_test(for_what_a_worker_has_a_worker_beside_it_is_woken),
        cmocka_unit_test(a_certain_worker_is_woken_if_it_is_parked),
        cmocka_unit_test(all_workers_on_the_posters_cpu_are_avoided),
        cmocka_unit_test(nobody_is_woken_while_somebody_searches),
        cmocka_unit_test(
            at_its_node_a_job_wakes_somebody_if_nobody_is_awake_or_older_jobs_wait),
        cmocka_unit_test(nobody_is_woken_beside_a_quarter_of_searchers),
        cmocka_unit_test(the_nearest_parked_worker_is_woken_for_a_post),
        cmocka_unit_test(a_worker_of_the_queue_is_woken_for_a_job_that_is_seen_there),
        cmocka_unit_test(a_walk_comes_to_every_worker),
        cmocka_unit_test(bits_of_a_span_are_those_of_its_ranks),
        cmocka_unit_test(for_a_cpu_that_came_late_stands_that_of_a_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <dirent.h>
#include <errno.h>
#include <magpie/numa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mag_topology *describe(const char *text)
{
    struct mag_topology *topology = NULL;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, text, &topology), 0);
    return topology;
}

/* One of tests/topologies. */
static struct mag_topology *load_described(const char *file)
{
    struct mag_topology *topology = NULL;
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/tests/topologies/%s", MAG_SOURCE_DIR, file);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML, path, &topology), 0);
    return topology;
}

/* Which PUs (by operating system number) the first workers sit on. */
static const struct order {
    const char *machine;
    enum mag_placement placement;
    uint32_t workers;
    uint32_t os_pus[8];
} orders[] = {
    {"node:2 core:2 pu:2", MAG_PLACE_COMPACT, 8, {0, 1, 2, 3, 4, 5, 6, 7}},
    {"node:2 core:2 pu:2", MAG_PLACE_PER_PU, 8, {0, 1, 2, 3, 4, 5, 6, 7}},
    {"node:2 core:2 pu:2", MAG_PLACE_PER_CORE, 8, {0, 2, 4, 6, 1, 3, 5, 7}},
    {"node:2 core:2 pu:2", MAG_PLACE_SCATTER, 8, {0, 4, 2, 6, 1, 5, 3, 7}},
    {"node:2 l3:2 core:2 pu:1", MAG_PLACE_SCATTER, 8, {0, 4, 2, 6, 1, 5, 3, 7}},
    {"node:2 l3:2 core:2 pu:1", MAG_PLACE_PER_CORE, 8, {0, 1, 2, 3, 4, 5, 6, 7}},
    {"pack:2 node:2 core:2 pu:1", MAG_PLACE_SCATTER, 8, {0, 4, 2, 6, 1, 5, 3, 7}},
    {"group:2 pack:2 [numa] pu:2", MAG_PLACE_SCATTER, 8, {0, 4, 2, 6, 1, 5, 3, 7}},
    {"core:2 pu:1", MAG_PLACE_PER_CORE, 5, {0, 1, 0, 1, 0}},
    {"pu:1", MAG_PLACE_SCATTER, 3, {0, 0, 0}},
};

static void policies_order_the_seats(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct mag_topology *topology = describe(orders[i].machine);
        struct mag_plan *plan;

        assert_int_equal(mag_plan_make(topology, orders[i].placement, orders[i].workers,
                                       NULL, 0, &plan),
                         0);
        assert_int_equal(mag_plan_workers(plan), orders[i].workers);
        for (uint32_t j = 0; j < orders[i].workers; j++)
            assert_int_equal(mag_plan_seat(plan, j)->os_pu, orders[i].os_pus[j]);
        assert_null(mag_plan_seat(plan, orders[i].workers));
        mag_plan_free(plan);
        mag_topology_free(topology);
    }
    mag_plan_free(NULL);
}

static uint32_t default_workers(const char *machine, enum mag_placement placement)
{
    struct mag_topology *topology = describe(machine);
    struct mag_plan *plan;

    assert_int_equal(mag_plan_make(topology, placement, 0, NULL, 0, &plan), 0);
    uint32_t workers = mag_plan_workers(plan);
    mag_plan_free(plan);
    mag_topology_free(topology);
    return workers;
}

static void the_default_is_a_worker_per_core_or_per_pu(void **state)
{
    (void)state;
    assert_int_equal(default_workers("node:2 core:3 pu:2", MAG_PLACE_PER_CORE), 6);
    assert_int_equal(default_workers("node:2 core:3 pu:2", MAG_PLACE_SCATTER), 6);
    assert_int_equal(default_workers("node:2 core:3 pu:2", MAG_PLACE_PER_PU), 12);
    assert_int_equal(default_workers("pu:1", MAG_PLACE_COMPACT), 1);
}

static void a_list_is_followed_and_checked(void **state)
{
    struct mag_topology *topology = describe("core:4 pu:1");
    const uint32_t good[] = {3, 1};
    const uint32_t bad[] = {3, 4};
    struct mag_plan *plan = NULL;
    (void)state;

    assert_int_equal(mag_plan_make(topology, MAG_PLACE_LIST, 0, good, 2, &plan), 0);
    assert_int_equal(mag_plan_workers(plan), 2);
    assert_int_equal(mag_plan_seat(plan, 0)->os_pu, 3);
    assert_int_equal(mag_plan_seat(plan, 1)->os_pu, 1);
    mag_plan_free(plan);
    assert_int_equal(mag_plan_make(topology, MAG_PLACE_LIST, 3, good, 2, &plan), 0);
    assert_int_equal(mag_plan_seat(plan, 2)->os_pu, 3);
    mag_plan_free(plan);
    plan = NULL;
    assert_int_equal(mag_plan_make(topology, MAG_PLACE_LIST, 1, bad, 2, &plan), -EINVAL);
    assert_int_equal(mag_plan_make(topology, MAG_PLACE_LIST, 1, NULL, 0, &plan), -EINVAL);
    assert_int_equal(mag_plan_make(topology, (enum mag_placement)9, 1, NULL, 0, &plan),
                     -EINVAL);
    assert_null(plan);
    mag_topology_free(topology);
}

static void victims_come_nearest_first(void **state)
{
    struct mag_topology *topology = describe("node:2 l3:2 core:2 pu:2");
    struct mag_plan *plan;
    struct mag_ring rings[8];
    uint32_t victims[16];
    uint32_t count;
    (void)state;

    assert_int_equal(mag_plan_make(topology, MAG_PLACE_COMPACT, 16, NULL, 0, &plan), 0);
    assert_int_equal(mag_plan_victims(plan, 5, victims, rings, 8, &count), 0);
    assert_int_equal(count, 4);
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
    assert_int_equal(mag_plan_victims(plan, 5, victims, rings, 2, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(rings[1].end, 15);
    assert_int_equal(mag_plan_victims(plan, 16, victims, rings, 2, &count), -EINVAL);
    assert_int_equal(mag_plan_victims(plan, 0, victims, rings, 0, &count), -EINVAL);
    mag_plan_free(plan);
    mag_topology_free(topology);
}

static void a_lonely_worker_has_no_victims(void **state)
{
    struct mag_topology *topology = describe("pu:1");
    struct mag_plan *plan;
    struct mag_ring ring;
    uint32_t count = 77;
    (void)state;

    assert_int_equal(mag_plan_make(topology, MAG_PLACE_PER_CORE, 1, NULL, 0, &plan), 0);
    assert_int_equal(mag_plan_victims(plan, 0, NULL, &ring, 1, &count), 0);
    assert_int_equal(count, 0);
    mag_plan_free(plan);
    mag_topology_free(topology);
}

/* What a ring says holds of each victim in it. */
static void check_ring(const struct mag_topology *topology, const struct mag_plan *plan,
                       uint32_t worker, uint32_t victim, const struct mag_ring *ring)
{
    const struct mag_seat *from = mag_plan_seat(plan, worker);
    const struct mag_seat *to = mag_plan_seat(plan, victim);

    assert_int_equal(mag_seat_reach(from, to), ring->reach);
    if (ring->reach == MAG_REACH_FAR && (from->node != MAG_NONE || to->node != MAG_NONE))
        assert_int_equal(mag_topology_distance(topology, from->node, to->node),
                         ring->distance);
}

static void check_victims(const struct mag_topology *topology,
                          const struct mag_plan *plan)
{
    enum { RINGS = 32 };
    uint32_t workers = mag_plan_workers(plan);
    uint32_t *victims = calloc(workers, sizeof(*victims));
    char *seen = calloc(workers, 1);
    struct mag_ring rings[RINGS];

    assert_true(victims != NULL && seen != NULL);
    for (uint32_t worker = 0; worker < workers; worker += 7) {
        uint32_t count = 0;

        memset(seen, 0, workers);
        assert_int_equal(mag_plan_victims(plan, worker, victims, rings, RINGS, &count),
                         0);
        assert_true(workers == 1 || rings[count - 1].end == workers - 1);
        for (uint32_t i = 0, ring = 0; i + 1 < workers; i++) {
            assert_true(victims[i] < workers && victims[i] != worker);
            assert_int_equal(seen[victims[i]]++, 0);
            ring += i == rings[ring].end;
            check_ring(topology, plan, worker, victims[i], &rings[ring]);
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

/* Every policy on one machine: each PU is used once before any is used twice. */
static void check_plans(const struct mag_topology *topology)
{
    uint32_t pus = mag_topology_pus(topology);

    for (int placement = MAG_PLACE_PER_CORE; placement <= MAG_PLACE_PER_PU; placement++) {
        struct mag_plan *plan;
        uint32_t *used = calloc(pus, sizeof(*used));

        assert_non_null(used);
        assert_int_equal(mag_plan_make(topology, (enum mag_placement)placement, 2 * pus,
                                       NULL, 0, &plan),
                         0);
        for (uint32_t i = 0; i < 2 * pus; i++)
            assert_int_equal(used[mag_plan_seat(plan, i)->pu]++, i / pus);
        check_victims(topology, plan);
        mag_plan_free(plan);
        free(used);
    }
}

/* Those that were recorded, and those that were written by hand. */
static void machines_from_files_seat_every_pu_once(void **state)
{
    DIR *directory = opendir(MAG_SOURCE_DIR "/tests/topologies");
    struct dirent *entry;
    unsigned seen = 0;
    (void)state;

    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        if (strstr(entry->d_name, ".xml") == NULL)
            continue;
        struct mag_topology *topology = load_described(entry->d_name);

        check_plans(topology);
        mag_topology_free(topology);
        seen++;
    }
    (void)closedir(directory);
    assert_true(seen >= 12);
}

static void described_machines_seat_every_pu_once(void **state)
{
    static const char *const machines[] = {"pu:1", "core:3 pu:2",
                                           "node:3 l3:2 core:2 pu:1",
                                           "pack:2 [numa] [numa] l2:2 core:1 pu:4"};
    (void)state;

    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        struct mag_topology *topology = describe(machines[i]);

        check_plans(topology);
        mag_topology_free(topology);
    }
}

static void scatter_uses_every_group_before_it_uses_one_twice(void **state)
{
    struct mag_topology *topology = load_described("192em64t-12gr2n8c2t.xml");
    struct mag_plan *plan;
    uint32_t used[12] = {0};
    (void)state;

    assert_int_equal(mag_plan_make(topology, MAG_PLACE_SCATTER, 24, NULL, 0, &plan), 0);
    for (uint32_t i = 0; i < 24; i++)
        assert_int_equal(used[mag_plan_seat(plan, i)->node / 2]++, i / 12);
    mag_plan_free(plan);
    mag_topology_free(topology);
}

static void fast_cores_are_seated_first(void **state)
{
    static const uint32_t os_pus[] = {4, 6, 0, 1, 2, 3, 5, 7};
    struct mag_topology *topology = load_described("hybrid.xml");
    struct mag_plan *plan;
    (void)state;

    assert_int_equal(mag_plan_make(topology, MAG_PLACE_PER_CORE, 8, NULL, 0, &plan), 0);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(mag_plan_seat(plan, i)->os_pu, os_pus[i]);
    mag_plan_free(plan);
    mag_topology_free(topology);
}

static enum mag_reach reach(const struct mag_plan *plan, uint32_t a, uint32_t b)
{
    return mag_seat_reach(mag_plan_seat(plan, a), mag_plan_seat(plan, b));
}

static void without_nodes_workers_of_one_package_are_near(void **state)
{
    static const uint32_t os_pus[] = {8, 40, 9, 8, 0};
    struct mag_topology *topology = load_described("odd.xml");
    struct mag_plan *plan;
    struct mag_ring rings[8];
    uint32_t victims[4];
    uint32_t count;
    (void)state;

    assert_int_equal(mag_plan_make(topology, MAG_PLACE_LIST, 0, os_pus, 5, &plan), 0);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(mag_plan_seat(plan, i)->node, MAG_NONE);
    assert_int_equal(reach(plan, 0, 1), MAG_REACH_CORE);
    assert_int_equal(reach(plan, 0, 3), MAG_REACH_CORE);
    assert_int_equal(reach(plan, 0, 2), MAG_REACH_FAR);
    assert_int_equal(reach(plan, 0, 4), MAG_REACH_FAR);
    assert_int_equal(mag_plan_victims(plan, 2, victims, rings, 8, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(rings[0].end, 4);
    assert_int_equal(rings[0].distance, 20);
    mag_plan_free(plan);
    mag_topology_free(topology);
}

static void far_nodes_come_by_their_distance(void **state)
{
    struct mag_topology *topology = load_described("odd.xml");
    static const uint32_t os_pus[] = {0, 12, 9, 1};
    struct mag_plan *plan;
    struct mag_ring rings[8];
    uint32_t victims[3];
    uint32_t count;
    (void)state;

    assert_int_equal(mag_plan_make(topology, MAG_PLACE_LIST, 0, os_pus, 4, &plan), 0);
    mag_topology_free(topology); /* the plan has the distances */
    assert_int_equal(mag_plan_victims(plan, 0, victims, rings, 8, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(victims[0], 3);
    assert_int_equal(rings[0].reach, MAG_REACH_CACHE);
    assert_int_equal(victims[1], 2);
    assert_int_equal(rings[1].distance, 20);
    assert_int_equal(victims[2], 1);
    assert_int_equal(rings[2].distance, 31);
    mag_plan_free(plan);
}

static void a_plan_is_printed_as_snprintf_prints(void **state)
{
    struct mag_topology *topology = describe("node:2 core:1 pu:1");
    struct mag_plan *plan;
    char text[256];
    char small[10];
    (void)state;

    assert_int_equal(mag_plan_make(topology, MAG_PLACE_PER_CORE, 2, NULL, 0, &plan), 0);
    size_t length = mag_plan_format(plan, text, sizeof(text));
    assert_int_equal(length, strlen(text));
    assert_string_equal(text, "worker 0: pu 0 core 0 node 0 package 0\n"
                              "worker 1: pu 1 core 1 node 1 package 0\n");
    assert_int_equal(mag_plan_format(plan, small, sizeof(small)), length);
    assert_string_equal(small, "worker 0:");
    assert_int_equal(mag_plan_format(plan, NULL, 0), length);
    mag_plan_free(plan);
    mag_topology_free(topology);
}

static void policies_have_names(void **state)
{
    (void)state;
    assert_string_equal(mag_placement_name(MAG_PLACE_PER_CORE), "per-core");
    assert_string_equal(mag_placement_name(MAG_PLACE_LIST), "list");
    assert_null(mag_placement_name((enum mag_placement)9));
}

static void every_allocation_may_fail_and_leaves_nothing_behind(void **state)
{
    struct mag_topology *topology = describe("node:2 core:2 pu:1");
    int64_t before = test_live_allocations();
    bool failed = true;
    (void)state;

    for (uint32_t nth = 1; failed; nth++) {
        struct mag_plan *plan = NULL;

        test_fail_allocation(nth);
        int r = mag_plan_make(topology, MAG_PLACE_SCATTER, 4, NULL, 0, &plan);
        failed = test_has_failed();
        test_fail_allocation(0);
        assert_int_equal(r, failed ? -ENOMEM : 0);
        mag_plan_free(plan);
        assert_int_equal(test_live_allocations(), before);
        assert_true(failed || nth > 3);
    }
    mag_topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_order_the_seats),
        cmocka_unit_test(the_default_is_a_worker_per_core_or_per_pu),
        cmocka_unit_test(a_list_is_followed_and_checked),
        cmocka_unit_test(victims_come_nearest_first),
        cmocka_unit_test(a_lonely_worker_has_no_victims),
        cmocka_unit_test(machines_from_files_seat_every_pu_once),
        cmocka_unit_test(described_machines_seat_every_pu_once),
        cmocka_unit_test(scatter_uses_every_group_before_it_uses_one_twice),
        cmocka_unit_test(fast_cores_are_seated_first),
        cmocka_unit_test(without_nodes_workers_of_one_package_are_near),
        cmocka_unit_test(far_nodes_come_by_their_distance),
        cmocka_unit_test(a_plan_is_printed_as_snprintf_prints),
        cmocka_unit_test(policies_have_names),
        cmocka_unit_test(every_allocation_may_fail_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

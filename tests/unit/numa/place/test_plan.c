/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <dirent.h>
#include <errno.h>
#include <magpie/plan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mag_topology *describe(const char *text)
{
    struct mag_topology *topology = NULL;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, text, &topology), 0);
    return topology;
}

/* Loads a file of tests/topologies. */
static struct mag_topology *load_described(const char *file)
{
    struct mag_topology *topology = NULL;
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/tests/topologies/%s", MAG_SOURCE_DIR, file);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML, path, &topology), 0);
    return topology;
}

/* The PUs (by operating system number) of the first workers. */
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

/* Checks every policy on one machine: each PU is used once before any is used twice. */
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
        mag_plan_free(plan);
        free(used);
    }
}

/* Recorded machines, and machines written by hand. */
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
    (void)state;

    assert_int_equal(mag_plan_make(topology, MAG_PLACE_LIST, 0, os_pus, 5, &plan), 0);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(mag_plan_seat(plan, i)->node, MAG_NONE);
    assert_int_equal(reach(plan, 0, 1), MAG_REACH_CORE);
    assert_int_equal(reach(plan, 0, 3), MAG_REACH_CORE);
    assert_int_equal(reach(plan, 0, 2), MAG_REACH_FAR);
    assert_int_equal(reach(plan, 0, 4), MAG_REACH_FAR);
    mag_plan_free(plan);
    mag_topology_free(topology);
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
        assert_true(failed || nth > 2);
    }
    mag_topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_order_the_seats),
        cmocka_unit_test(the_default_is_a_worker_per_core_or_per_pu),
        cmocka_unit_test(a_list_is_followed_and_checked),
        cmocka_unit_test(machines_from_files_seat_every_pu_once),
        cmocka_unit_test(described_machines_seat_every_pu_once),
        cmocka_unit_test(scatter_uses_every_group_before_it_uses_one_twice),
        cmocka_unit_test(fast_cores_are_seated_first),
        cmocka_unit_test(without_nodes_workers_of_one_package_are_near),
        cmocka_unit_test(a_plan_is_printed_as_snprintf_prints),
        cmocka_unit_test(policies_have_names),
        cmocka_unit_test(every_allocation_may_fail_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

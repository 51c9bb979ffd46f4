/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: seats that move to another machine than the one they were made for. */
#include "sched/seat/seats.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <errno.h>
#include <magpie/plan.h>

static struct mag_topology *describe(const char *machine)
{
    struct mag_topology *topology;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, machine, &topology), 0);
    return topology;
}

struct seated {
    struct mag_topology *topology;
    struct mag_plan *plan;
    struct mag_seats seats;
};

static void sit(struct seated *seated, const struct mag_sched_config *config,
                const char *machine)
{
    *seated = (struct seated){.topology = describe(machine)};
    assert_int_equal(mag_plan_make(seated->topology, config->placement, config->workers,
                                   config->os_pus, config->os_pu_count, &seated->plan),
                     0);
    assert_int_equal(
        mag_seats_init(&seated->seats, config, seated->topology, seated->plan), 0);
}

static void stand(struct seated *seated)
{
    mag_seats_fini(&seated->seats);
    mag_plan_free(seated->plan);
    mag_topology_free(seated->topology);
}

static void workers_move_to_the_pus_that_are_left(void **state)
{
    struct mag_topology *smaller = describe("core:2 pu:1");
    struct mag_topology *larger = describe("core:8 pu:1");
    struct mag_sched_config config;
    struct seated seated;
    (void)state;

    mag_sched_config_init(&config);
    config.workers = 4;
    sit(&seated, &config, "core:4 pu:1");
    assert_int_equal(mag_seats_usable(&seated.seats), 4);
    assert_int_equal(mag_seats_move(&seated.seats, smaller), 0);
    assert_int_equal(mag_seats_usable(&seated.seats), 2);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(mag_seats_read(&seated.seats, i).pu, i % 2);
    assert_int_equal(mag_seats_move(&seated.seats, larger), 0);
    assert_int_equal(mag_seats_usable(&seated.seats), 8);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(mag_seats_read(&seated.seats, i).pu, i);
    stand(&seated);
    mag_topology_free(smaller);
    mag_topology_free(larger);
}

static void workers_of_a_list_stay_on_the_list(void **state)
{
    struct mag_topology *smaller = describe("core:2 pu:1");
    struct mag_topology *none = describe("core:1 pu:1");
    const uint32_t list[] = {3, 1};
    struct mag_sched_config config;
    struct seated seated;
    (void)state;

    mag_sched_config_init(&config);
    config.workers = 2;
    config.placement = MAG_PLACE_LIST;
    config.os_pus = list;
    config.os_pu_count = 2;
    sit(&seated, &config, "core:4 pu:1");
    assert_int_equal(mag_seats_move(&seated.seats, none), -ENOENT);
    assert_int_equal(mag_seats_read(&seated.seats, 0).pu, 3);
    assert_int_equal(mag_seats_move(&seated.seats, smaller), 0);
    assert_int_equal(mag_seats_usable(&seated.seats), 1);
    assert_int_equal(mag_seats_read(&seated.seats, 0).pu, 1);
    assert_int_equal(mag_seats_read(&seated.seats, 1).pu, 1);
    stand(&seated);
    mag_topology_free(smaller);
    mag_topology_free(none);
}

static void without_memory_everybody_stays_seated(void **state)
{
    struct mag_topology *smaller = describe("core:2 pu:1");
    struct mag_sched_config config;
    struct seated seated;
    int r = -ENOMEM;
    (void)state;

    mag_sched_config_init(&config);
    config.workers = 4;
    sit(&seated, &config, "core:4 pu:1");
    for (uint32_t nth = 1; r != 0; nth++) {
        int64_t before = test_live_allocations();

        assert_int_equal(mag_seats_read(&seated.seats, 3).pu, 3);
        test_fail_allocation(nth);
        r = mag_seats_move(&seated.seats, smaller);
        test_fail_allocation(0);
        assert_true(r == 0 || (r == -ENOMEM && test_live_allocations() == before));
    }
    assert_int_equal(mag_seats_read(&seated.seats, 3).pu, 1);
    stand(&seated);
    mag_topology_free(smaller);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_move_to_the_pus_that_are_left),
        cmocka_unit_test(workers_of_a_list_stay_on_the_list),
        cmocka_unit_test(without_memory_everybody_stays_seated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

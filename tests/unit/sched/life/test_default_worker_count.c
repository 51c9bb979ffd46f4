/* SPDX-License-Identifier: Apache-2.0 */
/* How many workers a scheduler has if the program does not say. */
#include "tests/support/cmocka.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/budget.h>
#include <magpie/sched.h>
#include <stdlib.h>

enum { CORES = 2, PUS = 4 };

static const char machine[] = "core:2 pu:2";

/* The number of workers that a configuration gets, or the error. */
static int workers_with(const struct mag_sched_config *config)
{
    struct mag_sched *sched;
    int r = mag_sched_start(config, &sched);

    if (r < 0)
        return r;
    r = (int)mag_sched_workers(sched);
    mag_sched_destroy(sched);
    return r;
}

static int workers_on(const struct mag_topology *topology, enum mag_placement placement)
{
    struct mag_sched_config config = test_sched_config(0);

    config.topology = topology;
    config.placement = placement;
    return workers_with(&config);
}

static void a_described_machine_has_a_worker_for_each_core_or_pu(void **state)
{
    struct mag_topology *topology;
    (void)state;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, machine, &topology), 0);
    assert_int_equal(workers_on(topology, MAG_PLACE_PER_CORE), CORES);
    assert_int_equal(workers_on(topology, MAG_PLACE_COMPACT), CORES);
    assert_int_equal(workers_on(topology, MAG_PLACE_SCATTER), CORES);
    assert_int_equal(workers_on(topology, MAG_PLACE_PER_PU), PUS);
    mag_topology_free(topology);
}

static void a_list_has_a_worker_for_each_entry(void **state)
{
    static uint32_t os_pus[MAG_SCHED_WORKERS_MAX + 1];
    struct mag_topology *topology;
    (void)state;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology), 0);
    for (uint32_t i = 0; i <= MAG_SCHED_WORKERS_MAX; i++)
        os_pus[i] = mag_topology_pu(topology, 0)->os_index;
    mag_topology_free(topology);
    struct mag_sched_config config = test_sched_config(0);
    config.placement = MAG_PLACE_LIST;
    config.os_pus = os_pus;
    config.os_pu_count = 5;
    assert_int_equal(workers_with(&config), 5);
    config.workers = 2;
    assert_int_equal(workers_with(&config), 2);
    config.workers = 0;
    config.os_pu_count = MAG_SCHED_WORKERS_MAX + 1;
    assert_int_equal(workers_with(&config), -EINVAL);
}

static void this_machine_has_as_many_as_the_quota_allows(void **state)
{
    struct mag_topology *topology;
    struct mag_budget *budget;
    (void)state;

    assert_int_equal(setenv("HWLOC_SYNTHETIC", machine, 1), 0);
    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology), 0);
    assert_int_equal(mag_budget_read(topology, MAG_BUDGET_UP, NULL, &budget), 0);
    int per_core = workers_on(NULL, MAG_PLACE_PER_CORE);
    int per_pu = workers_on(NULL, MAG_PLACE_PER_PU);
    assert_int_equal(unsetenv("HWLOC_SYNTHETIC"), 0);

    assert_int_equal(mag_topology_pus(topology), PUS);
    assert_int_equal(per_core, mag_budget_cap(budget, CORES));
    assert_int_equal(per_pu, mag_budget_cap(budget, PUS));
    mag_budget_free(budget);
    mag_topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_described_machine_has_a_worker_for_each_core_or_pu),
        cmocka_unit_test(a_list_has_a_worker_for_each_entry),
        cmocka_unit_test(this_machine_has_as_many_as_the_quota_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

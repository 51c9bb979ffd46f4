/* SPDX-License-Identifier: Apache-2.0 */
/* How far a pinned thread may move. */
#include "base/os.h"
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/numa/machine.h"

#include <errno.h>
#include <magpie/pin.h>
#include <magpie/plan.h>
#include <pthread.h>

static struct mag_pin_home home_of(uint32_t pu)
{
    return (struct mag_pin_home){.topology = machine, .pu = pu};
}

static void ranges_lie_inside_one_another(void **state)
{
    (void)state;
    for (uint32_t pu = 0; pu < mag_topology_pus(machine); pu++) {
        struct mag_pin_home home = home_of(pu);
        uint32_t cache = mag_pin_range_pus(&home, MAG_PIN_RANGE_CACHE);

        assert_int_equal(mag_pin_range_pus(&home, MAG_PIN_RANGE_PU), 1);
        assert_true(cache >= 1);
        assert_true(mag_pin_range_pus(&home, MAG_PIN_RANGE_NODE) >= cache);
    }
}

static void the_ranges_of_a_machine_are_its_caches_and_nodes(void **state)
{
    struct mag_topology *described;
    enum mag_pinned obtained;
    struct mag_plan *plan;
    (void)state;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_SYNTHETIC,
                                       "pack:2 node:2 l3:2 core:2 pu:2", &described),
                     0);
    struct mag_pin_home home = {.topology = described, .pu = 5};
    assert_int_equal(mag_pin_range_pus(&home, MAG_PIN_RANGE_PU), 1);
    assert_int_equal(mag_pin_range_pus(&home, MAG_PIN_RANGE_CACHE), 4);
    assert_int_equal(mag_pin_range_pus(&home, MAG_PIN_RANGE_NODE), 8);
    /* Only where the plan has a seat. */
    assert_int_equal(
        mag_plan_make(described, MAG_PLACE_LIST, 0, (uint32_t[]){5, 4, 0, 9}, 4, &plan),
        0);
    home.plan = plan;
    assert_int_equal(mag_pin_range_pus(&home, MAG_PIN_RANGE_CACHE), 2);
    assert_int_equal(mag_pin_range_pus(&home, MAG_PIN_RANGE_NODE), 3);
    assert_int_equal(
        mag_pin_set_range(&home, mag_os_thread(), MAG_PIN_RANGE_NODE, &obtained), 0);
    assert_int_equal(obtained, MAG_PIN_FOREIGN);
    mag_plan_free(plan);
    mag_topology_free(described);
}

static void a_pu_or_a_range_that_is_not_there_is_refused(void **state)
{
    struct mag_pin_home home = home_of(mag_topology_pus(machine));
    enum mag_pinned obtained = MAG_PIN_LOST;
    (void)state;

    assert_int_equal(
        mag_pin_set_range(&home, mag_os_thread(), MAG_PIN_RANGE_PU, &obtained), -EINVAL);
    assert_int_equal(mag_pin_range_pus(&home, MAG_PIN_RANGE_PU), 0);
    assert_int_equal(mag_pin_look(&home, mag_os_thread(), MAG_PIN_RANGE_PU),
                     MAG_PIN_LOST);
    home.pu = 0;
    assert_int_equal(
        mag_pin_set_range(&home, mag_os_thread(), (enum mag_pin_range)3, &obtained),
        -EINVAL);
    assert_int_equal(obtained, MAG_PIN_LOST);
}

static void *read_seen(void *arg)
{
    struct mag_topology *seen;

    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &seen) == 0) {
        *(uint32_t *)arg = mag_topology_pus(seen);
        mag_topology_free(seen);
    }
    return NULL;
}

static void *read_unpinned(void *arg)
{
    *(uint32_t *)arg = mag_unpin_self();
    return NULL;
}

static uint32_t in_thread(void *(*run)(void *))
{
    pthread_t thread;
    uint32_t result = MAG_NONE;

    if (pthread_create(&thread, NULL, run, &result) == 0)
        (void)pthread_join(thread, NULL);
    return result;
}

/* 0, or the number of the check that failed. */
static int loosen_self(void *arg)
{
    struct mag_pin_home home = home_of(0);
    enum mag_pinned obtained;
    struct mag_affinity before;
    struct mag_affinity now;
    uint32_t seen = 0;
    (void)arg;

    if (!mag_affinity_read(&before) || mag_pin_self(machine, 0, &obtained) != 0)
        return 1;
    if (mag_pin_set_range(&home, mag_os_thread(), MAG_PIN_RANGE_NODE, &obtained) != 0 ||
        obtained != MAG_PIN_LOOSENED)
        return 2;
    if (mag_pin_look(&home, mag_os_thread(), MAG_PIN_RANGE_NODE) != MAG_PIN_LOOSENED ||
        mag_pin_look(&home, mag_os_thread(), MAG_PIN_RANGE_PU) != MAG_PIN_LOST)
        return 3;
    (void)read_seen(&seen);
    if (seen != mag_topology_pus(machine) || in_thread(read_seen) != seen)
        return 4;
    uint32_t os_pu = mag_topology_pu(machine, 0)->os_index;
    if (in_thread(read_unpinned) != os_pu)
        return 5;
    if (mag_unpin_self() != os_pu || !mag_affinity_read(&now) ||
        !mag_affinity_equal(&now, &before))
        return 6;
    if (!mag_repin_self(os_pu) ||
        mag_pin_look(&home, mag_os_thread(), MAG_PIN_RANGE_PU) != MAG_PINNED)
        return 7;
    if (mag_pin_set_range(&home, mag_os_thread(), MAG_PIN_RANGE_PU, &obtained) != 0 ||
        obtained != MAG_PINNED)
        return 8;
    return 0;
}

static void a_loosened_thread_still_counts_as_pinned(void **state)
{
    struct mag_pin_home home = home_of(0);
    (void)state;

    if (mag_pin_range_pus(&home, MAG_PIN_RANGE_NODE) < 2) {
        print_message("skipped: a node has one processor\n");
        skip();
    }
    test_step_in_child(loosen_self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_lie_inside_one_another),
        cmocka_unit_test(the_ranges_of_a_machine_are_its_caches_and_nodes),
        cmocka_unit_test(a_pu_or_a_range_that_is_not_there_is_refused),
        cmocka_unit_test(a_loosened_thread_still_counts_as_pinned),
    };
    return cmocka_run_group_tests(tests, load_machine, free_machine);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Steals from other nodes by their distance: a described machine with three nodes, for
 * the system may have one. */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <magpie/counters.h>
#include <magpie/fork.h>
#include <magpie/sched.h>

enum { WORKERS = 3 };

MAG_FORKABLE(long, tree, int, depth)

static long tree(mag_fork w, int depth)
{
    if (depth == 0)
        return 1;
    struct tree_child child = tree_fork(&w, depth - 1);
    long rest = tree(w, depth - 1);
    return tree_join(&w, child) + rest;
}

/* One worker on each of three nodes that are equally far apart. */
static struct mag_sched *start(struct mag_topology **ret_topology)
{
    struct mag_sched_config config;
    struct mag_sched *sched;

    assert_int_equal(
        mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:3 core:1 pu:1", ret_topology), 0);
    mag_sched_config_init(&config);
    config.workers = WORKERS;
    config.topology = *ret_topology;
    config.pin = MAG_PIN_NEVER;
    config.spare = 0;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    return sched;
}

static uint64_t steals_far(const struct mag_sched *sched)
{
    uint64_t far = 0;

    for (uint32_t i = 0; i < WORKERS; i++) {
        struct mag_sched_counters counters;

        assert_int_equal(mag_sched_counters(sched, i, &counters), 0);
        far += counters.steals_far;
    }
    return far;
}

static void steals_of_equally_far_nodes_are_in_the_first_ring(void **state)
{
    struct mag_topology *topology;
    struct mag_sched *sched = start(&topology);
    double began = test_now();
    long leaves;
    (void)state;

    while (steals_far(sched) == 0 && !test_gives_up(began)) {
        assert_int_equal(tree_run(sched, &leaves, 12), 0);
        assert_int_equal(leaves, 1L << 12);
    }
    assert_true(steals_far(sched) > 0);
    /* All children are joined, and a steal is counted before its child runs. */
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct mag_sched_counters counters;

        assert_int_equal(mag_sched_counters(sched, i, &counters), 0);
        assert_int_equal(counters.steals_near, 0);
        assert_int_equal(counters.steals_ring[0], counters.steals_far);
        for (uint32_t ring = 1; ring < MAG_STEAL_RINGS; ring++)
            assert_int_equal(counters.steals_ring[ring], 0);
    }
    assert_int_equal(mag_sched_destroy(sched), 0);
    mag_topology_free(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steals_of_equally_far_nodes_are_in_the_first_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * groups.h - groups for tests, and functions that they run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_GROUPS_H
#define TESTS_SUPPORT_SCHED_GROUPS_H

#include "tests/support/cmocka.h"
#include "tests/support/gate.h"

#include <magpie/group.h>

static inline struct mag_group *test_group(struct mag_sched *sched, uint32_t max_running,
                                           enum mag_group_order order)
{
    struct mag_group_config config;
    struct mag_group *group;

    mag_group_config_init(&config);
    config.max_running = max_running;
    config.order = order;
    assert_int_equal(mag_group_create(sched, &config, &group), 0);
    return group;
}

/* Counts its calls. */
static inline int group_count(void *arg)
{
    (void)test_add((_Atomic(uint64_t) *)arg, 1);
    return 0;
}

/* Runs until the test opens its gate. */
static inline int group_hold(void *arg)
{
    gate_pass((struct gate *)arg);
    return 0;
}

/* Adds a job that runs until the gate is opened; it runs when this returns. */
static inline void group_hold_one(struct mag_group *group, struct gate *gate)
{
    gate_close(gate);
    assert_int_equal(mag_group_add(group, group_hold, gate), 0);
    assert_true(gate_is_reached(gate));
}

static inline struct mag_group_counts group_counts(struct mag_group *group)
{
    struct mag_group_counts counts;

    assert_int_equal(mag_group_counts(group, &counts), 0);
    return counts;
}

#endif

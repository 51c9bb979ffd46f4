/*
 * budget.h - budgets of eight cores below a root directory of a test's own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_BUDGET_H
#define TESTS_SUPPORT_NUMA_BUDGET_H

#include "tests/support/cmocka.h"
#include "tests/support/files.h"

#include <magpie/budget.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mag_topology *eight_cores;

static struct mag_budget *read_budget(enum mag_budget_rounding rounding)
{
    struct mag_budget *budget = NULL;

    assert_int_equal(mag_budget_read(eight_cores, rounding, test_root(), &budget), 0);
    return budget;
}

static void expect(uint32_t workers, enum mag_budget_reason reason, uint32_t levels)
{
    struct mag_budget *budget = read_budget(MAG_BUDGET_UP);

    assert_int_equal(mag_budget_workers(budget), workers);
    assert_int_equal(mag_budget_reason(budget), reason);
    assert_int_equal(mag_budget_levels(budget), levels);
    assert_null(mag_budget_level(budget, levels));
    mag_budget_free(budget);
}

#define MOUNT_V2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw\n"
#define MOUNT_V1                                                        \
    "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" \
    "32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"

static int load_machine(void **state)
{
    (void)state;
    return mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "core:8 pu:2", &eight_cores);
}

static int free_machine(void **state)
{
    (void)state;
    mag_topology_free(eight_cores);
    return 0;
}

#define IN_ROOT(test) \
    cmocka_unit_test_setup_teardown(test, test_root_make, test_root_remove)

#endif

/*
 * budget.h - budgets of eight cores below a root directory of a test's own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_BUDGET_H
#define TESTS_SUPPORT_NUMA_BUDGET_H

#include "tests/support/cmocka.h"

#include <errno.h>
#include <ftw.h>
#include <magpie/numa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A root directory of our own, with the files that a case names. */
static char root[] = "/tmp/magpie-budget-XXXXXX";
static struct mag_topology *eight_cores;

static int remove_entry(const char *path, const struct stat *status, int type,
                        struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int begin(void **state)
{
    (void)state;
    (void)strcpy(root + strlen(root) - 6, "XXXXXX");
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *path, const char *text)
{
    char name[4096];

    (void)snprintf(name, sizeof(name), "%s%s", root, path);
    for (char *slash = name + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL;
         slash++) {
        *slash = '\0';
        assert_true(mkdir(name, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct mag_budget *read_budget(enum mag_budget_rounding rounding)
{
    struct mag_budget *budget = NULL;

    assert_int_equal(mag_budget_read(eight_cores, rounding, root, &budget), 0);
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

#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, begin, end)

#endif

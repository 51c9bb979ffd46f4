/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <errno.h>
#include <ftw.h>
#include <magpie/numa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void without_control_groups_every_core_counts(void **state)
{
    (void)state;
    expect(8, MAG_BUDGET_CORES, 0);
}

static void the_tightest_group_above_us_decides(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/a/b/c\n");
    put("/proc/self/mountinfo", MOUNT_V2);
    put("/sys/fs/cgroup/a/b/c/cpu.max", "600000 100000\n");
    put("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
    put("/sys/fs/cgroup/a/b/cpu.stat",
        "usage_usec 5\nnr_throttled 7\nthrottled_usec 9\n");
    put("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
    expect(3, MAG_BUDGET_QUOTA, 3);

    struct mag_budget *budget = read_budget(MAG_BUDGET_UP);
    assert_true(mag_budget_quota(budget) > 2.99 && mag_budget_quota(budget) < 3.01);
    assert_true(mag_budget_level(budget, 0)->cpus > 5.99);
    assert_int_equal(mag_budget_level(budget, 1)->throttled, 7);
    assert_int_equal(mag_budget_level(budget, 1)->throttled_usec, 9);
    assert_true(mag_budget_level(budget, 2)->cpus < 0.01);
    assert_non_null(strstr(mag_budget_level(budget, 1)->path, "/sys/fs/cgroup/a/b"));
    mag_budget_free(budget);
}

static void a_fractional_quota_is_rounded_as_asked(void **state)
{
    static const struct {
        const char *limit;
        uint32_t up;
        uint32_t down;
    } cases[] = {{"150000 100000", 2, 1}, {"100000 100000", 1, 1},
                 {"50000 100000", 1, 1},  {"200000 100000", 2, 2},
                 {"200050 100000", 2, 2}, {"750000 100000", 8, 7},
                 {"9900000 100000", 8, 8}};
    (void)state;

    put("/proc/self/cgroup", "0::/\n");
    put("/proc/self/mountinfo", MOUNT_V2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put("/sys/fs/cgroup/cpu.max", cases[i].limit);
        struct mag_budget *up = read_budget(MAG_BUDGET_UP);
        struct mag_budget *down = read_budget(MAG_BUDGET_DOWN);
        assert_int_equal(mag_budget_workers(up), cases[i].up);
        assert_int_equal(mag_budget_workers(down), cases[i].down);
        mag_budget_free(up);
        mag_budget_free(down);
    }
}

static void version_one_has_its_quota_in_two_files(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/x/y\n");
    put("/proc/self/mountinfo", MOUNT_V1);
    put("/sys/fs/cgroup/cpu,cpuacct/x/y/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/x/y/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "250000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "50000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.stat", "nr_throttled 3\nthrottled_time 4000\n");
    expect(5, MAG_BUDGET_QUOTA, 2);

    struct mag_budget *budget = read_budget(MAG_BUDGET_UP);
    assert_int_equal(mag_budget_level(budget, 1)->throttled, 3);
    assert_int_equal(mag_budget_level(budget, 1)->throttled_usec, 4);
    mag_budget_free(budget);
}

static void both_versions_side_by_side_are_read(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "4:cpu,cpuacct:/x\n0::/u\n");
    put("/proc/self/mountinfo",
        MOUNT_V1 "33 23 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "400000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/unified/u/cpu.max", "200000 100000\n");
    expect(2, MAG_BUDGET_QUOTA, 2);
}

static void a_container_sees_its_own_group_as_the_root(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/docker/abc/inner\n");
    put("/proc/self/mountinfo",
        "30 23 0:26 /docker/abc /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n");
    put("/sys/fs/cgroup/inner/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    expect(2, MAG_BUDGET_QUOTA, 2);
    put("/proc/self/cgroup", "0::/../elsewhere\n");
    expect(2, MAG_BUDGET_QUOTA, 1);
}

static void files_that_make_no_sense_set_no_limit(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "rubbish\n0::\n::::\n0::/a\n");
    put("/proc/self/mountinfo", "x\n- cgroup2\n" MOUNT_V2);
    put("/sys/fs/cgroup/a/cpu.max", "-5 0\n");
    put("/sys/fs/cgroup/cpu.max", "");
    expect(8, MAG_BUDGET_CORES, 2);
    put("/sys/fs/cgroup/a/cpu.max", "100000 0\n");
    expect(8, MAG_BUDGET_CORES, 2);
}

static void every_allocation_may_fail_and_leaves_nothing_behind(void **state)
{
    int64_t before = test_live_allocations();
    bool failed = true;
    (void)state;

    put("/proc/self/cgroup", "0::/a\n");
    put("/proc/self/mountinfo", MOUNT_V2);
    put("/sys/fs/cgroup/a/cpu.max", "600000 100000\n");
    put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    for (uint32_t nth = 1; failed; nth++) {
        struct mag_budget *budget = NULL;

        test_fail_allocation(nth);
        int r = mag_budget_read(eight_cores, MAG_BUDGET_UP, root, &budget);
        failed = test_has_failed();
        test_fail_allocation(0);
        assert_int_equal(r, failed ? -ENOMEM : 0);
        mag_budget_free(budget);
        assert_int_equal(test_live_allocations(), before);
        assert_true(failed || nth > 3);
    }
}

/* ------------------------------------------------------- a real control group */

static bool write_to(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return false;
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

/* A group with a quota of `quota_us` per 100 ms; its path is left in `group`. */
static bool make_group(char *group, size_t size, const char *quota_us)
{
    static const char *const roots[] = {"/sys/fs/cgroup/cpu",
                                        "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"};
    char path[4096];

    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
        (void)snprintf(group, size, "%s/magpie-test-%d", roots[i], (int)getpid());
        if (mkdir(group, 0755) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", group);
        if (access(path, W_OK) == 0 && write_to(path, quota_us))
            return true;
        char both[64];
        (void)snprintf(both, sizeof(both), "%s 100000", quota_us);
        (void)snprintf(path, sizeof(path), "%s/cpu.max", group);
        if (access(path, W_OK) == 0 && write_to(path, both))
            return true;
        (void)rmdir(group);
    }
    return false;
}

/* In a child that moves into the group. */
static int read_inside(const char *group, uint32_t wanted_up)
{
    struct mag_budget *budget;
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", group);
    if (!write_to(path, "0"))
        return 1;
    if (mag_budget_read(eight_cores, MAG_BUDGET_UP, NULL, &budget) != 0)
        return 2;
    return mag_budget_workers(budget) == wanted_up &&
                   mag_budget_reason(budget) == MAG_BUDGET_QUOTA
               ? 0
               : 3;
}

static void a_real_quota_is_found(void **state)
{
    static const struct {
        const char *quota;
        uint32_t workers;
    } cases[] = {{"100000", 1}, {"150000", 2}};
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char group[256];
        int status = -1;

        if (!make_group(group, sizeof(group), cases[i].quota)) {
            print_message("skipped: no control group can be made here\n");
            skip();
        }
        pid_t child = fork();
        if (child == 0)
            _exit(read_inside(group, cases[i].workers));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(rmdir(group), 0);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOT(without_control_groups_every_core_counts),
        IN_ROOT(the_tightest_group_above_us_decides),
        IN_ROOT(a_fractional_quota_is_rounded_as_asked),
        IN_ROOT(version_one_has_its_quota_in_two_files),
        IN_ROOT(both_versions_side_by_side_are_read),
        IN_ROOT(a_container_sees_its_own_group_as_the_root),
        IN_ROOT(files_that_make_no_sense_set_no_limit),
        IN_ROOT(every_allocation_may_fail_and_leaves_nothing_behind),
        cmocka_unit_test(a_real_quota_is_found),
    };
    return cmocka_run_group_tests(tests, load_machine, free_machine);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/numa/budget.h"

#include <errno.h>

#include <string.h>

static void without_control_groups_every_core_counts(void **state)
{
    (void)state;
    expect(8, MAG_BUDGET_CORES, 0);
}

static void the_tightest_group_above_us_decides(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "0::/a/b/c\n");
    test_root_put("/proc/self/mountinfo", MOUNT_V2);
    test_root_put("/sys/fs/cgroup/a/b/c/cpu.max", "600000 100000\n");
    test_root_put("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
    test_root_put("/sys/fs/cgroup/a/b/cpu.stat",
                  "usage_usec 5\nnr_throttled 7\nthrottled_usec 9\n");
    test_root_put("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
    expect(3, MAG_BUDGET_QUOTA, 3);

    struct mag_budget *budget = read_budget(MAG_BUDGET_UP);
    assert_true(mag_budget_quota(budget) > 2.99 && mag_budget_quota(budget) < 3.01);
    assert_true(mag_budget_level(budget, 0)->cpus > 5.99);
    assert_int_equal(mag_budget_level(budget, 1)->throttled, 7);
    assert_int_equal(mag_budget_level(budget, 1)->throttled_usec, 9);
    assert_true(mag_budget_level(budget, 1)->counted);
    assert_false(mag_budget_level(budget, 2)->counted);
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

    test_root_put("/proc/self/cgroup", "0::/\n");
    test_root_put("/proc/self/mountinfo", MOUNT_V2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_root_put("/sys/fs/cgroup/cpu.max", cases[i].limit);
        struct mag_budget *up = read_budget(MAG_BUDGET_UP);
        struct mag_budget *down = read_budget(MAG_BUDGET_DOWN);
        assert_int_equal(mag_budget_workers(up), cases[i].up);
        assert_int_equal(mag_budget_workers(down), cases[i].down);
        mag_budget_free(up);
        mag_budget_free(down);
    }
}

static void any_number_of_workers_is_capped_by_the_quota(void **state)
{
    static const struct {
        const char *limit;
        uint32_t up;
        uint32_t down;
    } cases[] = {{"1150000 100000", 12, 11},
                 {"1700000 100000", 16, 16},
                 {"50000 100000", 1, 1},
                 {"max 100000", 16, 16}};
    (void)state;

    test_root_put("/proc/self/cgroup", "0::/\n");
    test_root_put("/proc/self/mountinfo", MOUNT_V2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_root_put("/sys/fs/cgroup/cpu.max", cases[i].limit);
        struct mag_budget *up = read_budget(MAG_BUDGET_UP);
        struct mag_budget *down = read_budget(MAG_BUDGET_DOWN);
        /* More than there are cores; the number of workers follows it. */
        assert_int_equal(mag_budget_cap(up, 16), cases[i].up);
        assert_int_equal(mag_budget_cap(down, 16), cases[i].down);
        assert_int_equal(mag_budget_cap(up, 0), 1);
        mag_budget_free(up);
        mag_budget_free(down);
    }
}

static void version_one_has_its_quota_in_two_files(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/x/y\n");
    test_root_put("/proc/self/mountinfo", MOUNT_V1);
    test_root_put("/sys/fs/cgroup/cpu,cpuacct/x/y/cpu.cfs_quota_us", "-1\n");
    test_root_put("/sys/fs/cgroup/cpu,cpuacct/x/y/cpu.cfs_period_us", "100000\n");
    test_root_put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "250000\n");
    test_root_put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "50000\n");
    test_root_put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.stat",
                  "nr_throttled 3\nthrottled_time 4000\n");
    expect(5, MAG_BUDGET_QUOTA, 2);

    struct mag_budget *budget = read_budget(MAG_BUDGET_UP);
    assert_int_equal(mag_budget_level(budget, 1)->throttled, 3);
    assert_int_equal(mag_budget_level(budget, 1)->throttled_usec, 4);
    mag_budget_free(budget);
}

static void a_group_without_the_cpu_controller_sets_no_limit_and_is_ours(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "0::/a/b\n");
    test_root_put("/proc/self/mountinfo", MOUNT_V2);
    test_root_put("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    test_root_put("/sys/fs/cgroup/a/cgroup.events", "populated 1\n");
    test_root_put("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    test_root_put("/sys/fs/cgroup/a/cpu.stat", "nr_throttled 0\nthrottled_usec 0\n");
    test_root_put("/sys/fs/cgroup/a/b/cgroup.events", "populated 1\n");
    test_root_put("/sys/fs/cgroup/a/b/cpu.stat", "usage_usec 5\n");
    expect(3, MAG_BUDGET_QUOTA, 2);

    struct mag_budget *budget = read_budget(MAG_BUDGET_UP);
    const struct mag_budget_level *own = mag_budget_level(budget, 0);
    const struct mag_budget_level *above = mag_budget_level(budget, 1);
    assert_non_null(strstr(own->path, "/sys/fs/cgroup/a/b"));
    assert_false(own->controlled);
    assert_false(own->counted);
    assert_true(above->controlled);
    assert_true(above->counted);
    assert_int_equal(above->throttled, 0);
    mag_budget_free(budget);
}

static void both_versions_side_by_side_are_read(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "4:cpu,cpuacct:/x\n0::/u\n");
    test_root_put("/proc/self/mountinfo", MOUNT_V1
                  "33 23 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    test_root_put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "400000\n");
    test_root_put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
    test_root_put("/sys/fs/cgroup/unified/u/cpu.max", "200000 100000\n");
    expect(2, MAG_BUDGET_QUOTA, 2);
}

static void a_container_sees_its_own_group_as_the_root(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "0::/docker/abc/inner\n");
    test_root_put(
        "/proc/self/mountinfo",
        "30 23 0:26 /docker/abc /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n");
    test_root_put("/sys/fs/cgroup/inner/cpu.max", "max 100000\n");
    test_root_put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    expect(2, MAG_BUDGET_QUOTA, 2);
    test_root_put("/proc/self/cgroup", "0::/../elsewhere\n");
    expect(2, MAG_BUDGET_QUOTA, 1);
    test_root_put("/proc/self/mountinfo", MOUNT_V2);
    test_root_put("/sys/fs/elsewhere/cpu.max", "100000 100000\n");
    expect(2, MAG_BUDGET_QUOTA, 1);
}

static void files_that_make_no_sense_set_no_limit(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "rubbish\n0::\n::::\n0::/a\n");
    test_root_put("/proc/self/mountinfo", "x\n- cgroup2\n" MOUNT_V2);
    test_root_put("/sys/fs/cgroup/a/cpu.max", "-5 0\n");
    test_root_put("/sys/fs/cgroup/cpu.max", "");
    expect(8, MAG_BUDGET_CORES, 2);
    test_root_put("/sys/fs/cgroup/a/cpu.max", "100000 0\n");
    expect(8, MAG_BUDGET_CORES, 2);
}

static void a_level_tells_its_numbers_and_the_tightest_is_known(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "4:cpu,cpuacct:/x\n0::/u/v\n");
    test_root_put("/proc/self/mountinfo", MOUNT_V1
                  "33 23 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    test_root_put("/sys/fs/cgroup/unified/u/v/cpu.max", "max 100000\n");
    test_root_put("/sys/fs/cgroup/unified/u/cpu.max", "500000 100000\n");
    test_root_put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "30000\n");
    test_root_put("/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "20000\n");

    struct mag_budget *budget = read_budget(MAG_BUDGET_UP);
    assert_int_equal(mag_budget_tightest(budget), 2);
    const struct mag_budget_level *level = mag_budget_level(budget, 2);
    assert_int_equal(level->version, 1);
    assert_int_equal(level->quota_usec, 30000);
    assert_int_equal(level->period_usec, 20000);
    assert_int_equal(mag_budget_level(budget, 0)->version, 2);
    assert_int_equal(mag_budget_level(budget, 0)->quota_usec, 0);
    mag_budget_free(budget);
}

static void the_mount_that_shows_most_of_the_way_up_is_used(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "0::/a/b\n");
    test_root_put("/proc/self/mountinfo",
                  "30 23 0:26 /other /mnt/other rw - cgroup2 cgroup rw\n"
                  "31 23 0:26 /a /mnt/part rw - cgroup2 cgroup rw\n"
                  "32 23 0:26 / /mnt/all rw - cgroup2 cgroup rw\n"
                  "33 23 0:26 /a/b /mnt/own rw - cgroup2 cgroup rw\n");
    test_root_put("/mnt/other/cpu.max", "100000 100000\n");
    test_root_put("/mnt/part/b/cpu.max", "600000 100000\n");
    test_root_put("/mnt/own/cpu.max", "600000 100000\n");
    test_root_put("/mnt/all/a/b/cpu.max", "600000 100000\n");
    test_root_put("/mnt/all/a/cpu.max", "400000 100000\n");
    expect(4, MAG_BUDGET_QUOTA, 2);
}

static void names_with_spaces_and_long_lines_are_read(void **state)
{
    char *mounts = malloc(20000);
    (void)state;

    assert_non_null(mounts);
    (void)strcpy(mounts, "29 23 0:25 / /overlay rw - overlay overlay rw,lowerdir=");
    memset(mounts + strlen(mounts), 'x', 10000);
    (void)strcpy(mounts + 10000, " 30 23 / / rw - cgroup2 x y\n"
                                 "31 23 0:26 / /mnt/a\\040b\\134 rw - cgroup2 c rw\n");
    test_root_put("/proc/self/cgroup", "0::/c d\n");
    test_root_put("/proc/self/mountinfo", mounts);
    test_root_put("/mnt/a b\\/c d/cpu.max", "400000 100000\n");
    test_root_put("/cpu.max",
                  "100000 100000\n"); /* the end of the long line would name this file */
    expect(4, MAG_BUDGET_QUOTA, 1);
    free(mounts);
}

static void an_unknown_rounding_is_refused(void **state)
{
    struct mag_budget *budget = NULL;
    (void)state;

    assert_int_equal(
        mag_budget_read(eight_cores, (enum mag_budget_rounding)2, test_root(), &budget),
        -EINVAL);
    assert_null(budget);
    mag_budget_free(NULL);
}

static void expect_text(enum mag_budget_rounding rounding, const char *wanted)
{
    struct mag_budget *budget = read_budget(rounding);
    char text[512];
    char small[8];

    size_t length = mag_budget_format(budget, text, sizeof(text));
    assert_int_equal(length, strlen(text));
    assert_non_null(strstr(text, wanted));
    assert_int_equal(mag_budget_format(budget, small, sizeof(small)), length);
    assert_int_equal(strlen(small), sizeof(small) - 1);
    assert_int_equal(mag_budget_format(budget, NULL, 0), length);
    mag_budget_free(budget);
}

static void the_reason_can_be_read(void **state)
{
    (void)state;
    expect_text(MAG_BUDGET_UP, "8 workers: one for every core of the machine");
    test_root_put("/proc/self/cgroup", "0::/a\n");
    test_root_put("/proc/self/mountinfo", MOUNT_V2);
    test_root_put("/sys/fs/cgroup/a/cpu.max", "250000 100000\n");
    expect_text(MAG_BUDGET_UP, "3 workers: a quota of 2.50 CPUs, rounded up, set by ");
    expect_text(MAG_BUDGET_DOWN, "/sys/fs/cgroup/a");
    test_root_put("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
    expect_text(MAG_BUDGET_UP, "2 workers: a quota of 2.00 CPUs, set by ");
    test_root_put("/sys/fs/cgroup/a/cpu.max", "200050 100000\n");
    expect_text(MAG_BUDGET_DOWN, "2 workers: a quota of 2.00 CPUs, set by ");
    test_root_put("/sys/fs/cgroup/a/cpu.max", "100000 100000\n");
    expect_text(MAG_BUDGET_UP, "1 worker: a quota of 1.00 CPUs, set by ");
    test_root_put("/sys/fs/cgroup/a/cpu.max", "5000 100000\n");
    expect_text(MAG_BUDGET_DOWN,
                "1 worker: a quota of 0.05 CPUs, rounded down to at least one, set by ");
    assert_string_equal(mag_budget_reason_name(MAG_BUDGET_CORES), "cores");
    assert_string_equal(mag_budget_reason_name(MAG_BUDGET_CPUSET), "cpuset");
    assert_string_equal(mag_budget_reason_name(MAG_BUDGET_AFFINITY), "affinity");
    assert_string_equal(mag_budget_reason_name(MAG_BUDGET_QUOTA), "quota");
    assert_null(mag_budget_reason_name((enum mag_budget_reason)4));
}

static void a_cpuset_that_takes_cores_is_the_reason(void **state)
{
    struct mag_topology *odd;
    struct mag_budget *budget;
    char text[256];
    (void)state;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_XML,
                                       MAG_SOURCE_DIR "/tests/topologies/odd.xml", &odd),
                     0);
    assert_int_equal(mag_budget_read(odd, MAG_BUDGET_UP, test_root(), &budget), 0);
    mag_topology_free(odd); /* the budget does not need it */
    assert_int_equal(mag_budget_workers(budget), 5);
    assert_int_equal(mag_budget_online(budget), 8);
    assert_int_equal(mag_budget_reason(budget), MAG_BUDGET_CPUSET);
    (void)mag_budget_format(budget, text, sizeof(text));
    assert_string_equal(text,
                        "5 workers: one for every core that the cpuset allows, of 6");
    assert_int_equal(mag_budget_tightest(budget), MAG_NONE);
    mag_budget_free(budget);
}

static void every_allocation_may_fail_and_leaves_nothing_behind(void **state)
{
    int64_t before = test_live_allocations();
    bool failed = true;
    (void)state;

    test_root_put("/proc/self/cgroup", "0::/a\n");
    test_root_put("/proc/self/mountinfo", MOUNT_V2);
    test_root_put("/sys/fs/cgroup/a/cpu.max", "600000 100000\n");
    test_root_put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    for (uint32_t nth = 1; failed; nth++) {
        struct mag_budget *budget = NULL;

        test_fail_allocation(nth);
        int r = mag_budget_read(eight_cores, MAG_BUDGET_UP, test_root(), &budget);
        failed = test_has_failed();
        test_fail_allocation(0);
        assert_int_equal(r, failed ? -ENOMEM : 0);
        mag_budget_free(budget);
        assert_int_equal(test_live_allocations(), before);
        assert_true(failed || nth > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOT(without_control_groups_every_core_counts),
        IN_ROOT(the_tightest_group_above_us_decides),
        IN_ROOT(a_fractional_quota_is_rounded_as_asked),
        IN_ROOT(any_number_of_workers_is_capped_by_the_quota),
        IN_ROOT(version_one_has_its_quota_in_two_files),
        IN_ROOT(a_group_without_the_cpu_controller_sets_no_limit_and_is_ours),
        IN_ROOT(both_versions_side_by_side_are_read),
        IN_ROOT(a_container_sees_its_own_group_as_the_root),
        IN_ROOT(files_that_make_no_sense_set_no_limit),
        IN_ROOT(a_level_tells_its_numbers_and_the_tightest_is_known),
        IN_ROOT(the_mount_that_shows_most_of_the_way_up_is_used),
        IN_ROOT(names_with_spaces_and_long_lines_are_read),
        IN_ROOT(an_unknown_rounding_is_refused),
        IN_ROOT(the_reason_can_be_read),
        IN_ROOT(a_cpuset_that_takes_cores_is_the_reason),
        IN_ROOT(every_allocation_may_fail_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, load_machine, free_machine);
}

/*
 * The files of the kernel that say where the control groups are: mountinfo and cgroup of
 * proc(5), in unusual forms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/numa/budget.h"

/* Two CPUs for the group /app, in either version. */
static void put_limits(void)
{
    test_root_put("/sys/fs/cgroup/app/cpu.max", "200000 100000\n");
    test_root_put("/sys/fs/cgroup/cpu/app/cpu.cfs_quota_us", "200000\n");
    test_root_put("/sys/fs/cgroup/cpu/app/cpu.cfs_period_us", "100000\n");
}

static void a_mount_is_found_by_the_fields_of_its_line_as_proc_counts_them(void **state)
{
    static const char *const mounts[] = {
        /* no source, none in words, optional fields, several of them, no options */
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2  rw,nsdelegate\n",
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 none rw\n",
        "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n",
        "30 23 0:26 / /sys/fs/cgroup rw shared:4 master:1 propagate_from:2 - cgroup2  "
        "rw\n",
        "30 23 0:26 / /sys/fs/cgroup rw unbindable - cgroup2 a\\040-\\040b rw\n",
        "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 - rw\n",
        "30 23 0:26 / /sys/fs/cgroup  - cgroup2  rw\n",
        /* after lines that only look like it */
        "29 23 0:25 / /mnt rw - ext4 cgroup2 rw,cgroup2\n"
        "30 23 0:26 / /sys/fs/cgroup rw - cgroup2  rw\n",
        "29 23 0:25 / /mnt rw shared:1 cgroup2 cgroup2 rw\n"
        "28 23 0:25 / /mnt rw -\n27 23 0:25 / /mnt rw - cgroup2\n"
        "30 23 0:26 / /sys/fs/cgroup rw - cgroup2  rw\n",
    };
    (void)state;

    put_limits();
    test_root_put("/proc/self/cgroup", "0::/app\n");
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        test_root_put("/proc/self/mountinfo", mounts[i]);
        expect(2, MAG_BUDGET_QUOTA, 1);
    }
}

static void a_mount_of_version_one_is_found_by_the_fields_of_its_line(void **state)
{
    static const char *const mounts[] = {
        "33 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup  rw,cpu,cpuacct\n",
        "33 31 0:29 / /sys/fs/cgroup/cpu rw shared:9 - cgroup  rw,cpu\n",
        "33 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpuacct,cpu\n",
        "32 31 0:28 / /mnt rw - cgroup cpu rw,cpuset\n"
        "31 31 0:27 / /mnt rw - cgroup  rw,name=cpu\n"
        "33 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup  rw,cpu\n",
    };
    (void)state;

    put_limits();
    test_root_put("/proc/self/cgroup",
                  "5:cpuset:/x\n4:cpu,cpuacct:/app\n1:name=cpu:/y\n");
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        test_root_put("/proc/self/mountinfo", mounts[i]);
        expect(2, MAG_BUDGET_QUOTA, 1);
    }
}

static void both_versions_count_where_neither_mount_names_a_source(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "4:cpu,cpuacct:/app\n0::/u\n");
    test_root_put("/proc/self/mountinfo",
                  "33 31 0:29 / /sys/fs/cgroup/cpu rw shared:1 - cgroup  rw,cpu,cpuacct\n"
                  "34 31 0:30 / /sys/fs/cgroup/unified rw shared:2 - cgroup2  rw\n");
    put_limits();
    test_root_put("/sys/fs/cgroup/unified/u/cpu.max", "300000 100000\n");
    expect(2, MAG_BUDGET_QUOTA, 2);
    test_root_put("/sys/fs/cgroup/unified/u/cpu.max", "100000 100000\n");
    expect(1, MAG_BUDGET_QUOTA, 2);
}

static void names_are_unescaped_in_mountinfo_and_taken_as_they_are_in_cgroup(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "0::/a b/c\\x2dd:1/app\n");
    test_root_put("/proc/self/mountinfo", "30 23 0:26 /a\\040b/c\\134x2dd:1 "
                                          "/sys/fs/c\\011g\\012r rw - cgroup2  rw\n");
    test_root_put("/sys/fs/c\tg\nr/app/cpu.max", "200000 100000\n");
    expect(2, MAG_BUDGET_QUOTA, 1);
}

/* /proc/self belongs to the main thread, and cannot be read once that thread has
 * ended. */
static void the_files_of_the_calling_thread_are_read(void **state)
{
    (void)state;
    put_limits();
    test_root_put("/proc/thread-self/cgroup", "0::/app\n");
    test_root_put("/proc/thread-self/mountinfo",
                  "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    expect(2, MAG_BUDGET_QUOTA, 1);
    test_root_put("/proc/self/cgroup", "0::/other\n");
    test_root_put("/proc/self/mountinfo", "");
    test_root_put("/sys/fs/cgroup/other/cpu.max", "100000 100000\n");
    expect(2, MAG_BUDGET_QUOTA, 1);
}

static void where_there_is_no_thread_self_those_of_the_process_are(void **state)
{
    (void)state;
    put_limits();
    test_root_put("/proc/self/cgroup", "0::/app\n");
    test_root_put("/proc/self/mountinfo",
                  "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    test_root_put("/proc/thread-self/mountinfo", "");
    expect(2, MAG_BUDGET_QUOTA, 1);
}

static void a_group_that_is_gone_leaves_those_above_it(void **state)
{
    (void)state;
    test_root_put("/proc/self/cgroup", "0::/app/inner (deleted)\n");
    test_root_put("/proc/self/mountinfo",
                  "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    put_limits();
    expect(2, MAG_BUDGET_QUOTA, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOT(a_mount_is_found_by_the_fields_of_its_line_as_proc_counts_them),
        IN_ROOT(a_mount_of_version_one_is_found_by_the_fields_of_its_line),
        IN_ROOT(both_versions_count_where_neither_mount_names_a_source),
        IN_ROOT(names_are_unescaped_in_mountinfo_and_taken_as_they_are_in_cgroup),
        IN_ROOT(the_files_of_the_calling_thread_are_read),
        IN_ROOT(where_there_is_no_thread_self_those_of_the_process_are),
        IN_ROOT(a_group_that_is_gone_leaves_those_above_it),
    };
    return cmocka_run_group_tests(tests, load_machine, free_machine);
}

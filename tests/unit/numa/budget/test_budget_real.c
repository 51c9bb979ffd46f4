/* SPDX-License-Identifier: Apache-2.0 */
/* The budget under limits that are really set, if the machine allows it. */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/budget.h>
#include <magpie/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_to(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        return false;
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

/* Makes a group with a quota of `quota_us` per 100 ms, and leaves its path in `group`. */
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

struct quota {
    const char *text; /* microseconds in every 100 ms */
    uint32_t workers;
    char group[256];
};

/* Starts a scheduler with one worker for each of four PUs.  The number of its workers, or
 * the error. */
static int start_per_pu(void)
{
    struct mag_sched *sched;
    int r;
    struct mag_sched_config config = test_sched_config(0);

    config.placement = MAG_PLACE_PER_PU;
    if (setenv("HWLOC_SYNTHETIC", "core:2 pu:2", 1) != 0)
        return -1;
    r = mag_sched_start(&config, &sched);
    if (r < 0)
        return r;
    r = (int)mag_sched_workers(sched);
    mag_sched_destroy(sched);
    return r;
}

static int read_inside(void *arg)
{
    const struct quota *quota = arg;
    struct mag_topology *eight_cores;
    struct mag_budget *budget;
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", quota->group);
    if (!write_to(path, "0"))
        return 1;
    if (mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "core:8 pu:2", &eight_cores) != 0)
        return 2;
    if (mag_budget_read(eight_cores, MAG_BUDGET_UP, NULL, &budget) != 0)
        return 3;
    if (mag_budget_workers(budget) != quota->workers ||
        mag_budget_reason(budget) != MAG_BUDGET_QUOTA)
        return 4;
    return start_per_pu() == (int)quota->workers ? 0 : 5;
}

/* Checks the reason for the number of cores on this machine; a quota around the tests
 * does not count. */
static int reason_is(enum mag_budget_reason reason)
{
    struct mag_topology *topology;
    struct mag_budget *budget;

    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) != 0)
        return 1;
    if (mag_budget_read(topology, MAG_BUDGET_UP, "/nowhere", &budget) != 0)
        return 2;
    if (mag_budget_workers(budget) != 1 || mag_budget_reason(budget) != reason)
        return 3;
    bool cpuset = reason == MAG_BUDGET_CPUSET;
    if (mag_topology_pus(topology) != 1 || mag_topology_online(topology) < 2 ||
        (mag_topology_allowed(topology) == 1) != cpuset)
        return 4;
    mag_budget_free(budget);
    mag_topology_free(topology);
    return 0;
}

static bool has_several_cores(void)
{
    struct mag_topology *topology;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology), 0);
    bool several = mag_topology_cores(topology) > 1;
    mag_topology_free(topology);
    return several;
}

static int mask_then_read(void *arg)
{
    cpu_set_t one;
    (void)arg;

    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    return sched_setaffinity(0, sizeof(one), &one) == 0 ? reason_is(MAG_BUDGET_AFFINITY)
                                                        : 5;
}

static void an_affinity_mask_is_the_reason(void **state)
{
    (void)state;
    if (!has_several_cores()) {
        print_message("skipped: this machine has one core\n");
        skip();
    }
    assert_int_equal(test_in_child(mask_then_read, NULL), 0);
}

/* Makes a group whose cpuset is this thread's CPU, and leaves its path in `group`. */
static bool make_cpuset(char *group, size_t size)
{
    static const char *const roots[] = {"/sys/fs/cgroup/cpuset", "/sys/fs/cgroup"};
    char path[4096];
    char cpu[16];

    (void)snprintf(cpu, sizeof(cpu), "%d", sched_getcpu());
    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
        (void)snprintf(group, size, "%s/magpie-test-%d", roots[i], (int)getpid());
        if (mkdir(group, 0755) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/cpuset.mems", group);
        bool mems = access(path, W_OK) == 0 && write_to(path, "0");
        (void)snprintf(path, sizeof(path), "%s/cpuset.cpus", group);
        if (mems && access(path, W_OK) == 0 && write_to(path, cpu))
            return true;
        (void)rmdir(group);
    }
    return false;
}

static int enter_then_read(void *arg)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", (char *)arg);
    return write_to(path, "0") ? reason_is(MAG_BUDGET_CPUSET) : 5;
}

static void a_real_cpuset_is_the_reason(void **state)
{
    char group[256];
    (void)state;

    if (!has_several_cores() || !make_cpuset(group, sizeof(group))) {
        print_message("skipped: one core, or no control group can be made here\n");
        skip();
    }
    int failed = test_in_child(enter_then_read, group);
    assert_int_equal(rmdir(group), 0);
    assert_int_equal(failed, 0);
}

static void a_real_quota_is_found(void **state)
{
    static struct quota quotas[] = {{.text = "100000", .workers = 1},
                                    {.text = "150000", .workers = 2},
                                    {.text = "300000", .workers = 3}};
    (void)state;

    for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++) {
        struct quota *quota = &quotas[i];

        if (!make_group(quota->group, sizeof(quota->group), quota->text)) {
            print_message("skipped: no control group can be made here\n");
            skip();
        }
        int failed = test_in_child(read_inside, quota);
        assert_int_equal(rmdir(quota->group), 0);
        assert_int_equal(failed, 0);
    }
}

/* ---------------------------------------------- when the main thread has ended */

#ifndef TEST_UNDER_TSAN

static pthread_t main_thread;

/* Reads the budget on the only thread that is left of the process. */
static void *read_after_main(void *arg)
{
    (void)pthread_join(main_thread, NULL);
    _exit(read_inside(arg));
}

static int end_main(void *arg)
{
    pthread_t thread;

    main_thread = pthread_self();
    if (pthread_create(&thread, NULL, read_after_main, arg) != 0)
        return 9;
    pthread_exit(NULL);
}

static void a_quota_is_found_after_the_main_thread_has_ended(void **state)
{
    static struct quota quota = {.text = "300000", .workers = 3};
    (void)state;

    if (!make_group(quota.group, sizeof(quota.group), quota.text)) {
        print_message("skipped: no control group can be made here\n");
        skip();
    }
    int failed = test_in_child(end_main, &quota);
    assert_int_equal(rmdir(quota.group), 0);
    assert_int_equal(failed, 0);
}

/* ------------------------------------------------------ a cpuset that changes */

/* Starts workers in a cpuset, which then shrinks to the CPU of the first. */
static int shrink_cpuset(void *arg)
{
    struct mag_sched_counters counters;
    struct mag_sched *sched;
    char path[4096];
    char cpu[16];

    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", (char *)arg);
    if (!write_to(path, "0"))
        return 1;
    struct mag_sched_config config;
    mag_sched_config_init(&config);
    config.pin = MAG_PIN_ALWAYS; /* others may be busy here */
    if (mag_sched_start(&config, &sched) != 0 || mag_sched_workers(sched) < 2)
        return 2;
    for (uint32_t i = 0; i < 2; i++) {
        if (mag_sched_counters(sched, i, &counters) != 0 || counters.pinned != MAG_PINNED)
            return 3;
    }
    (void)snprintf(cpu, sizeof(cpu), "%u",
                   mag_plan_seat(mag_sched_plan(sched), 0)->os_pu);
    (void)snprintf(path, sizeof(path), "%s/cpuset.cpus", (char *)arg);
    if (!write_to(path, cpu))
        return 4;
    if (mag_sched_counters(sched, 0, &counters) != 0 || counters.pinned != MAG_PINNED)
        return 5;
    if (mag_sched_counters(sched, 1, &counters) != 0 || counters.pinned != MAG_PIN_LOST)
        return 6;
    /* The state that stays when the thread has ended. */
    if (mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL) != 0 ||
        mag_sched_counters(sched, 1, &counters) != 0 || counters.pinned != MAG_PIN_LOST)
        return 7;
    mag_sched_destroy(sched);
    return 0;
}

/* Makes a cpuset with all CPUs of the one around it. */
static bool make_wide_cpuset(char *group, size_t size)
{
    char path[4096];
    char cpus[1024];
    FILE *file;

    if (!make_cpuset(group, size))
        return false;
    (void)snprintf(path, sizeof(path), "%s/../cpuset.cpus", group);
    file = fopen(path, "r");
    if (file == NULL) {
        /* The root of version 2. */
        (void)snprintf(path, sizeof(path), "%s/../cpuset.cpus.effective", group);
        file = fopen(path, "r");
    }
    bool read = file != NULL && fgets(cpus, sizeof(cpus), file) != NULL;
    if (file != NULL)
        (void)fclose(file);
    (void)snprintf(path, sizeof(path), "%s/cpuset.cpus", group);
    if (read && write_to(path, cpus))
        return true;
    (void)rmdir(group);
    return false;
}

static void a_pin_that_a_smaller_cpuset_has_taken_away_is_lost(void **state)
{
    char group[256];
    (void)state;

    if (!has_several_cores() || !make_wide_cpuset(group, sizeof(group))) {
        print_message("skipped: one core, or no control group can be made here\n");
        skip();
    }
    int failed = test_in_child(shrink_cpuset, group);
    assert_int_equal(rmdir(group), 0);
    assert_int_equal(failed, 0);
}

#else

static void a_quota_is_found_after_the_main_thread_has_ended(void **state)
{
    (void)state;
    test_skip_without_child_threads();
}

static void a_pin_that_a_smaller_cpuset_has_taken_away_is_lost(void **state)
{
    (void)state;
    test_skip_without_child_threads();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_affinity_mask_is_the_reason),
        cmocka_unit_test(a_real_cpuset_is_the_reason),
        cmocka_unit_test(a_real_quota_is_found),
        cmocka_unit_test(a_quota_is_found_after_the_main_thread_has_ended),
        cmocka_unit_test(a_pin_that_a_smaller_cpuset_has_taken_away_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Machines that cannot be examined: without /sys, or under filters that refuse system
 * calls or kill.  Each test runs in a child process, because none of this can be undone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/filter.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"

#include <errno.h>
#include <magpie/fork.h>
#include <magpie/node_memory.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOT_HERE = 77 };

static void expect_0(int failed, const char *reason)
{
    if (failed == NOT_HERE) {
        print_message("skipped: %s\n", reason);
        skip();
    }
    assert_int_equal(failed, 0);
}

/* 0, or the number of the check that failed. */
static __attribute__((unused)) int compute(enum mag_pinned wanted)
{
    struct mag_sched_counters counters;
    struct mag_sched *sched;
    long result = 0;

    struct mag_sched_config config;
    mag_sched_config_init(&config);
    config.pin = MAG_PIN_ALWAYS; /* others may be busy here */
    if (mag_sched_start(&config, &sched) != 0)
        return 10;
    if (fib_run(sched, &result, 20) != 0 || result != 6765)
        return 11;
    if (mag_sched_counters(sched, 0, &counters) != 0 || counters.pinned != wanted)
        return 12;
    mag_sched_destroy(sched);
    return 0;
}

/* --------------------------------------------------------------- without /sys */

/* The file that replaces standard error; tells how much has been written there. */
static FILE *errors;

static bool catch_errors(void)
{
    errors = tmpfile();
    return errors != NULL && dup2(fileno(errors), STDERR_FILENO) == STDERR_FILENO;
}

static bool is_silent(void)
{
    struct stat status;

    return fstat(fileno(errors), &status) == 0 && status.st_size == 0;
}

static bool hide(const char *folder)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", folder, "tmpfs", 0, NULL) == 0;
}

static int load_without_sys(void *arg)
{
    struct mag_topology *topology;
    cpu_set_t mask;

    if (!hide(arg))
        return NOT_HERE;
    if (!catch_errors() || sched_getaffinity(0, sizeof(mask), &mask) != 0)
        return 1;
    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) != 0)
        return 2;
    if (!mag_topology_is_this_machine(topology) || mag_topology_nodes(topology) != 1)
        return 3;
    if (mag_topology_pus(topology) != (uint32_t)CPU_COUNT(&mask))
        return 4;
    mag_topology_free(topology);
#ifndef TEST_UNDER_TSAN
    int failed = compute(MAG_PINNED);
    if (failed != 0)
        return failed;
#endif
    return is_silent() ? 0 : 5;
}

static void without_sys_nothing_is_printed_and_all_cpus_have_workers(void **state)
{
    char *folders[] = {"/sys", "/sys/devices/system/cpu", "/sys/devices/system/node"};
    (void)state;

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (access(folders[i], F_OK) == 0)
            expect_0(test_in_child(load_without_sys, folders[i]),
                     "a folder cannot be hidden here");
    }
}

/* ------------------------------------------------------------------- filters */

#ifndef TEST_UNDER_TSAN

static int start_without_asking_for_masks(void *arg)
{
    static const long calls[] = {SYS_sched_getaffinity};
    struct mag_topology *topology;
    (void)arg;

    if (!test_filter(calls, 1, EPERM))
        return NOT_HERE;
    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) != 0)
        return 1;
    if (mag_topology_pus(topology) != mag_topology_allowed(topology))
        return 2;
    mag_topology_free(topology);
    return compute(MAG_PINNED);
}

static int start_without_masks_at_all(void *arg)
{
    static const long calls[] = {SYS_sched_getaffinity, SYS_sched_setaffinity, SYS_prctl};
    (void)arg;

    /* The answer of an older kernel. */
    return test_filter(calls, 3, ENOSYS) ? compute(MAG_PIN_REFUSED) : NOT_HERE;
}

/* hwloc asks with more and more room. */
static int start_where_masks_are_invalid(void *arg)
{
    static const long calls[] = {SYS_sched_getaffinity};
    (void)arg;

    return test_filter(calls, 1, EINVAL) ? compute(MAG_PINNED) : NOT_HERE;
}

static void a_start_returns_where_sched_getaffinity_is_refused(void **state)
{
    static const char reason[] = "no filter can be installed here";
    (void)state;

#    ifdef TEST_UNDER_ASAN
    print_message("skipped: AddressSanitizer asks for masks in each new thread\n");
    skip();
#    endif
    expect_0(test_in_child(start_without_asking_for_masks, NULL), reason);
    expect_0(test_in_child(start_without_masks_at_all, NULL), reason);
    expect_0(test_in_child(start_where_masks_are_invalid, NULL), reason);
}

/* Without a call that old filters of containers do not know, and refuse with EPERM. */
static int start_without(void *arg)
{
    const long *call = arg;

    if (!catch_errors() || !test_filter(call, 1, EPERM))
        return NOT_HERE;
    int failed = compute(MAG_PINNED);
    if (failed != 0)
        return failed;
    return is_silent() ? 0 : 5;
}

static void
a_filter_that_hides_sys_from_hwloc_alone_neither_fails_a_start_nor_prints(void **state)
{
    long calls[] = {SYS_faccessat2, SYS_getdents64, SYS_faccessat};
    (void)state;

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        expect_0(test_in_child(start_without, &calls[i]),
                 "no filter can be installed here");
}

static int bind_nothing(void *arg)
{
    static const long calls[] = {SYS_mbind, SYS_set_mempolicy, SYS_get_mempolicy,
                                 SYS_move_pages, SYS_migrate_pages};
    struct mag_topology *topology;
    enum mag_placed placed;
    void *pages;
    (void)arg;

    if (!test_filter(calls, sizeof(calls) / sizeof(calls[0]), 0))
        return NOT_HERE;
    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) != 0)
        return 1;
    if (mag_node_map(topology, 0, 1 << 20, &pages, &placed) != 0 ||
        placed != MAG_FIRST_TOUCH)
        return 2;
    mag_node_unmap(pages, 1 << 20);
    mag_topology_free(topology);
    return compute(MAG_PINNED);
}

static void with_one_node_memory_binding_is_not_even_tried(void **state)
{
    struct mag_topology *topology;
    (void)state;

    assert_int_equal(mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology), 0);
    uint32_t nodes = mag_topology_nodes(topology);
    mag_topology_free(topology);
    if (nodes > 1) {
        print_message("skipped: this machine has %u nodes\n", nodes);
        skip();
    }
    expect_0(test_in_child(bind_nothing, NULL), "no filter can be installed here");
}

#else

static void
a_filter_that_hides_sys_from_hwloc_alone_neither_fails_a_start_nor_prints(void **state)
{
    (void)state;
    test_skip_without_child_threads();
}

static void a_start_returns_where_sched_getaffinity_is_refused(void **state)
{
    (void)state;
    test_skip_without_child_threads();
}

static void with_one_node_memory_binding_is_not_even_tried(void **state)
{
    (void)state;
    test_skip_without_child_threads();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_sys_nothing_is_printed_and_all_cpus_have_workers),
        cmocka_unit_test(a_start_returns_where_sched_getaffinity_is_refused),
        cmocka_unit_test(
            a_filter_that_hides_sys_from_hwloc_alone_neither_fails_a_start_nor_prints),
        cmocka_unit_test(with_one_node_memory_binding_is_not_even_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Which memory fork stacks touch, and which they do not: core files, children of fork(),
 * strict accounting, and refused memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/maps.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <fcntl.h>
#include <magpie/fork.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define C_STACK (256 * KIB)

/* The most memory of one worker, without C stacks, and what else may come with a
 * start. */
#define WORKER_MAX (704 * KIB)
#define OTHER_MAX  MIB

enum { SKIPPED = 77, MANY = 100000 };

static struct mag_sched *start(uint32_t workers)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.stack_size = C_STACK;
    config.pin = MAG_PIN_NEVER;
    config.spare = 0; /* on one worker nobody steals */
    return test_sched_try_as(&config);
}

static uint64_t sum_to(uint64_t last)
{
    return last * (last + 1) / 2;
}

/* ------------------------------------------------------------------ core files */

/* In a child process: 0, or the check that failed. */
static int adds_little_to_a_core(void *arg)
{
    uint32_t workers = *(uint32_t *)arg;
    struct test_maps before;
    struct test_maps after;

    test_maps_read(&before);
    struct mag_sched *sched = start(workers);
    if (sched == NULL || !flat_sums_up(sched, 1000))
        return 1;
    test_maps_read(&after);
    return after.dumped - before.dumped <= workers * (C_STACK + WORKER_MAX) + OTHER_MAX
               ? 0
               : 2;
}

static void a_core_file_has_less_than_a_mebibyte_of_a_worker(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    for (uint32_t workers = 1; workers <= 16; workers *= 4)
        assert_int_equal(test_in_child(adds_little_to_a_core, &workers), 0);
}

/* 0, or the check that failed: a child of a checked loop is missing in a core file, or
 * the file has more than twice as many. */
MAG_FORKABLE(int, look, uint64_t, children)
static int look(mag_fork w, uint64_t children)
{
    struct flat_child child = {0};
    struct test_maps before;
    struct test_maps after;
    int failed = 0;
    uint64_t forked = 0;

    test_maps_read(&before);
    for (; forked < children && !mag_fork_is_full(w); forked++) {
        child = flat_fork(&w, forked);
        if (forked % 5000 == 0 && !test_maps_dumps(&w.top[-1]))
            failed = 1;
    }
    test_maps_read(&after);
    if (forked == children &&
        after.dumped - before.dumped > 2 * children * sizeof(struct mag_fork_slot) + MIB)
        failed = 2;
    for (; forked > 0; forked--)
        (void)flat_join(&w, child);
    return failed;
}

static int shows_children(void *arg)
{
    struct mag_sched *sched = start(1);
    int failed = 1;

    (void)arg;
    return sched != NULL && look_run(sched, &failed, MANY) == 0 ? failed : 3;
}

static void a_core_file_has_what_a_loop_has_forked_and_as_much_again_at_most(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    assert_int_equal(test_in_child(shows_children, NULL), 0);
}

/* Whether core files are written to the current directory. */
static bool leaves_cores_here(void)
{
    char pattern[128] = "";
    FILE *file = fopen("/proc/sys/kernel/core_pattern", "r");

    if (file != NULL) {
        (void)fgets(pattern, sizeof(pattern), file);
        (void)fclose(file);
    }
    return strncmp(pattern, "core", 4) == 0;
}

static void abort_in(const char *directory)
{
    const struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

    if (signal(SIGABRT, SIG_DFL) == SIG_ERR || chdir(directory) != 0 ||
        setrlimit(RLIMIT_CORE, &limit) != 0)
        _exit(SKIPPED);
    struct mag_sched *sched = start(8);
    if (sched == NULL || !flat_sums_up(sched, 1000))
        _exit(1);
    abort();
}

/* Removes the only file there and returns its size; -1: there is none. */
static int64_t take_size(const char *directory, pid_t child)
{
    char paths[2][128];
    struct stat status;
    int64_t size = -1;

    (void)snprintf(paths[0], sizeof(paths[0]), "%s/core", directory);
    (void)snprintf(paths[1], sizeof(paths[1]), "%s/core.%d", directory, (int)child);
    for (int i = 0; i < 2; i++) {
        if (stat(paths[i], &status) == 0)
            size = status.st_size;
        (void)unlink(paths[i]);
    }
    (void)rmdir(directory);
    return size;
}

static void a_program_of_eight_workers_leaves_a_small_core_file(void **state)
{
    char directory[] = "/tmp/magpie-core-XXXXXX";
    int status = 0;
    (void)state;

    test_skip_under_sanitizers();
    if (!leaves_cores_here()) {
        print_message("skipped: core files go elsewhere\n");
        skip();
    }
    assert_non_null(mkdtemp(directory));
    pid_t child = fork();
    if (child == 0)
        abort_in(directory);
    assert_int_equal(waitpid(child, &status, 0), child);
    int64_t size = take_size(directory, child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) != SKIPPED);
    if (size < 0) {
        print_message("skipped: no core file is written here\n");
        skip();
    }
    assert_true(size < (int64_t)(32 * MIB));
}

/* ---------------------------------------------------------------------- fork() */

/* In the child of a fork() in a job, after the parent has used its stack for other
 * things. */
static int go_on_in_child(mag_fork *w, struct flat_child child, uint64_t children,
                          int from_parent)
{
    uint64_t sum = 0;
    char byte;

    if (read(from_parent, &byte, 1) != 1)
        return 1;
    for (uint64_t i = 1; i <= children; i++)
        sum += flat_join(w, child);
    if (sum != sum_to(children))
        return 2;
    /* Goes deeper than before too. */
    return flat_sum(*w, 3 * children) == sum_to(3 * children) ? 0 : 3;
}

static uint64_t go_on_in_parent(mag_fork *w, struct flat_child child, uint64_t children,
                                int to_child)
{
    uint64_t sum = 0;

    for (uint64_t i = 1; i <= children; i++)
        sum += flat_join(w, child);
    for (uint64_t i = 1; i <= children; i++)
        child = flat_fork(w, 7);
    if (write(to_child, "", 1) != 1)
        sum = 0;
    for (uint64_t i = 1; i <= children; i++)
        sum += flat_join(w, child) - 7;
    return sum;
}

/* 0, or the check that failed. */
MAG_FORKABLE(int, fork_deep, uint64_t, children)
static int fork_deep(mag_fork w, uint64_t children)
{
    struct flat_child child = {0};
    int ends[2];
    int status = -1;

    for (uint64_t i = 1; i <= children; i++)
        child = flat_fork(&w, i);
    if (pipe(ends) != 0)
        return 10;
    pid_t process = fork();
    if (process == 0)
        _exit(go_on_in_child(&w, child, children, ends[0]));
    if (process < 0 || go_on_in_parent(&w, child, children, ends[1]) != sum_to(children))
        return 11;
    if (waitpid(process, &status, 0) != process || !WIFEXITED(status))
        return 12;
    return WEXITSTATUS(status);
}

static void a_child_process_of_a_job_has_the_forked_children_to_itself(void **state)
{
    (void)state;
    test_skip_without_child_threads();
    struct mag_sched *sched = start(1);

    assert_non_null(sched);
    for (uint64_t children = 10; children <= MANY; children *= 10) {
        int failed = 20;

        assert_int_equal(fork_deep_run(sched, &failed, children), 0);
        assert_int_equal(failed, 0);
    }
    mag_sched_destroy(sched);
}

MAG_FORKABLE(int, fork_without_memory, uint64_t, children)
static int fork_without_memory(mag_fork w, uint64_t children)
{
    struct flat_child child = {0};
    uint64_t sum = 0;
    int status = -1;

    for (uint64_t i = 1; i <= children; i++)
        child = flat_fork(&w, i);
    test_fail_allocation(1);
    pid_t process = fork();
    if (process == 0)
        _exit(0);
    test_fail_allocation(0);
    for (uint64_t i = 1; i <= children; i++)
        sum += flat_join(&w, child);
    return process > 0 && waitpid(process, &status, 0) == process && status == 0 &&
                   sum == sum_to(children)
               ? 0
               : 1;
}

static void a_process_forks_also_without_memory_for_the_forked_children(void **state)
{
    struct mag_sched *sched = start(1);
    int failed = 1;
    (void)state;

    assert_non_null(sched);
    assert_int_equal(fork_without_memory_run(sched, &failed, MANY), 0);
    assert_int_equal(failed, 0);
    mag_sched_destroy(sched);
}

/* ----------------------------------------------------------- strict accounting */

/* Makes the kernel look strict to this process only. */
static bool pretend_to_be_strict(void)
{
    char path[] = "/tmp/magpie-strict-XXXXXX";
    int file = mkstemp(path);
    bool done = file >= 0 && write(file, "2\n", 2) == 2 && unshare(CLONE_NEWNS) == 0 &&
                mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount(path, "/proc/sys/vm/overcommit_memory", NULL, MS_BIND, NULL) == 0;

    if (file >= 0) {
        (void)close(file);
        (void)unlink(path);
    }
    return done;
}

/* In a child process: 0, or the check that failed. */
static int runs_strictly(void *arg)
{
    struct test_maps before;
    struct test_maps after;
    size_t file_limit = *(size_t *)arg;
    const struct rlimit files = {.rlim_cur = file_limit, .rlim_max = file_limit};

    if (!pretend_to_be_strict())
        return SKIPPED;
    test_maps_read(&before);
    if (file_limit != 0 && setrlimit(RLIMIT_FSIZE, &files) != 0)
        return 1;
    struct mag_sched *sched = start(4);
    if (sched == NULL)
        return 2;
    test_maps_read(&after);
    if (after.writable - before.writable > 4 * (C_STACK + WORKER_MAX) + OTHER_MAX)
        return 3;
    if (!flat_sums_up(sched, file_limit == 0 ? MANY : 1000))
        return 4;
    mag_sched_destroy(sched);
    return 0;
}

static void a_strict_kernel_is_asked_for_nothing_that_is_not_touched(void **state)
{
    /* Without a limit, and with a limit on files that the fork stack would exceed. */
    size_t limits[] = {0, MIB};
    (void)state;

    test_skip_under_sanitizers();
    for (int i = 0; i < 2; i++) {
        int r = test_in_child(runs_strictly, &limits[i]);

        if (r == SKIPPED) {
            print_message("skipped: a mount namespace is refused\n");
            skip();
        }
        assert_int_equal(r, 0);
    }
}

/* ---------------------------------------------------------------- no memory */

static void a_start_that_fails_leaves_the_address_space_as_it_was(void **state)
{
    struct test_maps before;
    struct test_maps after;
    bool failed = true;
    (void)state;

    test_skip_under_sanitizers();
    /* The C library keeps the stacks of threads that have ended. */
    mag_sched_destroy(start(3));
    test_maps_read(&before);
    for (uint32_t nth = 1; failed; nth++) {
        test_fail_allocation(nth);
        struct mag_sched *sched = start(3);
        failed = test_has_failed();
        test_fail_allocation(0);
        mag_sched_destroy(sched);
        test_maps_read(&after);
        /* The heap may have grown. */
        assert_true(after.all <= before.all + MIB);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First the tests in child processes, while this process is small. */
        cmocka_unit_test(a_core_file_has_less_than_a_mebibyte_of_a_worker),
        cmocka_unit_test(
            a_core_file_has_what_a_loop_has_forked_and_as_much_again_at_most),
        cmocka_unit_test(a_program_of_eight_workers_leaves_a_small_core_file),
        cmocka_unit_test(a_child_process_of_a_job_has_the_forked_children_to_itself),
        cmocka_unit_test(a_process_forks_also_without_memory_for_the_forked_children),
        cmocka_unit_test(a_strict_kernel_is_asked_for_nothing_that_is_not_touched),
        cmocka_unit_test(a_start_that_fails_leaves_the_address_space_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

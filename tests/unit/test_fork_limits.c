/*
 * Where fork-join ends: millions of waiting children, little address space, none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"

#include <errno.h>
#include <magpie/scope.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1024 * 1024 };

/* More than the least that a stack is promised, and more than its least mapping holds. */
enum { MANY = MAG_FORK_WAITING_MAX / 2 * 3 };

MAG_FORKABLE(uint64_t, flat, uint64_t, number)
static uint64_t flat(mag_fork w, uint64_t number)
{
    (void)w;
    return number;
}

MAG_FORKABLE(uint64_t, flat_sum, uint64_t, children)
static uint64_t flat_sum(mag_fork w, uint64_t children)
{
    struct flat_child child = {0};
    uint64_t sum = 0;

    for (uint64_t i = 1; i <= children; i++)
        child = flat_fork(&w, i);
    for (uint64_t i = 1; i <= children; i++)
        sum += flat_join(&w, child);
    return sum;
}

MAG_SPAWNABLE(counted, uint64_t *, counter)
static int counted(mag_fork w, uint64_t *counter)
{
    (void)w;
    ++*counter;
    return 0;
}

/* On one worker, so that a plain counter does. */
MAG_FORKABLE(int, crowd, uint64_t *, counter, uint64_t, children)
static int crowd(mag_fork w, uint64_t *counter, uint64_t children)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    for (uint64_t i = 0; i < children; i++)
        counted_spawn(&w, &scope, counter);
    return mag_scope_join(&w, &scope);
}

static struct mag_sched *start(uint32_t workers)
{
    struct mag_sched_config config;
    struct mag_sched *sched = NULL;

    mag_sched_config_init(&config);
    config.workers = workers;
    return mag_sched_start(&config, &sched) == 0 ? sched : NULL;
}

static bool sums_up(struct mag_sched *sched, uint64_t children)
{
    uint64_t sum = 0;

    return flat_sum_run(sched, &sum, children) == 0 &&
           sum == children * (children + 1) / 2;
}

static void more_children_wait_than_are_promised(void **state)
{
    struct mag_sched *sched = start(2);
    (void)state;

    assert_non_null(sched);
    assert_true(sums_up(sched, MANY));
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------- little address space */

/* Bytes of address space that this process has; 0: unknown. */
static rlim_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    (void)fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Allows so much more than there is. */
static bool limit_to(rlim_t more)
{
    rlim_t now = address_space();
    const struct rlimit limit = {.rlim_cur = now + more, .rlim_max = now + more};

    return now != 0 && setrlimit(RLIMIT_AS, &limit) == 0;
}

/* In a child: 0, or what failed. */
static int runs_in_little_space(void *arg)
{
    struct mag_sched *sched;
    uint64_t counter = 0;
    int error = 1;

    (void)arg;
    if (!limit_to((rlim_t)1024 * MIB))
        return 1;
    sched = start(1);
    if (sched == NULL)
        return 2;
    if (!sums_up(sched, 1000000))
        return 3;
    if (crowd_run(sched, &error, &counter, 2 * (uint64_t)MANY) != 0 || error != 0)
        return 4;
    mag_sched_destroy(sched);
    return counter == 2 * (uint64_t)MANY ? 0 : 5;
}

static int starts_nothing_in_less(void *arg)
{
    struct mag_sched *sched = NULL;
    struct mag_sched_config config;

    (void)arg;
    mag_sched_config_init(&config);
    config.workers = 1;
    if (!limit_to((rlim_t)128 * MIB))
        return 1;
    return mag_sched_start(&config, &sched) == -ENOMEM && sched == NULL ? 0 : 2;
}

static void skip_under_tsan(void)
{
#ifdef TEST_UNDER_TSAN
    print_message("skipped: ThreadSanitizer cannot start threads after fork()\n");
    skip();
#endif
}

static void with_little_address_space_stacks_hold_what_is_promised(void **state)
{
    (void)state;
    skip_under_tsan();
    assert_int_equal(test_in_child(runs_in_little_space, NULL), 0);
}

static void without_address_space_the_start_is_refused(void **state)
{
    (void)state;
    skip_under_tsan();
    assert_int_equal(test_in_child(starts_nothing_in_less, NULL), 0);
}

/* ------------------------------------------------------------------ beyond it */

/* What a child says that was not stopped. */
enum { NOT_LIMITED = 101, NOT_STARTED = 102, NOT_STOPPED = 103 };

static int forks_too_many(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    struct mag_sched *sched;

    if (setrlimit(RLIMIT_CORE, &none) != 0 || !limit_to((rlim_t)1024 * MIB))
        return NOT_LIMITED;
    sched = start(1);
    if (sched == NULL)
        return NOT_STARTED;
    (void)sums_up(sched, MANY);
    return NOT_STOPPED;
}

static void more_than_there_is_room_for_stop_at_the_guard(void **state)
{
    int status = 0;
    (void)state;

    skip_under_tsan();
    pid_t child = fork();
    if (child == 0)
        _exit(forks_too_many());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
#ifdef __SANITIZE_ADDRESS__
    /* The sanitizer catches the signal, and exits as it likes. */
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) < NOT_LIMITED);
#else
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
#endif
}

static void a_scope_has_no_limit(void **state)
{
    struct mag_sched *sched = start(1);
    uint64_t counter = 0;
    int error = 1;
    (void)state;

    assert_non_null(sched);
    assert_int_equal(crowd_run(sched, &error, &counter, 20000000), 0);
    assert_int_equal(error, 0);
    assert_int_equal(counter, 20000000);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* The children of this process first, while it is small itself. */
        cmocka_unit_test(with_little_address_space_stacks_hold_what_is_promised),
        cmocka_unit_test(without_address_space_the_start_is_refused),
        cmocka_unit_test(more_than_there_is_room_for_stop_at_the_guard),
        cmocka_unit_test(more_children_wait_than_are_promised),
        cmocka_unit_test(a_scope_has_no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

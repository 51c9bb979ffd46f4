/*
 * The address space that a scheduler reserves costs nothing, in each of the ways in which
 * memory is counted.
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
#include <magpie/fork.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* The most memory of one worker, as stated on the page of numbers in
 * docs/guide/tools.md. */
#define WORKER_MAX (704 * KIB)

enum { SKIPPED = 77 };

static bool computes(struct mag_sched *sched)
{
    long result = 0;

    return fib_run(sched, &result, 20) == 0 && result == 6765;
}

static int start(uint32_t workers, size_t c_stack, struct mag_sched **ret_sched)
{
    struct mag_sched_config config = test_sched_config(workers);

    config.stack_size = c_stack;
    config.pin = MAG_PIN_NEVER;
    return mag_sched_start(&config, ret_sched);
}

/* ------------------------------------------------------------------ accounting */

/* In a child process: 0, or the check that failed. */
static int writes_little(void *arg)
{
    uint32_t workers = *(uint32_t *)arg;
    const size_t c_stack = 256 * KIB;
    struct test_maps before;
    struct test_maps after;
    struct mag_sched *sched;

    test_maps_read(&before);
    if (start(workers, c_stack, &sched) != 0)
        return 1;
    test_maps_read(&after);
    size_t added = after.writable - before.writable;
    print_message("%u workers: %zu KiB each, besides C stacks\n", workers,
                  (added - workers * c_stack) / workers / KIB);
    if (added > workers * (c_stack + WORKER_MAX) + 512 * KIB)
        return 2;
    if (!computes(sched))
        return 3;
    mag_sched_destroy(sched);
    return 0;
}

/* Private writable memory, which strict accounting and RLIMIT_DATA count. */
static void
what_an_idle_scheduler_may_write_is_less_than_a_mebibyte_a_worker(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    for (uint32_t workers = 1; workers <= 16; workers *= 4)
        assert_int_equal(test_in_child(writes_little, &workers), 0);
}

/* In a child process: 0, or the check that failed. */
static int reserves_what_it_says(void *arg)
{
    const uint32_t workers = 8;
    struct test_maps before;
    struct test_maps after;
    struct mag_sched *sched;
    struct mag_sched_config config = test_sched_config(workers);

    (void)arg;
    config.stack_size = 256 * KIB;
    config.fork_stack_size = MAG_SCHED_FORK_STACK_MIN;
    test_maps_read(&before);
    if (mag_sched_start(&config, &sched) != 0)
        return 1;
    test_maps_read(&after);
    mag_sched_destroy(sched);
    /* The C library reserves 64 MiB for a thread that allocates. */
    return after.all - before.all < workers * 2 * MIB + 64 * MIB ? 0 : 2;
}

static void a_worker_that_starts_has_no_heap_of_its_own(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    assert_int_equal(test_in_child(reserves_what_it_says, NULL), 0);
}

/* --------------------------------------------------------------------- limits */

struct limited {
    int resource;
    size_t limit; /* beyond what the process has */
    uint32_t workers;
};

/* In a child process: 0, or the check that failed. */
static int leaves_half(void *arg)
{
    const struct limited *limited = arg;
    struct mag_sched *sched;

    if (!test_limit_more(limited->resource, limited->limit))
        return 1;
    if (start(limited->workers, 0, &sched) != 0)
        return 2;
    if (!computes(sched))
        return 3;
    /* The kernel refuses more memory than there is, whatever the limit. */
    void *memory = malloc(limited->limit < 2 * GIB ? limited->limit / 2 : GIB);
    if (memory == NULL)
        return 4;
    free(memory);
    mag_sched_destroy(sched);
    return 0;
}

static void leave_half(int resource)
{
    static const size_t limits[] = {128 * MIB, 400 * MIB, 900 * MIB, 4 * GIB,
                                    17 * GIB,  36 * GIB,  512 * GIB};

    for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        for (uint32_t workers = 1; workers <= 4; workers *= 2) {
            struct limited limited = {resource, limits[i], workers};

            assert_int_equal(test_in_child(leaves_half, &limited), 0);
        }
    }
}

static void under_a_limit_of_address_space_half_is_left_to_the_program(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    leave_half(RLIMIT_AS);
}

static void under_a_limit_of_data_half_is_left_to_the_program(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    leave_half(RLIMIT_DATA);
}

/* In a child process: 0, or the check that failed. */
static int is_limited_later(void *arg)
{
    struct mag_sched *sched;

    (void)arg;
    if (start(4, 0, &sched) != 0)
        return 1;
    if (!test_limit_more(RLIMIT_DATA, 64 * MIB))
        return 2;
    void *memory = malloc(48 * MIB);
    bool right = memory != NULL && computes(sched);
    free(memory);
    mag_sched_destroy(sched);
    return right ? 0 : 3;
}

static void a_limit_of_data_set_later_leaves_the_promised_space(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    assert_int_equal(test_in_child(is_limited_later, NULL), 0);
}

/* As many workers as on a server, in the address space of a container. */
static int many_start(void *arg)
{
    struct limited *limited = arg;
    struct mag_topology *topology;
    struct mag_sched *sched;

    if (mag_topology_load(MAG_TOPOLOGY_SYNTHETIC, "node:8 core:24 pu:2", &topology) != 0)
        return 1;
    struct mag_sched_config config = test_sched_config(0);
    config.topology = topology;
    config.placement = MAG_PLACE_PER_PU;
    config.pin = MAG_PIN_NEVER;
    if (!test_limit_more(limited->resource, limited->limit))
        return 2;
    if (mag_sched_start(&config, &sched) != 0)
        return 3;
    if (mag_sched_workers(sched) != limited->workers)
        return 4;
    if (!computes(sched))
        return 5;
    mag_sched_destroy(sched);
    mag_topology_free(topology);
    return 0;
}

static void workers_for_384_processors_start_in_a_gibibyte_and_in_four(void **state)
{
    struct limited limits[] = {{RLIMIT_AS, GIB, 384},
                               {RLIMIT_AS, 4 * GIB, 384},
                               {RLIMIT_DATA, GIB, 384},
                               {RLIMIT_DATA, 4 * GIB, 384}};
    (void)state;

    test_skip_under_sanitizers();
    for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        assert_int_equal(test_in_child(many_start, &limits[i]), 0);
}

static int starts_in_nothing(void *arg)
{
    struct mag_sched *sched = NULL;

    if (!test_limit_more(*(int *)arg, 100 * KIB))
        return 1;
    return start(2, 0, &sched) == -ENOMEM && sched == NULL ? 0 : 2;
}

static void a_start_that_does_not_fit_has_a_code_of_its_own(void **state)
{
    int limits[] = {RLIMIT_AS, RLIMIT_DATA};
    (void)state;

    test_skip_under_sanitizers();
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(test_in_child(starts_in_nothing, &limits[i]), 0);
}

/* -------------------------------------------------------------------- C stacks */

/* 0, or the code of the call that failed. */
static int start_and_compute(size_t c_stack, size_t fork_stack)
{
    struct mag_sched *sched;
    struct mag_sched_config config = test_sched_config(2);

    config.stack_size = c_stack;
    config.fork_stack_size = fork_stack;
    int r = mag_sched_start(&config, &sched);
    if (r < 0)
        return r;
    bool right = computes(sched);
    mag_sched_destroy(sched);
    return right ? 0 : 1;
}

/* The C library reads the limit when a program begins, so this program begins again. */
static int begins_again(void *arg)
{
    const struct rlimit limit = {.rlim_cur = *(size_t *)arg, .rlim_max = RLIM_INFINITY};
    char *const arguments[] = {(char *)(uintptr_t) "test_space_reserved",
                               (char *)(uintptr_t) "start", NULL};

    if (setrlimit(RLIMIT_STACK, &limit) != 0)
        return SKIPPED;
    (void)execv("/proc/self/exe", arguments);
    return 1;
}

static void whatever_the_limit_of_stacks_a_scheduler_starts(void **state)
{
    static size_t limits[] = {256 * KIB, 8 * MIB,  GIB,          GIB + GIB / 2,
                              2 * GIB,   16 * GIB, RLIM_INFINITY};
    (void)state;

    test_skip_under_sanitizers();
    for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        int r = test_in_child(begins_again, &limits[i]);

        if (r == SKIPPED)
            print_message("the limit of stacks may not be %zu MiB\n", limits[i] / MIB);
        else
            assert_int_equal(r, 0);
    }
}

static void a_stack_size_is_wrong_or_does_not_fit_or_works(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    for (size_t size = 64 * KIB; size <= 8 * GIB; size *= 2) {
        assert_int_equal(start_and_compute(size, 0), 0);
        assert_int_equal(start_and_compute(size + size / 2, 0), 0);
    }
    assert_int_equal(start_and_compute(64 * KIB - 1, 0), -EINVAL);
    assert_int_equal(start_and_compute(SIZE_MAX / 2, 0), -ENOMEM);
    assert_int_equal(start_and_compute(SIZE_MAX, 0), -ENOMEM);
}

static void a_fork_stack_size_is_wrong_or_works(void **state)
{
    (void)state;
    for (size_t size = MAG_SCHED_FORK_STACK_MIN; size <= MAG_SCHED_FORK_STACK_MAX;
         size *= 2) {
        assert_int_equal(start_and_compute(0, size), 0);
        assert_int_equal(start_and_compute(0, size - size / 3 > MAG_SCHED_FORK_STACK_MIN
                                                  ? size - size / 3
                                                  : size),
                         0);
    }
    assert_int_equal(start_and_compute(0, 1), -EINVAL);
    assert_int_equal(start_and_compute(0, MAG_SCHED_FORK_STACK_MIN - 1), -EINVAL);
    assert_int_equal(start_and_compute(0, MAG_SCHED_FORK_STACK_MAX + 1), -EINVAL);
    assert_int_equal(start_and_compute(0, SIZE_MAX), -EINVAL);
}

/* In a child process: 0, or the check that failed. */
static int asks_for_too_much(void *arg)
{
    (void)arg;
    if (!test_limit_more(RLIMIT_AS, GIB))
        return 1;
    return start_and_compute(MIB, 2 * GIB) == -ENOMEM ? 0 : 2;
}

static void a_fork_stack_size_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    assert_int_equal(test_in_child(asks_for_too_much, NULL), 0);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        /* First the tests in child processes, while this process is small. */
        cmocka_unit_test(
            what_an_idle_scheduler_may_write_is_less_than_a_mebibyte_a_worker),
        cmocka_unit_test(a_worker_that_starts_has_no_heap_of_its_own),
        cmocka_unit_test(under_a_limit_of_address_space_half_is_left_to_the_program),
        cmocka_unit_test(under_a_limit_of_data_half_is_left_to_the_program),
        cmocka_unit_test(a_limit_of_data_set_later_leaves_the_promised_space),
        cmocka_unit_test(workers_for_384_processors_start_in_a_gibibyte_and_in_four),
        cmocka_unit_test(a_start_that_does_not_fit_has_a_code_of_its_own),
        cmocka_unit_test(whatever_the_limit_of_stacks_a_scheduler_starts),
        cmocka_unit_test(a_stack_size_is_wrong_or_does_not_fit_or_works),
        cmocka_unit_test(a_fork_stack_size_is_wrong_or_works),
        cmocka_unit_test(a_fork_stack_size_that_does_not_fit_is_refused),
    };

    if (count == 2 && strcmp(arguments[1], "start") == 0)
        return start_and_compute(0, 0) == 0 ? 0 : 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

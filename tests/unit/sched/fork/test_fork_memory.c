/*
 * The memory that fork-join uses: no allocation once a scheduler runs, and few pages.
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

#include <magpie/fork.h>
#include <sys/resource.h>

enum { KIB = 1024 };

MAG_SPAWNABLE(leaf, unsigned, number)
static int leaf(mag_fork w, unsigned number)
{
    (void)w;
    for (unsigned i = 0; i < number % 512; i++)
        test_pause();
    return 0;
}

MAG_FORKABLE(int, crowd, unsigned, children)
static int crowd(mag_fork w, unsigned children)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    for (unsigned i = 0; i < children; i++)
        leaf_spawn(&w, &scope, i);
    return mag_scope_join(&w, &scope);
}

/* Runs one computation of each kind, and returns how many were wrong. */
static unsigned compute(struct mag_sched *sched, int n)
{
    struct bulk value = {.words = {1}};
    long number = 0;
    int error = 1;
    unsigned wrong = 0;

    wrong += fib_run(sched, &number, n) != 0 || number == 0;
    wrong += bulk_sum_run(sched, &value, value, 8) != 0 || value.words[0] != 256;
    wrong += crowd_run(sched, &error, 2000) != 0 || error != 0;
    return wrong;
}

static void computations_allocate_nothing(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        /* A guest's first computation allocates its place. */
        struct mag_sched *sched = test_sched_start_alone(workers);

        uint64_t allocations = test_allocations();
        for (uint32_t i = 0; i < test_rounds(100); i++)
            assert_int_equal(compute(sched, 18), 0);
        assert_int_equal(test_allocations(), allocations);
        mag_sched_destroy(sched);
    }
}

static long peak_kib(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : -1;
}

/* In a child process: 0, or the check that failed. */
static int stays_small(void *arg)
{
    uint32_t workers = *(uint32_t *)arg;
    long before = peak_kib();
    struct mag_sched *sched = test_sched_try(workers);

    if (before < 0 || sched == NULL)
        return 1;
    if (compute(sched, 27) != 0)
        return 2;
    mag_sched_destroy(sched);
    return peak_kib() - before <= (2 + (long)workers) * KIB ? 0 : 3;
}

static void computations_take_two_mib_and_one_for_each_worker_at_most(void **state)
{
    (void)state;
    test_skip_under_sanitizers();
    for (uint32_t workers = 1; workers <= 8; workers *= 2)
        assert_int_equal(test_in_child(stays_small, &workers), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First, while this process is small. */
        cmocka_unit_test(computations_take_two_mib_and_one_for_each_worker_at_most),
        cmocka_unit_test(computations_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

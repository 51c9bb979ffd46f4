/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"

#include "tests/support/numa/pools.h"
#include "tests/support/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The variable that cmocka reads at each failure: whether to abort. */
static const char aborts[] = "CMOCKA_TEST_ABORT";

static _Atomic(uint64_t) kept;

void test_keeps(uint64_t objects)
{
    /* relaxed: read when the functions are over. */
    (void)atomic_fetch_add_explicit(&kept, objects, memory_order_relaxed);
}

/* Handles the signal by which cmocka aborts, after cmocka has printed what failed. */
static void end(int signal)
{
    static const char text[] = "A failed assertion ends its program.\n";

    (void)signal;
    (void)fflush(
        NULL); /* NOLINT(bugprone-signal-handler,cert-sig30-c): no async signal */
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(1);
}

static void arm(void)
{
    struct sigaction action = {.sa_handler = end};

    (void)sigaction(SIGABRT, &action, NULL);
    (void)setenv(aborts, "1", 1); /* NOLINT(concurrency-mt-unsafe): between functions */
}

/* cmocka ends a skipped test the same way as a failed one, so it must not abort here. */
void test_skip(const char *file, int line)
{
    (void)unsetenv(aborts); /* NOLINT(concurrency-mt-unsafe): as above */
    _skip(file, line);
    _exit(1);
}

/* Before each function. */
static int arm_and_set_up(void **state)
{
    const struct CMUnitTest *test = *state;

    arm();
    *state = test->initial_state;
    return test->setup_func != NULL ? test->setup_func(state) : 0;
}

int test_run_group(const char *name, const struct CMUnitTest *tests, size_t count,
                   CMFixtureFunction setup, CMFixtureFunction teardown)
{
    struct CMUnitTest *ours = calloc(2 * count, sizeof(*ours));
    struct CMUnitTest *theirs = ours + count;

    if (ours == NULL)
        return 1;
    for (size_t i = 0; i < count; i++) {
        ours[i] = theirs[i] = tests[i];
        ours[i].setup_func = arm_and_set_up;
        ours[i].initial_state = &theirs[i];
    }
    int failures = _cmocka_run_group_tests(name, ours, count, setup, teardown);
    (void)unsetenv(aborts); /* NOLINT(concurrency-mt-unsafe): as above */
    free(ours);
    /* relaxed: the test functions are over. */
    uint64_t expected = atomic_load_explicit(&kept, memory_order_relaxed);
    if (failures == 0 && !test_pools_balance(expected))
        failures = 1;
    return failures;
}

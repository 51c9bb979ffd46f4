/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

static void a_thread_that_runs_is_seen_to_run(void **state)
{
    struct mag_usage before;
    struct mag_usage after;
    double since = test_now();
    (void)state;

    if (!mag_os_usage(mag_os_thread(), &before)) {
        print_message("skipped: the kernel does not tell\n");
        skip();
    }
    do {
        for (int i = 0; i < 100000; i++)
            test_pause();
        assert_true(mag_os_usage(mag_os_thread(), &after));
        assert_false(test_gives_up(since));
    } while (after.ran_ns == before.ran_ns);
    assert_true(after.ran_ns > before.ran_ns);
    assert_true(after.waited_ns >= before.waited_ns);
}

static void of_a_thread_that_is_not_there_nothing_is_told(void **state)
{
    struct mag_usage usage = {.ran_ns = 1, .waited_ns = 2};
    (void)state;

    assert_false(mag_os_usage(INT32_MAX, &usage));
    assert_false(mag_os_usage(-1, &usage));
    assert_int_equal(usage.ran_ns, 1);
    assert_int_equal(usage.waited_ns, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_runs_is_seen_to_run),
        cmocka_unit_test(of_a_thread_that_is_not_there_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

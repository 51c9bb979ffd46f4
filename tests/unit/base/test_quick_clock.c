/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include "base/os/clock.h"
#include "base/os/quick_clock.h"

/* The two clocks, the quick one read between two looks at the other. */
struct moment {
    int64_t before;
    int64_t quick;
    int64_t after;
};

static struct moment look(void)
{
    struct moment moment;

    moment.before = mag_os_now_ns();
    moment.quick = mag_os_quick_ns();
    moment.after = mag_os_now_ns();
    return moment;
}

static void the_quick_clock_is_as_fast_as_the_kernels(void **state)
{
    (void)state;
    /* Measures the rate. */
    (void)mag_os_quick_ns();
    test_sleep_ms(20);
    (void)mag_os_quick_ns();

    struct moment first = look();
    test_sleep_ms(100);
    struct moment last = look();
    int64_t took = last.quick - first.quick;

    assert_true(took >= (last.before - first.after) / 100 * 98);
    assert_true(took <= (last.after - first.before) / 100 * 102);
}

static void until_the_rate_is_known_it_is_the_kernels_clock(void **state)
{
    (void)state;
    struct moment moment;

    moment.before = mag_os_now_ns();
    moment.quick = mag_os_quick_ns_slow();
    moment.after = mag_os_now_ns();
    assert_in_range(moment.quick, moment.before, moment.after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quick_clock_is_as_fast_as_the_kernels),
        cmocka_unit_test(until_the_rate_is_known_it_is_the_kernels_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

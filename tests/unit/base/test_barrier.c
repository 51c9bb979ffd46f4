/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the barrier of a process whose kernel has begun to refuse membarrier, with a
 * clock that moves only during sleeps. */
#include "tests/support/cmocka.h"

#include "base/asym.h"
#include "base/os.h"

enum { BEGIN_NS = 1000, MILLISECOND_NS = 1000000, SLEEPS_MAX = 10000 };

static int64_t clock_ns;
static int64_t sleep_ns; /* how long a sleep lasts before a signal ends it */
static unsigned sleeps;
static bool kernel_refuses;

static bool refuse_or_not(void)
{
    return !kernel_refuses;
}

static int64_t read_clock(void)
{
    return clock_ns;
}

static void sleep_in_part(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns)
{
    (void)word;
    (void)expected;
    if (++sleeps < SLEEPS_MAX)
        clock_ns += timeout_ns < sleep_ns ? timeout_ns : sleep_ns;
    else
        clock_ns += MILLISECOND_NS;
}

#define mag_asym_heavy refuse_or_not
#define mag_os_now_ns  read_clock
#define mag_os_wait    sleep_in_part
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is replaced above. */
#include "base/barrier.c"

static int begin(void **state)
{
    (void)state;
    clock_ns = BEGIN_NS;
    sleeps = 0;
    kernel_refuses = true;
    return 0;
}

static void a_barrier_that_must_sleep_sleeps_for_a_millisecond(void **state)
{
    (void)state;

    sleep_ns = INT64_MAX;
    mag_barrier_heavy();
    assert_int_equal(sleeps, 1);
    assert_int_equal(clock_ns, BEGIN_NS + MILLISECOND_NS);
}

static void a_barrier_that_must_sleep_sleeps_through_signals(void **state)
{
    (void)state;

    sleep_ns = MILLISECOND_NS / 10;
    mag_barrier_heavy();
    assert_int_equal(sleeps, 10);
    assert_int_equal(clock_ns, BEGIN_NS + MILLISECOND_NS);
}

static void a_barrier_of_the_kernels_does_not_sleep(void **state)
{
    (void)state;

    kernel_refuses = false;
    mag_barrier_heavy();
    assert_int_equal(sleeps, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_barrier_that_must_sleep_sleeps_for_a_millisecond, begin),
        cmocka_unit_test_setup(a_barrier_that_must_sleep_sleeps_through_signals, begin),
        cmocka_unit_test_setup(a_barrier_of_the_kernels_does_not_sleep, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

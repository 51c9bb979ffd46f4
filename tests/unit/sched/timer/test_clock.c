/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: the file is compiled into this test, with its sleep replaced. */
#include "tests/support/sched/fake.h"

#include "sched/timer/clock.h"

static void sleep_or_not(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns);
static bool announce(struct mag_clock *clock, uint64_t tick);

#define mag_clock_announce announce
#define mag_os_wait        sleep_or_not
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is replaced above. */
#include "sched/timer/clock.c"
#undef mag_clock_announce
#undef mag_os_wait

static unsigned sleeps;

static void sleep_or_not(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns)
{
    (void)timeout_ns;
    /* acquire: stands for the kernel's look. */
    sleeps += atomic_load_explicit(word, memory_order_acquire) == expected;
}

/* Announces a sleep; a starter sees the announcement at once and gives its alarm. */
static bool announce(struct mag_clock *clock, uint64_t tick)
{
    bool nothing_is_earlier = mag_clock_announce(clock, tick);

    mag_clock_alarm(clock);
    return nothing_is_earlier;
}

static void an_alarm_between_announcement_and_sleep_is_not_slept_through(void **state)
{
    struct mag_clock *clock;
    (void)state;

    fake_begin(1);
    clock = mag_clock_make(&fake.sched, 1);
    assert_non_null(clock);
    sleep_until_tick(clock, MAG_WHEEL_NEVER);
    assert_int_equal(sleeps, 0);
    mag_clock_free(clock);
}

static void a_clock_that_has_ended_is_not_started_again(void **state)
{
    struct mag_clock *clock;
    (void)state;

    fake_begin(1);
    clock = mag_clock_make(&fake.sched, 1);
    assert_non_null(clock);
    assert_true(mag_clock_end(clock, INT64_MAX));
    assert_int_equal(mag_clock_ensure(clock), -ESHUTDOWN);
    mag_clock_free(clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_between_announcement_and_sleep_is_not_slept_through),
        cmocka_unit_test(a_clock_that_has_ended_is_not_started_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

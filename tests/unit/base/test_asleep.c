/* SPDX-License-Identifier: Apache-2.0 */
/* Whether another thread sleeps in the kernel, and how long it has run. */
#include "tests/support/cmocka.h"
#include "tests/support/gate.h"

#include "base/os.h"

#include <pthread.h>

struct other {
    struct gate gate;
    bool spins;
    _Atomic(uint64_t) number;
};

static void *run(void *arg)
{
    struct other *other = arg;

    (void)test_add(&other->number, (uint64_t)mag_os_thread());
    if (!other->spins) {
        gate_pass(&other->gate);
        return NULL;
    }
    while (test_read(&other->gate.open) == 0)
        mag_os_pause();
    return NULL;
}

static int32_t start(struct other *other, pthread_t *ret_thread)
{
    assert_int_equal(pthread_create(ret_thread, NULL, run, other), 0);
    assert_true(test_wait_for(&other->number, 1));
    return (int32_t)test_read(&other->number);
}

static bool comes_to(int32_t number, enum mag_asleep wanted)
{
    double since = test_now();
    enum mag_asleep is;

    /* A waiting thread wakes now and then to look: one look at it decides. */
    while ((is = mag_os_asleep(number)) != wanted && !test_gives_up(since))
        test_sleep_ms(1);
    return is == wanted;
}

static void a_thread_that_sleeps_is_asleep_and_one_that_runs_is_not(void **state)
{
    struct other sleeper = {.spins = false};
    struct other runner = {.spins = true};
    pthread_t threads[2];
    (void)state;

    int32_t sleeps = start(&sleeper, &threads[0]);
    int32_t runs = start(&runner, &threads[1]);
    assert_true(comes_to(sleeps, MAG_ASLEEP));
    assert_true(comes_to(runs, MAG_AWAKE));
    gate_open(&sleeper.gate);
    gate_open(&runner.gate);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void the_time_of_a_thread_grows_while_it_runs(void **state)
{
    struct other runner = {.spins = true};
    pthread_t thread;
    double since = test_now();
    (void)state;

    int32_t number = start(&runner, &thread);
    int64_t before = mag_os_ran_ns(number);
    assert_true(before >= 0);
    while (mag_os_ran_ns(number) < before + 1000000 && !test_gives_up(since))
        test_sleep_ms(1);
    assert_true(mag_os_ran_ns(number) >= before + 1000000);
    gate_open(&runner.gate);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void of_a_number_that_no_thread_has_nothing_is_known(void **state)
{
    (void)state;
    enum { NOBODY = 1 << 27 }; /* beyond all that the kernel gives out */

    assert_int_equal(mag_os_asleep(NOBODY), MAG_ASLEEP_UNKNOWN);
    assert_true(mag_os_ran_ns(NOBODY) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_sleeps_is_asleep_and_one_that_runs_is_not),
        cmocka_unit_test(the_time_of_a_thread_grows_while_it_runs),
        cmocka_unit_test(of_a_number_that_no_thread_has_nothing_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: a thread of sched/ that waits for a thread without a CPU sleeps after a
 * while, so that a thread of a lower real-time priority can run. */
#include "tests/support/base/turns.h"

#include "base/spin.h"

static struct mag_spin spin;

static void lock_is_let_go(void)
{
    mag_spin_unlock(&spin);
}

static void a_thread_that_waits_for_a_lock_lets_its_holder_run(void **state)
{
    (void)state;

    mag_spin_init(&spin);
    mag_spin_lock(&spin);
    let_go = lock_is_let_go;
    mag_spin_lock(&spin);
    assert_slept();
}

static bool is_over;

static void end(void)
{
    is_over = true;
}

static void a_short_wait_yields_before_it_sleeps(void **state)
{
    (void)state;

    yields = naps = 0;
    is_over = false;
    let_go = end;
    for (unsigned tries = 0; !is_over; tries++)
        mag_give_way(tries);
    assert_slept();
    assert_int_equal(yields, MAG_TURN_YIELDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_waits_for_a_lock_lets_its_holder_run),
        cmocka_unit_test(a_short_wait_yields_before_it_sleeps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

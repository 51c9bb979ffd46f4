/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/magpie.h>

/* Delays in their connected form. */

static const int64_t millisecond = 1000000;
static const int64_t hour = 3600 * (int64_t)1000000000;

MAG_ASYNC_CONNECTED(mag_task, waits, (struct mag_sched *, sched, int64_t, ns, int, times),
                    struct mag_delay_state delay;)
{
    MAG_BEGIN(f);
    for (; f->times > 0; f->times--)
        MAG_CONNECT_DONE(f, mag_delay, &f->delay, f->sched, f->ns);
    MAG_END(f);
}

static void a_connected_delay_is_over_when_its_time_is_and_not_before(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    int64_t before = test_now_ns();
    (void)state;

    assert_int_equal(mag_task_wait(waits(sched, 5 * millisecond, 3)), 0);
    assert_true(test_now_ns() - before >= 3 * 5 * millisecond);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_stop_cancels_connected_delays(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    mag_task task = waits(sched, hour, 1);
    struct mag_waiter waiter;
    struct mag_delay_state delay;
    (void)state;

    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    assert_int_equal(mag_task_wait(task), -ECANCELED);
    assert_int_equal(mag_task_wait(waits(sched, hour, 1)), -ESHUTDOWN);
    /* Refused: nobody waits. */
    assert_int_equal(mag_task_get(mag_delay_begin(&waiter, &delay, sched, hour)),
                     -ESHUTDOWN);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connected_delay_is_over_when_its_time_is_and_not_before),
        cmocka_unit_test(a_stop_cancels_connected_delays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

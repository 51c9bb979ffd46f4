/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/idle/idle.h"
#include "tests/support/cmocka.h"

enum { WORKERS = 130 };

static struct mag_idle idle;

static int begin_busy(void **state)
{
    (void)state;
    mag_idle_init(&idle);
    return 0;
}

static bool announce(uint32_t worker, uint32_t workers)
{
    bool watcher;

    (void)mag_idle_announce(&idle, worker, workers, false, &watcher);
    return watcher;
}

static void nobody_is_woken_when_nobody_is_parked(void **state)
{
    (void)state;
    assert_false(mag_idle_wants_wake(mag_idle_read(&idle)));
    assert_int_equal(mag_idle_claim(&idle, 0, true), UINT32_MAX);
}

static void one_wake_is_in_flight_at_a_time(void **state)
{
    (void)state;
    (void)announce(3, WORKERS);
    (void)announce(7, WORKERS);
    assert_true(mag_idle_wants_wake(mag_idle_read(&idle)));
    assert_int_equal(mag_idle_claim(&idle, 0, false), 3);
    assert_false(mag_idle_wants_wake(mag_idle_read(&idle)));
    assert_int_equal(mag_idle_claim(&idle, 0, false), UINT32_MAX);
    assert_int_equal(mag_idle_searching(mag_idle_found(&idle)), 0);
    assert_int_equal(mag_idle_claim(&idle, 0, false), 7);
}

static void the_worker_nearest_by_number_is_woken(void **state)
{
    (void)state;
    (void)announce(5, WORKERS);
    (void)announce(70, WORKERS);
    (void)announce(129, WORKERS);
    assert_int_equal(mag_idle_claim(&idle, 66, true), 70);
    assert_int_equal(mag_idle_claim(&idle, 66, true), 129);
    assert_int_equal(mag_idle_claim(&idle, 66, true), 5);
    assert_int_equal(mag_idle_parked(mag_idle_read(&idle)), 0);
    assert_int_equal(mag_idle_searching(mag_idle_read(&idle)), 3);
}

static void one_worker_alone_can_be_woken_while_others_search(void **state)
{
    (void)state;
    (void)announce(1, 4);
    (void)announce(2, 4);
    assert_true(mag_idle_try_search(&idle, 4));
    assert_int_equal(mag_idle_claim_one(&idle, 3), UINT32_MAX);
    assert_int_equal(mag_idle_claim_one(&idle, 2), 2);
    assert_int_equal(mag_idle_claim_one(&idle, 2), UINT32_MAX);
}

static void at_most_half_of_those_awake_search(void **state)
{
    (void)state;
    assert_true(mag_idle_try_search(&idle, 4));
    assert_true(mag_idle_try_search(&idle, 4));
    assert_false(mag_idle_try_search(&idle, 4));
}

static void the_only_worker_may_search(void **state)
{
    (void)state;
    assert_true(mag_idle_try_search(&idle, 1));
}

static void the_first_to_park_beside_a_running_worker_watches_it(void **state)
{
    (void)state;
    assert_true(announce(0, 3));
    assert_true(mag_idle_watched(mag_idle_read(&idle)));
    assert_false(announce(1, 3));
    mag_idle_end_watch(&idle);
    assert_false(mag_idle_watched(mag_idle_read(&idle)));
}

static void the_last_to_park_has_nobody_to_watch(void **state)
{
    (void)state;
    assert_false(announce(0, 1));
    assert_false(mag_idle_watched(mag_idle_read(&idle)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_is_woken_when_nobody_is_parked, begin_busy),
        cmocka_unit_test_setup(one_wake_is_in_flight_at_a_time, begin_busy),
        cmocka_unit_test_setup(the_worker_nearest_by_number_is_woken, begin_busy),
        cmocka_unit_test_setup(one_worker_alone_can_be_woken_while_others_search,
                               begin_busy),
        cmocka_unit_test_setup(at_most_half_of_those_awake_search, begin_busy),
        cmocka_unit_test_setup(the_only_worker_may_search, begin_busy),
        cmocka_unit_test_setup(the_first_to_park_beside_a_running_worker_watches_it,
                               begin_busy),
        cmocka_unit_test_setup(the_last_to_park_has_nobody_to_watch, begin_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

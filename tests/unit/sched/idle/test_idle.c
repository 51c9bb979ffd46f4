/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/idle/idle.h"
#include "tests/support/sched/machine.h"

enum { WORKERS = 130 };

/* Two nodes: one with the ranks 0 to 64, one with the ranks 65 to 129. */
static struct machine machine;
static struct mag_idle idle;

static int make_machine(void **state)
{
    (void)state;
    machine_begin(&machine, "node:2 core:65 pu:1", MAG_PLACE_SCATTER, WORKERS, NULL);
    return 0;
}

static int free_machine(void **state)
{
    (void)state;
    machine_end(&machine);
    return 0;
}

static int begin_busy(void **state)
{
    (void)state;
    mag_idle_init(&idle, WORKERS);
    return 0;
}

static bool announce(uint32_t rank)
{
    bool watcher;

    (void)mag_idle_announce(&idle, rank, false, &watcher);
    return watcher;
}

static uint32_t claim(uint32_t near, bool even_so)
{
    struct mag_wake wake = mag_wake_one(&machine.routes, near);

    return mag_idle_claim(&idle, &machine.routes, wake, even_so);
}

static uint32_t claim_one(uint32_t rank)
{
    return mag_idle_claim_one(&idle, &machine.routes, rank);
}

static void nobody_is_woken_when_nobody_is_parked(void **state)
{
    (void)state;
    assert_false(mag_idle_wants_wake(mag_idle_read(&idle)));
    assert_int_equal(claim(0, true), UINT32_MAX);
}

static void one_wake_is_in_flight_at_a_time(void **state)
{
    (void)state;
    (void)announce(3);
    (void)announce(7);
    assert_true(mag_idle_wants_wake(mag_idle_read(&idle)));
    assert_int_equal(claim(0, false), 3);
    assert_false(mag_idle_wants_wake(mag_idle_read(&idle)));
    assert_int_equal(claim(0, false), UINT32_MAX);
    assert_int_equal(mag_idle_searching(mag_idle_found(&idle)), 0);
    assert_int_equal(claim(0, false), 7);
}

static void the_nearest_worker_is_woken(void **state)
{
    (void)state;
    (void)announce(5);
    (void)announce(64);
    (void)announce(70);
    (void)announce(129);
    assert_int_equal(claim(66, true), 70);
    /* Rank 65 is the next number, but on the other node. */
    assert_int_equal(claim(63, true), 5);
    assert_int_equal(claim(66, true), 129);
    assert_int_equal(claim(66, true), 64);
    assert_int_equal(mag_idle_parked(mag_idle_read(&idle)), 0);
    assert_int_equal(mag_idle_searching(mag_idle_read(&idle)), 4);
}

/* Claims for a poster on the CPU of rank 66. */
static void a_worker_on_the_callers_cpu_is_woken_last(void **state)
{
    struct mag_wake wake = mag_wake_for_queue(&machine.routes, 1, 66);
    (void)state;

    (void)announce(0);
    (void)announce(66);
    assert_int_equal(wake.near, 66);
    assert_int_equal(mag_idle_claim(&idle, &machine.routes, wake, true), 0);
    assert_int_equal(mag_idle_claim(&idle, &machine.routes, wake, true), 66);
}

static void one_worker_alone_can_be_woken_while_others_search(void **state)
{
    (void)state;
    mag_idle_init(&idle, 4);
    (void)announce(1);
    (void)announce(2);
    assert_true(mag_idle_try_search(&idle));
    assert_int_equal(claim_one(3), UINT32_MAX);
    assert_int_equal(claim_one(2), 2);
    assert_int_equal(claim_one(2), UINT32_MAX);
}

static void at_most_half_of_those_awake_search(void **state)
{
    (void)state;
    mag_idle_init(&idle, 4);
    assert_true(mag_idle_try_search(&idle));
    assert_true(mag_idle_try_search(&idle));
    assert_false(mag_idle_try_search(&idle));
}

static void the_only_worker_may_search(void **state)
{
    (void)state;
    mag_idle_init(&idle, 1);
    assert_true(mag_idle_try_search(&idle));
}

static void the_first_to_park_beside_a_running_worker_watches_it(void **state)
{
    (void)state;
    mag_idle_init(&idle, 3);
    assert_true(announce(0));
    assert_true(mag_idle_watched(mag_idle_read(&idle)));
    assert_false(announce(1));
    mag_idle_end_watch(&idle);
    assert_false(mag_idle_watched(mag_idle_read(&idle)));
}

static void a_berth_that_is_left_is_nobody_to_watch(void **state)
{
    (void)state;
    mag_idle_init(&idle, 1);
    assert_int_equal(mag_idle_used(mag_idle_enter(&idle)), 2);
    assert_true(announce(0));
    assert_false(mag_idle_end_idle_watch(&idle));
    mag_idle_leave(&idle, false);
    assert_int_equal(mag_idle_used(mag_idle_read(&idle)), 1);
    assert_true(mag_idle_end_idle_watch(&idle));
}

static void a_worker_that_leaves_while_it_searches_searches_no_more(void **state)
{
    (void)state;
    mag_idle_init(&idle, 2);
    assert_true(mag_idle_try_search(&idle));
    mag_idle_leave(&idle, true);
    assert_int_equal(mag_idle_searching(mag_idle_read(&idle)), 0);
    assert_int_equal(mag_idle_used(mag_idle_read(&idle)), 1);
}

static void the_numbers_of_a_full_scheduler_do_not_meet(void **state)
{
    (void)state;
    mag_idle_init(&idle, MAG_SCHED_WORKERS_MAX);
    for (uint32_t i = 0; i < MAG_SCHED_WORKERS_MAX; i++)
        (void)announce(i);
    assert_int_equal(mag_idle_parked(mag_idle_read(&idle)), MAG_SCHED_WORKERS_MAX);
    assert_int_equal(mag_idle_used(mag_idle_read(&idle)), MAG_SCHED_WORKERS_MAX);
    assert_int_equal(mag_idle_searching(mag_idle_read(&idle)), 0);
    assert_true(mag_idle_watched(mag_idle_read(&idle)));
    assert_true(mag_idle_end_idle_watch(&idle));
}

static void the_last_to_park_has_nobody_to_watch(void **state)
{
    (void)state;
    mag_idle_init(&idle, 1);
    assert_false(announce(0));
    assert_false(mag_idle_watched(mag_idle_read(&idle)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_is_woken_when_nobody_is_parked, begin_busy),
        cmocka_unit_test_setup(one_wake_is_in_flight_at_a_time, begin_busy),
        cmocka_unit_test_setup(the_nearest_worker_is_woken, begin_busy),
        cmocka_unit_test_setup(a_worker_on_the_callers_cpu_is_woken_last, begin_busy),
        cmocka_unit_test_setup(one_worker_alone_can_be_woken_while_others_search,
                               begin_busy),
        cmocka_unit_test_setup(at_most_half_of_those_awake_search, begin_busy),
        cmocka_unit_test_setup(the_only_worker_may_search, begin_busy),
        cmocka_unit_test_setup(the_first_to_park_beside_a_running_worker_watches_it,
                               begin_busy),
        cmocka_unit_test_setup(a_berth_that_is_left_is_nobody_to_watch, begin_busy),
        cmocka_unit_test_setup(a_worker_that_leaves_while_it_searches_searches_no_more,
                               begin_busy),
        cmocka_unit_test_setup(the_numbers_of_a_full_scheduler_do_not_meet, begin_busy),
        cmocka_unit_test_setup(the_last_to_park_has_nobody_to_watch, begin_busy),
    };
    return cmocka_run_group_tests(tests, make_machine, free_machine);
}

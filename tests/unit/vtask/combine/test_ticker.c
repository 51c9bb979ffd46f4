/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sched/jobs.h"
#include "tests/support/vtask/sources.h"

#include <magpie/magpie.h>

enum { TRIES_MAX = 20 };

static const int64_t millisecond = 1000000;
static const int64_t hour = 3600 * (int64_t)1000000000;

static struct mag_sched *sched;

static int start(void **state)
{
    (void)state;
    sched = test_sched_start(1);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

static struct mag_ticker *ticker_of(int64_t period_ns)
{
    struct mag_ticker *ticker = NULL;

    assert_int_equal(mag_ticker_create(sched, period_ns, &ticker), 0);
    return ticker;
}

static uint64_t next(struct mag_ticker *ticker)
{
    uint64_t ticks = 0;

    assert_int_equal(mag_ticks_task_wait(mag_ticker_next(ticker, NULL), &ticks), 0);
    assert_true(ticks >= 1);
    return ticks;
}

static void ticks_are_told_of_when_they_come_and_do_not_drift(void **state)
{
    int64_t before = test_now_ns();
    struct mag_ticker *ticker = ticker_of(millisecond);
    int64_t after = test_now_ns();
    int64_t told = 0;
    (void)state;

    for (unsigned i = 0; i < 20; i++) {
        int64_t asked = test_now_ns();
        told += (int64_t)next(ticker);
        /* None comes too early, and none is left out. */
        assert_true(told * millisecond <= test_now_ns() - before);
        assert_true(told >= (asked - after) / millisecond);
        if (i % 5 == 0)
            test_sleep_ms(3);
    }
    mag_ticker_destroy(ticker);
}

static void missed_ticks_are_counted_and_told_of_at_once(void **state)
{
    struct mag_ticker *ticker = ticker_of(millisecond);
    uint64_t ticks = 0;
    (void)state;

    test_sleep_ms(10);
    assert_int_equal(mag_ticks_task_get(mag_ticker_next(ticker, NULL), &ticks), 0);
    assert_true(ticks >= 10);
    mag_ticker_destroy(ticker);
}

static void a_period_is_above_zero(void **state)
{
    struct mag_ticker *ticker = NULL;
    (void)state;

    assert_int_equal(mag_ticker_create(sched, 0, &ticker), MAG_E_ARG);
    assert_int_equal(mag_ticker_create(sched, -1, &ticker), MAG_E_ARG);
    assert_null(ticker);
    mag_ticker_destroy(NULL);
}

static void only_one_wait_is_pending(void **state)
{
    struct mag_ticker *ticker = ticker_of(INT64_MAX);
    mag_ticks_task waits = mag_ticker_next(ticker, NULL);
    (void)state;

    assert_int_equal(mag_vtask_status(waits.task), MAG_PENDING);
    assert_int_equal(mag_vtask_get(mag_ticker_next_of(ticker, NULL), NULL),
                     MAG_E_CONTINUATION);
    mag_ticker_destroy(ticker);
    assert_int_equal(mag_vtask_get(waits.task, NULL), -ECANCELED);
}

static void a_canceled_wait_takes_no_tick(void **state)
{
    struct mag_ticker *ticker = ticker_of(20 * millisecond);
    struct mag_cancel cancel = {0};
    uint64_t detail, ticks = 0;
    mag_ticks_task waits = mag_ticker_next(ticker, &cancel);
    (void)state;

    bool fired = mag_cancel_fire(&cancel);
    assert_true(fired);
    assert_int_equal(mag_vtask_wait_completed(&waits.task, sizeof(ticks), -1), 0);
    int r = mag_vtask_get_value(waits.task, &ticks, sizeof(ticks), &detail);
    (void)mag_vtask_release(waits.task);
    if (r == 0) { /* the tick came first: a busy machine */
        mag_ticker_destroy(ticker);
        return;
    }
    assert_int_equal(r, -ECANCELED);
    assert_int_equal(detail, (uintptr_t)&cancel);
    /* The timer that was started for the first wait serves the second. */
    ticks = next(ticker);
    assert_true(ticks >= 1);
    mag_ticker_destroy(ticker);
}

static void a_fired_cancel_object_ends_a_wait_before_it_begins(void **state)
{
    struct mag_ticker *ticker = ticker_of(hour);
    struct mag_cancel cancel = {0};
    (void)state;

    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_vtask_get(mag_ticker_next_of(ticker, &cancel), NULL),
                     -ECANCELED);
    mag_ticker_destroy(ticker);
}

/* A timer that was started for a wait which was canceled is early for the next wait, if
 * its tick was told of meanwhile. */
static void a_timer_that_is_early_starts_again(void **state)
{
    struct mag_ticker *ticker = ticker_of(10 * millisecond);
    struct holder holder;
    struct mag_cancel cancel = {0};
    (void)state;

    mag_ticks_task canceled = mag_ticker_next(ticker, &cancel);
    holder_begin(&holder, sched); /* so that the timer's job has to wait */
    (void)mag_cancel_fire(&cancel);
    assert_int_equal(mag_vtask_discard(canceled.task), 0);
    test_sleep_ms(15);
    mag_ticks_task waits = mag_ticker_next(ticker, NULL);
    if (mag_vtask_status(waits.task) != MAG_PENDING) {
        assert_int_equal(mag_vtask_get(waits.task, NULL), 0);
        waits = mag_ticker_next(ticker, NULL);
    }
    holder_let_go(&holder);
    uint64_t ticks = 0;
    assert_int_equal(mag_ticks_task_wait(waits, &ticks), 0);
    assert_true(ticks >= 1);
    mag_ticker_destroy(ticker);
}

static void a_stop_ends_the_wait(void **state)
{
    struct mag_sched *stopping = test_sched_start(1);
    struct mag_ticker *ticker = NULL;
    (void)state;

    assert_int_equal(mag_ticker_create(stopping, hour, &ticker), 0);
    mag_ticks_task waits = mag_ticker_next(ticker, NULL);
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_vtask_get(waits.task, NULL), -ECANCELED);
    assert_int_equal(mag_vtask_get(mag_ticker_next_of(ticker, NULL), NULL), -ESHUTDOWN);
    mag_ticker_destroy(ticker);
    assert_int_equal(mag_sched_destroy(stopping), 0);
}

static void without_memory_there_is_no_ticker(void **state)
{
    enum { COUNT = 3000 };
    static struct mag_ticker *kept[COUNT];
    unsigned refused = 0;
    (void)state;

    for (unsigned i = 0; i < COUNT; i++) {
        test_fail_allocation(1);
        int r = mag_ticker_create(sched, hour, &kept[i]);
        test_fail_allocation(0);
        assert_true(r == 0 || r == -ENOMEM);
        refused += r != 0;
    }
    assert_true(refused != 0);
    for (unsigned i = 0; i < COUNT; i++)
        mag_ticker_destroy(kept[i]);
}

static void nothing_is_allocated_after_warm_up(void **state)
{
    uint64_t made = 1;
    (void)state;

    for (unsigned tries = 0; made != 0 && tries < TRIES_MAX; tries++) {
        uint64_t before = test_allocations();
        for (uint32_t i = test_rounds(300); i != 0; i--) {
            struct mag_ticker *ticker = ticker_of(200000);
            (void)next(ticker);
            (void)next(ticker);
            mag_ticker_destroy(ticker);
        }
        made = test_allocations() - before;
    }
    assert_int_equal(made, 0);
}

/* The end comes while ticks do. */
static void a_ticker_can_end_at_any_time(void **state)
{
    (void)state;
    for (uint32_t i = test_rounds(2000); i != 0; i--) {
        struct mag_ticker *ticker = ticker_of(50000);
        mag_ticks_task waits = mag_ticker_next(ticker, NULL);

        if (i % 3 == 0)
            test_sleep_ms(1);
        mag_ticker_destroy(ticker);
        int r = mag_vtask_wait(waits.task, NULL, 0);
        assert_true(r == 0 || r == -ECANCELED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_told_of_when_they_come_and_do_not_drift),
        cmocka_unit_test(missed_ticks_are_counted_and_told_of_at_once),
        cmocka_unit_test(a_period_is_above_zero),
        cmocka_unit_test(only_one_wait_is_pending),
        cmocka_unit_test(a_canceled_wait_takes_no_tick),
        cmocka_unit_test(a_fired_cancel_object_ends_a_wait_before_it_begins),
        cmocka_unit_test(a_timer_that_is_early_starts_again),
        cmocka_unit_test(a_stop_ends_the_wait),
        cmocka_unit_test(without_memory_there_is_no_ticker),
        cmocka_unit_test(nothing_is_allocated_after_warm_up),
        cmocka_unit_test(a_ticker_can_end_at_any_time),
    };

    return cmocka_run_group_tests(tests, start, stop);
}

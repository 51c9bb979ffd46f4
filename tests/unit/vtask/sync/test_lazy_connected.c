/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <magpie/magpie.h>

#include <string.h>

/*
 * Lazy values that are got in the connected form, alone and beside gets with a task.  All
 * on the test's own thread: an executor keeps the jobs.
 */

enum { GETS = 6 };

struct wide {
    uint64_t words[5];
};

MAG_VTASK_DEFINE(long_task, long)
MAG_VTASK_DEFINE(wide_task, struct wide)
MAG_LAZY(lazy_long, long_task, int)
MAG_LAZY(lazy_wide, wide_task, int)

/* ------------------------------------------------------------------------- the desk */

static struct mag_job *kept[2 * GETS];
static int kept_count;

static int keep(struct mag_executor *executor, struct mag_job *job)
{
    (void)executor;
    assert_true(kept_count < 2 * GETS);
    kept[kept_count++] = job;
    return 0;
}

static struct mag_executor desk = {keep};
static struct mag_executor *outside;

/* Runs what was kept, and what that keeps. */
static void run_kept(void)
{
    for (int i = 0; i < kept_count; i++)
        kept[i]->run(kept[i]);
    kept_count = 0;
}

/* Runs the one job that was kept: who it completes is kept then. */
static void run_one(void)
{
    assert_int_equal(kept_count, 1);
    kept_count = 0;
    kept[0]->run(kept[0]);
}

/* ----------------------------------------- a function whose flights the test lands */

static struct mag_core flight; /* of the last call */
static int flights;

static long_task fly(int number)
{
    flights++;
    if (number < 0)
        return long_task_result(number);
    mag_core_reset(&flight);
    return long_task_of(mag_core_task(&flight));
}

static void land(long value)
{
    assert_int_equal(mag_core_set_result(&flight, (uint64_t)value), 0);
    run_one();
}

static void crash(int error)
{
    assert_int_equal(mag_core_set_error(&flight, error, 5), 0);
    run_one();
}

static struct lazy_long lazy;

static int begin(void **state)
{
    (void)state;
    outside = mag_executor_enter(&desk);
    kept_count = flights = 0;
    lazy_long_init(&lazy, fly, 3, false);
    return 0;
}

static int begin_keeping(void **state)
{
    (void)begin(state);
    lazy_long_init(&lazy, fly, 3, true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)mag_executor_enter(outside);
    return 0;
}

/* ----------------------------------------------------------------------- the getters */

MAG_ASYNC(long_task, get_connected, (struct lazy_long *, from, struct mag_cancel *, by),
          struct lazy_long_state state;
          long value;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->value, lazy_long_get, &f->state, f->from, f->by);
    /* The state is the function's again. */
    memset((void *)&f->state, 0xff, sizeof(f->state));
    return long_task_result(f->value);
    MAG_END(f);
}

static long_task get(void)
{
    return get_connected(&lazy, NULL);
}

static bool is_pending(long_task task)
{
    return mag_vtask_status(task.task) == MAG_PENDING;
}

static void expect(long_task task, long value)
{
    long result = 0;

    run_kept();
    assert_int_equal(long_task_get(task, &result), 0);
    assert_int_equal(result, value);
}

static void expect_error(long_task task, int error)
{
    run_kept();
    assert_int_equal(long_task_get(task, NULL), error);
}

/* -------------------------------------------------------------------------- flights */

static void both_forms_share_one_flight(void **state)
{
    long_task tasks[GETS];
    (void)state;

    for (int i = 0; i < GETS; i++)
        tasks[i] = i % 2 == 0 ? get() : lazy_long_get(&lazy, NULL);
    assert_int_equal(flights, 1);
    assert_int_equal(kept_count, 0);
    land(42);
    /* Nobody continues inside the landing. */
    assert_int_equal(kept_count, GETS / 2);
    for (int i = 0; i < GETS; i += 2)
        assert_true(is_pending(tasks[i]));
    for (int i = 0; i < GETS; i++)
        expect(tasks[i], 42);
    assert_int_equal(flights, 1);
}

static void a_value_that_is_here_is_given_at_once(void **state)
{
    (void)state;
    long_task first = get();
    land(1);
    expect(first, 1);
    assert_false(is_pending(first = get()));
    expect(first, 1);
    assert_int_equal(flights, 1);
}

/* The flight lands inside the get that has begun it. */
static void a_function_that_need_not_wait_answers_its_first_getter(void **state)
{
    static struct lazy_long negative = MAG_LAZY_INIT(fly, -7);
    (void)state;

    expect(get_connected(&negative, NULL), -7);
    expect(get_connected(&negative, NULL), -7);
    assert_int_equal(flights, 1);
}

static wide_task widen(int number)
{
    struct wide made = {{(uint64_t)number, 1, 2, 3, 4}};

    return wide_task_result(made);
}

MAG_ASYNC_CONNECTED(wide_task, get_wide, (struct lazy_wide *, from),
                    struct lazy_wide_state state;
                    struct wide value;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->value, lazy_wide_get, &f->state, f->from, NULL);
    return wide_task_result(f->value);
    MAG_END(f);
}

static void a_value_larger_than_a_word_arrives_whole(void **state)
{
    static struct lazy_wide nine = MAG_LAZY_INIT(widen, 9);
    (void)state;

    for (int i = 0; i < 2; i++) {
        struct wide value = {{0}};
        wide_task task = get_wide(&nine);

        run_kept();
        assert_int_equal(wide_task_get(task, &value), 0);
        assert_int_equal(value.words[0], 9);
        for (uint64_t at = 1; at < 5; at++)
            assert_int_equal(value.words[at], at);
    }
}

/* ---------------------------------------------------------------- errors and resets */

static void an_error_goes_to_both_forms_with_its_detail(void **state)
{
    uint64_t detail = 0;
    (void)state;

    long_task first = get(), second = lazy_long_get(&lazy, NULL);
    crash(-EIO);
    run_kept();
    assert_int_equal(mag_vtask_get_value(first.task, NULL, 0, &detail), -EIO);
    assert_int_equal(detail, 5);
    expect_error(second, -EIO);
    long_task third = get();
    assert_int_equal(flights, 2);
    land(1);
    expect(third, 1);
}

static void an_error_that_was_kept_is_given_at_once(void **state)
{
    uint64_t detail = 0;
    (void)state;

    long_task first = get();
    crash(-EIO);
    expect_error(first, -EIO);
    long_task second = get();
    assert_false(is_pending(second));
    assert_int_equal(mag_vtask_get_value(second.task, NULL, 0, &detail), -EIO);
    assert_int_equal(detail, 5);
    assert_int_equal(flights, 1);
}

static void who_comes_after_a_reset_waits_for_the_next_flight(void **state)
{
    (void)state;
    long_task before = get();
    lazy_long_reset(&lazy);
    long_task after = get();
    land(1);
    expect(before, 1);
    assert_true(is_pending(after));
    assert_int_equal(flights, 2);
    land(2);
    expect(after, 2);
}

/* ------------------------------------------------------------------------ canceling */

static void a_canceled_get_leaves_the_line_and_the_flight_goes_on(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    long_task first = get_connected(&lazy, &cancel), second = get();
    assert_true(mag_cancel_fire(&cancel));
    expect_error(first, -ECANCELED);
    assert_true(is_pending(second));
    land(3);
    expect(second, 3);
    assert_int_equal(flights, 1);
}

static void a_cancel_object_that_has_fired_prevents_waiting_only(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    assert_true(mag_cancel_fire(&cancel));
    long_task task = get_connected(&lazy, &cancel);
    assert_false(is_pending(task));
    assert_int_equal(long_task_get(task, NULL), -ECANCELED);
    assert_int_equal(flights, 0);
    long_task first = get();
    land(4);
    expect(first, 4);
    expect(get_connected(&lazy, &cancel), 4);
}

static void a_landing_forgets_the_cancel_object(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    long_task first = get_connected(&lazy, &cancel);
    land(5);
    assert_true(mag_cancel_fire(&cancel));
    expect(first, 5);
}

/* --------------------------------------------------------------------------- memory */

static void get_often(void)
{
    for (int i = 0; i < 1000; i++) {
        lazy_long_reset(&lazy);
        long_task first = get(), second = get();
        land(i);
        expect(first, i);
        expect(second, i);
    }
}

static void a_get_allocates_nothing_after_warm_up(void **state)
{
    (void)state;
    get_often();
    uint64_t before = test_allocations();
    get_often();
    assert_int_equal(test_allocations() - before, 0);
}

#define TEST(name)    cmocka_unit_test_setup_teardown(name, begin, end)
#define KEEPING(name) cmocka_unit_test_setup_teardown(name, begin_keeping, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_forms_share_one_flight),
        TEST(a_value_that_is_here_is_given_at_once),
        TEST(a_function_that_need_not_wait_answers_its_first_getter),
        TEST(a_value_larger_than_a_word_arrives_whole),
        TEST(an_error_goes_to_both_forms_with_its_detail),
        KEEPING(an_error_that_was_kept_is_given_at_once),
        TEST(who_comes_after_a_reset_waits_for_the_next_flight),
        TEST(a_canceled_get_leaves_the_line_and_the_flight_goes_on),
        TEST(a_cancel_object_that_has_fired_prevents_waiting_only),
        TEST(a_landing_forgets_the_cancel_object),
        TEST(a_get_allocates_nothing_after_warm_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

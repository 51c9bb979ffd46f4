/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/lazy.h>
#include <magpie/submit_task.h>
#include <pthread.h>

MAG_VTASK_DEFINE(long_task, long)
MAG_LAZY(lazy_long, long_task, int)

/* ----------------------------------------- a function whose flights the test lands */

static struct mag_core flight; /* of the last call */
static int calls;

static long_task fly(int number)
{
    calls++;
    if (number < 0)
        return long_task_result(number);
    mag_core_reset(&flight);
    return long_task_of(mag_core_task(&flight));
}

static void land(long value)
{
    assert_int_equal(mag_core_set_result(&flight, (uint64_t)value), 0);
}

static void crash(int error)
{
    assert_int_equal(mag_core_set_error(&flight, error, 5), 0);
}

static struct lazy_long lazy = MAG_LAZY_INIT(fly, 3);

static int begin(void **state)
{
    (void)state;
    calls = 0;
    lazy_long_init(&lazy, fly, 3, false);
    return 0;
}

static int begin_keeping(void **state)
{
    (void)begin(state);
    lazy_long_init(&lazy, fly, 3, true);
    return 0;
}

static long_task get(void)
{
    return lazy_long_get(&lazy, NULL);
}

static bool is_pending(long_task task)
{
    return mag_vtask_status(task.task) == MAG_PENDING;
}

static void expect(long_task task, long value)
{
    long result = 0;

    assert_int_equal(long_task_get(task, &result), 0);
    assert_int_equal(result, value);
}

static void expect_error(long_task task, int error)
{
    long result = 0;

    assert_int_equal(long_task_get(task, &result), error);
}

/* ------------------------------------------------------------------------- flights */

static void all_who_get_the_value_meanwhile_share_one_flight(void **state)
{
    long value = 0;
    (void)state;

    long_task first = get(), second = get(), third = get();
    assert_int_equal(calls, 1);
    assert_true(is_pending(first));
    assert_false(lazy_long_peek(&lazy, &value));
    land(42);
    expect(second, 42);
    expect(first, 42);
    expect(third, 42);
    long_task here = get();
    assert_int_equal(here.task.backing, 0);
    expect(here, 42);
    assert_true(lazy_long_peek(&lazy, &value));
    assert_int_equal(value, 42);
    assert_int_equal(calls, 1);
}

static void a_function_that_need_not_wait_gives_its_value_at_once(void **state)
{
    static struct lazy_long negative = MAG_LAZY_INIT(fly, -7);
    (void)state;

    expect(lazy_long_get(&negative, NULL), -7);
    expect(lazy_long_get(&negative, NULL), -7);
    assert_int_equal(calls, 1);
}

/* -------------------------------------------------------------------------- errors */

static void an_error_is_shared_and_the_next_get_tries_again(void **state)
{
    uint64_t detail = 0;
    (void)state;

    long_task first = get(), second = get();
    crash(-EIO);
    expect_error(first, -EIO);
    assert_int_equal(mag_vtask_get_value(second.task, NULL, 0, &detail), -EIO);
    assert_int_equal(detail, 5);
    long_task third = get();
    assert_int_equal(calls, 2);
    land(1);
    expect(third, 1);
}

static void an_error_is_kept_if_that_was_asked_for(void **state)
{
    uint64_t detail = 0;
    (void)state;

    long_task first = get();
    crash(-EIO);
    expect_error(first, -EIO);
    assert_int_equal(mag_vtask_get_value(get().task, NULL, 0, &detail), -EIO);
    assert_int_equal(detail, 5);
    assert_int_equal(calls, 1);
    lazy_long_reset(&lazy);
    first = get();
    assert_int_equal(calls, 2);
    land(2);
    expect(first, 2);
}

/* -------------------------------------------------------------------------- resets */

static void a_reset_takes_the_value_away(void **state)
{
    long value = 0;
    (void)state;

    lazy_long_reset(&lazy);
    long_task first = get();
    land(1);
    expect(first, 1);
    lazy_long_reset(&lazy);
    assert_false(lazy_long_peek(&lazy, &value));
    long_task second = get();
    land(2);
    expect(second, 2);
    expect(get(), 2);
    assert_int_equal(calls, 2);
}

static void who_comes_after_a_reset_does_not_get_what_was_computed_before(void **state)
{
    long value = 0;
    (void)state;

    long_task before = get();
    lazy_long_reset(&lazy);
    long_task after = get();
    assert_int_equal(calls, 1);
    land(1);
    expect(before, 1);
    assert_true(is_pending(after));
    assert_false(lazy_long_peek(&lazy, &value));
    assert_int_equal(calls, 2);
    long_task with_it = get();
    land(2);
    expect(after, 2);
    expect(with_it, 2);
    expect(get(), 2);
    assert_int_equal(calls, 2);
}

static void one_flight_serves_all_who_came_after_several_resets(void **state)
{
    (void)state;
    long_task before = get();
    lazy_long_reset(&lazy);
    long_task after_one = get();
    lazy_long_reset(&lazy);
    long_task after_two = get();
    land(1);
    expect(before, 1);
    assert_true(is_pending(after_one));
    assert_int_equal(calls, 2);
    lazy_long_reset(&lazy);
    long_task after_three = get();
    land(2);
    expect(after_one, 2);
    expect(after_two, 2);
    assert_true(is_pending(after_three));
    land(3);
    expect(after_three, 3);
    assert_int_equal(calls, 3);
}

static void a_flight_that_nobody_waits_for_after_a_reset_is_the_last(void **state)
{
    (void)state;
    long_task before = get();
    lazy_long_reset(&lazy);
    land(1);
    expect(before, 1);
    assert_int_equal(calls, 1);
    before = get();
    assert_int_equal(calls, 2);
    crash(-EIO);
    expect_error(before, -EIO);
}

static void the_error_of_an_old_flight_is_not_kept(void **state)
{
    (void)state;
    long_task before = get();
    lazy_long_reset(&lazy);
    long_task after = get();
    crash(-EIO);
    expect_error(before, -EIO);
    assert_int_equal(calls, 2);
    land(2);
    expect(after, 2);
}

/* ----------------------------------------------------------------------- canceling */

static void a_wait_can_be_canceled_and_the_flight_goes_on(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    long_task first = lazy_long_get(&lazy, &cancel);
    long_task second = get();
    assert_true(mag_cancel_fire(&cancel));
    expect_error(first, -ECANCELED);
    assert_true(is_pending(second));
    land(3);
    expect(second, 3);
    /* A value that is here is given all the same. */
    expect(lazy_long_get(&lazy, &cancel), 3);
    lazy_long_reset(&lazy);
    expect_error(lazy_long_get(&lazy, &cancel), -ECANCELED);
    assert_int_equal(calls, 1);
}

static void a_flight_without_passengers_keeps_its_value(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    long_task first = lazy_long_get(&lazy, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    expect_error(first, -ECANCELED);
    land(4);
    expect(get(), 4);
    assert_int_equal(calls, 1);
}

/* ------------------------------------------------------------- values of other sizes */

struct wide {
    char text[21];
};
struct narrow {
    char a, b, c;
};

MAG_VTASK_DEFINE(wide_task, struct wide)
MAG_VTASK_DEFINE(narrow_task, struct narrow)
MAG_LAZY(lazy_wide, wide_task, const char *)
MAG_LAZY(lazy_narrow, narrow_task, char)

/* Waits first, so that the value goes through the line. */
MAG_ASYNC(wide_task, widen, (const char *, text), struct wide wide;)
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    strncpy(f->wide.text, f->text, sizeof(f->wide.text) - 1);
    return wide_task_result(f->wide);
    MAG_END(f);
}

static narrow_task narrow(char first)
{
    struct narrow made = {first, (char)(first + 1), (char)(first + 2)};

    return narrow_task_result(made);
}

static void values_of_any_size_are_kept_whole(void **state)
{
    static struct lazy_wide wide = MAG_LAZY_INIT(widen, "twenty characters xx");
    static struct lazy_narrow three = MAG_LAZY_INIT(narrow, 'a');
    struct narrow small = {0, 0, 0};
    struct wide large;
    (void)state;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(wide_task_wait(lazy_wide_get(&wide, NULL), &large), 0);
        assert_string_equal(large.text, "twenty characters xx");
        assert_int_equal(narrow_task_wait(lazy_narrow_get(&three, NULL), &small), 0);
        assert_true(small.a == 'a' && small.b == 'b' && small.c == 'c');
    }
    assert_true(lazy_wide_peek(&wide, &large));
    assert_true(lazy_narrow_peek(&three, &small));
    lazy_wide_reset(&wide);
    lazy_narrow_reset(&three);
}

/* Waits for an operation, and then completes it, which is over. */
MAG_ASYNC(narrow_task, complete_again, (char, first), int r;)
{
    MAG_BEGIN(f);
    mag_core_reset(&flight);
    MAG_AWAIT_DONE(f, mag_task_of(mag_core_task(&flight)));
    f->r = mag_core_set_result(&flight, 2);
    return narrow_task_of(mag_vtask_failed(f->r, 0));
    MAG_END(f);
}

static void a_misuse_in_the_function_reaches_all_who_wait(void **state)
{
    static struct lazy_narrow twice = MAG_LAZY_INIT(complete_again, 'a');
    struct narrow value;
    (void)state;

    narrow_task first = lazy_narrow_get(&twice, NULL);
    narrow_task second = lazy_narrow_get(&twice, NULL);
    land(1);
    assert_int_equal(narrow_task_get(first, &value), MAG_E_DONE);
    assert_int_equal(narrow_task_get(second, &value), MAG_E_DONE);
    lazy_narrow_reset(&twice);
}

/* -------------------------------------------------------------------------- memory */

struct tally {
    unsigned failures, wrong;
};

static void *get_without_memory(void *arg)
{
    struct tally *tally = arg;

    for (uint32_t nth = 1;; nth++) {
        long value = 0;
        test_fail_allocation(nth);
        long_task task = get();
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (is_pending(task))
            tally->wrong += mag_core_set_result(&flight, 9) != 0;
        int r = long_task_get(task, &value);
        if (r == -ENOMEM)
            tally->failures++;
        else
            tally->wrong += r != 0 || value != 9;
        if (!failed)
            return NULL;
        lazy_long_reset(&lazy);
    }
}

static void without_memory_a_get_fails_and_the_next_one_tries_again(void **state)
{
    struct tally tally = {0, 0};
    pthread_t thread;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, get_without_memory, &tally), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.failures >= 2);
    expect(get(), 9);
}

static void get_often(void)
{
    for (int i = 0; i < 1000; i++) {
        lazy_long_reset(&lazy);
        long_task first = get(), second = get();
        land(i);
        expect(first, i);
        expect(second, i);
        expect(get(), i);
    }
}

static void a_flight_allocates_nothing_after_warm_up(void **state)
{
    (void)state;
    get_often();
    uint64_t before = test_allocations();
    get_often();
    assert_int_equal(test_allocations() - before, 0);
}

#define TEST(name)    cmocka_unit_test_setup(name, begin)
#define KEEPING(name) cmocka_unit_test_setup(name, begin_keeping)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_memory_a_get_fails_and_the_next_one_tries_again),
        TEST(all_who_get_the_value_meanwhile_share_one_flight),
        TEST(a_function_that_need_not_wait_gives_its_value_at_once),
        TEST(an_error_is_shared_and_the_next_get_tries_again),
        KEEPING(an_error_is_kept_if_that_was_asked_for),
        TEST(a_reset_takes_the_value_away),
        TEST(who_comes_after_a_reset_does_not_get_what_was_computed_before),
        TEST(one_flight_serves_all_who_came_after_several_resets),
        TEST(a_flight_that_nobody_waits_for_after_a_reset_is_the_last),
        KEEPING(the_error_of_an_old_flight_is_not_kept),
        TEST(a_wait_can_be_canceled_and_the_flight_goes_on),
        TEST(a_flight_without_passengers_keeps_its_value),
        TEST(values_of_any_size_are_kept_whole),
        TEST(a_misuse_in_the_function_reaches_all_who_wait),
        TEST(a_flight_allocates_nothing_after_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

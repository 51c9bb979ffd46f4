/*
 * Receiving from the first of several channels.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/vtask/sources.h"

#include <magpie/async.h>
#include <magpie/channel.h>

MAG_CHANNEL_DEFINE(ints, int)
MAG_CHANNEL_DEFINE(texts, const char *)

static struct ints *numbers;
static struct texts *words;
static int number;
static const char *word;
static struct mag_channel_case cases[2];

static int begin(void **state)
{
    (void)state;
    number = 0;
    word = "";
    if (ints_create(2, &numbers) != 0 || texts_create(MAG_CHANNEL_UNBOUNDED, &words) != 0)
        return -1;
    cases[0] = ints_case(numbers, &number);
    cases[1] = texts_case(words, &word);
    return 0;
}

static int end(void **state)
{
    (void)state;
    ints_destroy(numbers);
    texts_destroy(words);
    return 0;
}

static void expect_case(mag_count_task task, size_t wanted)
{
    size_t index = SIZE_MAX;

    assert_int_equal(mag_count_task_get(task, &index), 0);
    assert_int_equal(index, wanted);
}

static uint64_t receivers_of(struct ints *channel)
{
    struct mag_channel_info info;

    ints_query(channel, &info);
    return info.receivers;
}

static void expect_nobody_waits(void)
{
    struct mag_channel_info info;

    assert_int_equal(receivers_of(numbers), 0);
    texts_query(words, &info);
    assert_int_equal(info.receivers, 0);
}

static void the_first_case_that_has_an_item_is_served(void **state)
{
    (void)state;
    assert_int_equal(texts_try_send(words, "a"), 0);
    expect_case(mag_select(cases, 2, NULL), 1);
    assert_string_equal(word, "a");
    assert_int_equal(texts_try_send(words, "b"), 0);
    assert_int_equal(ints_try_send(numbers, 7), 0);
    expect_case(mag_select(cases, 2, NULL), 0);
    assert_int_equal(number, 7);
    assert_string_equal(word, "a");
    expect_case(mag_select(cases, 2, NULL), 1);
    assert_string_equal(word, "b");
}

static void a_waiting_select_takes_one_item_and_leaves_the_other_channels(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        mag_count_task task = mag_select(cases, 2, NULL);
        assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
        assert_int_equal(receivers_of(numbers), 1);
        if (i % 2 == 0)
            assert_int_equal(ints_try_send(numbers, i), 0);
        else
            assert_int_equal(texts_try_send(words, "x"), 0);
        expect_nobody_waits();
        expect_case(task, i % 2 == 0 ? 0 : 1);
    }
    assert_int_equal(number, 2);
    assert_string_equal(word, "x");
}

static void a_select_waits_its_turn_among_receivers(void **state)
{
    int first = 0;
    (void)state;

    ints_task before = ints_receive(numbers);
    mag_count_task task = mag_select(cases, 2, NULL);
    ints_task behind = ints_receive(numbers);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(ints_try_send(numbers, i), 0);
    assert_int_equal(ints_task_get(before, &first), 0);
    assert_int_equal(first, 1);
    expect_case(task, 0);
    assert_int_equal(number, 2);
    assert_int_equal(ints_task_get(behind, &first), 0);
    assert_int_equal(first, 3);
}

static void a_select_takes_the_item_of_a_waiting_sender(void **state)
{
    struct ints *other = NULL;
    (void)state;

    assert_int_equal(ints_create(0, &other), 0);
    mag_task sender = ints_send(other, 5);
    cases[0] = ints_case(other, &number);
    expect_case(mag_select(cases, 2, NULL), 0);
    assert_int_equal(number, 5);
    assert_int_equal(mag_task_get(sender), 0);
    mag_count_task task = mag_select(cases, 2, NULL);
    assert_int_equal(mag_task_get(ints_send(other, 6)), 0);
    expect_case(task, 0);
    assert_int_equal(number, 6);
    ints_destroy(other);
}

static void a_channel_may_be_there_twice(void **state)
{
    struct mag_channel_case twice[] = {ints_case(numbers, &number),
                                       ints_case(numbers, &number)};
    (void)state;

    mag_count_task task = mag_select(twice, 2, NULL);
    assert_int_equal(receivers_of(numbers), 2);
    assert_int_equal(ints_try_send(numbers, 4), 0);
    expect_nobody_waits();
    expect_case(task, 0);
    assert_int_equal(number, 4);
}

static void a_channel_that_has_ended_is_named_by_the_detail(void **state)
{
    uint64_t detail = 9;
    (void)state;

    mag_count_task task = mag_select(cases, 2, NULL);
    assert_true(texts_fail(words, -EIO));
    expect_nobody_waits();
    assert_int_equal(mag_vtask_get_value(task.task, NULL, 0, &detail), -EIO);
    assert_int_equal(detail, 1);
    task = mag_select(cases, 2, NULL);
    detail = 9;
    assert_int_equal(mag_vtask_get_value(task.task, NULL, 0, &detail), -EIO);
    assert_int_equal(detail, 1);
    assert_int_equal(ints_try_send(numbers, 3), 0);
    expect_case(mag_select(cases, 2, NULL), 0);
    assert_true(ints_close(numbers));
    assert_int_equal(
        mag_vtask_get_value(mag_select(cases, 1, NULL).task, NULL, 0, &detail),
        MAG_CHANNEL_END);
    assert_int_equal(detail, 0);
}

static void a_canceled_select_takes_no_item(void **state)
{
    struct mag_cancel cancel = {0};
    uint64_t detail = 0;
    size_t index;
    (void)state;

    mag_count_task task = mag_select(cases, 2, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    expect_nobody_waits();
    assert_int_equal(mag_vtask_get_value(task.task, NULL, 0, &detail), -ECANCELED);
    assert_true(detail == (uintptr_t)&cancel);
    assert_int_equal(ints_try_send(numbers, 1), 0);
    assert_int_equal(mag_count_task_get(mag_select(cases, 2, &cancel), &index),
                     -ECANCELED);
    cancel = (struct mag_cancel){0};
    expect_case(mag_select(cases, 2, &cancel), 0);
    task = mag_select(cases, 2, &cancel);
    assert_int_equal(ints_try_send(numbers, 2), 0);
    assert_true(mag_cancel_fire(&cancel));
    expect_case(task, 0);
    assert_int_equal(number, 2);
}

static void a_select_of_none_or_too_many_is_misuse(void **state)
{
    struct mag_channel_case many[MAG_CHANNEL_CASES_MAX + 1];
    size_t index;
    (void)state;

    for (size_t i = 0; i <= MAG_CHANNEL_CASES_MAX; i++)
        many[i] = cases[0];
    assert_int_equal(mag_count_task_get(mag_select(many, 0, NULL), &index), MAG_E_ARG);
    assert_int_equal(
        mag_count_task_get(mag_select(many, MAG_CHANNEL_CASES_MAX + 1, NULL), &index),
        MAG_E_ARG);
    mag_count_task task = mag_select(many, MAG_CHANNEL_CASES_MAX, NULL);
    assert_int_equal(ints_try_send(numbers, 1), 0);
    expect_case(task, 0);
}

/* As the header shows it. */
MAG_ASYNC(mag_task, sum_both, (long *, ret_sum), struct mag_channel_case cases[2];
          size_t which; int number; const char *text; int error; long sum;)
{
    MAG_BEGIN(f);
    MAG_PIN(f);
    f->cases[0] = ints_case(numbers, &f->number);
    f->cases[1] = texts_case(words, &f->text);
    for (;;) {
        MAG_TRY(f, f->error, f->which, mag_select(f->cases, 2, NULL));
        if (f->error != 0)
            break;
        f->sum += f->which == 0 ? f->number : (long)strlen(f->text);
    }
    *f->ret_sum = f->sum;
    MAG_END(f);
}

static void an_async_function_selects(void **state)
{
    long sum = 0;
    (void)state;

    mag_task task = sum_both(&sum);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(mag_task_wait(ints_send(numbers, 10)), 0);
        assert_int_equal(mag_task_wait(texts_send(words, "abc")), 0);
    }
    while (receivers_of(numbers) == 0)
        test_turn(50);
    assert_true(ints_close(numbers));
    assert_int_equal(mag_task_wait(task), 0);
    assert_int_equal(sum, 1300);
}

static void nothing_is_allocated_by_a_select_after_warm_up(void **state)
{
    uint64_t before = 0;
    (void)state;

    for (int i = 0; i < 20; i++) {
        if (i == 2)
            before = test_allocations();
        mag_count_task task = mag_select(cases, 2, NULL);
        assert_int_equal(ints_try_send(numbers, 1), 0);
        expect_case(task, 0);
    }
    assert_int_equal(test_allocations(), before);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(the_first_case_that_has_an_item_is_served),
        CASE(a_waiting_select_takes_one_item_and_leaves_the_other_channels),
        CASE(a_select_waits_its_turn_among_receivers),
        CASE(a_select_takes_the_item_of_a_waiting_sender),
        CASE(a_channel_may_be_there_twice),
        CASE(a_channel_that_has_ended_is_named_by_the_detail),
        CASE(a_canceled_select_takes_no_item),
        CASE(a_select_of_none_or_too_many_is_misuse),
        CASE(an_async_function_selects),
        CASE(nothing_is_allocated_by_a_select_after_warm_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

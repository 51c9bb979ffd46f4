/*
 * Channels: many items at once, and items with priorities.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/vtask/sources.h"

#include <magpie/channel.h>

MAG_CHANNEL_DEFINE(ints, int)

enum { MANY = 1500 };

static int numbers[MANY];
static int got[MANY];

static struct ints *make(size_t capacity)
{
    struct ints *channel = NULL;

    for (int i = 0; i < MANY; i++)
        numbers[i] = i;
    memset(got, 0, sizeof(got));
    assert_int_equal(ints_create(capacity, &channel), 0);
    return channel;
}

static size_t count_of(mag_count_task task)
{
    size_t count = SIZE_MAX;

    assert_int_equal(mag_count_task_get(task, &count), 0);
    return count;
}

static void expect_got(size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(got[i], numbers[from + i]);
}

static struct mag_channel_info info_of(struct ints *channel)
{
    struct mag_channel_info info;

    ints_query(channel, &info);
    return info;
}

/* ------------------------------------------------------------------- many at once */

static void many_are_received_as_far_as_there_are_and_there_is_room(void **state)
{
    static const size_t capacities[] = {10, MAG_CHANNEL_UNBOUNDED};
    (void)state;

    for (size_t c = 0; c < 2; c++) {
        struct ints *channel = make(capacities[c]);
        size_t count = 99;

        assert_int_equal(ints_try_receive_many(channel, got, 5, &count), -EAGAIN);
        assert_int_equal(count, 99);
        assert_int_equal(ints_try_send_many(channel, numbers, 9, &count), 0);
        assert_int_equal(count, 9);
        assert_int_equal(count_of(ints_receive_many(channel, got, 4, NULL)), 4);
        expect_got(0, 4);
        assert_int_equal(count_of(ints_receive_many(channel, got, 0, NULL)), 0);
        assert_int_equal(ints_try_receive_many(channel, got, 0, &count), 0);
        assert_int_equal(count, 0);
        assert_int_equal(ints_try_receive_many(channel, got, 20, &count), 0);
        assert_int_equal(count, 5);
        expect_got(4, 5);
        ints_destroy(channel);
    }
}

static void no_more_than_a_batch_is_received_at_once_across_segments(void **state)
{
    struct ints *channel = make(MAG_CHANNEL_UNBOUNDED);
    size_t sent = 0, out = 0;
    (void)state;

    assert_int_equal(mag_task_get(ints_send_many(channel, numbers, MANY, NULL, &sent)),
                     0);
    assert_int_equal(sent, MANY);
    while (out < MANY) {
        size_t count = count_of(ints_receive_many(channel, got, MANY, NULL));
        assert_int_equal(count,
                         MANY - out < MAG_CHANNEL_BATCH ? MANY - out : MAG_CHANNEL_BATCH);
        expect_got(out, count);
        out += count;
    }
    assert_int_equal(info_of(channel).items, 0);
    ints_destroy(channel);
}

static void a_waiting_receive_of_many_gets_the_next_item(void **state)
{
    struct ints *channel = make(4);
    size_t sent = 0;
    (void)state;

    mag_count_task first = ints_receive_many(channel, got, 8, NULL);
    mag_count_task second = ints_receive_many(channel, got + 1, 8, NULL);
    assert_int_equal(mag_vtask_status(first.task), MAG_PENDING);
    assert_int_equal(ints_try_send_many(channel, numbers, 3, &sent), 0);
    assert_int_equal(sent, 3);
    assert_int_equal(count_of(first), 1);
    assert_int_equal(count_of(second), 1);
    assert_int_equal(count_of(ints_receive_many(channel, got + 2, 8, NULL)), 1);
    expect_got(0, 3);
    ints_destroy(channel);
}

static void a_send_of_many_waits_until_all_are_sent(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < 4; capacity++) {
        struct ints *channel = make(capacity);
        size_t sent = 99, count = 0;

        assert_int_equal(ints_try_send_many(channel, numbers, 6, &sent), -EAGAIN);
        assert_int_equal(sent, capacity);
        mag_task many =
            ints_send_many(channel, numbers + capacity, 6 - capacity, NULL, &sent);
        mag_task one = ints_send(channel, numbers[6]);
        for (size_t i = 0; i < 6; i++) {
            int status = i < 6 - capacity ? MAG_PENDING : MAG_SUCCEEDED;
            assert_int_equal(mag_vtask_status(many.task), status);
            assert_int_equal(ints_try_receive_many(channel, got + i, 1, &count), 0);
        }
        assert_int_equal(mag_task_get(many), 0);
        assert_int_equal(sent, 6 - capacity);
        assert_int_equal(count_of(ints_receive_many(channel, got + 6, 9, NULL)), 1);
        assert_int_equal(mag_task_get(one), 0);
        expect_got(0, 7);
        ints_destroy(channel);
    }
}

static void a_receive_of_many_takes_what_waiting_senders_have(void **state)
{
    struct ints *channel = make(2);
    size_t sent = 0;
    (void)state;

    mag_task first = ints_send_many(channel, numbers, 5, NULL, &sent);
    mag_task second = ints_send_many(channel, numbers + 5, 2, NULL, NULL);
    assert_int_equal(info_of(channel).senders, 2);
    assert_int_equal(count_of(ints_receive_many(channel, got, 20, NULL)), 7);
    expect_got(0, 7);
    assert_int_equal(mag_task_get(first), 0);
    assert_int_equal(mag_task_get(second), 0);
    assert_int_equal(sent, 5);
    ints_destroy(channel);
}

static void a_send_of_many_that_ends_early_tells_how_many_were_sent(void **state)
{
    struct mag_cancel cancel = {0};
    struct ints *channel = make(2);
    size_t sent = 99, count = 0;
    (void)state;

    mag_task task = ints_send_many(channel, numbers, 9, &cancel, &sent);
    assert_int_equal(ints_try_receive_many(channel, got, 1, &count), 0);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_get(task), -ECANCELED);
    assert_int_equal(sent, 3);
    assert_int_equal(mag_task_get(ints_send_many(channel, numbers, 9, &cancel, &sent)),
                     -ECANCELED);
    assert_int_equal(sent, 0);
    assert_int_equal(count_of(ints_receive_many(channel, got + 1, 9, NULL)), 2);
    expect_got(0, 3);

    cancel = (struct mag_cancel){0};
    mag_count_task waiting = ints_receive_many(channel, got, 9, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_count_task_get(waiting, &count), -ECANCELED);
    assert_int_equal(
        mag_count_task_get(ints_receive_many(channel, got, 9, &cancel), &count),
        -ECANCELED);

    task = ints_send_many(channel, numbers, 3, NULL, &sent);
    assert_true(ints_close(channel));
    assert_int_equal(mag_task_get(task), MAG_CHANNEL_CLOSED);
    assert_int_equal(sent, 2);
    assert_int_equal(mag_task_get(ints_send_many(channel, numbers, 3, NULL, &sent)),
                     MAG_CHANNEL_CLOSED);
    assert_int_equal(sent, 0);
    assert_int_equal(ints_try_send_many(channel, numbers, 3, &sent), MAG_CHANNEL_CLOSED);
    assert_int_equal(count_of(ints_receive_many(channel, got, 9, NULL)), 2);
    assert_int_equal(mag_count_task_get(ints_receive_many(channel, got, 9, NULL), &count),
                     MAG_CHANNEL_END);
    assert_int_equal(ints_try_receive_many(channel, got, 9, &count), MAG_CHANNEL_END);
    ints_destroy(channel);
}

/* ---------------------------------------------------------------------- priorities */

static const enum mag_priority order[] = {MAG_PRIORITY_HIGH, MAG_PRIORITY_NORMAL,
                                          MAG_PRIORITY_LOW};

static void expect_next(struct ints *channel, int wanted)
{
    int item = -1;

    assert_int_equal(ints_task_get(ints_receive(channel), &item), 0);
    assert_int_equal(item, wanted);
}

/* Items are numbered by priority, then by their order. */
static void
an_ordered_channel_gives_urgent_items_first_and_each_kind_in_order(void **state)
{
    static const size_t capacities[] = {3000, MAG_CHANNEL_UNBOUNDED};
    uint64_t random = test_seed();
    (void)state;

    for (size_t c = 0; c < 2; c++) {
        struct ints *channel = NULL;
        int sent[3] = {0, 0, 0};
        int next[3] = {0, 0, 0};

        assert_int_equal(ints_create_ordered(capacities[c], &channel), 0);
        for (unsigned i = 0; i < 20000; i++) {
            unsigned level = test_random_below(&random, 3);
            unsigned first = 0;

            if (i % 5 < 3) {
                int r = ints_try_send_at(channel, (int)level * 100000 + sent[level],
                                         order[level]);
                assert_true(r == 0 || (r == -EAGAIN && c == 0));
                sent[level] += r == 0;
                continue;
            }
            while (first < 2 && next[first] == sent[first])
                first++;
            if (next[first] != sent[first])
                expect_next(channel, (int)first * 100000 + next[first]++);
        }
        assert_true(ints_close(channel));
        for (unsigned level = 0; level < 3; level++) {
            while (next[level] != sent[level])
                expect_next(channel, (int)level * 100000 + next[level]++);
        }
        assert_int_equal(info_of(channel).items, 0);
        ints_destroy(channel);
    }
}

static void urgent_senders_are_served_first(void **state)
{
    struct ints *channel = NULL;
    mag_task tasks[3];
    (void)state;

    assert_int_equal(ints_create_ordered(1, &channel), 0);
    assert_int_equal(mag_task_get(ints_send(channel, 1)), 0);
    tasks[0] = ints_send_at(channel, 2, MAG_PRIORITY_LOW, NULL);
    tasks[1] = ints_send_at(channel, 3, MAG_PRIORITY_HIGH, NULL);
    tasks[2] = ints_send_until(channel, 4, NULL);
    assert_int_equal(info_of(channel).senders, 3);
    expect_next(channel, 1);
    expect_next(channel, 3);
    expect_next(channel, 4);
    expect_next(channel, 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(mag_task_get(tasks[i]), 0);
    ints_task waiting = ints_receive(channel);
    assert_int_equal(ints_try_send_at(channel, 5, MAG_PRIORITY_LOW), 0);
    int item = 0;
    assert_int_equal(ints_task_get(waiting, &item), 0);
    assert_int_equal(item, 5);
    ints_destroy(channel);
}

static void priorities_do_not_matter_in_other_channels(void **state)
{
    struct ints *channel = make(2);
    (void)state;

    assert_int_equal(ints_try_send_at(channel, 1, MAG_PRIORITY_LOW), 0);
    assert_int_equal(mag_task_get(ints_send_at(channel, 2, MAG_PRIORITY_HIGH, NULL)), 0);
    expect_next(channel, 1);
    expect_next(channel, 2);
    ints_destroy(channel);
}

static void without_memory_an_ordered_channel_is_not_made(void **state)
{
    struct ints *channel = NULL;
    int64_t before = test_live_allocations();
    (void)state;

    for (uint32_t nth = 1; nth < 5; nth++) {
        test_fail_allocation(nth);
        assert_int_equal(ints_create_ordered(8, &channel), -ENOMEM);
        assert_true(test_has_failed());
        assert_int_equal(test_live_allocations(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_are_received_as_far_as_there_are_and_there_is_room),
        cmocka_unit_test(no_more_than_a_batch_is_received_at_once_across_segments),
        cmocka_unit_test(a_waiting_receive_of_many_gets_the_next_item),
        cmocka_unit_test(a_send_of_many_waits_until_all_are_sent),
        cmocka_unit_test(a_receive_of_many_takes_what_waiting_senders_have),
        cmocka_unit_test(a_send_of_many_that_ends_early_tells_how_many_were_sent),
        cmocka_unit_test(
            an_ordered_channel_gives_urgent_items_first_and_each_kind_in_order),
        cmocka_unit_test(urgent_senders_are_served_first),
        cmocka_unit_test(priorities_do_not_matter_in_other_channels),
        cmocka_unit_test(without_memory_an_ordered_channel_is_not_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Channels: what a send and a receive answer, who waits for whom, the end, cancellation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/vtask/sources.h"

#include <magpie/channel.h>

struct wide {
    uint64_t words[9];
};

MAG_CHANNEL_DEFINE(ints, int)
MAG_CHANNEL_DEFINE(words, uint64_t)
MAG_CHANNEL_DEFINE(wides, struct wide)

static struct ints *make(size_t capacity)
{
    struct ints *channel = NULL;

    assert_int_equal(ints_create(capacity, &channel), 0);
    return channel;
}

static int received(struct ints *channel)
{
    int item = -1;

    assert_int_equal(ints_task_get(ints_receive(channel), &item), 0);
    return item;
}

static void expect_item(ints_task task, int wanted)
{
    int item = -1;

    assert_int_equal(ints_task_get(task, &item), 0);
    assert_int_equal(item, wanted);
}

static int failure_of(ints_task task)
{
    int item = -1;
    int r = ints_task_get(task, &item);

    assert_int_equal(item, -1);
    return r;
}

static struct mag_channel_info info_of(struct ints *channel)
{
    struct mag_channel_info info;

    ints_query(channel, &info);
    return info;
}

static bool is_pending(mag_vtask task)
{
    return mag_vtask_status(task) == MAG_PENDING;
}

/* ----------------------------------------------------------------------- items */

static void items_come_out_in_the_order_in_which_they_went_in(void **state)
{
    static const size_t capacities[] = {1, 2, 3, 7, 64, MAG_CHANNEL_UNBOUNDED};
    (void)state;

    for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        struct ints *channel = make(capacities[c]);
        size_t room = capacities[c] < 5000 ? capacities[c] : 5000;
        int in = 0, out = 0;

        for (unsigned round = 0; round < 5; round++) {
            for (size_t i = 0; i < room; i++)
                assert_int_equal(mag_task_get(ints_send(channel, in++)), 0);
            assert_int_equal(info_of(channel).items, room);
            for (size_t i = 0; i < room - round % 2; i++)
                assert_int_equal(received(channel), out++);
            if (round % 2 == 1)
                assert_int_equal(received(channel), out++);
        }
        assert_int_equal(in, out);
        assert_int_equal(info_of(channel).sent, in);
        assert_int_equal(info_of(channel).received, in);
        ints_destroy(channel);
    }
}

static void an_item_may_be_of_any_size(void **state)
{
    struct words *w = NULL;
    struct wides *v = NULL;
    struct wide item = {{1, 2, 3, 4, 5, 6, 7, 8, 9}};
    struct wide got;
    uint64_t word = 0;
    (void)state;

    assert_int_equal(words_create(1, &w), 0);
    words_task waiting = words_receive(w);
    assert_int_equal(mag_task_get(words_send(w, UINT64_MAX)), 0);
    assert_int_equal(words_task_get(waiting, &word), 0);
    assert_true(word == UINT64_MAX);
    words_destroy(w);

    assert_int_equal(wides_create(MAG_CHANNEL_UNBOUNDED, &v), 0);
    for (unsigned i = 0; i < 300; i++) {
        item.words[8] = i;
        assert_int_equal(wides_try_send(v, item), 0);
    }
    for (unsigned i = 0; i < 300; i++) {
        memset(&got, 0, sizeof(got));
        assert_int_equal(wides_task_get(wides_receive(v), &got), 0);
        assert_int_equal(got.words[0], 1);
        assert_int_equal(got.words[8], i);
    }
    wides_task late = wides_receive(v);
    assert_int_equal(mag_task_get(wides_send(v, item)), 0);
    assert_int_equal(wides_task_get(late, &got), 0);
    assert_memory_equal(&got, &item, sizeof(item));
    wides_destroy(v);
}

static void a_try_never_waits(void **state)
{
    struct ints *channel = make(1);
    int item = -1;
    (void)state;

    assert_int_equal(ints_try_receive(channel, &item), -EAGAIN);
    assert_int_equal(ints_try_send(channel, 1), 0);
    assert_int_equal(ints_try_send(channel, 2), -EAGAIN);
    assert_int_equal(ints_try_receive(channel, &item), 0);
    assert_int_equal(item, 1);
    assert_true(ints_close(channel));
    assert_int_equal(ints_try_send(channel, 3), MAG_CHANNEL_CLOSED);
    assert_int_equal(ints_try_receive(channel, &item), MAG_CHANNEL_END);
    assert_int_equal(item, 1);
    ints_destroy(channel);
}

static void a_try_serves_those_who_wait(void **state)
{
    struct ints *channel = make(1);
    int item = -1;
    (void)state;

    ints_task receiver = ints_receive(channel);
    assert_int_equal(ints_try_send(channel, 1), 0);
    expect_item(receiver, 1);
    assert_int_equal(ints_try_send(channel, 2), 0);
    mag_task sender = ints_send(channel, 3);
    assert_int_equal(ints_try_receive(channel, &item), 0);
    assert_int_equal(item, 2);
    assert_int_equal(mag_task_get(sender), 0);
    assert_int_equal(received(channel), 3);
    ints_destroy(channel);
}

/* -------------------------------------------------------------------- those who wait */

static void
a_waiting_receiver_gets_the_next_item_and_the_first_is_served_first(void **state)
{
    static const size_t capacities[] = {0, 1, MAG_CHANNEL_UNBOUNDED};
    (void)state;

    for (size_t c = 0; c < 3; c++) {
        struct ints *channel = make(capacities[c]);
        ints_task waiting[4];

        for (int i = 0; i < 4; i++) {
            waiting[i] = ints_receive(channel);
            assert_true(is_pending(waiting[i].task));
        }
        assert_int_equal(info_of(channel).receivers, 4);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(mag_task_get(ints_send(channel, i)), 0);
            expect_item(waiting[i], i);
            if (i < 3)
                assert_true(is_pending(waiting[i + 1].task));
        }
        assert_int_equal(info_of(channel).items, 0);
        assert_int_equal(info_of(channel).sent, 4);
        ints_destroy(channel);
    }
}

static void
a_waiting_sender_gets_the_next_room_and_the_first_is_served_first(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < 4; capacity++) {
        struct ints *channel = make(capacity);
        mag_task waiting[4];
        int next = 0, out = 0;

        for (size_t i = 0; i < capacity; i++)
            assert_int_equal(mag_task_get(ints_send(channel, next++)), 0);
        for (int i = 0; i < 4; i++) {
            waiting[i] = ints_send(channel, next++);
            assert_true(is_pending(waiting[i].task));
        }
        assert_int_equal(info_of(channel).senders, 4);
        assert_int_equal(info_of(channel).items, capacity);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(received(channel), out++);
            assert_int_equal(mag_task_get(waiting[i]), 0);
            if (i < 3)
                assert_true(is_pending(waiting[i + 1].task));
        }
        while (out < next)
            assert_int_equal(received(channel), out++);
        ints_destroy(channel);
    }
}

static void an_awaiter_is_queued_and_does_not_run_inside_the_send(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct ints *channel = make(1);
    struct probe probe;
    (void)state;

    ints_task task = ints_receive(channel);
    assert_int_equal(mag_vtask_on_completed(task.task, probe_begin(&probe, NULL), 0), 0);
    probe.continuation.home = (uintptr_t)sched | MAG_HOME_SCHED;
    assert_int_equal(mag_task_get(ints_send(channel, 5)), 0);
    probe_expect_one_run(&probe);
    assert_false(probe_ran_here(&probe));
    expect_item(task, 5);
    ints_destroy(channel);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void an_item_of_a_discarded_receive_is_lost(void **state)
{
    struct ints *channel = make(2);
    (void)state;

    assert_int_equal(mag_vtask_discard(ints_receive(channel).task), 0);
    assert_int_equal(mag_task_get(ints_send(channel, 1)), 0);
    assert_int_equal(mag_task_get(ints_send(channel, 2)), 0);
    assert_int_equal(received(channel), 2);
    ints_destroy(channel);
}

/* ------------------------------------------------------------------------- the end */

static void a_closed_channel_gives_its_items_and_then_the_end(void **state)
{
    static const size_t capacities[] = {2, MAG_CHANNEL_UNBOUNDED};
    (void)state;

    for (size_t c = 0; c < 2; c++) {
        struct ints *channel = make(capacities[c]);

        assert_int_equal(mag_task_get(ints_send(channel, 1)), 0);
        assert_int_equal(mag_task_get(ints_send(channel, 2)), 0);
        assert_true(ints_close(channel));
        assert_true(info_of(channel).is_closed);
        assert_int_equal(mag_task_get(ints_send(channel, 3)), MAG_CHANNEL_CLOSED);
        assert_int_equal(received(channel), 1);
        assert_int_equal(received(channel), 2);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(failure_of(ints_receive(channel)), MAG_CHANNEL_END);
        ints_destroy(channel);
    }
}

static void an_error_is_seen_behind_the_last_item(void **state)
{
    struct ints *channel = make(2);
    int item = -1;
    (void)state;

    assert_int_equal(mag_task_get(ints_send(channel, 1)), 0);
    assert_true(ints_fail(channel, -EIO));
    assert_false(ints_close(channel));
    assert_false(ints_fail(channel, -EDOM));
    assert_int_equal(mag_task_get(ints_send(channel, 2)), MAG_CHANNEL_CLOSED);
    assert_int_equal(received(channel), 1);
    assert_int_equal(failure_of(ints_receive(channel)), -EIO);
    assert_int_equal(ints_try_receive(channel, &item), -EIO);
    ints_destroy(channel);
}

static void a_channel_does_not_end_with_a_code_of_misuse(void **state)
{
    struct ints *channel = make(2);
    (void)state;

    assert_false(ints_fail(channel, MAG_E_TOKEN));
    assert_false(info_of(channel).is_closed);
    assert_true(ints_fail(channel, 0));
    assert_int_equal(failure_of(ints_receive(channel)), MAG_CHANNEL_END);
    ints_destroy(channel);
}

static void
closing_ends_all_waits_and_the_items_of_waiting_senders_are_not_sent(void **state)
{
    struct ints *channel = make(1);
    mag_task senders[3];
    ints_task receivers[3];
    (void)state;

    assert_int_equal(mag_task_get(ints_send(channel, 1)), 0);
    for (int i = 0; i < 3; i++)
        senders[i] = ints_send(channel, 2 + i);
    assert_true(ints_close(channel));
    for (int i = 0; i < 3; i++)
        assert_int_equal(mag_task_get(senders[i]), MAG_CHANNEL_CLOSED);
    assert_int_equal(received(channel), 1);
    assert_int_equal(failure_of(ints_receive(channel)), MAG_CHANNEL_END);
    ints_destroy(channel);

    channel = make(1);
    for (int i = 0; i < 3; i++)
        receivers[i] = ints_receive(channel);
    assert_true(ints_fail(channel, 77));
    for (int i = 0; i < 3; i++)
        assert_int_equal(failure_of(receivers[i]), 77);
    ints_destroy(channel);
}

/* --------------------------------------------------------------------- cancellation */

static void a_fired_cancel_object_is_seen_first(void **state)
{
    struct mag_cancel cancel = {0};
    struct ints *channel = make(2);
    uint64_t detail = 0;
    (void)state;

    assert_int_equal(mag_task_get(ints_send(channel, 1)), 0);
    assert_true(mag_cancel_fire(&cancel));
    mag_task sender = ints_send_until(channel, 2, &cancel);
    assert_int_equal(mag_vtask_get_value(sender.task, NULL, 0, &detail), -ECANCELED);
    assert_true(detail == (uintptr_t)&cancel);
    assert_int_equal(failure_of(ints_receive_until(channel, &cancel)), -ECANCELED);
    assert_int_equal(received(channel), 1);
    ints_destroy(channel);
}

static void a_canceled_receive_takes_no_item_and_a_canceled_send_leaves_none(void **state)
{
    struct mag_cancel cancel = {0};
    struct mag_cancel other = {0};
    struct ints *channel = make(1);
    uint64_t detail = 0;
    (void)state;

    ints_task first = ints_receive_until(channel, &cancel);
    ints_task second = ints_receive_until(channel, &other);
    ints_task third = ints_receive_until(channel, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_vtask_status(first.task), MAG_CANCELED);
    assert_int_equal(mag_vtask_get_value(first.task, NULL, 0, &detail), -ECANCELED);
    assert_true(detail == (uintptr_t)&cancel);
    assert_int_equal(failure_of(third), -ECANCELED);
    assert_int_equal(info_of(channel).receivers, 1);
    assert_int_equal(mag_task_get(ints_send_until(channel, 1, &other)), 0);
    expect_item(second, 1);

    cancel = (struct mag_cancel){0};
    assert_int_equal(mag_task_get(ints_send(channel, 2)), 0);
    mag_task a = ints_send_until(channel, 3, &cancel);
    mag_task b = ints_send_until(channel, 4, &other);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_get(a), -ECANCELED);
    assert_int_equal(received(channel), 2);
    assert_int_equal(mag_task_get(b), 0);
    assert_int_equal(received(channel), 4);
    /* What was served is canceled no more. */
    assert_true(mag_cancel_fire(&other));
    assert_int_equal(info_of(channel).items, 0);
    ints_destroy(channel);
}

static void a_wait_that_another_cancel_object_served_before_is_left_alone(void **state)
{
    struct ints *channel = make(1);
    (void)state;

    for (unsigned i = 0; i < 100; i++) {
        struct mag_cancel cancel = {0};
        ints_task task = ints_receive_until(channel, &cancel);

        if (i % 2 == 0)
            assert_int_equal(mag_task_get(ints_send(channel, 9)), 0);
        assert_true(mag_cancel_fire(&cancel));
        if (i % 2 == 0)
            expect_item(task, 9);
        else
            assert_int_equal(failure_of(task), -ECANCELED);
    }
    ints_destroy(channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_in_the_order_in_which_they_went_in),
        cmocka_unit_test(an_item_may_be_of_any_size),
        cmocka_unit_test(a_try_never_waits),
        cmocka_unit_test(a_try_serves_those_who_wait),
        cmocka_unit_test(
            a_waiting_receiver_gets_the_next_item_and_the_first_is_served_first),
        cmocka_unit_test(
            a_waiting_sender_gets_the_next_room_and_the_first_is_served_first),
        cmocka_unit_test(an_awaiter_is_queued_and_does_not_run_inside_the_send),
        cmocka_unit_test(an_item_of_a_discarded_receive_is_lost),
        cmocka_unit_test(a_closed_channel_gives_its_items_and_then_the_end),
        cmocka_unit_test(an_error_is_seen_behind_the_last_item),
        cmocka_unit_test(a_channel_does_not_end_with_a_code_of_misuse),
        cmocka_unit_test(
            closing_ends_all_waits_and_the_items_of_waiting_senders_are_not_sent),
        cmocka_unit_test(a_fired_cancel_object_is_seen_first),
        cmocka_unit_test(
            a_canceled_receive_takes_no_item_and_a_canceled_send_leaves_none),
        cmocka_unit_test(a_wait_that_another_cancel_object_served_before_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

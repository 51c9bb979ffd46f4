/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/async.h>
#include <magpie/channel.h>
#include <magpie/connected.h>
#include <magpie/promise.h>
#include <magpie/submit_task.h>

#include <string.h>

/* Sends and receives in their connected form, alone and beside those with a task. */

struct wide {
    uint64_t words[9];
};

MAG_VTASK_DEFINE(sum_task, uint64_t)
MAG_CHANNEL_DEFINE(ints, int)
MAG_CHANNEL_DEFINE(wides, struct wide)

enum { PAIRS = 6, ITEMS = 5000 };

static struct ints *make(size_t capacity)
{
    struct ints *channel = NULL;

    assert_int_equal(ints_create(capacity, &channel), 0);
    return channel;
}

/* The item, or its error. */
MAG_ASYNC_CONNECTED(ints_task, receive_one,
                    (struct ints *, from, struct mag_cancel *, cancel),
                    struct ints_state state;
                    int item;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->item, ints_receive_until, &f->state, f->from, f->cancel);
    return ints_task_result(f->item);
    MAG_END(f);
}

MAG_ASYNC_CONNECTED(mag_task, send_one,
                    (struct ints *, to, int, item, struct mag_cancel *, cancel),
                    struct ints_state state;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, ints_send_until, &f->state, f->to, f->item, f->cancel);
    return mag_task_done();
    MAG_END(f);
}

static void items_and_room_that_are_there_need_no_wait(void **state)
{
    struct ints *channel = make(1);
    int item = 0;
    (void)state;

    assert_int_equal(mag_task_get(send_one(channel, 7, NULL)), 0);
    assert_int_equal(ints_task_get(receive_one(channel, NULL), &item), 0);
    assert_int_equal(item, 7);
    ints_destroy(channel);
}

static void receivers_of_both_forms_are_served_first_come_first_served(void **state)
{
    struct ints *channel = make(1);
    ints_task tasks[PAIRS];
    int item = 0;
    (void)state;

    for (int i = 0; i < PAIRS; i++)
        tasks[i] = i % 2 == 0 ? receive_one(channel, NULL) : ints_receive(channel);
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(ints_try_send(channel, 10 + i), 0);
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(ints_task_wait(tasks[i], &item), 0);
        assert_int_equal(item, 10 + i);
    }
    ints_destroy(channel);
}

static void senders_of_both_forms_are_served_first_come_first_served(void **state)
{
    struct ints *channel = make(1);
    mag_task tasks[PAIRS];
    int item = 0;
    (void)state;

    assert_int_equal(ints_try_send(channel, 9), 0);
    for (int i = 0; i < PAIRS; i++)
        tasks[i] =
            i % 2 == 0 ? send_one(channel, 10 + i, NULL) : ints_send(channel, 10 + i);
    for (int i = -1; i < PAIRS; i++) {
        assert_int_equal(ints_try_receive(channel, &item), 0);
        assert_int_equal(item, 10 + i);
    }
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(mag_task_wait(tasks[i]), 0);
    ints_destroy(channel);
}

static void waits_end_with_the_channel_and_with_their_cancel_object(void **state)
{
    struct ints *channel = make(1);
    struct mag_cancel cancel = {0};
    int item = 0;
    (void)state;

    ints_task canceled = receive_one(channel, &cancel),
              ended = receive_one(channel, NULL);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(ints_task_wait(canceled, &item), -ECANCELED);
    assert_int_equal(ints_task_wait(receive_one(channel, &cancel), &item), -ECANCELED);
    assert_true(ints_close(channel));
    assert_int_equal(ints_task_wait(ended, &item), MAG_CHANNEL_END);
    assert_int_equal(mag_task_wait(send_one(channel, 1, NULL)), MAG_CHANNEL_CLOSED);
    ints_destroy(channel);
}

static void a_canceled_send_sends_nothing(void **state)
{
    struct ints *channel = make(1);
    struct mag_cancel cancel = {0};
    int item = 0;
    (void)state;

    assert_int_equal(ints_try_send(channel, 1), 0);
    mag_task canceled = send_one(channel, 2, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_wait(canceled), -ECANCELED);
    assert_int_equal(ints_try_receive(channel, &item), 0);
    assert_int_equal(ints_try_receive(channel, &item), -EAGAIN);
    ints_destroy(channel);
}

MAG_ASYNC(sum_task, receive_wide, (struct wides *, from), struct wides_state state;
          struct wide item;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->item, wides_receive, &f->state, f->from);
    return sum_task_result(f->item.words[0] + f->item.words[8]);
    MAG_END(f);
}

static void an_item_larger_than_a_word_arrives_whole(void **state)
{
    struct wides *channel = NULL;
    struct wide item = {.words = {[0] = 20, [8] = 22}};
    uint64_t sum = 0;
    (void)state;

    assert_int_equal(wides_create(1, &channel), 0);
    sum_task waits = receive_wide(channel);
    assert_int_equal(wides_try_send(channel, item), 0);
    assert_int_equal(sum_task_wait(waits, &sum), 0);
    assert_int_equal(sum, 42);
    assert_int_equal(wides_try_send(channel, item), 0);
    assert_int_equal(sum_task_wait(receive_wide(channel), &sum), 0);
    assert_int_equal(sum, 42);
    wides_destroy(channel);
}

/* ----------------------------------------------------------------------- on workers */

/* NOLINTNEXTLINE(readability-function-*): MAG_CONNECT is more than it looks. */
MAG_ASYNC_CONNECTED(mag_task, send_all, (struct ints *, to, int, count, bool, connects),
                    struct ints_state state;)
{
    MAG_BEGIN(f);
    for (; f->count > 0; f->count--) {
        if (f->connects)
            MAG_CONNECT_DONE(f, ints_send, &f->state, f->to, f->count);
        else
            MAG_AWAIT_DONE(f, ints_send(f->to, f->count));
    }
    return mag_task_done();
    MAG_END(f);
}

/* The sum of `count` items.  After each wait the state is the function's own. */
/* NOLINTNEXTLINE(readability-function-*): MAG_CONNECT is more than it looks. */
MAG_ASYNC_CONNECTED(sum_task, receive_all,
                    (struct ints *, from, int, count, bool, connects),
                    struct ints_state state;
                    uint64_t sum; int item;)
{
    MAG_BEGIN(f);
    for (; f->count > 0; f->count--) {
        if (f->connects)
            MAG_CONNECT(f, f->item, ints_receive, &f->state, f->from);
        else
            MAG_AWAIT(f, f->item, ints_receive(f->from));
        f->sum += (uint64_t)f->item;
        memset((void *)&f->state, 0xff, sizeof(f->state));
    }
    return sum_task_result(f->sum);
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, send_there, struct ints *, to, int, count, bool, connects)
static mag_task send_there(struct ints *to, int count, bool connects)
{
    return send_all(to, count, connects);
}

MAG_SUBMIT_TASK(sum_task, receive_there, struct ints *, from, int, count, bool, connects)
static sum_task receive_there(struct ints *from, int count, bool connects)
{
    return receive_all(from, count, connects);
}

static void every_item_arrives_once_between_both_forms(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct ints *channel = make(2);
    mag_task senders[PAIRS];
    sum_task receivers[PAIRS];
    int count = (int)test_rounds(ITEMS);
    uint64_t sum = 0, part = 0;
    (void)state;

    for (int i = 0; i < PAIRS; i++) {
        senders[i] = send_there_submit(sched, channel, count, i % 2 == 0);
        receivers[i] = receive_there_submit(sched, channel, count, i % 3 != 0);
    }
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(mag_task_wait(senders[i]), 0);
        assert_int_equal(sum_task_wait(receivers[i], &part), 0);
        sum += part;
    }
    assert_int_equal(sum, (uint64_t)PAIRS * (uint64_t)count * (uint64_t)(count + 1) / 2);
    ints_destroy(channel);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_and_room_that_are_there_need_no_wait),
        cmocka_unit_test(receivers_of_both_forms_are_served_first_come_first_served),
        cmocka_unit_test(senders_of_both_forms_are_served_first_come_first_served),
        cmocka_unit_test(waits_end_with_the_channel_and_with_their_cancel_object),
        cmocka_unit_test(a_canceled_send_sends_nothing),
        cmocka_unit_test(an_item_larger_than_a_word_arrives_whole),
        cmocka_unit_test(every_item_arrives_once_between_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/magpie.h>

#include <string.h>

/* Batches, and sends with a priority, in their connected form. */

struct wide {
    uint64_t words[9];
};

MAG_VTASK_DEFINE(sum_task, uint64_t)
MAG_CHANNEL_DEFINE(ints, int)
MAG_CHANNEL_DEFINE(wides, struct wide)

enum { BATCH = 8, PAIRS = 4, ITEMS = 4000 };

static const int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static struct ints *make(size_t capacity)
{
    struct ints *channel = NULL;

    assert_int_equal(ints_create(capacity, &channel), 0);
    return channel;
}

/* After each wait the state is the function's own. */
MAG_ASYNC(mag_count_task, receive_batch,
          (struct ints *, from, int *, ret_items, size_t, room, struct mag_cancel *, by),
          struct ints_state state;
          size_t count;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->count, ints_receive_many, &f->state, f->from, f->ret_items, f->room,
                f->by);
    memset((void *)&f->state, 0xff, sizeof(f->state));
    return mag_count_task_result(f->count);
    MAG_END(f);
}

MAG_ASYNC(mag_task, send_batch,
          (struct ints *, to, const int *, items, size_t, count, struct mag_cancel *, by,
           size_t *, ret_sent),
          struct ints_state state;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, ints_send_many, &f->state, f->to, f->items, f->count, f->by,
                     f->ret_sent);
    memset((void *)&f->state, 0xff, sizeof(f->state));
    return mag_task_done();
    MAG_END(f);
}

static size_t count_of(mag_count_task task)
{
    size_t count = SIZE_MAX;

    assert_int_equal(mag_count_task_wait(task, &count), 0);
    return count;
}

static void expect_items(const int *items, int first, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(items[i], first + i);
}

/* ------------------------------------------------------------------------- batches */

static void what_is_there_needs_no_wait(void **state)
{
    struct ints *channel = make(10);
    size_t sent = 99;
    int got[10];
    (void)state;

    assert_int_equal(mag_task_get(send_batch(channel, numbers, 10, NULL, &sent)), 0);
    assert_int_equal(sent, 10);
    assert_int_equal(mag_task_get(send_batch(channel, numbers, 0, NULL, NULL)), 0);
    assert_int_equal(count_of(receive_batch(channel, got, 0, NULL)), 0);
    assert_int_equal(count_of(receive_batch(channel, got, 4, NULL)), 4);
    assert_int_equal(count_of(receive_batch(channel, got + 4, 20, NULL)), 6);
    expect_items(got, 0, 10);
    ints_destroy(channel);
}

static void receives_of_both_forms_wait_in_one_line(void **state)
{
    struct ints *channel = make(8);
    mag_count_task tasks[4];
    int got[4];
    (void)state;

    for (int i = 0; i < 4; i++)
        tasks[i] = i % 2 == 0 ? receive_batch(channel, &got[i], 8, NULL)
                              : ints_receive_many(channel, &got[i], 8, NULL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ints_try_send(channel, i), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(count_of(tasks[i]), 1);
    expect_items(got, 0, 4);
    ints_destroy(channel);
}

static void a_send_waits_until_all_are_sent(void **state)
{
    struct ints *channel = make(2);
    size_t sent = 99;
    int got[10], item = 0;
    (void)state;

    mag_task first = send_batch(channel, numbers, 5, NULL, &sent);
    mag_task second = ints_send_many(channel, numbers + 5, 2, NULL, NULL);
    mag_task third = send_batch(channel, numbers + 7, 3, NULL, NULL);
    assert_int_equal(ints_try_receive(channel, &item), 0);
    assert_int_equal(item, 0);
    assert_int_equal(mag_vtask_status(first.task), MAG_PENDING);
    assert_int_equal(count_of(receive_batch(channel, got, 10, NULL)), 9);
    expect_items(got, 1, 9);
    assert_int_equal(mag_task_wait(first), 0);
    assert_int_equal(sent, 5);
    assert_int_equal(mag_task_wait(second), 0);
    assert_int_equal(mag_task_wait(third), 0);
    ints_destroy(channel);
}

static void a_send_that_ends_early_tells_how_many_were_sent(void **state)
{
    struct ints *channel = make(2);
    struct mag_cancel cancel = {0};
    size_t sent = 99;
    int got[4];
    (void)state;

    mag_task canceled = send_batch(channel, numbers, 9, &cancel, &sent);
    assert_int_equal(count_of(receive_batch(channel, got, 1, NULL)), 1);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_wait(canceled), -ECANCELED);
    assert_int_equal(sent, 3);
    assert_int_equal(mag_task_get(send_batch(channel, numbers, 9, &cancel, &sent)),
                     -ECANCELED);
    assert_int_equal(sent, 0);
    mag_task closed = send_batch(channel, numbers, 9, NULL, &sent);
    assert_true(ints_close(channel));
    assert_int_equal(mag_task_wait(closed), MAG_CHANNEL_CLOSED);
    assert_int_equal(sent, 0);
    assert_int_equal(mag_task_get(send_batch(channel, numbers, 1, NULL, NULL)),
                     MAG_CHANNEL_CLOSED);
    assert_int_equal(count_of(receive_batch(channel, got, 4, NULL)), 2);
    ints_destroy(channel);
}

static void a_receive_ends_with_the_channel_and_with_its_cancel_object(void **state)
{
    struct ints *channel = make(2);
    struct mag_cancel cancel = {0};
    size_t count = 0;
    int got[4];
    (void)state;

    mag_count_task canceled = receive_batch(channel, got, 4, &cancel),
                   ended = receive_batch(channel, got, 4, NULL);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_count_task_wait(canceled, &count), -ECANCELED);
    assert_int_equal(mag_count_task_get(receive_batch(channel, got, 4, &cancel), &count),
                     -ECANCELED);
    assert_true(ints_close(channel));
    assert_int_equal(mag_count_task_wait(ended, &count), MAG_CHANNEL_END);
    assert_int_equal(mag_count_task_get(receive_batch(channel, got, 4, NULL), &count),
                     MAG_CHANNEL_END);
    ints_destroy(channel);
}

MAG_ASYNC(sum_task, receive_wides, (struct wides *, from), struct wides_state state;
          struct wide items[2]; size_t count;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->count, wides_receive_many, &f->state, f->from, f->items, 2, NULL);
    return sum_task_result(100 * f->count + f->items[0].words[0] + f->items[0].words[8]);
    MAG_END(f);
}

static void the_places_of_a_batch_may_lie_in_the_frame(void **state)
{
    struct wides *channel = NULL;
    struct wide item = {.words = {[0] = 20, [8] = 22}};
    uint64_t sum = 0;
    (void)state;

    assert_int_equal(wides_create(1, &channel), 0);
    for (int i = 0; i < 2; i++) {
        sum_task waits = receive_wides(channel);
        assert_int_equal(wides_try_send(channel, item), 0);
        assert_int_equal(sum_task_wait(waits, &sum), 0);
        assert_int_equal(sum, 142);
    }
    wides_destroy(channel);
}

/* ---------------------------------------------------------------------- priorities */

MAG_ASYNC(mag_task, send_urgent,
          (struct ints *, to, int, item, enum mag_priority, priority),
          struct ints_state state;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, ints_send_at, &f->state, f->to, f->item, f->priority, NULL);
    return mag_task_done();
    MAG_END(f);
}

static void urgent_items_and_urgent_senders_come_first(void **state)
{
    static const enum mag_priority priorities[] = {MAG_PRIORITY_LOW, MAG_PRIORITY_NORMAL,
                                                   MAG_PRIORITY_HIGH};
    struct ints *channel = NULL;
    mag_task tasks[6];
    int item = 0;
    (void)state;

    assert_int_equal(ints_create_ordered(3, &channel), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(mag_task_get(send_urgent(channel, i, priorities[i])), 0);
    for (int i = 0; i < 6; i++)
        tasks[i] = i % 2 == 0 ? send_urgent(channel, 10 + i, priorities[i / 2])
                              : ints_send_at(channel, 10 + i, priorities[i / 2], NULL);
    /* The urgent senders come in as there is room, and are then first. */
    static const int order[] = {2, 14, 15, 1, 12, 13, 0, 10, 11};
    for (int i = 0; i < 9; i++) {
        assert_int_equal(ints_try_receive(channel, &item), 0);
        assert_int_equal(item, order[i]);
    }
    for (int i = 0; i < 6; i++)
        assert_int_equal(mag_task_wait(tasks[i]), 0);
    ints_destroy(channel);
}

/* ----------------------------------------------------------------------- on workers */

MAG_ASYNC_CONNECTED(mag_task, send_all, (struct ints *, to, int, count, bool, connects),
                    struct ints_state state;
                    int items[BATCH]; size_t next; size_t sent;)
{
    MAG_BEGIN(f);
    while (f->count > 0) {
        for (f->next = 0; f->next < BATCH && f->count > 0; f->next++)
            f->items[f->next] = f->count--;
        if (f->connects)
            MAG_CONNECT_DONE(f, ints_send_many, &f->state, f->to, f->items, f->next, NULL,
                             &f->sent);
        else
            MAG_AWAIT_DONE(f, ints_send_many(f->to, f->items, f->next, NULL, &f->sent));
        if (f->sent != f->next)
            MAG_FAIL(f, -EPROTO);
    }
    return mag_task_done();
    MAG_END(f);
}

/* The sum of all items until the channel is closed. */
MAG_ASYNC_CONNECTED(sum_task, receive_all, (struct ints *, from, bool, connects),
                    struct ints_state state;
                    int items[BATCH]; size_t count; uint64_t sum; int error;)
{
    MAG_BEGIN(f);
    for (;;) {
        if (f->connects)
            MAG_CONNECT_TRY(f, f->error, f->count, ints_receive_many, &f->state, f->from,
                            f->items, BATCH, NULL);
        else
            MAG_TRY(f, f->error, f->count,
                    ints_receive_many(f->from, f->items, BATCH, NULL));
        if (f->error != 0)
            break;
        for (size_t i = 0; i < f->count; i++)
            f->sum += (uint64_t)f->items[i];
    }
    if (f->error != MAG_CHANNEL_END)
        MAG_FAIL(f, f->error);
    return sum_task_result(f->sum);
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, send_there, struct ints *, to, int, count, bool, connects)
static mag_task send_there(struct ints *to, int count, bool connects)
{
    return send_all(to, count, connects);
}

MAG_SUBMIT_TASK(sum_task, receive_there, struct ints *, from, bool, connects)
static sum_task receive_there(struct ints *from, bool connects)
{
    return receive_all(from, connects);
}

static void every_item_arrives_once_in_batches_of_both_forms(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct ints *channel = make(3);
    mag_task senders[PAIRS];
    sum_task receivers[PAIRS];
    int count = (int)test_rounds(ITEMS);
    uint64_t sum = 0, part = 0;
    (void)state;

    for (int i = 0; i < PAIRS; i++) {
        senders[i] = send_there_submit(sched, channel, count, i % 2 == 0);
        receivers[i] = receive_there_submit(sched, channel, i % 3 != 0);
    }
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(mag_task_wait(senders[i]), 0);
    assert_true(ints_close(channel));
    for (int i = 0; i < PAIRS; i++) {
        assert_int_equal(sum_task_wait(receivers[i], &part), 0);
        sum += part;
    }
    assert_int_equal(sum, (uint64_t)PAIRS * (uint64_t)count * (uint64_t)(count + 1) / 2);
    ints_destroy(channel);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* --------------------------------------------------------------------------- memory */

/* A waiter without an async function. */
struct hearer {
    struct mag_waiter waiter; /* first */
    struct ints_state state;
};

static struct mag_job *kept;

static int keep(struct mag_executor *executor, struct mag_job *job)
{
    (void)executor;
    kept = job;
    return 0;
}

static void hear(struct mag_job *job)
{
    (void)job;
}

static void a_wait_allocates_nothing_even_the_first_time(void **state)
{
    struct mag_executor desk = {keep};
    struct mag_executor *outside = mag_executor_enter(&desk);
    struct hearer hearer = {.waiter.continuation.job.run = hear};
    struct ints *channel = make(1);
    uint64_t before = test_allocations();
    size_t sent = 0;
    int got[3];
    (void)state;

    mag_waiter_arm(&hearer.waiter);
    assert_true(mag_vtask_is_started(
        ints_receive_many_begin(&hearer.waiter, &hearer.state, channel, got, 3, NULL)
            .task));
    assert_int_equal(ints_try_send(channel, 7), 0);
    assert_ptr_equal(kept, &hearer.waiter.continuation.job);
    assert_int_equal(hearer.waiter.outcome.payload, 1);
    assert_int_equal(got[0], 7);

    mag_waiter_arm(&hearer.waiter);
    assert_true(
        mag_vtask_is_started(ints_send_many_begin(&hearer.waiter, &hearer.state, channel,
                                                  numbers, 3, NULL, &sent)
                                 .task));
    assert_int_equal(ints_try_receive_many(channel, got, 3, &sent), 0);
    assert_int_equal(sent, 3);
    assert_int_equal(hearer.waiter.outcome.backing, 0);
    assert_int_equal(test_allocations(), before);
    ints_destroy(channel);
    (void)mag_executor_enter(outside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_allocates_nothing_even_the_first_time),
        cmocka_unit_test(what_is_there_needs_no_wait),
        cmocka_unit_test(receives_of_both_forms_wait_in_one_line),
        cmocka_unit_test(a_send_waits_until_all_are_sent),
        cmocka_unit_test(a_send_that_ends_early_tells_how_many_were_sent),
        cmocka_unit_test(a_receive_ends_with_the_channel_and_with_its_cancel_object),
        cmocka_unit_test(the_places_of_a_batch_may_lie_in_the_frame),
        cmocka_unit_test(urgent_items_and_urgent_senders_come_first),
        cmocka_unit_test(every_item_arrives_once_in_batches_of_both_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

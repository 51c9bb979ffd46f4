/*
 * What happens between the steps of a wait and of a select: a cancel object that fires
 * before the wait is listed, a case that is served while others are being listed.
 *
 * White-box: compiles channel_send.c, channel_receive.c and channel_select.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/flow/channel_receive.c" /* NOLINT(bugprone-suspicious-include) */
#include "vtask/flow/channel_select.c"  /* NOLINT(bugprone-suspicious-include) */
#include "vtask/flow/channel_send.c"    /* NOLINT(bugprone-suspicious-include) */

#include "tests/support/vtask/sources.h"

MAG_CHANNEL_DEFINE(ints, int)

static struct mag_channel *channel;

static int begin(void **state)
{
    struct ints *made = NULL;
    (void)state;

    if (ints_create(1, &made) != 0)
        return -1;
    channel = MAG_CHANNEL_OF(made);
    return 0;
}

static int end(void **state)
{
    (void)state;
    mag_channel_destroy(channel);
    return 0;
}

static struct mag_channel_waiter *canceled_waiter(struct mag_cancel *cancel, bool is_send)
{
    struct mag_channel_waiter *waiter = NULL;

    assert_int_equal(mag_wait_make(channel, &channel->type->waiters, &waiter), 0);
    waiter->wait.is_send = is_send;
    assert_int_equal(mag_wait_share(&waiter->wait, cancel), 0);
    assert_true(mag_cancel_fire(cancel));
    assert_int_equal(waiter->wait.state, MAG_WAIT_CANCELED);
    return waiter;
}

static uint64_t waits(void)
{
    struct mag_channel_info info;

    mag_channel_query(channel, &info);
    return info.senders + info.receivers;
}

static void a_send_that_is_canceled_before_it_is_listed_does_not_wait(void **state)
{
    struct mag_cancel cancel = {0};
    int item = 1;
    struct parcel parcel = {(const char *)&item, 1, 0, 0};
    (void)state;

    assert_int_equal(mag_channel_try_send(channel, &item, 0), 0);
    struct mag_channel_waiter *waiter = canceled_waiter(&cancel, true);
    mag_end_lock(&channel->ends.tail);
    assert_int_equal(send_slow(channel, &parcel, &waiter->wait), MAG_FLOW_NONE);
    assert_int_equal(waits(), 0);
    mag_wait_return(&waiter->wait);
}

static void a_receive_that_is_canceled_before_it_is_listed_does_not_wait(void **state)
{
    struct mag_cancel cancel = {0};
    size_t count = 0;
    int item = 0;
    (void)state;

    struct mag_channel_waiter *waiter = canceled_waiter(&cancel, false);
    assert_int_equal(receive_slow(channel, &item, 1, &count, &waiter->wait),
                     MAG_FLOW_NONE);
    assert_int_equal(waits(), 0);
    mag_wait_return(&waiter->wait);
}

static void
an_item_that_came_before_the_listing_is_received_though_it_was_canceled(void **state)
{
    struct mag_cancel cancel = {0};
    size_t count = 0;
    int item = 5;
    (void)state;

    struct mag_channel_waiter *waiter = canceled_waiter(&cancel, false);
    assert_int_equal(mag_channel_try_send(channel, &item, 0), 0);
    item = 0;
    assert_int_equal(receive_slow(channel, &item, 1, &count, &waiter->wait),
                     MAG_FLOW_DONE);
    assert_int_equal(item, 5);
    mag_wait_return(&waiter->wait);
}

/* A select of the channel and of another one, that has listed the first of them. */
static struct mag_selection *half_a_select(int *ret_item, mag_vtask *ret_task)
{
    struct mag_channel_case first;
    struct mag_selection *select;
    bool is_own = false;
    void *object = NULL;

    first.channel = channel;
    first.ret_item = ret_item;
    assert_int_equal(mag_operation_rent(&select_type, &object), 0);
    select = object;
    select->operation.core.flags |= MAG_CORE_QUEUED;
    select->registration.cancel = NULL;
    atomic_init(&select->claimed, false);
    atomic_init(&select->gate, 2);
    *ret_task = mag_operation_task(&select->operation);
    make_wait(select, 0, &first);
    select->count = 1;
    assert_false(try_or_list(&select->waits[0], &is_own));
    return select;
}

static void
a_select_that_is_served_while_it_lists_completes_when_all_are_listed(void **state)
{
    struct ints *other = NULL;
    int item = 7, got = 0;
    bool is_own = true;
    mag_vtask task;
    uint64_t index = 9;
    (void)state;

    assert_int_equal(ints_create(1, &other), 0);
    struct mag_selection *select = half_a_select(&got, &task);
    assert_int_equal(mag_channel_try_send(channel, &item, 0), 0);
    assert_int_equal(got, 7);
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);

    struct mag_channel_case second = {MAG_CHANNEL_OF(other), &got};
    make_wait(select, 1, &second);
    select->count = 2;
    assert_false(try_or_list(&select->waits[1], &is_own));
    assert_false(is_own);
    assert_true(arrive_at_select(select));
    finish_select(select);
    assert_int_equal(mag_vtask_get(task, &index), 0);
    assert_int_equal(index, 0);
    assert_int_equal(waits(), 0);
    ints_destroy(other);
}

static void
a_select_that_was_served_takes_nothing_from_the_channels_it_comes_to(void **state)
{
    struct ints *other = NULL;
    int item = 7, got = 0, left = 0;
    bool is_own = true;
    mag_vtask task;
    (void)state;

    assert_int_equal(ints_create(1, &other), 0);
    assert_int_equal(ints_try_send(other, 8), 0);
    struct mag_selection *select = half_a_select(&got, &task);
    assert_int_equal(mag_channel_try_send(channel, &item, 0), 0);
    struct mag_channel_case second = {MAG_CHANNEL_OF(other), &got};
    make_wait(select, 1, &second);
    select->count = 2;
    assert_true(try_or_list(&select->waits[1], &is_own));
    assert_false(is_own);
    assert_true(arrive_at_select(select));
    finish_select(select);
    assert_int_equal(mag_vtask_get(task, NULL), 0);
    assert_int_equal(got, 7);
    assert_int_equal(ints_try_receive(other, &left), 0);
    assert_int_equal(left, 8);
    ints_destroy(other);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(a_send_that_is_canceled_before_it_is_listed_does_not_wait),
        CASE(a_receive_that_is_canceled_before_it_is_listed_does_not_wait),
        CASE(an_item_that_came_before_the_listing_is_received_though_it_was_canceled),
        CASE(a_select_that_is_served_while_it_lists_completes_when_all_are_listed),
        CASE(a_select_that_was_served_takes_nothing_from_the_channels_it_comes_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

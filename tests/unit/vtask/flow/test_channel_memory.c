/*
 * The memory of channels: where it comes from, what happens where there is none, and that
 * none is taken after warm-up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/vtask/sources.h"

#include <magpie/channel.h>

MAG_CHANNEL_DEFINE(ints, int)

static struct ints *make(size_t capacity)
{
    struct ints *channel = NULL;

    assert_int_equal(ints_create(capacity, &channel), 0);
    return channel;
}

static void expect_item(ints_task task, int wanted)
{
    int item = -1;

    assert_int_equal(ints_task_get(task, &item), 0);
    assert_int_equal(item, wanted);
}

static void work_a_little(struct ints *channel, int items)
{
    ints_task waiting = ints_receive(channel);
    int out = 0;

    assert_int_equal(mag_task_get(ints_send(channel, 0)), 0);
    expect_item(waiting, 0);
    for (int i = 0; i < items; i++)
        assert_int_equal(ints_try_send(channel, i), 0);
    mag_task last = ints_send(channel, items);
    while (out < items)
        expect_item(ints_receive(channel), out++);
    assert_int_equal(mag_task_get(last), 0);
    expect_item(ints_receive(channel), out);
}

static void nothing_is_allocated_after_warm_up(void **state)
{
    static const size_t capacities[] = {8, MAG_CHANNEL_UNBOUNDED};
    (void)state;

    for (size_t c = 0; c < 2; c++) {
        struct ints *channel = make(capacities[c]);
        int items = c == 0 ? 8 : 20000;

        work_a_little(channel, items);
        uint64_t before = test_allocations();
        for (unsigned i = 0; i < 10; i++)
            work_a_little(channel, items);
        assert_int_equal(test_allocations(), before);
        ints_destroy(channel);
    }
}

static void a_channel_that_is_destroyed_gives_back_its_memory(void **state)
{
    static const size_t capacities[] = {0, 8, MAG_CHANNEL_UNBOUNDED};
    (void)state;

    ints_destroy(make(MAG_CHANNEL_UNBOUNDED));
    for (size_t c = 0; c < 3; c++) {
        int64_t before = test_live_allocations();
        struct ints *channel = make(capacities[c]);

        for (int i = 0; i < 3000 && ints_try_send(channel, i) == 0; i++)
            ;
        ints_destroy(channel);
        assert_int_equal(test_live_allocations(), before);
    }
    ints_destroy(NULL);
}

static void without_memory_a_channel_is_not_made(void **state)
{
    struct ints *channel = NULL;
    (void)state;

    for (uint32_t nth = 1; nth < 3; nth++) {
        test_fail_allocation(nth);
        assert_int_equal(ints_create(8, &channel), -ENOMEM);
        assert_true(test_has_failed());
        assert_null(channel);
    }
    assert_int_equal(ints_create(SIZE_MAX / 2, &channel), -ENOMEM);
    assert_int_equal(ints_create(SIZE_MAX - 1, &channel), -ENOMEM);
}

/* The first wait of a type makes a pool. */
MAG_CHANNEL_DEFINE(fresh, long)
MAG_CHANNEL_DEFINE(fresh_free, long)

static void without_memory_a_wait_fails_and_the_channel_stays_as_it_was(void **state)
{
    struct fresh *channel = NULL;
    long item = -1;
    (void)state;

    assert_int_equal(fresh_create(1, &channel), 0);
    test_fail_allocation(1);
    assert_int_equal(fresh_task_get(fresh_receive(channel), &item), -ENOMEM);
    assert_true(test_has_failed());
    assert_int_equal(mag_task_get(fresh_send(channel, 1)), 0);
    test_fail_allocation(1);
    assert_int_equal(mag_task_get(fresh_send(channel, 2)), -ENOMEM);
    assert_int_equal(fresh_task_get(fresh_receive(channel), &item), 0);
    assert_int_equal(item, 1);
    assert_int_equal(fresh_try_receive(channel, &item), -EAGAIN);
    fresh_task task = fresh_receive(channel);
    assert_int_equal(mag_task_get(fresh_send(channel, 3)), 0);
    assert_int_equal(fresh_task_get(task, &item), 0);
    assert_int_equal(item, 3);
    fresh_destroy(channel);
}

static void
without_memory_a_segment_is_not_added_and_the_next_send_may_succeed(void **state)
{
    struct fresh_free *channel = NULL;
    long sent = 0, item = -1;
    int r = 0;
    (void)state;

    test_fail_allocation(2);
    assert_int_equal(fresh_free_create(MAG_CHANNEL_UNBOUNDED, &channel), -ENOMEM);
    assert_int_equal(fresh_free_create(MAG_CHANNEL_UNBOUNDED, &channel), 0);
    test_fail_allocation(1);
    while (r == 0 && sent < 1000000) {
        r = sent % 2 == 0 ? fresh_free_try_send(channel, sent)
                          : mag_task_get(fresh_free_send(channel, sent));
        sent += r == 0;
    }
    assert_int_equal(r, -ENOMEM);
    assert_true(test_has_failed());
    assert_int_equal(fresh_free_try_send(channel, sent++), 0);
    assert_true(fresh_free_close(channel));
    for (long i = 0; i < sent; i++) {
        assert_int_equal(fresh_free_try_receive(channel, &item), 0);
        assert_int_equal(item, i);
    }
    assert_int_equal(fresh_free_try_receive(channel, &item), MAG_CHANNEL_END);
    fresh_free_destroy(channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_allocated_after_warm_up),
        cmocka_unit_test(a_channel_that_is_destroyed_gives_back_its_memory),
        cmocka_unit_test(without_memory_a_channel_is_not_made),
        cmocka_unit_test(without_memory_a_wait_fails_and_the_channel_stays_as_it_was),
        cmocka_unit_test(
            without_memory_a_segment_is_not_added_and_the_next_send_may_succeed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

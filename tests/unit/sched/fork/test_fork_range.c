/*
 * Ranges of forked children: each index is called once and in order of combination,
 * whether nobody takes the range, one thief takes it, or thieves divide it further.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/gate.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/fork_range.h>

enum { ROUNDS = 200, WIDE = 60 };

/* -------------------------------------------------- nobody takes a child */

/* The calls of one worker, in their order. */
static struct {
    size_t count;
    size_t calls[WIDE];
} order;

/* The indices of a run of children, which must be consecutive. */
struct span {
    size_t first;
    size_t count; /* 0 after a combination out of order */
};

MAG_FORKABLE_RANGE(struct span, recorded, void)
static struct span recorded(mag_fork w, size_t index)
{
    (void)w;
    order.calls[order.count++] = index;
    return (struct span){index, 1};
}

static void recorded_combine(struct span *value, const struct span *later)
{
    bool follows = value->count != 0 && later->first == value->first + value->count;

    value->count = follows ? value->count + later->count : 0;
}

MAG_FORKABLE(struct span, record, size_t, begin, size_t, end)
static struct span record(mag_fork w, size_t begin, size_t end)
{
    struct recorded_range range = recorded_fork_range(&w, begin, end);

    return recorded_join_range(&w, range);
}

static void check_record(struct mag_sched *sched, size_t begin, size_t count)
{
    struct span found = {1, 1};

    order.count = 0;
    assert_int_equal(record_run(sched, &found, begin, begin + count), 0);
    assert_int_equal(order.count, count);
    for (size_t i = 0; i < count; i++)
        assert_true(order.calls[i] == begin + i);
    assert_true(found.first == (count != 0 ? begin : 0));
    assert_int_equal(found.count, count);
}

static void one_worker_calls_the_children_in_the_order_of_their_indices(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    (void)state;

    for (size_t count = 0; count < WIDE; count++)
        check_record(sched, 7, count);
    mag_sched_destroy(sched);
}

static void indices_have_64_bits(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    (void)state;

    check_record(sched, UINT32_MAX - (size_t)2, 5);
    check_record(sched, SIZE_MAX - 3, 3);
    mag_sched_destroy(sched);
}

static void a_range_that_ends_before_it_begins_is_empty(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    struct span found = {1, 1};
    (void)state;

    order.count = 0;
    assert_int_equal(record_run(sched, &found, 9, 3), 0);
    assert_int_equal(order.count, 0);
    assert_int_equal(found.first + found.count, 0);
    mag_sched_destroy(sched);
}

/* ---------------------------------------------------------------- thieves */

static struct gate gate;
static _Atomic(uint64_t) ran[WIDE];

static void close_gate(void)
{
    gate_close(&gate);
    for (unsigned i = 0; i < WIDE; i++)
        atomic_init(&ran[i], 0);
}

static void check_ran(unsigned count, uint64_t times)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(test_read(&ran[i]), times);
}

/* A child that others wait for, until `meets` children run at the same time. */
MAG_FORKABLE_RANGE(struct span, meeting, uint64_t, meets)
static struct span meeting(mag_fork w, size_t index, uint64_t meets)
{
    (void)w;
    (void)test_add(&ran[index], 1);
    (void)test_add(&gate.started, 1);
    (void)test_wait_for(&gate.started, meets);
    return (struct span){index, 1};
}

static void meeting_combine(struct span *value, const struct span *later)
{
    recorded_combine(value, later);
}

/* `waits`: joins when a thief has begun with the range. */
MAG_FORKABLE(struct span, meet, size_t, count, uint64_t, meets, bool, waits)
static struct span meet(mag_fork w, size_t count, uint64_t meets, bool waits)
{
    struct meeting_range range = meeting_fork_range(&w, 0, count, meets);

    if (waits && !gate_is_reached(&gate))
        return (struct span){0, 0};
    return meeting_join_range(&w, range);
}

static void check_meeting(uint32_t workers, size_t count, uint64_t meets, bool waits)
{
    struct mag_sched *sched = test_sched_start_alone(workers);

    for (unsigned i = 0; i < ROUNDS / 4; i++) {
        struct span found = {1, 1};

        close_gate();
        assert_int_equal(meet_run(sched, &found, count, meets, waits), 0);
        assert_int_equal(found.first, 0);
        assert_int_equal(found.count, count);
        check_ran((unsigned)count, 1);
    }
    mag_sched_destroy(sched);
}

static void a_range_that_was_taken_as_a_whole_has_its_result_at_the_join(void **state)
{
    (void)state;
    for (size_t count = 1; count < 6; count++)
        check_meeting(2, count, 1, true);
}

static void the_rest_is_taken_while_the_owner_runs_a_child(void **state)
{
    (void)state;
    /* Two children that wait for each other: the owner's first, and a thief's. */
    for (size_t count = 2; count < 6; count++)
        check_meeting(2, count, 2, false);
}

static void a_thief_hands_a_half_of_its_part_on(void **state)
{
    (void)state;
    /* As many children at the same time as workers: one the owner's, and one of each
     * thief. */
    check_meeting(3, 3, 3, false);
    check_meeting(3, 9, 3, false);
    check_meeting(4, 4, 4, false);
}

static void a_waiting_owner_takes_a_half_from_its_thief(void **state)
{
    (void)state;
    /* The thief took both children, and its first one waits for the second. */
    check_meeting(2, 2, 2, true);
    check_meeting(2, 8, 2, true);
}

/* --------------------------------------------------- deep trees, void children */

MAG_FORKABLE(uint64_t, tree, uint64_t, first, uint64_t, leaves)
MAG_FORKABLE_RANGE(uint64_t, branch, uint64_t, first, uint64_t, leaves)

static uint64_t tree(mag_fork w, uint64_t first, uint64_t leaves)
{
    if (leaves == 1)
        return first;
    struct branch_range range = branch_fork_range(&w, 0, 10, first, leaves / 10);
    return branch_join_range(&w, range);
}

static uint64_t branch(mag_fork w, size_t index, uint64_t first, uint64_t leaves)
{
    return tree(w, first + index * leaves, leaves);
}

static void branch_combine(uint64_t *sum, const uint64_t *later)
{
    *sum += *later;
}

static void ranges_in_ranges_add_up(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start_alone(workers);

        for (uint32_t i = 0; i < test_rounds(100); i++) {
            uint64_t sum = 0;

            assert_int_equal(tree_run(sched, &sum, 0, 10000), 0);
            assert_int_equal(sum, 49995000);
        }
        mag_sched_destroy(sched);
    }
}

MAG_FORKABLE_RANGE_VOID(touch, _Atomic(uint64_t) *, counts, unsigned, pauses)
static void touch(mag_fork w, size_t index, _Atomic(uint64_t) *counts, unsigned pauses)
{
    (void)w;
    for (; pauses > 0; pauses--)
        test_pause();
    (void)test_add(&counts[index], 1);
}

MAG_FORKABLE_VOID(touch_twice, unsigned, pauses)
static void touch_twice(mag_fork w, unsigned pauses)
{
    struct touch_range first = touch_fork_range(&w, 0, WIDE, ran, pauses);
    struct touch_range second = touch_fork_range(&w, 0, WIDE, ran, 0);
    struct touch_range empty = touch_fork_range(&w, 5, 5, ran, 0);

    touch_join_range(&w, empty);
    touch_join_range(&w, second);
    touch_join_range(&w, first);
}

static void children_without_result_run_once_each(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start_alone(workers);

        for (unsigned i = 0; i < ROUNDS; i++) {
            close_gate();
            assert_int_equal(touch_twice_run(sched, i % 8 * 100), 0);
            check_ran(WIDE, 2);
        }
        mag_sched_destroy(sched);
    }
}

/* ------------------------------------------------------------------ room */

MAG_FORKABLE_RANGE(uint64_t, number, void)
static uint64_t number(mag_fork w, size_t index)
{
    (void)w;
    return index;
}

static void number_combine(uint64_t *sum, const uint64_t *later)
{
    *sum += *later;
}

MAG_FORKABLE(uint64_t, sum_below, size_t, end)
static uint64_t sum_below(mag_fork w, size_t end)
{
    struct number_range range = number_fork_range(&w, 0, end);

    return number_join_range(&w, range);
}

static void a_range_may_have_more_children_than_the_stack_has_slots(void **state)
{
    enum { MORE = 200000 };
    struct mag_sched_config config = test_sched_config(2);
    struct mag_sched *sched;
    uint64_t sum = 0;
    (void)state;

    config.fork_stack_size = MAG_SCHED_FORK_STACK_MIN;
    sched = test_sched_start_as(&config);
    assert_int_equal(sum_below_run(sched, &sum, MORE), 0);
    assert_int_equal(sum, (uint64_t)MORE * (MORE - 1) / 2);
    mag_sched_destroy(sched);
}

struct most {
    unsigned char bytes[MAG_FORK_RANGE_PAYLOAD - sizeof(uint64_t)];
};

MAG_FORKABLE_RANGE(uint64_t, byte_of, struct most, most)
static uint64_t byte_of(mag_fork w, size_t index, struct most most)
{
    (void)w;
    return most.bytes[index];
}

static void byte_of_combine(uint64_t *sum, const uint64_t *later)
{
    *sum += *later;
}

MAG_FORKABLE(uint64_t, sum_of_bytes, struct most, most)
static uint64_t sum_of_bytes(mag_fork w, struct most most)
{
    struct byte_of_range range = byte_of_fork_range(&w, 0, sizeof(most.bytes), most);

    return byte_of_join_range(&w, range);
}

static void arguments_and_result_may_fill_the_payload(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start_alone(workers);
        struct most most;

        memset(&most, 3, sizeof(most));
        for (unsigned i = 0; i < ROUNDS; i++) {
            uint64_t sum = 0;

            assert_int_equal(sum_of_bytes_run(sched, &sum, most), 0);
            assert_int_equal(sum, 3 * sizeof(most.bytes));
        }
        mag_sched_destroy(sched);
    }
}

/* ------------------------------------------------------- dropped, canceled */

/* Returns how many children had run when the function went on. */
MAG_FORKABLE(uint64_t, drops, bool, taken)
static uint64_t drops(mag_fork w, bool taken)
{
    struct mag_fork_mark mark = mag_fork_mark_of(w);
    struct meeting_range range = meeting_fork_range(&w, 0, 3, 1);
    uint64_t count = 0;

    (void)range;
    if (taken && !gate_is_reached(&gate))
        return UINT64_MAX;
    w = mag_fork_drop(&mark);
    for (unsigned i = 0; i < 3; i++)
        count += test_read(&ran[i]);
    return count;
}

static void a_dropped_range_is_not_called_or_is_waited_for(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    uint64_t count = 7;
    (void)state;

    close_gate();
    assert_int_equal(drops_run(sched, &count, false), 0);
    assert_int_equal(count, 0);
    mag_sched_destroy(sched);

    sched = test_sched_start_alone(2);
    for (unsigned i = 0; i < ROUNDS / 4; i++) {
        close_gate();
        assert_int_equal(drops_run(sched, &count, true), 0);
        assert_int_equal(count, 3);
    }
    mag_sched_destroy(sched);
}

/* A huge range, whose third child cancels the scope around it. */
MAG_FORKABLE_RANGE(uint64_t, until_canceled, struct mag_scope *, scope)
static uint64_t until_canceled(mag_fork w, size_t index, struct mag_scope *scope)
{
    (void)w;
    if (mag_scope_canceled(scope))
        return 0;
    if (index == 2)
        mag_scope_cancel(scope);
    return 1;
}

static void until_canceled_combine(uint64_t *sum, const uint64_t *later)
{
    *sum += *later;
}

MAG_FORKABLE(int, canceled_range, uint64_t *, ret_count)
static int canceled_range(mag_fork w, uint64_t *ret_count)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    struct until_canceled_range range = until_canceled_fork_range(&w, 0, 1000, &scope);
    *ret_count = until_canceled_join_range(&w, range);
    return mag_scope_join(&w, &scope);
}

static void children_in_a_canceled_scope_see_that(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    uint64_t count = 0;
    int error = 0;
    (void)state;

    assert_int_equal(canceled_range_run(sched, &error, &count), 0);
    assert_int_equal(error, -ECANCELED);
    assert_int_equal(count, 3);
    mag_sched_destroy(sched);
}

/* A mistake: the scope's join calls what it finds, as it does with other children. */
MAG_FORKABLE(int, leaves_a_range, int, unused)
static int leaves_a_range(mag_fork w, int unused)
{
    struct mag_scope scope;

    (void)unused;
    mag_scope_open(&scope, w);
    struct touch_range range = touch_fork_range(&w, 0, 5, ran, 0);
    (void)range;
    return mag_scope_join(&w, &scope);
}

static void a_range_that_is_left_in_a_scope_runs_at_its_join(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    int error = 1;
    (void)state;

    close_gate();
    assert_int_equal(leaves_a_range_run(sched, &error, 0), 0);
    assert_int_equal(error, 0);
    check_ran(5, 1);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_worker_calls_the_children_in_the_order_of_their_indices),
        cmocka_unit_test(indices_have_64_bits),
        cmocka_unit_test(a_range_that_ends_before_it_begins_is_empty),
        cmocka_unit_test(a_range_that_was_taken_as_a_whole_has_its_result_at_the_join),
        cmocka_unit_test(the_rest_is_taken_while_the_owner_runs_a_child),
        cmocka_unit_test(a_thief_hands_a_half_of_its_part_on),
        cmocka_unit_test(a_waiting_owner_takes_a_half_from_its_thief),
        cmocka_unit_test(ranges_in_ranges_add_up),
        cmocka_unit_test(children_without_result_run_once_each),
        cmocka_unit_test(a_range_may_have_more_children_than_the_stack_has_slots),
        cmocka_unit_test(arguments_and_result_may_fill_the_payload),
        cmocka_unit_test(a_dropped_range_is_not_called_or_is_waited_for),
        cmocka_unit_test(children_in_a_canceled_scope_see_that),
        cmocka_unit_test(a_range_that_is_left_in_a_scope_runs_at_its_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

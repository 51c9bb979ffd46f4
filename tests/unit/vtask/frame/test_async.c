/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/magpie.h>

#include <stdlib.h>
#include <string.h>

struct triple {
    long a, b, c;
};
MAG_VTASK_DEFINE(triple_task, struct triple)

/* ------------------------------------------------- operations under our control */

/* A source that the test completes by hand, any number of times. */
static struct mag_core source;
static unsigned started;
static unsigned at_once; /* operations that are complete when they are started */

static long_task start_operation(void)
{
    started++;
    if (at_once != 0) {
        at_once--;
        return long_task_result(1);
    }
    mag_core_reset(&source);
    return long_task_of(mag_core_task(&source));
}

static void complete(long result)
{
    assert_int_equal(mag_core_set_result(&source, (uint64_t)result), 0);
}

static int reset_all(void **state)
{
    (void)state;
    memset(&source, 0, sizeof(source));
    started = 0;
    at_once = 0;
    return 0;
}

/* ------------------------------------------------------------ functions to test */

MAG_ASYNC(long_task, sum, (int, count), int i; long item; long total;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->count; f->i++) {
        MAG_AWAIT(f, f->item, start_operation());
        f->total += f->item;
    }
    return long_task_result(f->total);
    MAG_END(f);
}

MAG_ASYNC(mag_task, nothing, (void), long unused;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, start_operation());
    MAG_END(f);
}

MAG_ASYNC(triple_task, large, (long, a, long, b), struct triple t;)
{
    MAG_BEGIN(f);
    f->t.a = f->a;
    f->t.b = f->b;
    MAG_AWAIT(f, f->t.c, start_operation());
    return triple_task_result(f->t);
    MAG_END(f);
}

MAG_ASYNC(long_task, outer, (int, depth), long inner; struct triple t;)
{
    MAG_BEGIN(f);
    if (f->depth == 0) {
        MAG_AWAIT(f, f->inner, start_operation());
        return long_task_result(f->inner);
    }
    MAG_AWAIT(f, f->inner, outer(f->depth - 1));
    MAG_AWAIT_DONE(f, nothing());
    MAG_AWAIT(f, f->t, large(1, 2));
    return long_task_result(f->inner + f->t.a + f->t.b + f->t.c);
    MAG_END(f);
}

MAG_ASYNC(long_task, fails, (int, code), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, start_operation());
    MAG_FAIL_WITH(f, f->code, 77);
    MAG_END(f);
}

MAG_ASYNC(long_task, passes_on, (int, code), long unreached;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->unreached, fails(f->code));
    abort();
    MAG_END(f);
}

MAG_ASYNC(long_task, catches, (int, code), int error; uint64_t detail; long none;)
{
    MAG_BEGIN(f);
    MAG_TRY(f, f->error, f->none, fails(f->code));
    f->detail = mag_async_detail(f);
    MAG_AWAIT_DONE(f, start_operation());
    return long_task_result(f->error == f->code ? (long)f->detail : -1);
    MAG_END(f);
}

MAG_ASYNC(long_task, forwards, (int, wait_first), )
{
    MAG_BEGIN(f);
    if (f->wait_first)
        MAG_AWAIT_DONE(f, start_operation());
    return sum(2);
    MAG_END(f);
}

MAG_ASYNC(triple_task, forwards_large, (void), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, start_operation());
    return large(4, 5);
    MAG_END(f);
}

static long *handed_out;

MAG_ASYNC(long_task, pins, (void), long place;)
{
    MAG_BEGIN(f);
    MAG_PIN(f);
    handed_out = &f->place;
    MAG_AWAIT_DONE(f, start_operation());
    return long_task_result(handed_out == &f->place ? f->place : -1);
    MAG_END(f);
}

/* Its frame has a size that no other frame has: the pool is made at its first wait. */
MAG_ASYNC(long_task, huge, (void), int error; long item; char room[3000];)
{
    MAG_BEGIN(f);
    MAG_TRY(f, f->error, f->item, start_operation());
    f->room[0] = 1;
    return long_task_result(f->error);
    MAG_END(f);
}

/* The result of a task that must be complete. */
static long result_of(long_task task)
{
    long value = -1;

    assert_int_equal(long_task_get(task, &value), 0);
    return value;
}

/* ------------------------------------------------------------------------ tests */

/* VT-176, VT-177 */
static void
a_function_whose_awaits_complete_at_once_returns_the_result_itself(void **state)
{
    uint64_t before;
    (void)state;

    at_once = 20;
    before = test_allocations();
    long_task task = sum(20);
    assert_int_equal(task.task.backing, 0);
    assert_int_equal(result_of(task), 20);
    assert_int_equal(result_of(task), 20);
    at_once = 1;
    assert_true(mag_vtask_equal(nothing().task, MAG_VTASK_COMPLETED));
    assert_int_equal(test_allocations(), before);
}

/* VT-178, VT-181 */
static void a_function_that_waits_has_run_up_to_the_await(void **state)
{
    (void)state;

    long_task task = sum(1);
    assert_int_equal(started, 1);
    assert_int_not_equal(task.task.backing, 0);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    complete(5);
    assert_int_equal(mag_vtask_status(task.task), MAG_SUCCEEDED);
    assert_int_equal(result_of(task), 5);
}

/* VT-166, VT-190 */
static void a_task_is_stale_once_its_result_was_read(void **state)
{
    long value;
    (void)state;

    long_task task = sum(1);
    assert_int_equal(long_task_get(task, &value), MAG_E_PENDING);
    complete(5);
    assert_int_equal(result_of(task), 5);
    assert_int_equal(long_task_get(task, &value), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_status(task.task), MAG_E_TOKEN);
}

static void any_mix_of_waiting_and_not_waiting_gives_the_right_sum(void **state)
{
    (void)state;

    for (unsigned waits = 0; waits < 1024; waits++) {
        unsigned pending = 0;
        long expected = 0;
        long_task task;

        /* Bit i says whether the i-th await waits; a run of zeroes is a run of awaits
         * that complete at once. */
        at_once = waits == 0 ? 10 : (unsigned)__builtin_ctz(waits);
        task = sum(10);
        for (unsigned i = 0; i < 10; i++) {
            if ((waits >> i & 1) == 0) {
                expected++;
                continue;
            }
            unsigned rest = waits >> (i + 1);
            at_once = rest == 0 ? 9 - i : (unsigned)__builtin_ctz(rest);
            complete(100 + i);
            expected += 100 + i;
            pending++;
        }
        assert_int_equal(result_of(task), expected);
        assert_int_equal(pending, __builtin_popcount(waits));
    }
}

static void loops_branches_and_calls_around_awaits_keep_their_locals(void **state)
{
    (void)state;

    long_task task = outer(5);
    complete(7);
    for (int i = 0; i < 5; i++) {
        complete(0);
        complete(3);
    }
    assert_int_equal(result_of(task), 7 + 5 * (1 + 2 + 3));
}

static void a_result_larger_than_a_word_arrives_in_either_way(void **state)
{
    struct triple t = {0};
    (void)state;

    at_once = 1;
    assert_int_equal(triple_task_get(large(10, 20), &t), 0);
    assert_int_equal(t.a + t.b + t.c, 31);
    triple_task task = large(1, 2);
    complete(3);
    assert_int_equal(triple_task_get(task, &t), 0);
    assert_int_equal(t.a, 1);
    assert_int_equal(t.b, 2);
    assert_int_equal(t.c, 3);
    assert_int_equal(triple_task_get(task, &t), MAG_E_TOKEN);
}

/* VT-179, VT-180, VT-23 */
static void an_error_reaches_the_awaiter(void **state)
{
    uint64_t detail = 0;
    (void)state;

    for (unsigned waits = 0; waits < 2; waits++) {
        at_once = 1 - waits;
        long_task task = passes_on(-EIO);
        if (waits)
            complete(0);
        assert_int_equal(mag_vtask_status(task.task), MAG_FAULTED);
        assert_int_equal(mag_vtask_get_value(task.task, NULL, 0, &detail), -EIO);
        assert_int_equal(detail, 77);
    }
    at_once = 1;
    assert_int_equal(mag_vtask_status(passes_on(-ECANCELED).task), MAG_CANCELED);
}

static void a_function_may_catch_an_error_and_go_on(void **state)
{
    (void)state;

    for (unsigned waits = 0; waits < 2; waits++) {
        at_once = 1 - waits;
        long_task task = catches(-EPIPE);
        if (waits)
            complete(0);
        complete(0);
        assert_int_equal(result_of(task), 77);
    }
}

static void a_function_may_return_the_task_of_another(void **state)
{
    struct triple t;
    (void)state;

    at_once = 1;
    long_task task = forwards(1);
    complete(4);
    complete(5);
    assert_int_equal(result_of(task), 9);

    task = forwards(1);
    at_once = 2;
    complete(0);
    assert_int_equal(result_of(task), 2);

    triple_task larger = forwards_large();
    complete(0);
    assert_int_equal(mag_vtask_status(larger.task), MAG_PENDING);
    complete(6);
    assert_int_equal(triple_task_get(larger, &t), 0);
    assert_int_equal(t.a + t.b + t.c, 15);
}

static void the_address_of_a_local_stays_after_a_pin(void **state)
{
    (void)state;

    long_task task = pins();
    *handed_out = 11;
    complete(0);
    assert_int_equal(result_of(task), 11);

    at_once = 1;
    assert_int_equal(result_of(pins()), 0);
}

/* VT-174 */
static void frames_are_used_again(void **state)
{
    uintptr_t frames[64];
    unsigned distinct = 0;
    uint64_t before = 0;
    (void)state;

    for (unsigned i = 0; i < 64; i++) {
        long_task task = sum(1);
        frames[i] = task.task.backing;
        complete((long)i);
        assert_int_equal(result_of(task), i);
        if (i == 0)
            before = test_allocations();
    }
    assert_int_equal(test_allocations(), before);
    for (unsigned i = 0; i < 64; i++) {
        unsigned j = 0;
        while (frames[j] != frames[i])
            j++;
        distinct += j == i;
    }
    assert_true(distinct < 8);
}

static long_task taken_twice;

MAG_ASYNC(long_task, awaits_what_is_awaited, (void), long none;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->none, taken_twice);
    return long_task_result(f->none);
    MAG_END(f);
}

/* VT-98, VT-184 */
static void the_second_await_of_one_task_fails_and_the_first_goes_on(void **state)
{
    long value;
    (void)state;

    taken_twice = start_operation();
    long_task first = awaits_what_is_awaited();
    long_task second = awaits_what_is_awaited();
    assert_int_equal(long_task_get(second, &value), MAG_E_CONTINUATION);
    complete(8);
    assert_int_equal(result_of(first), 8);
    assert_int_equal(result_of(taken_twice), 8);
    mag_core_reset(&source);
    assert_int_equal(long_task_get(awaits_what_is_awaited(), &value), MAG_E_TOKEN);
}

static unsigned recycled;

static void count_recycled(struct mag_core *core)
{
    (void)core;
    recycled++;
}

static void
without_memory_for_a_frame_the_body_is_told_and_the_operation_consumed(void **state)
{
    static const struct mag_core_type type = {.recycle = count_recycled};
    (void)state;

    source.type = &type;
    recycled = 0;
    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        long_task task = huge();
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (!failed) {
            complete(2);
            assert_int_equal(result_of(task), 0);
            break;
        }
        if (task.task.backing == 0) {
            assert_int_equal(result_of(task), -ENOMEM);
            assert_int_equal(recycled, nth - 1);
        }
        complete(1);
        if (task.task.backing != 0)
            assert_int_equal(result_of(task), 0);
        assert_int_equal(recycled, nth);
    }
    assert_true(recycled > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            a_function_whose_awaits_complete_at_once_returns_the_result_itself,
            reset_all),
        cmocka_unit_test_setup(a_function_that_waits_has_run_up_to_the_await, reset_all),
        cmocka_unit_test_setup(a_task_is_stale_once_its_result_was_read, reset_all),
        cmocka_unit_test_setup(any_mix_of_waiting_and_not_waiting_gives_the_right_sum,
                               reset_all),
        cmocka_unit_test_setup(loops_branches_and_calls_around_awaits_keep_their_locals,
                               reset_all),
        cmocka_unit_test_setup(a_result_larger_than_a_word_arrives_in_either_way,
                               reset_all),
        cmocka_unit_test_setup(an_error_reaches_the_awaiter, reset_all),
        cmocka_unit_test_setup(a_function_may_catch_an_error_and_go_on, reset_all),
        cmocka_unit_test_setup(a_function_may_return_the_task_of_another, reset_all),
        cmocka_unit_test_setup(the_address_of_a_local_stays_after_a_pin, reset_all),
        cmocka_unit_test_setup(frames_are_used_again, reset_all),
        cmocka_unit_test_setup(
            without_memory_for_a_frame_the_body_is_told_and_the_operation_consumed,
            reset_all),
        cmocka_unit_test_setup(the_second_await_of_one_task_fails_and_the_first_goes_on,
                               reset_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

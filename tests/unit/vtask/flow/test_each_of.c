/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/sources.h"

#include <magpie/magpie.h>

enum { COUNT = 300, LIMIT = 5, TRIES_MAX = 20 };

static struct mag_sched *sched;
static shared seen[COUNT], calls, in_flight, too_many, cleaned, yielded;

static int start(void **state)
{
    (void)state;
    sched = test_sched_start(2);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

static int clear(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT; i++)
        set(&seen[i], 0);
    set(&calls, 0);
    set(&in_flight, 0);
    set(&too_many, 0);
    set(&cleaned, 0);
    set(&yielded, 0);
    return 0;
}

/* --------------------------------------------------------------------- sequences */

struct wide {
    long number;
    long square;
};

MAG_SEQUENCE_DEFINE(numbers, int)
MAG_SEQUENCE_DEFINE(wides, struct wide)

MAG_SEQUENCE_WITH_CLEANUP(numbers, count_to, (int, count, int, step, int, error), int i;
                          mag_vtask delay;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->count; f->i++) {
        if (f->step != 0 && f->i % f->step == 0 && mag_delay(NULL, 1, &f->delay) == 0)
            MAG_AWAIT_DONE(f, mag_task_of(f->delay));
        (void)add(&yielded, 1);
        MAG_YIELD(f, f->i);
    }
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    MAG_END(f);
}

static void count_to_cleanup(struct count_to_frame *f)
{
    (void)f;
    (void)add(&cleaned, 1);
}

MAG_SEQUENCE(wides, squares, (int, count), int i; struct wide item;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->count; f->i++) {
        f->item.number = f->i;
        f->item.square = (long)f->i * f->i;
        MAG_YIELD(f, f->item);
    }
    MAG_END(f);
}

/* ------------------------------------------------------------------------ bodies */

MAG_EACH_OF(numbers, use, int, step, int, fails_at, uint64_t, limit)

MAG_ASYNC(mag_task, use, (int, number, int, step, int, fails_at, uint64_t, limit),
          mag_vtask delay;)
{
    MAG_BEGIN(f);
    if (add(&in_flight, 1) + 1 > f->limit)
        set(&too_many, 1);
    (void)add(&seen[f->number], 1);
    (void)add(&calls, 1);
    if (f->step != 0 && f->number % f->step == 0 &&
        mag_delay(NULL, 20000, &f->delay) == 0)
        MAG_AWAIT_DONE(f, mag_task_of(f->delay));
    (void)add(&in_flight, (uint64_t)-1);
    if (f->number == f->fails_at)
        MAG_FAIL(f, -EIO);
    MAG_END(f);
}

MAG_EACH_OF(wides, check_square, void)

static mag_task check_square(struct wide item)
{
    (void)add(&calls, 1);
    return item.square == item.number * item.number
               ? mag_task_done()
               : mag_task_of(mag_vtask_failed(-EPROTO, 0));
}

/* ------------------------------------------------------------------------- tests */

static void each_value_is_used_once_and_the_sequence_is_ended(void **state)
{
    struct mag_each_options options = {.limit = LIMIT};
    (void)state;

    for (int step = 0; step < 16; step++) {
        (void)clear(NULL);
        assert_int_equal(
            mag_task_wait(use_each_with(sched, &options, count_to(COUNT, step % 4, 0),
                                        step / 4, COUNT, LIMIT)),
            0);
        for (unsigned i = 0; i < COUNT; i++)
            assert_int_equal(look(&seen[i]), 1);
        assert_int_equal(look(&cleaned), 1);
        assert_int_equal(look(&too_many), 0);
    }
    (void)clear(NULL);
    assert_int_equal(mag_task_wait(check_square_each(NULL, squares(COUNT))), 0);
    assert_int_equal(look(&calls), COUNT);
}

static void an_empty_sequence_calls_no_body(void **state)
{
    (void)state;
    assert_int_equal(mag_task_wait(use_each(sched, count_to(0, 0, 0), 0, 0, 1)), 0);
    assert_int_equal(look(&calls), 0);
    assert_int_equal(look(&cleaned), 1);
}

static int outcome_of(mag_task task, uint64_t *ret_detail)
{
    assert_int_equal(mag_vtask_wait_completed(&task.task, 0, -1), 0);
    int r = mag_vtask_get_value(task.task, NULL, 0, ret_detail);
    (void)mag_vtask_release(task.task);
    return r;
}

static void an_error_stops_the_loop_and_ends_the_sequence(void **state)
{
    size_t failed = 0;
    struct mag_each_options options = {.limit = LIMIT, .ret_failed = &failed};
    uint64_t detail = 0;
    (void)state;

    mag_task loop = use_each_with(sched, &options, count_to(COUNT, 3, 0), 2, 50, LIMIT);
    assert_int_equal(outcome_of(loop, &detail), -EIO);
    assert_int_equal(detail, 50);
    assert_int_equal(failed, 50);
    assert_int_equal(look(&in_flight), 0);
    assert_int_equal(look(&cleaned), 1);
    for (unsigned i = 0; i <= 50; i++)
        assert_int_equal(look(&seen[i]), 1);
}

static void an_error_of_the_sequence_is_one_of_the_loop(void **state)
{
    uint64_t detail = 0;
    (void)state;

    for (int step = 0; step < 2; step++) {
        (void)clear(NULL);
        mag_task loop = use_each(sched, count_to(30, step, -EPIPE), 2, COUNT, LIMIT);
        assert_int_equal(outcome_of(loop, &detail), -EPIPE);
        assert_int_equal(detail, 30);
        assert_int_equal(look(&calls), 30);
        assert_int_equal(look(&cleaned), 1);
    }
}

static struct mag_operation *waited_for;

MAG_EACH_OF(numbers, waits, void)

static mag_task waits(int number)
{
    (void)number;
    mag_task task = mag_task_of(mag_operation_task(waited_for));
    (void)add(&calls, 1);
    return task;
}

static void rent_waited_for(void)
{
    void *object = NULL;

    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    waited_for = object;
}

static void a_cancellation_asks_for_no_more_values(void **state)
{
    struct mag_cancel cancel = {0};
    size_t failed = 0;
    struct mag_each_options options = {
        .limit = 1, .cancel = &cancel, .ret_failed = &failed};
    uint64_t detail = 0;
    (void)state;

    rent_waited_for();
    mag_task loop = waits_each_with(sched, &options, count_to(COUNT, 0, 0));
    assert_true(test_wait_for(&calls, 1));
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_operation_set_done(waited_for), 0);
    assert_int_equal(outcome_of(loop, &detail), -ECANCELED);
    assert_int_equal(detail, (uintptr_t)&cancel);
    assert_int_equal(failed, 1);
    assert_int_equal(look(&yielded), 1);
    assert_int_equal(look(&cleaned), 1);
}

static void a_loop_that_cannot_begin_ends_the_sequence(void **state)
{
    struct mag_each_options options = {.reserved = 1};
    (void)state;

    assert_int_equal(mag_task_get(use_each(sched, NULL, 0, 0, 1)), -ENOMEM);
    assert_int_equal(
        mag_task_get(use_each_with(sched, &options, count_to(1, 0, 0), 0, 0, 1)),
        -EINVAL);
    assert_int_equal(look(&calls), 0);
}

static void a_stop_ends_the_loop(void **state)
{
    struct mag_sched *stopping = test_sched_start(1);
    struct holder holder;
    (void)state;

    holder_begin(&holder, stopping);
    mag_task waiting = use_each(stopping, count_to(COUNT, 0, 0), 0, COUNT, COUNT);
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_CANCEL, 0, NULL, NULL),
                     -ETIMEDOUT);
    holder_let_go(&holder);
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    assert_int_equal(mag_task_get(waiting), -ECANCELED);
    assert_int_equal(
        mag_task_get(use_each(stopping, count_to(COUNT, 0, 0), 0, COUNT, COUNT)),
        -ESHUTDOWN);
    assert_int_equal(look(&calls), 0);
    assert_int_equal(mag_sched_destroy(stopping), 0);
}

static void a_lane_that_waits_during_a_stop_asks_for_no_value_after_it(void **state)
{
    struct mag_sched *stopping = test_sched_start(1);
    struct mag_each_options options = {.limit = 1};
    (void)state;

    rent_waited_for();
    mag_task loop = waits_each_with(stopping, &options, count_to(COUNT, 0, 0));
    assert_true(test_wait_for(&calls, 1));
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_operation_set_done(waited_for), 0);
    assert_int_equal(mag_task_get(loop), -ECANCELED);
    assert_int_equal(look(&yielded), 1);
    assert_int_equal(mag_sched_destroy(stopping), 0);
}

static void nothing_is_allocated_after_warm_up(void **state)
{
    struct mag_each_options options = {.limit = LIMIT};
    uint64_t made = 1;
    (void)state;

    for (unsigned tries = 0; made != 0 && tries < TRIES_MAX; tries++) {
        uint64_t before = test_allocations();
        for (uint32_t i = test_rounds(200); i != 0; i--)
            assert_int_equal(mag_task_wait(use_each_with(
                                 sched, &options, count_to(20, 3, 0), 2, COUNT, LIMIT)),
                             0);
        made = test_allocations() - before;
    }
    assert_int_equal(made, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_value_is_used_once_and_the_sequence_is_ended, clear),
        cmocka_unit_test_setup(an_empty_sequence_calls_no_body, clear),
        cmocka_unit_test_setup(an_error_stops_the_loop_and_ends_the_sequence, clear),
        cmocka_unit_test_setup(an_error_of_the_sequence_is_one_of_the_loop, clear),
        cmocka_unit_test_setup(a_cancellation_asks_for_no_more_values, clear),
        cmocka_unit_test_setup(a_loop_that_cannot_begin_ends_the_sequence, clear),
        cmocka_unit_test_setup(a_stop_ends_the_loop, clear),
        cmocka_unit_test_setup(a_lane_that_waits_during_a_stop_asks_for_no_value_after_it,
                               clear),
        cmocka_unit_test_setup(nothing_is_allocated_after_warm_up, clear),
    };

    return cmocka_run_group_tests(tests, start, stop);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/sources.h"

#include <magpie/magpie.h>

enum { COUNT = 1000, LIMIT = 7, TRIES_MAX = 20 };

static struct mag_sched *sched;
static shared seen[COUNT], calls, in_flight, too_many;
static uint64_t limit_now = COUNT; /* bodies that may be in flight */

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
    limit_now = COUNT;
    for (unsigned i = 0; i < COUNT; i++)
        set(&seen[i], 0);
    set(&calls, 0);
    set(&in_flight, 0);
    set(&too_many, 0);
    return 0;
}

static void begins(size_t index)
{
    uint64_t now = add(&in_flight, 1) + 1;

    if (now > limit_now)
        set(&too_many, 1);
    (void)add(&seen[index], 1);
    (void)add(&calls, 1);
}

static void ends(void)
{
    (void)add(&in_flight, (uint64_t)-1);
}

static bool each_was_called_once(size_t begin, size_t end)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (look(&seen[i]) != (i >= begin && i < end))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------------- bodies */

MAG_EACH(at_once, size_t, fails_from, int, error)

static mag_task at_once(size_t index, size_t fails_from, int error)
{
    begins(index);
    ends();
    return index < fails_from ? mag_task_done()
                              : mag_task_of(mag_vtask_failed(error, 77));
}

MAG_EACH(later, size_t, fails_at)

MAG_ASYNC(mag_task, later, (size_t, index, size_t, fails_at), mag_vtask delay;)
{
    MAG_BEGIN(f);
    begins(f->index);
    if (f->index % 3 != 0 &&
        mag_delay(NULL, (int64_t)f->index % 7 * 30000, &f->delay) == 0)
        MAG_AWAIT_DONE(f, mag_task_of(f->delay));
    ends();
    if (f->index == f->fails_at)
        MAG_FAIL(f, -EIO);
    MAG_END(f);
}

MAG_EACH(mute, void)

static mag_task mute(size_t index)
{
    begins(index);
    ends();
    return mag_task_done();
}

/* ---------------------------------------------------------------------- the indices */

static void each_index_is_called_once(void **state)
{
    (void)state;
    assert_int_equal(mag_task_wait(at_once_each(sched, 3, COUNT, COUNT, 0)), 0);
    assert_true(each_was_called_once(3, COUNT));
    (void)clear(NULL);
    assert_int_equal(mag_task_wait(later_each(sched, 0, 300, COUNT)), 0);
    assert_true(each_was_called_once(0, 300));
    (void)clear(NULL);
    assert_int_equal(mag_task_wait(mute_each(NULL, 0, 5)), 0);
    assert_true(each_was_called_once(0, 5));
}

static void an_empty_loop_is_a_complete_task(void **state)
{
    (void)state;
    assert_int_equal(mag_task_get(mute_each(sched, 5, 5)), 0);
    assert_int_equal(mag_task_get(mute_each(sched, 6, 5)), -EINVAL);
    struct mag_each_options options = {.reserved = 1};
    assert_int_equal(mag_task_get(mute_each_with(sched, &options, 0, 5)), -EINVAL);
    assert_int_equal(look(&calls), 0);
}

static void no_more_than_the_limit_are_in_flight(void **state)
{
    (void)state;
    for (uint32_t limit = 1; limit <= LIMIT; limit += 3) {
        struct mag_each_options options = {.limit = limit};

        (void)clear(NULL);
        limit_now = limit;
        assert_int_equal(mag_task_wait(later_each_with(sched, &options, 0, 200, COUNT)),
                         0);
        assert_true(each_was_called_once(0, 200));
        assert_int_equal(look(&too_many), 0);
    }
}

static shared operations[LIMIT];

MAG_EACH(waits, void)

static mag_task waits(size_t index)
{
    void *object = NULL;
    int r = mag_operation_rent(&mag_operation_word, &object);

    if (r < 0)
        return mag_task_of(mag_vtask_failed(r, 0));
    mag_task task = mag_task_of(mag_operation_task(object));
    set(&operations[index], (uintptr_t)object);
    begins(index);
    return task;
}

static void complete(unsigned i)
{
    struct mag_operation *operation = (struct mag_operation *)look(&operations[i]);

    assert_int_equal(mag_operation_set_done(operation), 0);
}

static void as_many_as_the_limit_are_in_flight_while_they_wait(void **state)
{
    struct mag_each_options options = {.limit = LIMIT};
    mag_task loop = waits_each_with(sched, &options, 0, LIMIT);
    (void)state;

    /* All of them wait, on two workers. */
    assert_true(test_wait_for(&calls, LIMIT));
    for (unsigned i = 0; i < LIMIT; i++) {
        assert_int_equal(mag_vtask_status(loop.task), MAG_PENDING);
        complete(i);
    }
    assert_int_equal(mag_task_wait(loop), 0);
}

/* ---------------------------------------------------------------------------- errors */

static void the_smallest_index_that_failed_counts(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        size_t failed = SIZE_MAX;
        uint64_t detail = 0;
        struct mag_each_options options = {.limit = 4, .ret_failed = &failed};
        mag_vtask task;

        (void)clear(NULL);
        task = at_once_each_with(sched, &options, 0, COUNT, 100, -EPIPE).task;
        assert_int_equal(mag_vtask_wait_completed(&task, 0, -1), 0);
        assert_int_equal(mag_vtask_get_value(task, NULL, 0, &detail), -EPIPE);
        (void)mag_vtask_release(task);
        assert_int_equal(detail, 100);
        assert_int_equal(failed, 100);
        for (unsigned i = 0; i <= 100; i++)
            assert_int_equal(look(&seen[i]), 1);
        assert_true(look(&calls) < COUNT);
    }
}

static void bodies_in_flight_end_before_the_loop_does(void **state)
{
    struct mag_each_options options = {.limit = LIMIT};
    (void)state;

    assert_int_equal(mag_task_wait(later_each_with(sched, &options, 0, COUNT, 40)), -EIO);
    assert_int_equal(look(&in_flight), 0);
}

MAG_EACH(fires, struct mag_cancel *, cancel)

static mag_task fires(size_t index, struct mag_cancel *cancel)
{
    begins(index);
    if (index == 20)
        (void)mag_cancel_fire(cancel);
    ends();
    return mag_task_done();
}

static void no_body_begins_after_a_cancellation(void **state)
{
    struct mag_cancel cancel = {0};
    size_t failed = 0;
    uint64_t detail = 0;
    struct mag_each_options options = {
        .limit = 1, .cancel = &cancel, .ret_failed = &failed};
    mag_vtask task = fires_each_with(sched, &options, 10, COUNT, &cancel).task;
    (void)state;

    assert_int_equal(mag_vtask_wait_completed(&task, 0, -1), 0);
    assert_int_equal(mag_vtask_get_value(task, NULL, 0, &detail), -ECANCELED);
    (void)mag_vtask_release(task);
    assert_int_equal(detail, (uintptr_t)&cancel);
    assert_int_equal(failed, 21);
    assert_true(each_was_called_once(10, 21));
}

/* ------------------------------------------------------------------ a scheduler stops */

static void a_stop_ends_the_loop(void **state)
{
    struct mag_sched *stopping = test_sched_start(1);
    struct holder holder;
    (void)state;

    holder_begin(&holder, stopping);
    mag_task waiting = mute_each(stopping, 0, COUNT);
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_CANCEL, 0, NULL, NULL),
                     -ETIMEDOUT);
    mag_task refused = mute_each(stopping, 0, COUNT);
    holder_let_go(&holder);
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    assert_int_equal(mag_task_get(waiting), -ECANCELED);
    assert_int_equal(mag_task_get(refused), -ESHUTDOWN);
    assert_int_equal(look(&calls), 0);
    assert_int_equal(mag_sched_destroy(stopping), 0);
}

static void a_lane_that_waits_during_a_stop_calls_no_body_after_it(void **state)
{
    struct mag_sched *stopping = test_sched_start(1);
    struct mag_each_options options = {.limit = 1};
    mag_task loop = waits_each_with(stopping, &options, 0, LIMIT);
    (void)state;

    assert_true(test_wait_for(&calls, 1));
    assert_int_equal(mag_sched_stop(stopping, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    complete(0);
    assert_int_equal(mag_task_get(loop), -ECANCELED);
    assert_int_equal(look(&calls), 1);
    assert_int_equal(mag_sched_destroy(stopping), 0);
}

/* ---------------------------------------------------------------------------- memory */

/* Loops that cannot begin keep their objects, so that the pools have to grow. */
static void a_loop_without_memory_has_failed(void **state)
{
    enum { LOOPS = 3000 };
    static mag_task loops[LOOPS];
    struct mag_sched *held = test_sched_start(1);
    struct holder holder;
    unsigned refused = 0;
    (void)state;

    holder_begin(&holder, held);
    for (unsigned i = 0; i < LOOPS; i++) {
        test_fail_allocation(1);
        loops[i] = mute_each(held, 0, 1);
        test_fail_allocation(0);
    }
    holder_let_go(&holder);
    for (unsigned i = 0; i < LOOPS; i++) {
        int r = mag_task_wait(loops[i]);
        assert_true(r == 0 || r == -ENOMEM);
        refused += r == -ENOMEM;
    }
    assert_true(refused != 0);
    assert_int_equal(look(&calls), LOOPS - refused);
    assert_int_equal(mag_sched_destroy(held), 0);
}

static void nothing_is_allocated_after_warm_up(void **state)
{
    struct mag_each_options options = {.limit = LIMIT};
    uint64_t made = 1;
    (void)state;

    for (unsigned tries = 0; made != 0 && tries < TRIES_MAX; tries++) {
        uint64_t before = test_allocations();
        for (uint32_t i = test_rounds(200); i != 0; i--)
            assert_int_equal(
                mag_task_wait(later_each_with(sched, &options, 0, 30, COUNT)), 0);
        made = test_allocations() - before;
    }
    assert_int_equal(made, 0);
}

/* ------------------------------------------------------------------ async functions */

MAG_ASYNC(mag_task, nested, (size_t, count), int error;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, at_once_each(NULL, 0, f->count, f->count, 0));
    MAG_TRY_DONE(f, f->error, at_once_each(NULL, f->count, COUNT, f->count + 5, -EIO));
    if (f->error != -EIO || mag_async_detail(f) != f->count + 5)
        MAG_FAIL(f, -EPROTO);
    MAG_END(f);
}

static void an_async_function_awaits_loops(void **state)
{
    (void)state;
    assert_int_equal(mag_task_wait(nested(100)), 0);
    assert_true(look(&calls) >= 106);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_index_is_called_once, clear),
        cmocka_unit_test_setup(an_empty_loop_is_a_complete_task, clear),
        cmocka_unit_test_setup(no_more_than_the_limit_are_in_flight, clear),
        cmocka_unit_test_setup(as_many_as_the_limit_are_in_flight_while_they_wait, clear),
        cmocka_unit_test_setup(the_smallest_index_that_failed_counts, clear),
        cmocka_unit_test_setup(bodies_in_flight_end_before_the_loop_does, clear),
        cmocka_unit_test_setup(no_body_begins_after_a_cancellation, clear),
        cmocka_unit_test_setup(a_stop_ends_the_loop, clear),
        cmocka_unit_test_setup(a_lane_that_waits_during_a_stop_calls_no_body_after_it,
                               clear),
        cmocka_unit_test_setup(a_loop_without_memory_has_failed, clear),
        cmocka_unit_test_setup(nothing_is_allocated_after_warm_up, clear),
        cmocka_unit_test_setup(an_async_function_awaits_loops, clear),
    };

    return cmocka_run_group_tests(tests, start, stop);
}

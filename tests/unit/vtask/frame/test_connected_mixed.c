/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/bell.h"
#include "tests/support/vtask/debug.h"

#include <magpie/magpie.h>

#include <string.h>

/* Connected operations beside awaits of tasks, in one function; and misuse of them. */

/* ------------------------------------------------------------------ beside awaits */

static struct mag_core source;

static long_task start_source(void)
{
    mag_core_reset(&source);
    return long_task_of(mag_core_task(&source));
}

static void complete_source(long result)
{
    assert_int_equal(mag_core_set_result(&source, (uint64_t)result), 0);
}

MAG_ASYNC(long_task, both, (int, rounds), struct bell bell; long a; long b; long total;)
{
    MAG_BEGIN(f);
    for (; f->rounds > 0; f->rounds--) {
        MAG_AWAIT(f, f->a, start_source());
        MAG_CONNECT(f, f->b, bell, &f->bell);
        f->total += f->a * f->b;
    }
    return long_task_result(f->total);
    MAG_END(f);
}

MAG_ASYNC_CONNECTED(long_task, placed_both, (int, rounds), struct bell bell; long a;
                    long b; long total;)
{
    MAG_BEGIN(f);
    for (; f->rounds > 0; f->rounds--) {
        MAG_AWAIT(f, f->a, start_source());
        MAG_CONNECT(f, f->b, bell, &f->bell);
        f->total += f->a * f->b;
    }
    return long_task_result(f->total);
    MAG_END(f);
}

static long_task (*const boths[])(int) = {both, placed_both};

static void one_function_awaits_tasks_and_connected_operations(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        long_task task = boths[i](2);

        complete_source(2);
        ring(3);
        complete_source(4);
        ring(5);
        assert_int_equal(result_of_long(task), 2 * 3 + 4 * 5);
    }
}

MAG_ASYNC_CONNECTED(long_task, around, (int, rounds), struct both_frame both;
                    struct placed_both_frame placed; long a; long b;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->a, both, &f->both, f->rounds);
    MAG_CONNECT(f, f->b, placed_both, &f->placed, f->rounds);
    return long_task_result(f->a + f->b);
    MAG_END(f);
}

static void a_function_in_anothers_frame_awaits_tasks_too(void **state)
{
    long_task task = around(1);
    (void)state;

    complete_source(2);
    ring(3);
    complete_source(4);
    ring(5);
    assert_int_equal(result_of_long(task), 2 * 3 + 4 * 5);
}

/* VT-32: a source that calls back too early, or twice, calls nothing. */
static void a_wrong_callback_of_a_source_is_ignored(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        long_task task = boths[i](1);
        /* relaxed: written by this thread. */
        uintptr_t slot = atomic_load_explicit(&source.slot, memory_order_relaxed);
        struct mag_job *job = &((struct mag_continuation *)slot)->job;

        job->run(job);
        job->run(NULL);
        assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
        complete_source(6);
        /* Now the function waits for the bell, with the same job. */
        job->run(job);
        assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
        ring(7);
        job->run(job);
        assert_int_equal(result_of_long(task), 42);
    }
}

/* ------------------------------------------------------- returning another's task */

struct triple {
    long a, b, c;
};
MAG_VTASK_DEFINE(triple_task, struct triple)

MAG_ASYNC(triple_task, slow_triple, (long, a), struct triple t;)
{
    MAG_BEGIN(f);
    f->t.a = f->a;
    MAG_AWAIT(f, f->t.b, start_source());
    return triple_task_result(f->t);
    MAG_END(f);
}
MAG_ASYNC(triple_task, hands_on, (int, first), struct bell bell; long one;)
{
    MAG_BEGIN(f);
    if (f->first != 0)
        MAG_CONNECT(f, f->one, bell, &f->bell);
    return slow_triple(f->one);
    MAG_END(f);
}
MAG_ASYNC_CONNECTED(triple_task, takes, (int, first), struct hands_on_frame child;
                    struct triple t;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->t, hands_on, &f->child, f->first);
    f->t.c = 1;
    return triple_task_result(f->t);
    MAG_END(f);
}

static void a_function_in_anothers_frame_may_return_a_pending_task(void **state)
{
    struct triple t;
    (void)state;

    for (int first = 0; first < 2; first++) {
        triple_task task = takes(first);

        if (first)
            ring(2);
        complete_source(3);
        assert_int_equal(triple_task_get(task, &t), 0);
        assert_int_equal(t.a, 2 * first);
        assert_int_equal(t.b, 3);
        assert_int_equal(t.c, 1);
        task = takes(first);
        if (first)
            ring(2);
        assert_int_equal(mag_core_set_error(&source, -EIO, 9), 0);
        uint64_t detail = 0;
        assert_int_equal(mag_vtask_get_value(task.task, &t, sizeof(t), &detail), -EIO);
        assert_int_equal(detail, 9);
    }
}

/* ------------------------------------------------------------- elsewhere, and pinned */

MAG_ASYNC_CONNECTED(long_task, moves, (struct mag_sched *, sched), struct bell bell;
                    long value; uint32_t worker;)
{
    MAG_BEGIN(f);
    MAG_PIN(f);
    MAG_CONTINUE_ON(f, mag_sched_executor(f->sched));
    f->worker = mag_sched_worker();
    MAG_CONNECT(f, f->value, bell, &f->bell);
    return long_task_result(f->worker == mag_sched_worker() ? f->value : -1);
    MAG_END(f);
}
MAG_ASYNC(long_task, sends, (struct mag_sched *, sched), struct moves_frame child;
          long value;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->value, moves, &f->child, f->sched);
    return long_task_result(f->value);
    MAG_END(f);
}

static void a_function_in_anothers_frame_may_continue_elsewhere(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    long value = 0;
    (void)state;

    bells_inside = 1;
    assert_int_equal(long_task_wait(sends(sched), &value), 0);
    assert_int_equal(value, 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ----------------------------------------------------------------------------- misuse */

#define ONE(definer, name)                                          \
    definer(long_task, name, (void), struct bell bell; long value;) \
    {                                                               \
        MAG_BEGIN(f);                                               \
        MAG_CONNECT(f, f->value, bell, &f->bell);                   \
        return long_task_result(f->value);                          \
        MAG_END(f);                                                 \
    }
/* NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape): what waits is in a pool. */
ONE(MAG_ASYNC, one)
ONE(MAG_ASYNC_CONNECTED, placed_one)

static void an_operation_has_begun_is_no_task_to_others(void **state)
{
    mag_vtask task = MAG_STARTED;
    uint64_t value = 42;
    (void)state;

    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_get(task, &value), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_discard(task), MAG_E_TOKEN);
    assert_int_equal(value, 42);
}

static void an_outcome_that_is_none_is_refused(void **state)
{
    long_task task = one();
    struct mag_waiter *waiter = bell_pending->waiter;
    (void)state;

    assert_int_equal(mag_waiter_fail(waiter, 0, 0), MAG_E_ARG);
    assert_int_equal(mag_waiter_fail(waiter, MAG_E_TOKEN, 0), MAG_E_ARG);
    assert_int_equal(mag_waiter_post(waiter, MAG_STARTED), MAG_E_ARG);
    assert_int_equal(mag_waiter_post(waiter, start_source().task), MAG_E_ARG);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    ring(3);
    assert_int_equal(result_of_long(task), 3);
}

static struct ear ear;

static void skip_without_checks(void)
{
#ifndef MAG_DEBUG_TASKS
    print_message("skipped: the library is built without MAG_DEBUG_TASKS\n");
    skip();
#endif
}

static void a_second_completion_is_told_and_changes_nothing(void **state)
{
    static long_task (*const calls[])(void) = {one, placed_one};
    (void)state;

    skip_without_checks();
    ear_open(&ear);
    for (unsigned i = 0; i < 2; i++) {
        long_task task = calls[i]();
        struct mag_waiter *waiter = bell_pending->waiter;

        ring(3);
        assert_int_equal(mag_waiter_complete(waiter, 4), MAG_E_DONE);
        assert_int_equal(mag_waiter_fail(waiter, -EIO, 4), MAG_E_DONE);
        assert_int_equal(mag_waiter_post(waiter, mag_vtask_result(4)), MAG_E_DONE);
        assert_int_equal(result_of_long(task), 3);
        /* The frame is in its pool, and waits for nothing. */
        assert_int_equal(mag_waiter_complete(waiter, 5), MAG_E_DONE);
    }
    assert_int_equal(ear.told, 8);
    assert_int_equal(ear.last.code, MAG_E_DONE);
    (void)mag_debug_watch(NULL);
}

static void completing_for_a_waiter_that_does_not_wait_is_told(void **state)
{
    struct mag_waiter waiter;
    (void)state;

    skip_without_checks();
    memset((void *)&waiter, 0, sizeof(waiter));
    ear_open(&ear);
    assert_int_equal(mag_waiter_complete(&waiter, 1), MAG_E_DONE);
    assert_int_equal(ear.told, 1);
    (void)mag_debug_watch(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_function_awaits_tasks_and_connected_operations,
                               reset_bells),
        cmocka_unit_test_setup(a_function_in_anothers_frame_awaits_tasks_too,
                               reset_bells),
        cmocka_unit_test_setup(a_wrong_callback_of_a_source_is_ignored, reset_bells),
        cmocka_unit_test_setup(a_function_in_anothers_frame_may_return_a_pending_task,
                               reset_bells),
        cmocka_unit_test_setup(a_function_in_anothers_frame_may_continue_elsewhere,
                               reset_bells),
        cmocka_unit_test_setup(an_operation_has_begun_is_no_task_to_others, reset_bells),
        cmocka_unit_test_setup(an_outcome_that_is_none_is_refused, reset_bells),
        cmocka_unit_test_setup(a_second_completion_is_told_and_changes_nothing,
                               reset_bells),
        cmocka_unit_test_setup(completing_for_a_waiter_that_does_not_wait_is_told,
                               reset_bells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

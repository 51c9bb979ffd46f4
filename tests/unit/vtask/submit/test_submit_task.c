/*
 * Submitted functions as value tasks: the outcome of the function is that of the task,
 * whatever becomes of the call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/wide.h"

#include <magpie/async.h>
#include <magpie/counters.h>
#include <magpie/event_loop.h>
#include <magpie/operation.h>
#include <magpie/strand.h>
#include <magpie/submit_task.h>

static struct mag_sched *sched;
static shared calls;

static int begin(void **state)
{
    (void)state;
    sched = test_sched_start(2);
    set(&calls, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

MAG_SUBMIT_TASK(long_task, weigh, long, a, const long *, b, char, c)
static long_task weigh(long a, const long *b, char c)
{
    if (a < 0)
        return long_task_of(mag_vtask_failed((int)a, (uint64_t)*b));
    return long_task_result(100 * a + 10 * *b + c);
}

MAG_ASYNC(long_task, add_one, (long_task, task), long value;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->value, f->task);
    return long_task_result(f->value + 1);
    MAG_END(f);
}

/* ---------------------------------------------------------------------- outcomes */

static void the_result_of_the_function_is_that_of_the_task(void **state)
{
    const long two = 2;
    (void)state;

    for (int i = 0; i < 1000; i++) {
        long result = 0;
        int r = long_task_wait(weigh_submit(sched, 1, &two, 3), &result);

        assert_int_equal(r, 0);
        assert_int_equal(result, 123);
    }
}

static void an_async_function_awaits_a_submission(void **state)
{
    const long two = 2;
    (void)state;

    for (int i = 0; i < 1000; i++) {
        long result = 0;
        int r = long_task_wait(add_one(weigh_submit(sched, 1, &two, 3)), &result);

        assert_int_equal(r, 0);
        assert_int_equal(result, 124);
    }
}

static void the_error_of_the_function_is_that_of_the_task(void **state)
{
    const long detail = 77;
    uint64_t ret_detail = 0;
    long_task task = weigh_submit(sched, -EIO, &detail, 0);
    (void)state;

    assert_int_equal(mag_vtask_wait_completed(&task.task, sizeof(long), -1), 0);
    assert_int_equal(mag_vtask_get_value(task.task, NULL, 0, &ret_detail), -EIO);
    assert_int_equal(ret_detail, 77);
    assert_int_equal(mag_vtask_release(task.task), 0);
}

MAG_SUBMIT_TASK(mag_task, count_call, void)
static mag_task count_call(void)
{
    (void)add(&calls, 1);
    return mag_task_done();
}

static void a_function_may_have_neither_arguments_nor_a_result(void **state)
{
    (void)state;
    assert_int_equal(mag_task_wait(count_call_submit(sched)), 0);
    assert_int_equal(look(&calls), 1);
}

MAG_VTASK_DEFINE(large_task, struct large)
MAG_SUBMIT_TASK(large_task, fill_large, struct large, from)
static large_task fill_large(struct large from)
{
    for (unsigned i = 0; i < 9; i++)
        from.words[i] += i;
    return large_task_result(from);
}

static void a_result_may_be_larger_than_a_word(void **state)
{
    struct large from = {{1}};
    struct large result = {{0}};
    (void)state;

    assert_int_equal(large_task_wait(fill_large_submit(sched, from), &result), 0);
    assert_int_equal(result.words[0], 1);
    assert_int_equal(result.words[8], 8);
}

MAG_SUBMIT_TASK(long_task, hand_on, mag_vtask, other)
static long_task hand_on(mag_vtask other)
{
    return long_task_of(other);
}

static void a_function_may_return_the_pending_task_of_something_else(void **state)
{
    void *object;
    long result = 0;
    (void)state;

    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): it was rented. */
    struct mag_operation *operation = object;
    long_task task = hand_on_submit(sched, mag_operation_task(operation));
    assert_int_equal(mag_operation_set_result(operation, 5), 0);
    assert_int_equal(long_task_wait(task, &result), 0);
    assert_int_equal(result, 5);
}

static void a_task_may_be_discarded_before_the_call(void **state)
{
    struct holder holders[2];
    (void)state;

    holder_begin(&holders[0], sched);
    holder_begin(&holders[1], sched);
    for (int i = 0; i < 100; i++)
        assert_int_equal(mag_vtask_discard(count_call_submit(sched).task), 0);
    holder_let_go(&holders[0]);
    holder_let_go(&holders[1]);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(look(&calls), 100);
}

/* ----------------------------------------------------------------------- options */

MAG_SUBMIT_TASK(long_task, where_am_i, void)
static long_task where_am_i(void)
{
    return long_task_result(mag_strand_self() != NULL ? 100 : (long)mag_sched_worker());
}

static void options_say_where_the_call_is_made(void **state)
{
    struct mag_submit_options options = {.where = MAG_SUBMIT_TO_WORKER, .index = 1};
    struct mag_strand strand;
    long result = 0;
    (void)state;

    assert_int_equal(long_task_wait(where_am_i_submit_with(sched, &options), &result), 0);
    assert_int_equal(result, 1);
    mag_strand_init(&strand, sched);
    options = (struct mag_submit_options){.executor = &strand.executor};
    assert_int_equal(long_task_wait(where_am_i_submit_with(NULL, &options), &result), 0);
    assert_int_equal(result, 100);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
}

static void a_refused_call_is_a_task_with_the_error(void **state)
{
    struct mag_submit_options options = {.where = MAG_SUBMIT_TO_WORKER, .index = 9};
    (void)state;

    assert_int_equal(mag_task_wait(count_call_submit_with(sched, &options)), -EINVAL);
    options = (struct mag_submit_options){.dropped = free};
    assert_int_equal(mag_task_wait(count_call_submit_with(sched, &options)), -EINVAL);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_task_wait(count_call_submit(sched)), -ESHUTDOWN);
    assert_int_equal(look(&calls), 0);
}

/* -------------------------------------------------------------------- early ends */

static void a_canceled_scheduler_cancels_calls_that_did_not_begin(void **state)
{
    struct holder holders[2];
    long_task tasks[100], awaited;
    const long two = 2;
    long result = 0;
    (void)state;

    holder_begin(&holders[0], sched);
    holder_begin(&holders[1], sched);
    for (int i = 0; i < 100; i++)
        tasks[i] = weigh_submit(sched, 1, &two, 3);
    awaited = add_one(weigh_submit(sched, 1, &two, 3));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    holder_let_go(&holders[0]);
    holder_let_go(&holders[1]);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(long_task_get(tasks[i], &result), -ECANCELED);
    /* Goes on as a job of the default scheduler. */
    assert_int_equal(long_task_wait(awaited, &result), -ECANCELED);
}

MAG_SUBMIT_TASK(long_task, end_thread, struct gate *, gate)
static long_task end_thread(struct gate *gate)
{
    gate_pass(gate);
    pthread_exit(NULL);
}

static void a_call_that_ends_its_thread_completes_its_task(void **state)
{
    struct gate gate;
    long result = 0;
    (void)state;

    for (int i = 0; i < 20; i++) {
        gate_close(&gate);
        long_task task = end_thread_submit(sched, &gate);
        if (i % 2 == 0)
            task = add_one(task);
        gate_open(&gate);
        assert_int_equal(long_task_wait(task, &result), -EOWNERDEAD);
    }
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(test_sched_counters(sched).ended, 20);
}

/* A call inside a call: the function runs an event loop on the worker. */
static struct mag_event_loop loop;
static struct gate never;

MAG_SUBMIT_TASK(long_task, run_loop, void)
static long_task run_loop(void)
{
    return long_task_result((long)mag_event_loop_run(&loop));
}

static void calls_inside_calls_each_have_their_outcome(void **state)
{
    struct mag_submit_options options = {.executor = &loop.executor};
    const long two = 2;
    long result = 0;
    (void)state;

    mag_event_loop_init(&loop, NULL, NULL);
    gate_close(&never);
    gate_open(&never);
    long_task first = weigh_submit_with(NULL, &options, 1, &two, 3);
    assert_int_equal(long_task_wait(run_loop_submit(sched), &result), 0);
    assert_int_equal(result, 1);
    assert_int_equal(long_task_wait(first, &result), 0);
    assert_int_equal(result, 123);

    long_task inner = end_thread_submit_with(NULL, &options, &never);
    assert_int_equal(long_task_wait(run_loop_submit(sched), &result), -EOWNERDEAD);
    assert_int_equal(long_task_wait(inner, &result), -EOWNERDEAD);

    inner = weigh_submit_with(NULL, &options, 1, &two, 3);
    mag_event_loop_close(&loop, NULL, NULL);
    assert_int_equal(long_task_wait(inner, &result), -ECANCELED);
}

/* ------------------------------------------------------------------------ memory */

static void submit_in_turn(unsigned rounds)
{
    const long two = 2;

    for (unsigned i = 0; i < rounds; i++) {
        long result;

        assert_int_equal(long_task_wait(weigh_submit(sched, 1, &two, 3), &result), 0);
    }
}

/* Objects gather in the magazines of the threads that give them back, until these are
 * full. */
static void nothing_is_allocated_once_the_pools_are_warm(void **state)
{
    uint64_t before = 0;
    (void)state;

    for (int tries = 0; tries < 100 && before != test_allocations(); tries++) {
        before = test_allocations();
        submit_in_turn(300);
    }
    assert_int_equal(test_allocations(), before);
}

/* In a thread that has no magazine yet. */
static void *submit_without_memory(void *arg)
{
    unsigned *failures = arg;

    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        struct mag_task task = count_call_submit(sched);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        int r = mag_task_wait(task);

        if (r != 0 && r != -ENOMEM)
            *failures = UINT32_MAX;
        if (!failed || *failures == UINT32_MAX)
            return NULL;
        *failures += r != 0;
    }
}

static void a_call_without_memory_is_a_task_with_the_error(void **state)
{
    pthread_t thread;
    unsigned failures = 0;
    (void)state;

    assert_int_equal(pthread_create(&thread, NULL, submit_without_memory, &failures), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(failures >= 1 && failures != UINT32_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_without_memory_is_a_task_with_the_error),
        TEST(the_result_of_the_function_is_that_of_the_task),
        TEST(an_async_function_awaits_a_submission),
        TEST(the_error_of_the_function_is_that_of_the_task),
        TEST(a_function_may_have_neither_arguments_nor_a_result),
        TEST(a_result_may_be_larger_than_a_word),
        TEST(a_function_may_return_the_pending_task_of_something_else),
        TEST(a_task_may_be_discarded_before_the_call),
        TEST(options_say_where_the_call_is_made),
        TEST(a_refused_call_is_a_task_with_the_error),
        TEST(a_canceled_scheduler_cancels_calls_that_did_not_begin),
        TEST(a_call_that_ends_its_thread_completes_its_task),
        TEST(calls_inside_calls_each_have_their_outcome),
        TEST(nothing_is_allocated_once_the_pools_are_warm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Submitted functions in the connected form: the outcome of the function is that of the
 * wait, whatever becomes of the call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/wide.h"

#include <magpie/magpie.h>

#include <stdlib.h>
#include <string.h>

static struct mag_sched *sched;

static int begin(void **state)
{
    (void)state;
    sched = test_sched_start(2);
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

/* ----------------------------------------------------------------------- outcomes */

/* After each wait the state is the function's own. */
MAG_ASYNC(long_task, weigh_often, (long, times, const long *, b),
          struct weigh_submit_state call;
          long one; long total;)
{
    MAG_BEGIN(f);
    for (; f->times > 0; f->times--) {
        MAG_CONNECT(f, f->one, weigh_submit, &f->call, sched, f->times, f->b, 3);
        f->total += f->one;
        memset((void *)&f->call, 0xff, sizeof(f->call));
    }
    return long_task_result(f->total);
    MAG_END(f);
}

static void an_async_function_waits_for_one_call_after_the_other(void **state)
{
    const long two = 2, times = (long)test_rounds(1000);
    long result = 0;
    (void)state;

    assert_int_equal(long_task_wait(weigh_often(times, &two), &result), 0);
    assert_int_equal(result, 100 * times * (times + 1) / 2 + 23 * times);
}

MAG_ASYNC_CONNECTED(long_task, weigh_once, (long, a, const long *, b),
                    struct weigh_submit_state call;
                    long one;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->one, weigh_submit, &f->call, sched, f->a, f->b, 3);
    return long_task_result(f->one);
    MAG_END(f);
}

static void an_error_of_the_function_is_that_of_the_wait(void **state)
{
    const long detail = 77;
    uint64_t ret_detail = 0;
    long_task task = weigh_once(-EIO, &detail);
    (void)state;

    assert_int_equal(mag_vtask_wait_completed(&task.task, sizeof(long), -1), 0);
    assert_int_equal(mag_vtask_get_value(task.task, NULL, 0, &ret_detail), -EIO);
    assert_int_equal(ret_detail, 77);
    assert_int_equal(mag_vtask_release(task.task), 0);
}

MAG_VTASK_DEFINE(large_task, struct large)
MAG_SUBMIT_TASK(large_task, fill_large, struct large, from)
static large_task fill_large(struct large from)
{
    for (unsigned i = 0; i < 9; i++)
        from.words[i] += i;
    return large_task_result(from);
}

MAG_ASYNC(long_task, sum_large, (void), struct fill_large_submit_state call;
          struct large filled;)
{
    MAG_BEGIN(f);
    f->filled.words[0] = 30;
    MAG_CONNECT(f, f->filled, fill_large_submit, &f->call, sched, f->filled);
    return long_task_result((long)(f->filled.words[0] + f->filled.words[8]));
    MAG_END(f);
}

static void a_result_larger_than_a_word_arrives_whole(void **state)
{
    long sum = 0;
    (void)state;

    assert_int_equal(long_task_wait(sum_large(), &sum), 0);
    assert_int_equal(sum, 38);
}

MAG_SUBMIT_TASK(long_task, hand_on, mag_vtask, other)
static long_task hand_on(mag_vtask other)
{
    return long_task_of(other);
}

MAG_ASYNC(long_task, await_other, (mag_vtask, other), struct hand_on_submit_state call;
          long result;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->result, hand_on_submit, &f->call, sched, f->other);
    return long_task_result(f->result);
    MAG_END(f);
}

static void a_function_may_return_the_pending_task_of_something_else(void **state)
{
    void *object;
    long result = 0;
    (void)state;

    assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
    /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): it was rented. */
    struct mag_operation *operation = object;
    long_task task = await_other(mag_operation_task(operation));
    assert_int_equal(mag_operation_set_result(operation, 5), 0);
    assert_int_equal(long_task_wait(task, &result), 0);
    assert_int_equal(result, 5);
}

/* ------------------------------------------------------------------------ options */

MAG_SUBMIT_TASK(long_task, where_am_i, void)
static long_task where_am_i(void)
{
    return long_task_result((long)mag_sched_worker());
}

MAG_ASYNC(long_task, ask_where, (const struct mag_submit_options *, options),
          struct where_am_i_submit_state call;
          long worker;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->worker, where_am_i_submit_with, &f->call, sched, f->options);
    return long_task_result(f->worker);
    MAG_END(f);
}

static void options_say_where_the_call_is_made(void **state)
{
    struct mag_submit_options options = {.where = MAG_SUBMIT_TO_WORKER, .index = 1};
    long worker = 0;
    (void)state;

    assert_int_equal(long_task_wait(ask_where(&options), &worker), 0);
    assert_int_equal(worker, 1);
}

static void a_refused_call_answers_at_once(void **state)
{
    struct mag_submit_options options = {.where = MAG_SUBMIT_TO_WORKER, .index = 9};
    long worker = 0;
    const long two = 2;
    (void)state;

    assert_int_equal(long_task_get(ask_where(&options), &worker), -EINVAL);
    options = (struct mag_submit_options){.dropped = free};
    assert_int_equal(long_task_get(ask_where(&options), &worker), -EINVAL);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(long_task_get(weigh_once(1, &two), &worker), -ESHUTDOWN);
}

/* --------------------------------------------------------------------- early ends */

static void a_canceled_scheduler_cancels_calls_that_did_not_begin(void **state)
{
    struct holder holders[2];
    long_task tasks[100];
    const long two = 2;
    long result = 0;
    (void)state;

    holder_begin(&holders[0], sched);
    holder_begin(&holders[1], sched);
    for (int i = 0; i < 100; i++)
        tasks[i] = weigh_once(1, &two);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    holder_let_go(&holders[0]);
    holder_let_go(&holders[1]);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(long_task_wait(tasks[i], &result), -ECANCELED);
}

MAG_SUBMIT_TASK(mag_task, end_thread, void)
static mag_task end_thread(void)
{
    pthread_exit(NULL);
}

MAG_ASYNC(mag_task, call_what_ends, (void), struct end_thread_submit_state call;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, end_thread_submit, &f->call, sched);
    return mag_task_done();
    MAG_END(f);
}

static void a_function_that_ends_its_thread_fails_the_wait(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(mag_task_wait(call_what_ends()), -EOWNERDEAD);
}

/* ------------------------------------------------------------------------- memory */

struct hearer {
    struct mag_waiter waiter; /* first */
    struct weigh_submit_state call;
};

static _Atomic(uint64_t) heard;

static int count(struct mag_executor *executor, struct mag_job *job)
{
    (void)executor;
    (void)job;
    (void)test_add(&heard, 1);
    return 0;
}

static void hear(struct mag_job *job)
{
    (void)job;
}

static void a_call_takes_no_memory_but_its_state(void **state)
{
    struct mag_executor desk = {count};
    struct mag_executor *outside = mag_executor_enter(&desk);
    struct hearer hearer = {.waiter.continuation.job.run = hear};
    const long two = 2;
    uint64_t before = 0;
    (void)state;

    for (uint64_t i = 1; i < 100; i++) {
        if (i == 2)
            before = test_allocations();
        mag_waiter_arm(&hearer.waiter);
        long_task task =
            weigh_submit_begin(&hearer.waiter, &hearer.call, sched, 1, &two, 3);
        assert_true(mag_vtask_is_started(task.task));
        assert_true(test_wait_for(&heard, i));
        assert_int_equal(hearer.waiter.outcome.backing, 0);
        assert_int_equal(hearer.waiter.outcome.payload, 123);
    }
    assert_int_equal(test_allocations(), before);
    (void)mag_executor_enter(outside);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_async_function_waits_for_one_call_after_the_other),
        TEST(an_error_of_the_function_is_that_of_the_wait),
        TEST(a_result_larger_than_a_word_arrives_whole),
        TEST(a_function_may_return_the_pending_task_of_something_else),
        TEST(options_say_where_the_call_is_made),
        TEST(a_refused_call_answers_at_once),
        TEST(a_canceled_scheduler_cancels_calls_that_did_not_begin),
        TEST(a_function_that_ends_its_thread_fails_the_wait),
        TEST(a_call_takes_no_memory_but_its_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

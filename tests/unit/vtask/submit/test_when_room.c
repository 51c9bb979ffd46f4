/*
 * mag_submit_when_room: a task that is complete when the submission has been accepted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/async.h>
#include <magpie/promise.h>
#include <magpie/submit_task.h>

enum { CALLS = 500 };

static struct mag_sched *sched;
static struct mag_submit_limit limit;
static struct mag_submit_options options;
static shared calls;

static int begin(void **state)
{
    (void)state;
    sched = test_sched_start(1);
    set(&calls, 0);
    mag_submit_limit_init(&limit, 2);
    options = (struct mag_submit_options){.limit = &limit, .when_full = MAG_FULL_BLOCK};
    return 0;
}

static int end(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

static void count_call(void *arg)
{
    (void)arg;
    (void)add(&calls, 1);
}

static mag_task submit(void)
{
    return mag_submit_when_room(sched, &options, count_call, NULL);
}

static void a_submission_that_has_room_is_a_complete_task(void **state)
{
    (void)state;
    assert_int_equal(mag_task_get(submit()), 0);
    assert_true(test_wait_for(&calls, 1));
    assert_int_equal(
        mag_vtask_get(mag_submit_when_room_sized(sched, &options, sizeof(options),
                                                 count_call, NULL),
                      NULL),
        0);
    assert_true(test_wait_for(&calls, 2));
    /* Without options there is room always. */
    assert_int_equal(mag_task_get(mag_submit_when_room(sched, NULL, count_call, NULL)),
                     0);
    assert_true(test_wait_for(&calls, 3));
}

static void a_submission_without_room_is_pending_until_there_is_some(void **state)
{
    struct holder holder;
    mag_task tasks[5];
    (void)state;

    holder_begin(&holder, sched);
    for (int i = 0; i < 5; i++) {
        tasks[i] = submit();
        assert_int_equal(mag_vtask_status(tasks[i].task),
                         i < 2 ? MAG_SUCCEEDED : MAG_PENDING);
    }
    assert_int_equal(mag_submit_limit_waiting(&limit), 2);
    holder_let_go(&holder);
    for (int i = 0; i < 5; i++)
        assert_int_equal(mag_task_wait(tasks[i]), 0);
    assert_true(test_wait_for(&calls, 5));
}

MAG_ASYNC(mag_task, submit_many, (int, count), int i;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->count; f->i++)
        MAG_AWAIT_DONE(f, submit());
    return mag_task_done();
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, submit_many_there, int, count)
static mag_task submit_many_there(int count)
{
    return submit_many(count);
}

static void an_async_function_is_slowed_down_on_the_worker_itself(void **state)
{
    (void)state;
    assert_int_equal(mag_task_wait(submit_many_there_submit(sched, CALLS)), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(look(&calls), CALLS);
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
}

static void a_refusal_is_an_error_of_the_task(void **state)
{
    struct holder holder;
    mag_task tasks[4];
    (void)state;

    holder_begin(&holder, sched);
    for (int i = 0; i < 4; i++)
        tasks[i] = submit();
    assert_int_equal(mag_vtask_discard(tasks[3].task), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 0, NULL, NULL), -ETIMEDOUT);
    holder_let_go(&holder);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    assert_int_equal(mag_task_get(tasks[0]), 0);
    assert_int_equal(mag_task_get(tasks[2]), -ESHUTDOWN);
    assert_int_equal(mag_task_get(submit()), -ESHUTDOWN);
    options.priority = (enum mag_priority)9;
    assert_int_equal(mag_task_get(submit()), -EINVAL);
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
}

static void *submit_without_memory(void *arg)
{
    unsigned *failures = arg;

    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        mag_task task = submit();
        bool failed = test_has_failed();
        test_fail_allocation(0);
        if (mag_vtask_status(task.task) == MAG_PENDING)
            (void)!mag_vtask_discard(task.task);
        else
            *failures += mag_task_get(task) == -ENOMEM;
        if (!failed)
            return NULL;
    }
}

static void without_memory_the_task_has_the_error(void **state)
{
    struct holder holder;
    pthread_t thread;
    unsigned failures = 0;
    (void)state;

    holder_begin(&holder, sched);
    assert_int_equal(pthread_create(&thread, NULL, submit_without_memory, &failures), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(failures >= 2);
    holder_let_go(&holder);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_submit_limit_waiting(&limit), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_memory_the_task_has_the_error),
        TEST(a_submission_that_has_room_is_a_complete_task),
        TEST(a_submission_without_room_is_pending_until_there_is_some),
        TEST(an_async_function_is_slowed_down_on_the_worker_itself),
        TEST(a_refusal_is_an_error_of_the_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

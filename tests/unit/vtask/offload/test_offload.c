/*
 * Functions that block, off the workers, as value tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/fault.h"
#include "tests/support/gate.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <errno.h>
#include <magpie/async.h>
#include <magpie/offload.h>
#include <pthread.h>

/* ---------------------------------------------------------------------- outcomes */

MAG_OFFLOAD_TASK(long_task, add_slowly, long, a, const long *, b)
static long_task add_slowly(long a, const long *b)
{
    if (mag_sched_self() != NULL)
        return long_task_of(mag_vtask_failed(-EDEADLK, 0));
    test_sleep_ms(1);
    if (a < 0)
        return long_task_of(mag_vtask_failed((int)a, (uint64_t)*b));
    return long_task_result(a + *b);
}

static void the_result_of_the_function_is_that_of_the_task(void **state)
{
    const long two = 2;
    long result = 0;
    (void)state;

    assert_int_equal(long_task_wait(add_slowly_offload(40, &two), &result), 0);
    assert_int_equal(result, 42);
    assert_int_equal(long_task_wait(add_slowly_offload(-EIO, &two), &result), -EIO);
}

/* Continues on a worker of the scheduler that it began on. */
MAG_ASYNC(long_task, add_three, (const long *, a), long first; long second;
          struct mag_sched * sched;)
{
    MAG_BEGIN(f);
    f->sched = mag_sched_self();
    MAG_AWAIT(f, f->first, add_slowly_offload(1, f->a));
    MAG_AWAIT(f, f->second, add_slowly_offload(f->first, f->a));
    if (mag_sched_self() != f->sched)
        return long_task_of(mag_vtask_failed(-EXDEV, 0));
    return long_task_result(f->second);
    MAG_END(f);
}

struct starter {
    struct mag_job job;
    long amount;
    long_task task;
    _Atomic(uint64_t) begun;
};

static void begin_adding(struct mag_job *job)
{
    struct starter *starter = (struct starter *)(void *)job;

    starter->task = add_three(&starter->amount);
    (void)test_add(&starter->begun, 1);
}

static void an_async_function_goes_on_on_a_worker(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct starter starter = {.job = {.run = begin_adding}, .amount = 5};
    long result = 0;
    (void)state;

    assert_int_equal(mag_sched_post(sched, &starter.job), 0);
    assert_true(test_wait_for(&starter.begun, 1));
    assert_int_equal(long_task_wait(starter.task, &result), 0);
    assert_int_equal(result, 11);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static int answer(void *arg)
{
    return *(int *)arg;
}

static void a_plain_function_succeeds_or_fails_by_what_it_returns(void **state)
{
    int zero = 0;
    int error = -ENOENT;
    mag_task tasks[2];
    (void)state;

    tasks[0] = mag_task_of(mag_offload(answer, &zero));
    tasks[1] = mag_task_of(mag_offload(answer, &error));
    assert_int_equal(mag_task_wait(tasks[0]), 0);
    assert_int_equal(mag_task_wait(tasks[1]), -ENOENT);
}

/* -------------------------------------------------------------------- no worker */

static int pass(void *arg)
{
    gate_pass(arg);
    return 0;
}

static void offloaded_calls_hold_no_worker(void **state)
{
    enum { CALLS = 8 };
    struct mag_sched *sched = test_sched_start(1);
    struct counted job = counted_make();
    struct gate gates[CALLS];
    mag_task tasks[CALLS];
    (void)state;

    for (int i = 0; i < CALLS; i++) {
        gate_close(&gates[i]);
        tasks[i] = mag_task_of(mag_offload(pass, &gates[i]));
    }
    for (int i = 0; i < CALLS; i++)
        assert_true(gate_is_reached(&gates[i]));
    assert_int_equal(mag_sched_post(sched, &job.job), 0);
    assert_true(test_wait_for(&job.runs, 1));
    for (int i = 0; i < CALLS; i++) {
        gate_open(&gates[i]);
        assert_int_equal(mag_task_wait(tasks[i]), 0);
    }
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ------------------------------------------------------------------------ errors */

static int end_thread(void *arg)
{
    (void)arg;
    pthread_exit(NULL);
}

static void a_function_that_ends_its_thread_fails_its_task(void **state)
{
    (void)state;
    assert_int_equal(mag_task_wait(mag_task_of(mag_offload(end_thread, NULL))),
                     -EOWNERDEAD);
}

static void a_call_without_memory_is_a_task_that_has_failed(void **state)
{
    int zero = 0;
    int failed = 0;
    (void)state;

    test_fail_allocation(1);
    for (int i = 0; i < 4096 && !test_has_failed(); i++) {
        int r = mag_task_wait(mag_task_of(mag_offload(answer, &zero)));

        assert_true(r == 0 || r == -ENOMEM || r == -EAGAIN);
        failed += r != 0;
    }
    test_fail_allocation(0);
    assert_true(failed <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_of_the_function_is_that_of_the_task),
        cmocka_unit_test(an_async_function_goes_on_on_a_worker),
        cmocka_unit_test(a_plain_function_succeeds_or_fails_by_what_it_returns),
        cmocka_unit_test(offloaded_calls_hold_no_worker),
        cmocka_unit_test(a_function_that_ends_its_thread_fails_its_task),
        cmocka_unit_test(a_call_without_memory_is_a_task_that_has_failed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

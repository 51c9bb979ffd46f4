/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/async.h>
#include <magpie/connected.h>
#include <magpie/offload.h>
#include <magpie/submit_task.h>

#include <errno.h>
#include <pthread.h>

/* Functions that block, off the workers, begun for async functions that wait. */

struct sums {
    long sum, difference, product;
};
MAG_VTASK_DEFINE(sums_task, struct sums)
MAG_OFFLOAD_TASK(long_task, add_there, long, a, const long *, b)
MAG_OFFLOAD_TASK(sums_task, all_of, long, a, long, b)
MAG_OFFLOAD_TASK(mag_task, end_the_thread, void)

static long_task add_there(long a, const long *b)
{
    if (mag_sched_self() != NULL)
        return long_task_of(mag_vtask_failed(-EDEADLK, 0));
    if (a < 0)
        return long_task_of(mag_vtask_failed((int)a, (uint64_t)*b));
    return long_task_result(a + *b);
}

static sums_task all_of(long a, long b)
{
    return sums_task_result((struct sums){a + b, a - b, a * b});
}

static mag_task end_the_thread(void)
{
    pthread_exit(NULL);
}

static int code_at(void *arg)
{
    return *(int *)arg;
}

/* ----------------------------------------------------------------------- outcomes */

MAG_ASYNC_CONNECTED(long_task, add_twice, (long, a, const long *, b),
                    struct add_there_offload_state call;
                    struct all_of_offload_state all; struct mag_sched * sched; long sum;
                    struct sums sums;)
{
    MAG_BEGIN(f);
    f->sched = mag_sched_self();
    MAG_CONNECT(f, f->sum, add_there_offload, &f->call, f->a, f->b);
    MAG_CONNECT(f, f->sum, add_there_offload, &f->call, f->sum, f->b);
    MAG_CONNECT(f, f->sums, all_of_offload, &f->all, f->sum, 1);
    if (mag_sched_self() != f->sched)
        MAG_FAIL(f, -EXDEV);
    return long_task_result(f->sums.sum + f->sums.difference + f->sums.product);
    MAG_END(f);
}

MAG_SUBMIT_TASK(long_task, add_on_a_worker, long, a, const long *, b)
static long_task add_on_a_worker(long a, const long *b)
{
    return add_twice(a, b);
}

static void an_async_function_waits_for_calls_off_its_workers(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    const long two = 2;
    long result = 0;
    (void)state;

    assert_int_equal(long_task_wait(add_on_a_worker_submit(sched, 3, &two), &result), 0);
    assert_int_equal(result, (7 + 1) + (7 - 1) + 7 * 1);
    assert_int_equal(long_task_wait(add_on_a_worker_submit(sched, -EIO, &two), &result),
                     -EIO);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

MAG_ASYNC(mag_task, call_plainly, (int *, code), struct mag_offload_state call;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, mag_offload, &f->call, code_at, f->code);
    return mag_task_done();
    MAG_END(f);
}

/* Of a thread that has no context. */
MAG_ASYNC(mag_task, call_and_look, (int *, code), struct mag_offload_state call;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, mag_offload, &f->call, code_at, f->code);
    if (mag_sched_self() == NULL)
        MAG_FAIL(f, -EXDEV);
    return mag_task_done();
    MAG_END(f);
}

static void nobody_continues_on_a_thread_that_is_there_to_block(void **state)
{
    int one = 1;
    (void)state;

    assert_int_equal(mag_task_wait(call_and_look(&one)), 0);
}

static void a_plain_function_succeeds_or_fails_by_what_it_returns(void **state)
{
    int one = 1, error = -ENOENT;
    (void)state;

    assert_int_equal(mag_task_wait(call_plainly(&one)), 0);
    assert_int_equal(mag_task_wait(call_plainly(&error)), -ENOENT);
}

/* ------------------------------------------------------------------------- errors */

MAG_ASYNC(mag_task, call_what_ends, (void), struct end_the_thread_offload_state call;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, end_the_thread_offload, &f->call);
    return mag_task_done();
    MAG_END(f);
}

static void a_function_that_ends_its_thread_fails_the_wait(void **state)
{
    (void)state;
    assert_int_equal(mag_task_wait(call_what_ends()), -EOWNERDEAD);
}

static void a_call_without_memory_fails_the_wait(void **state)
{
    int one = 1, failed = 0;
    (void)state;

    test_fail_allocation(1);
    for (int i = 0; i < 4096 && !test_has_failed(); i++) {
        int r = mag_task_wait(call_plainly(&one));

        assert_true(r == 0 || r == -ENOMEM || r == -EAGAIN);
        failed += r != 0;
    }
    test_fail_allocation(0);
    assert_true(failed <= 1);
}

/* ------------------------------------------------------------------------- memory */

struct hearer {
    struct mag_waiter waiter; /* first */
    struct mag_offload_state call;
};

static struct mag_job *heard;
static _Atomic(uint64_t) heard_count;

static int keep(struct mag_executor *executor, struct mag_job *job)
{
    (void)executor;
    heard = job;
    (void)test_add(&heard_count, 1);
    return 0;
}

static void hear(struct mag_job *job)
{
    (void)job;
}

static void a_call_takes_no_memory_but_its_state(void **state)
{
    struct mag_executor desk = {keep};
    struct mag_executor *outside = mag_executor_enter(&desk);
    struct hearer hearer = {.waiter.continuation.job.run = hear};
    uint64_t before = 0;
    int one = 1;
    (void)state;

    /* The first one starts a thread. */
    for (uint64_t i = 1; i < 10; i++) {
        if (i == 2)
            before = test_allocations();
        mag_waiter_arm(&hearer.waiter);
        mag_task task = mag_offload_begin(&hearer.waiter, &hearer.call, code_at, &one);
        assert_true(mag_vtask_is_started(task.task));
        assert_true(test_wait_for(&heard_count, i));
        assert_ptr_equal(heard, &hearer.waiter.continuation.job);
        assert_int_equal(hearer.waiter.outcome.backing, 0);
    }
    assert_int_equal(test_allocations(), before);
    (void)mag_executor_enter(outside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_async_function_waits_for_calls_off_its_workers),
        cmocka_unit_test(nobody_continues_on_a_thread_that_is_there_to_block),
        cmocka_unit_test(a_plain_function_succeeds_or_fails_by_what_it_returns),
        cmocka_unit_test(a_function_that_ends_its_thread_fails_the_wait),
        cmocka_unit_test(a_call_without_memory_fails_the_wait),
        cmocka_unit_test(a_call_takes_no_memory_but_its_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * From where a computation may be started: threads of the program, workers of other
 * schedulers, posted jobs of each kind, async functions, and computations.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/async.h>
#include <magpie/fork.h>
#include <magpie/promise.h>
#include <magpie/strand.h>
#include <magpie/timer.h>
#include <pthread.h>

enum { N = 15, FIB_N = 610 };

/* A job that runs a computation, on its own scheduler or another. */
struct entry {
    struct mag_timer timer; /* first, so that its job comes first */
    struct mag_sched *sched;
    long result;
    int error;
    uint32_t worker; /* where the job ran */
    _Atomic(uint64_t) done;
};

static void run_entry(struct mag_job *job)
{
    struct entry *entry = (struct entry *)(void *)job;

    entry->worker = mag_sched_worker();
    entry->error = fib_run(entry->sched, &entry->result, N);
    /* release: the result is visible to the thread that waits. */
    (void)atomic_fetch_add_explicit(&entry->done, 1, memory_order_release);
}

static struct entry entry_make(struct mag_sched *sched)
{
    return (struct entry){.timer.job.run = run_entry, .sched = sched, .error = 1};
}

static void check(struct entry *entry)
{
    assert_true(test_wait_for(&entry->done, 1));
    assert_int_equal(entry->error, 0);
    assert_int_equal(entry->result, FIB_N);
}

static void jobs_posted_to_pool_node_and_worker_enter(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (unsigned i = 0; i < 50; i++) {
        struct entry entries[4] = {entry_make(sched), entry_make(sched),
                                   entry_make(sched), entry_make(sched)};

        assert_int_equal(mag_sched_post(sched, &entries[0].timer.job), 0);
        assert_int_equal(mag_sched_post_any(sched, &entries[1].timer.job), 0);
        assert_int_equal(mag_sched_post_node(sched, &entries[2].timer.job, 0), 0);
        assert_int_equal(mag_sched_post_worker(sched, &entries[3].timer.job, i % 2), 0);
        for (unsigned e = 0; e < 4; e++)
            check(&entries[e]);
        assert_int_equal(entries[3].worker, i % 2);
    }
    mag_sched_destroy(sched);
}

static void jobs_of_strands_and_timers_enter(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_strand strand;
    (void)state;

    mag_strand_init(&strand, sched);
    for (unsigned i = 0; i < 20; i++) {
        struct entry in_turn = entry_make(sched);
        struct entry in_time = entry_make(sched);

        assert_int_equal(mag_timer_start_in(sched, &in_time.timer, 1000), 0);
        assert_int_equal(mag_strand_post(&strand, &in_turn.timer.job), 0);
        check(&in_turn);
        check(&in_time);
    }
    /* The job counts itself before its strand has finished with it. */
    while (mag_strand_fini(&strand) != 0)
        test_sleep_ms(1);
    mag_sched_destroy(sched);
}

static void workers_of_two_schedulers_enter_each_other(void **state)
{
    enum { ENTRIES = 20 };
    struct mag_sched *scheds[2] = {test_sched_start(2), test_sched_start(2)};
    (void)state;

    /* At most one worker of each scheduler waits for the other scheduler, so that one is
     * left. */
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct entry there = entry_make(scheds[1]);
        struct entry back = entry_make(scheds[0]);

        assert_int_equal(mag_sched_post(scheds[0], &there.timer.job), 0);
        assert_int_equal(mag_sched_post(scheds[1], &back.timer.job), 0);
        check(&there);
        check(&back);
    }
    mag_sched_destroy(scheds[0]);
    mag_sched_destroy(scheds[1]);
}

/* ------------------------------------------------------------- computations */

static struct mag_sched *other;

/* Leaves enter another scheduler, or their own. */
MAG_FORKABLE(long, outer, struct mag_sched *, inner, int, n)
static long outer(mag_fork w, struct mag_sched *inner, int n)
{
    long result = -1;

    if (n == 0)
        return fib_run(inner, &result, 10) == 0 ? result : -1;
    struct outer_child child = outer_fork(&w, inner, n - 1);
    long here = outer(w, inner, n - 1);
    return outer_join(&w, child) + here;
}

static void forked_functions_enter_their_own_and_another_scheduler(void **state)
{
    struct mag_sched *own = test_sched_start(3);
    (void)state;

    other = test_sched_start(2);
    for (unsigned i = 0; i < 10; i++) {
        long result = 0;

        assert_int_equal(outer_run(own, &result, i % 2 == 0 ? own : other, 6), 0);
        assert_int_equal(result, 64 * 55);
    }
    mag_sched_destroy(own);
    mag_sched_destroy(other);
}

/* ----------------------------------------------------------- async functions */

/* Starts a computation where it was called, and again as a job of the scheduler. */
MAG_ASYNC(long_task, enter_twice, (struct mag_sched *, sched, bool, hops), int error;
          long first; long second; struct mag_sched * where;)
{
    MAG_BEGIN(f);
    f->error = fib_run(f->sched, &f->first, N);
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    if (f->hops)
        MAG_CONTINUE_ON(f, NULL);
    f->where = mag_sched_self();
    f->error = fib_run(f->sched, &f->second, N);
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    if (f->hops && f->where == NULL)
        MAG_FAIL(f, -EXDEV);
    return long_task_result(f->first + f->second);
    MAG_END(f);
}

static void check_async(long_task task)
{
    long result = -1;

    assert_int_equal(mag_vtask_wait_completed(&task.task, sizeof(long), -1), 0);
    assert_int_equal(long_task_get(task, &result), 0);
    assert_int_equal(result, 2 * FIB_N);
    (void)mag_vtask_release(task.task);
}

static void async_functions_enter_from_a_thread_of_the_program(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (unsigned i = 0; i < 50; i++)
        check_async(enter_twice(sched, i % 2 != 0));
    mag_sched_destroy(sched);
}

struct async_job {
    struct mag_job job;
    struct mag_sched *sched;
    long_task task;
    _Atomic(uint64_t) done;
};

static void call_async(struct mag_job *job)
{
    struct async_job *call = (struct async_job *)(void *)job;

    call->task = enter_twice(call->sched, true);
    /* release: the task is visible to the thread that waits. */
    (void)atomic_fetch_add_explicit(&call->done, 1, memory_order_release);
}

static void async_functions_enter_from_inside_a_job(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (unsigned i = 0; i < 50; i++) {
        struct async_job call = {.job.run = call_async, .sched = sched};

        assert_int_equal(mag_sched_post(sched, &call.job), 0);
        assert_true(test_wait_for(&call.done, 1));
        check_async(call.task);
    }
    mag_sched_destroy(sched);
}

/* A computation that ends inside a continuation, on the completer's stack. */
MAG_ASYNC(long_task, enter_after, (struct mag_sched *, sched, mag_task, before),
          int error;
          long result;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, f->before);
    f->error = fib_run(f->sched, &f->result, N);
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    return long_task_result(2 * f->result);
    MAG_END(f);
}

struct completion {
    struct mag_job job;
    struct mag_promise *promise;
};

static void complete_it(struct mag_job *job)
{
    /* The test may end as soon as the promise is complete, so this copies it first. */
    struct mag_promise *promise = ((struct completion *)(void *)job)->promise;

    if (mag_promise_set_result(promise, 0) == 0)
        mag_promise_release(promise);
}

static void async_functions_enter_from_inside_a_continuation(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (unsigned i = 0; i < 50; i++) {
        struct completion completion = {.job.run = complete_it};

        assert_int_equal(mag_promise_create(0, 0, &completion.promise), 0);
        long_task task =
            enter_after(sched, mag_task_of(mag_promise_task(completion.promise)));
        assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
        assert_int_equal(mag_sched_post(sched, &completion.job), 0);
        check_async(task);
    }
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_posted_to_pool_node_and_worker_enter),
        cmocka_unit_test(jobs_of_strands_and_timers_enter),
        cmocka_unit_test(workers_of_two_schedulers_enter_each_other),
        cmocka_unit_test(forked_functions_enter_their_own_and_another_scheduler),
        cmocka_unit_test(async_functions_enter_from_a_thread_of_the_program),
        cmocka_unit_test(async_functions_enter_from_inside_a_job),
        cmocka_unit_test(async_functions_enter_from_inside_a_continuation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

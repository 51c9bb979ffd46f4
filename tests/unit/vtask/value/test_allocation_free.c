/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/sources.h"

#include <magpie/magpie.h>

/* Paths that allocate nothing after warm-up, one by one. */

enum { WAITS = 10, TRIES_MAX = 20 };

/* One worker, so that only two threads need to be warm. */
static struct mag_sched *sched;
static struct mag_strand strand;

/* ------------------------------------------------------------------------- paths */

static struct mag_core source;

static long_task start_operation(void)
{
    mag_core_reset(&source);
    return long_task_of(mag_core_task(&source));
}

MAG_ASYNC(long_task, waits_ten_times, (void), int i; long item; long sum;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < WAITS; f->i++) {
        MAG_AWAIT(f, f->item, start_operation());
        f->sum += f->item;
    }
    return long_task_result(f->sum);
    MAG_END(f);
}

static void wait_ten_times(void)
{
    long_task task = waits_ten_times();

    for (uint64_t i = 0; i < WAITS; i++)
        assert_int_equal(mag_core_set_result(&source, i), 0);
    assert_int_equal(result_of(task.task), 45);
}

/* The body of a job: completes an operation whose continuation must not run inside the
 * completing call. */
static void complete_queued(struct probe *job)
{
    struct probe *awaiter = job->arg;
    void *object = NULL;

    if (mag_operation_rent(&mag_operation_word, &object) != 0)
        return;
    struct mag_operation *operation = object;
    mag_vtask task = mag_operation_task(operation);
    operation->core.flags |= MAG_CORE_QUEUED;
    if (mag_vtask_on_completed(task, &awaiter->continuation, 0) == 0 &&
        mag_core_set_result(&operation->core, 5) == 0 && probe_runs(awaiter) == 0)
        *(mag_vtask *)awaiter->arg = task;
}

static void run_a_queued_continuation_on_a_worker(void)
{
    mag_vtask task = {0, 0};
    struct probe awaiter = probe_make();
    struct probe job = probe_make();

    awaiter.arg = &task;
    job.then = complete_queued;
    job.arg = &awaiter;
    probe_run_as_job(sched, &job);
    assert_true(test_wait_for(&awaiter.runs, 1));
    assert_ptr_equal(awaiter.sched, sched);
    assert_int_equal(result_of(task), 5);
}

/* Runs as a job of `to` three times; if `to` is NULL, as a job of its scheduler. */
MAG_ASYNC(long_task, hops, (struct mag_executor *, to), int i; long sum;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < 3; f->i++) {
        MAG_CONTINUE_ON(f, f->to);
        f->sum += mag_sched_self() == sched && mag_executor_current() == f->to;
    }
    return long_task_result(f->sum);
    MAG_END(f);
}

static void wait_for_hops(long_task task)
{
    long sum = 0;

    assert_int_equal(long_task_wait(task, &sum), 0);
    assert_int_equal(sum, 3);
}

static void hop_in_the_pool(struct probe *job)
{
    *(long_task *)job->arg = hops(NULL);
}

static void continue_on_the_pool(void)
{
    struct probe job = probe_make();
    long_task task;

    job.then = hop_in_the_pool;
    job.arg = &task;
    probe_run_as_job(sched, &job);
    wait_for_hops(task);
}

static void continue_on_a_strand(void)
{
    wait_for_hops(hops(&strand.executor));
}

static void discard_a_pending_source(void)
{
    struct scripted scripted;

    assert_int_equal(mag_vtask_discard(scripted_begin(&scripted, MAG_PENDING, 0, 0)), 0);
    scripted_complete(&scripted, MAG_SUCCEEDED, 0, 3);
    assert_int_equal(scripted.taken, 1);
}

static void make_a_pending_source_a_promise(void)
{
    struct mag_promise *promise = NULL;
    struct scripted scripted;

    assert_int_equal(
        mag_vtask_as_promise(scripted_begin(&scripted, MAG_PENDING, 0, 0), &promise), 0);
    scripted_complete(&scripted, MAG_SUCCEEDED, 0, 3);
    assert_int_equal(result_of(mag_promise_task(promise)), 3);
    mag_promise_release(promise);
}

static void make_a_complete_source_a_promise(void)
{
    struct mag_promise *promise = NULL;
    struct scripted scripted;

    assert_int_equal(
        mag_vtask_as_promise(scripted_begin(&scripted, MAG_SUCCEEDED, 0, 4), &promise),
        0);
    assert_int_equal(result_of(mag_promise_task(promise)), 4);
    mag_promise_release(promise);
}

static void make_a_result_a_promise(void)
{
    struct mag_promise *promise = NULL;

    assert_int_equal(mag_vtask_as_promise(mag_vtask_result(9), &promise), 0);
    assert_int_equal(result_of(mag_promise_task(promise)), 9);
    mag_promise_release(promise);
}

static void complete_promise(struct probe *job)
{
    if (mag_promise_set_result(job->arg, 6) != 0)
        job->arg = NULL;
}

/* First waits until the time is over, which is sure to meet a pending promise. */
static void wait_for_a_promise(void)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    struct probe job = probe_make();

    job.then = complete_promise;
    job.arg = promise;
    assert_int_equal(mag_vtask_wait_completed(&task, 0, 0), -ETIMEDOUT);
    assert_int_equal(mag_sched_post(sched, &job.continuation.job), 0);
    assert_int_equal(mag_vtask_wait_completed(&task, 0, -1), 0);
    assert_int_equal(result_of(task), 6);
    assert_true(test_wait_for(&job.runs, 1));
    mag_promise_release(promise);
}

static void complete_core(struct probe *job)
{
    if (mag_core_set_result(job->arg, 7) != 0)
        job->arg = NULL;
}

static void wait_for_a_core(void)
{
    struct mag_core core = {0};
    mag_vtask task = mag_core_task(&core);
    struct probe job = probe_make();

    job.then = complete_core;
    job.arg = &core;
    assert_int_equal(mag_vtask_wait_completed(&task, 0, 0), -ETIMEDOUT);
    assert_int_equal(mag_sched_post(sched, &job.continuation.job), 0);
    assert_int_equal(mag_vtask_wait_completed(&task, 0, -1), 0);
    assert_int_equal(result_of(task), 7);
    assert_true(test_wait_for(&job.runs, 1));
    assert_int_equal(mag_vtask_release(task), 0);
}

/* ------------------------------------------------------------------------- tests */

/* There are more rounds than a slab has objects of the kind, so that a path which loses
 * one object each time must map another slab. */
static const struct path {
    const char *name;
    void (*walk)(void);
    uint32_t rounds;
} paths[] = {
    {"an async function that waits ten times", wait_ten_times, 8000},
    {"a continuation queued on a worker and run there",
     run_a_queued_continuation_on_a_worker, 5000},
    {"MAG_CONTINUE_ON the pool", continue_on_the_pool, 2500},
    {"MAG_CONTINUE_ON a strand", continue_on_a_strand, 2500},
    {"discarding a pending source", discard_a_pending_source, 8000},
    {"as_promise of a pending source", make_a_pending_source_a_promise, 8000},
    {"as_promise of a complete source", make_a_complete_source_a_promise, 8000},
    {"as_promise of a result", make_a_result_a_promise, 8000},
    {"waiting for a promise", wait_for_a_promise, 2000},
    {"waiting for a core", wait_for_a_core, 2000},
};

static uint64_t allocations_of(const struct path *path)
{
    uint64_t before = test_allocations();

    for (uint32_t i = test_rounds(path->rounds); i != 0; i--)
        path->walk();
    return test_allocations() - before;
}

/* VT-31 */
static void each_path_allocates_nothing_after_warm_up(void **state)
{
    (void)state;

    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        unsigned tries = 0;
        uint64_t made;

        /* The thread that gives an object back may vary, so warm-up has no fixed
         * length. */
        while ((made = allocations_of(&paths[i])) != 0 && ++tries < TRIES_MAX)
            continue;
        if (made != 0)
            print_message("%s: %u allocations\n", paths[i].name, (unsigned)made);
        assert_int_equal(made, 0);
    }
}

static int start(void **state)
{
    (void)state;
    sched = test_sched_start(1);
    mag_strand_init(&strand, sched);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mag_sched_destroy(sched);
    return mag_strand_fini(&strand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_path_allocates_nothing_after_warm_up),
    };

    return cmocka_run_group_tests(tests, start, stop);
}

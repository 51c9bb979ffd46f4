/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/probe.h"

#include <magpie/magpie.h>

#include <string.h>

/* Event loops as executors: the jobs of a loop run on the thread that runs it. */

enum { JOBS = 5 };

static struct mag_event_loop loop;
static unsigned wakes;

static void count_wake(void *arg)
{
    ++*(unsigned *)arg;
}

static int open_loop(void **state)
{
    (void)state;
    wakes = 0;
    mag_event_loop_init(&loop, count_wake, &wakes);
    return 0;
}

/* -------------------------------------------------------------------------- jobs */

static struct item {
    struct mag_job job;
    unsigned number;
    void (*then)(struct item *item);
} items[2 * JOBS];

static unsigned ran[4 * JOBS], ran_count;

static void run_item(struct mag_job *job)
{
    struct item *item = (struct item *)(void *)job;

    ran[ran_count++] = item->number;
    if (item->then != NULL)
        item->then(item);
}

static struct item *item_make(unsigned number, void (*then)(struct item *item))
{
    items[number] = (struct item){.job.run = run_item, .number = number, .then = then};
    return &items[number];
}

static void post_items(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        assert_int_equal(mag_event_loop_post(&loop, &item_make(i, NULL)->job), 0);
}

static void assert_ran(unsigned first, unsigned end)
{
    assert_int_equal(ran_count, end - first);
    for (unsigned i = first; i < end; i++)
        assert_int_equal(ran[i - first], i);
    ran_count = 0;
}

/* ------------------------------------------------------------------------- order */

static void jobs_run_in_the_order_of_their_posts_when_the_loop_comes_round(void **state)
{
    (void)state;
    ran_count = 0;
    assert_int_equal(mag_event_loop_run(&loop), 0);
    post_items(0, JOBS);
    assert_int_equal(ran_count, 0);
    assert_int_equal(mag_event_loop_run(&loop), JOBS);
    assert_ran(0, JOBS);
    assert_int_equal(mag_event_loop_run(&loop), 0);
    post_items(0, 1);
    assert_int_equal(mag_event_loop_run(&loop), 1);
    mag_event_loop_close(&loop, NULL, NULL);
}

static void only_the_post_that_finds_the_loop_empty_wakes(void **state)
{
    (void)state;
    ran_count = 0;
    for (unsigned round = 1; round <= 3; round++) {
        post_items(0, JOBS);
        assert_int_equal(wakes, round);
        assert_int_equal(mag_event_loop_run(&loop), JOBS);
    }
    mag_event_loop_close(&loop, NULL, NULL);
    assert_int_equal(wakes, 3);
    /* Without a wake function everything is the same. */
    mag_event_loop_init(&loop, NULL, NULL);
    post_items(0, 1);
    assert_int_equal(mag_event_loop_run(&loop), 1);
    mag_event_loop_close(&loop, NULL, NULL);
}

static void post_again(struct item *item)
{
    if (mag_event_loop_post(&loop, &item->job) != 0)
        ran_count = UINT32_MAX;
}

static void a_job_posted_by_a_job_waits_for_the_next_round_and_wakes(void **state)
{
    (void)state;
    ran_count = 0;
    assert_int_equal(mag_event_loop_post(&loop, &item_make(0, post_again)->job), 0);
    for (unsigned round = 1; round <= 3; round++) {
        assert_int_equal(wakes, round);
        assert_int_equal(mag_event_loop_run(&loop), 1);
        assert_int_equal(ran_count, round);
    }
    assert_int_equal(wakes, 4);
    mag_event_loop_close(&loop, NULL, NULL);
}

static size_t inner_count;

static void run_inside(struct item *item)
{
    if (mag_event_loop_post(&loop, &item_make(item->number + JOBS, NULL)->job) == 0)
        inner_count = mag_event_loop_run(&loop);
}

static void a_loop_that_is_run_inside_a_job_goes_on_in_order(void **state)
{
    (void)state;
    ran_count = 0;
    assert_int_equal(mag_event_loop_post(&loop, &item_make(0, run_inside)->job), 0);
    post_items(1, JOBS);
    assert_int_equal(mag_event_loop_run(&loop), 1);
    assert_int_equal(inner_count, JOBS);
    assert_ran(0, JOBS + 1);
    mag_event_loop_close(&loop, NULL, NULL);
}

/* ----------------------------------------------------------------------- closing */

static unsigned dropped[2 * JOBS], dropped_count;

static void note_dropped(struct mag_job *job, void *arg)
{
    if (arg == &dropped_count)
        dropped[dropped_count++] = ((struct item *)(void *)job)->number;
}

static void assert_dropped(unsigned first, unsigned end)
{
    assert_int_equal(dropped_count, end - first);
    for (unsigned i = first; i < end; i++)
        assert_int_equal(dropped[i - first], i);
    dropped_count = 0;
}

static void jobs_left_are_handed_back_in_order_and_later_posts_refused(void **state)
{
    (void)state;
    ran_count = dropped_count = 0;
    post_items(0, JOBS);
    mag_event_loop_close(&loop, note_dropped, &dropped_count);
    assert_dropped(0, JOBS);
    assert_int_equal(ran_count, 0);
    assert_int_equal(mag_event_loop_post(&loop, &items[0].job), -ESHUTDOWN);
    assert_int_equal(loop.executor.post(&loop.executor, &items[0].job), -ESHUTDOWN);
    assert_int_equal(wakes, 1);
    assert_int_equal(mag_event_loop_run(&loop), 0);
    mag_event_loop_close(&loop, note_dropped, &dropped_count);
    assert_dropped(0, 0);
}

static void close_inside(struct item *item)
{
    (void)item;
    mag_event_loop_close(&loop, note_dropped, &dropped_count);
}

static void a_job_may_close_its_loop(void **state)
{
    (void)state;
    ran_count = dropped_count = 0;
    assert_int_equal(mag_event_loop_post(&loop, &item_make(0, close_inside)->job), 0);
    post_items(1, JOBS);
    assert_int_equal(mag_event_loop_run(&loop), 1);
    assert_ran(0, 1);
    assert_dropped(1, JOBS);
}

/* ------------------------------------------------------------------ as an executor */

static void the_loop_is_the_current_executor_while_its_jobs_run(void **state)
{
    struct probe probe = probe_make();
    (void)state;

    assert_int_equal(loop.executor.post(&loop.executor, &probe.continuation.job), 0);
    assert_null(mag_executor_current());
    assert_int_equal(mag_event_loop_run(&loop), 1);
    assert_null(mag_executor_current());
    assert_ptr_equal(probe.executor, &loop.executor);
    mag_event_loop_close(&loop, NULL, NULL);
}

static struct mag_core core;
static pthread_t seen[2];
static struct mag_executor *seen_under[2];

MAG_ASYNC(long_task, stay, (mag_vtask, task), long item;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->item, long_task_of(f->task));
    seen[0] = pthread_self();
    seen_under[0] = mag_executor_current();
    MAG_CONTINUE_ON(f, NULL);
    MAG_AWAIT_ON(f, &loop.executor, f->item, long_task_of(f->task));
    MAG_CONTINUE_ON(f, &loop.executor);
    seen[1] = pthread_self();
    seen_under[1] = mag_executor_current();
    return long_task_result(f->item);
    MAG_END(f);
}

static void *complete_elsewhere(void *arg)
{
    return mag_core_set_result(arg, 7) == 0 ? arg : NULL;
}

/* VT-110, VT-115 */
static void a_body_that_awaits_on_the_loops_thread_resumes_there(void **state)
{
    pthread_t thread;
    void *completed = NULL;
    long result = 0;
    (void)state;

    core = (struct mag_core){0};
    memset(seen, 0, sizeof(seen));
    struct mag_executor *before = mag_executor_enter(&loop.executor);
    long_task task = stay(mag_core_task(&core));
    assert_int_equal(pthread_create(&thread, NULL, complete_elsewhere, &core), 0);
    assert_int_equal(pthread_join(thread, &completed), 0);
    assert_ptr_equal(completed, &core);
    assert_int_equal(wakes, 1);
    while (mag_vtask_status(task.task) == MAG_PENDING)
        (void)mag_event_loop_run(&loop);
    (void)mag_executor_enter(before);
    assert_int_equal(long_task_get(task, &result), 0);
    assert_int_equal(result, 7);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(pthread_equal(seen[i], pthread_self()) != 0);
        assert_ptr_equal(seen_under[i], &loop.executor);
    }
    mag_event_loop_close(&loop, NULL, NULL);
}

/* VT-206 */
static void a_closed_loop_refuses_and_the_completer_goes_on(void **state)
{
    struct probe probe = probe_make();
    (void)state;

    core = (struct mag_core){0};
    struct mag_executor *before = mag_executor_enter(&loop.executor);
    assert_int_equal(core_register(&core, &probe, MAG_AWAIT_CONTEXT), 0);
    (void)mag_executor_enter(before);
    mag_event_loop_close(&loop, NULL, NULL);
    assert_int_equal(mag_core_set_result(&core, 1), 0);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(wakes, 0);
}

/* A thread that is canceled while it wakes the loop. */
static void wake_and_test(void *arg)
{
    count_wake(arg);
    pthread_testcancel();
}

static void *post_and_end(void *arg)
{
    int *posted = arg;

    (void)pthread_cancel(pthread_self());
    *posted = mag_event_loop_post(&loop, &items[0].job);
    pthread_testcancel();
    return NULL;
}

static void a_canceled_poster_leaves_the_loop_open(void **state)
{
    pthread_t thread;
    void *end = NULL;
    int posted = 1;
    (void)state;

    ran_count = 0;
    mag_event_loop_init(&loop, wake_and_test, &wakes);
    (void)item_make(0, NULL);
    assert_int_equal(pthread_create(&thread, NULL, post_and_end, &posted), 0);
    assert_int_equal(pthread_join(thread, &end), 0);
    assert_ptr_equal(end, PTHREAD_CANCELED);
    assert_int_equal(posted, 0);
    assert_int_equal(wakes, 1);
    assert_int_equal(mag_event_loop_run(&loop), 1);
    assert_ran(0, 1);
    mag_event_loop_close(&loop, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            jobs_run_in_the_order_of_their_posts_when_the_loop_comes_round, open_loop),
        cmocka_unit_test_setup(only_the_post_that_finds_the_loop_empty_wakes, open_loop),
        cmocka_unit_test_setup(a_job_posted_by_a_job_waits_for_the_next_round_and_wakes,
                               open_loop),
        cmocka_unit_test_setup(a_loop_that_is_run_inside_a_job_goes_on_in_order,
                               open_loop),
        cmocka_unit_test_setup(jobs_left_are_handed_back_in_order_and_later_posts_refused,
                               open_loop),
        cmocka_unit_test_setup(a_job_may_close_its_loop, open_loop),
        cmocka_unit_test_setup(the_loop_is_the_current_executor_while_its_jobs_run,
                               open_loop),
        cmocka_unit_test_setup(a_body_that_awaits_on_the_loops_thread_resumes_there,
                               open_loop),
        cmocka_unit_test_setup(a_closed_loop_refuses_and_the_completer_goes_on,
                               open_loop),
        cmocka_unit_test_setup(a_canceled_poster_leaves_the_loop_open, open_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

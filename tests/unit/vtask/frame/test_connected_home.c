/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/bell.h"
#include "tests/support/vtask/probe.h"

#include <magpie/magpie.h>

/* Where a function continues after a connected operation: where it would after any other
 * await. */

#define TWICE(definer, name)                                                          \
    definer(long_task, name, (void), struct bell bell; int i; long item; long total;) \
    {                                                                                 \
        MAG_BEGIN(f);                                                                 \
        for (; f->i < 2; f->i++) {                                                    \
            MAG_CONNECT(f, f->item, bell, &f->bell);                                  \
            f->total += f->item;                                                      \
        }                                                                             \
        return long_task_result(f->total);                                            \
        MAG_END(f);                                                                   \
    }
TWICE(MAG_ASYNC, twice)
TWICE(MAG_ASYNC_CONNECTED, placed_twice)

static long_task (*const calls[])(void) = {twice, placed_twice};

static void a_function_comes_back_to_its_executor_by_a_post(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct shelf shelf = shelf_make();
        struct mag_executor *before = mag_executor_enter(&shelf.executor);
        long_task task = calls[i]();

        ring(20);
        assert_int_equal(shelf.posts, 1);
        assert_int_equal(shelf.waiting, 1);
        (void)mag_executor_enter(before);
        shelf_run(&shelf);
        ring(22);
        assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
        shelf_run(&shelf);
        assert_int_equal(shelf.posts, 2);
        assert_int_equal(result_of_long(task), 42);
    }
}

/* VT-206 */
static void a_function_whose_executor_refuses_it_continues_in_the_completer(void **state)
{
    struct shelf shelf = shelf_make();
    struct mag_executor *before = mag_executor_enter(&shelf.executor);
    long_task task = placed_twice();
    (void)state;

    (void)mag_executor_enter(before);
    shelf.refuse = -ESHUTDOWN;
    ring(20);
    ring(22);
    assert_int_equal(result_of_long(task), 42);
}

/* ------------------------------------------------------------------------ posted */

static struct mag_sched *sched;
static struct {
    struct probe probe; /* first */
    long_task task;
    bool inside; /* the function had continued when the completing call returned */
} seen;

static void complete_by_post(struct probe *probe)
{
    (void)probe;
    seen.task = placed_twice();
    (void)mag_waiter_post(bell_pending->waiter, mag_vtask_result(20));
    seen.inside = bells_begun != 1;
}

static void a_posted_completion_never_continues_inside_the_call(void **state)
{
    long value = 0;
    (void)state;

    sched = test_sched_start_alone(1);
    seen.probe = probe_make();
    seen.probe.then = complete_by_post;
    probe_run_as_job(sched, &seen.probe);
    assert_false(seen.inside);
    /* The one worker runs the function before the next job. */
    struct probe after = probe_make();
    probe_run_as_job(sched, &after);
    assert_int_equal(bells_begun, 2);
    ring(22);
    assert_int_equal(long_task_wait(seen.task, &value), 0);
    assert_int_equal(value, 42);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void call_on_worker(struct probe *probe)
{
    (void)probe;
    seen.task = placed_twice();
    ring(20); /* continues inside this call: the worker is at home */
    seen.inside = bells_begun == 2;
}

static void
a_function_continues_inside_the_call_of_a_worker_of_its_scheduler(void **state)
{
    long value = 0;
    (void)state;

    sched = test_sched_start_alone(1);
    seen.probe = probe_make();
    seen.probe.then = call_on_worker;
    probe_run_as_job(sched, &seen.probe);
    assert_true(seen.inside);
    /* This thread is no worker: the rest is posted. */
    ring(22);
    assert_int_equal(long_task_wait(seen.task, &value), 0);
    assert_int_equal(value, 42);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_function_comes_back_to_its_executor_by_a_post,
                               reset_bells),
        cmocka_unit_test_setup(
            a_function_whose_executor_refuses_it_continues_in_the_completer, reset_bells),
        cmocka_unit_test_setup(a_posted_completion_never_continues_inside_the_call,
                               reset_bells),
        cmocka_unit_test_setup(
            a_function_continues_inside_the_call_of_a_worker_of_its_scheduler,
            reset_bells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

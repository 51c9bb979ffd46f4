/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/sources.h"

#include <magpie/async.h>
#include <magpie/when.h>

/* Sources that call back wrongly: with NULL, with a foreign job, too early or twice. */

static struct probe foreign;

/* A source calls back by the function that it saw at the registration, because the
 * continuation may have another function by then. */
typedef void (*run_fn)(struct mag_job *job);

static run_fn run_of(const struct scripted *scripted)
{
    return scripted->continuation->job.run;
}

/* `foreign` is not part of a frame, and must not be run. */
static void call_wrongly(run_fn run)
{
    run(NULL);
    (void)probe_begin(&foreign, NULL);
    run(&foreign.continuation.job);
    assert_int_equal(probe_runs(&foreign), 0);
}

static void call_twice_more(run_fn run, struct mag_continuation *continuation)
{
    run(&continuation->job);
    mag_continuation_dispatch(continuation, false);
}

static void succeed(struct scripted *scripted, uint64_t result)
{
    scripted_complete(scripted, MAG_SUCCEEDED, 0, result);
}

/* ------------------------------------------------------------------ async functions */

static unsigned resumed;

MAG_ASYNC(long_task, sum_of, (mag_vtask, one, mag_vtask, two), long first, second;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->first, long_task_of(f->one));
    resumed++;
    MAG_AWAIT(f, f->second, long_task_of(f->two));
    resumed++;
    return long_task_result(f->first + f->second);
    MAG_END(f);
}

/* VT-32 */
static void an_async_function_believes_no_job_but_its_own(void **state)
{
    struct scripted one;
    long_task task =
        sum_of(scripted_begin(&one, MAG_PENDING, 0, 0), mag_vtask_result(40));
    (void)state;

    call_wrongly(run_of(&one));
    succeed(&one, 2);
    assert_int_equal(result_of_long(task), 42);
}

/* VT-32 */
static void an_async_function_that_is_called_early_or_twice_goes_on_waiting(void **state)
{
    struct scripted one, two;
    mag_vtask tasks[2] = {scripted_begin(&one, MAG_PENDING, 0, 0),
                          scripted_begin(&two, MAG_PENDING, 0, 0)};
    (void)state;

    resumed = 0;
    long_task task = sum_of(tasks[0], tasks[1]);
    run_fn run = run_of(&one);
    run(&one.continuation->job);
    assert_int_equal(resumed, 0);
    succeed(&one, 2);
    assert_int_equal(resumed, 1);
    /* By now the function waits for the other source. */
    call_twice_more(run, one.continuation);
    assert_int_equal(resumed, 1);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    succeed(&two, 40);
    assert_int_equal(resumed, 2);
    /* The function has ended, and its frame is back in the pool. */
    call_twice_more(run, one.continuation);
    assert_int_equal(result_of_long(task), 42);
    call_twice_more(run, two.continuation);
    assert_int_equal(resumed, 2);
    assert_int_equal(one.taken, 1);
    assert_int_equal(two.taken, 1);
}

static struct scripted *calls_inside; /* calls back again from inside the body */

MAG_ASYNC(long_task, calls_itself, (mag_vtask, one), long first;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->first, long_task_of(f->one));
    resumed++;
    call_twice_more(run_of(calls_inside), calls_inside->continuation);
    return long_task_result(f->first);
    MAG_END(f);
}

/* VT-32 */
static void a_body_that_runs_is_not_called(void **state)
{
    struct scripted one;
    long_task task;
    (void)state;

    resumed = 0;
    calls_inside = &one;
    task = calls_itself(scripted_begin(&one, MAG_PENDING, 0, 0));
    succeed(&one, 42);
    assert_int_equal(resumed, 1);
    assert_int_equal(result_of_long(task), 42);
}

/* The second await is of a complete task. */
MAG_ASYNC(long_task, passes_through, (mag_vtask, one, struct mag_core *, two), long first,
          second;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->first, long_task_of(f->one));
    MAG_AWAIT(f, f->second, long_task_of(mag_core_task(f->two)));
    resumed++;
    call_twice_more(run_of(calls_inside), calls_inside->continuation);
    return long_task_result(f->first + f->second);
    MAG_END(f);
}

/* VT-32 */
static void a_body_that_went_on_without_waiting_is_not_called(void **state)
{
    struct scripted one;
    struct mag_core two;
    (void)state;

    memset(&two, 0, sizeof(two));
    resumed = 0;
    calls_inside = &one;
    assert_int_equal(mag_core_set_result(&two, 2), 0);
    long_task task = passes_through(scripted_begin(&one, MAG_PENDING, 0, 0), &two);
    succeed(&one, 40);
    assert_int_equal(resumed, 1);
    call_twice_more(run_of(&one), one.continuation);
    assert_int_equal(result_of_long(task), 42);
    assert_int_equal(resumed, 1);
}

/* ---------------------------------------------------------- the task of another */

MAG_ASYNC(long_task, hands_on, (mag_vtask, one, mag_vtask, two), long first;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->first, long_task_of(f->one));
    return long_task_of(f->two);
    MAG_END(f);
}

/* VT-32 */
static void a_function_that_returned_anothers_task_waits_for_that_one(void **state)
{
    struct scripted one, two;
    mag_vtask tasks[2] = {scripted_begin(&one, MAG_PENDING, 0, 0),
                          scripted_begin(&two, MAG_PENDING, 0, 0)};
    (void)state;

    long_task task = hands_on(tasks[0], tasks[1]);
    run_fn run = run_of(&one);
    succeed(&one, 1);
    call_twice_more(run, one.continuation);
    run = run_of(&two);
    call_wrongly(run);
    call_twice_more(run, two.continuation);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    succeed(&two, 42);
    two.token--;
    call_twice_more(run, two.continuation);
    assert_int_equal(two.taken, 1);
    assert_int_equal(result_of_long(task), 42);
}

/* -------------------------------------------------------------- discard, when_all */

/* VT-32, VT-193 */
static void a_discarded_source_that_calls_back_wrongly_is_read_once(void **state)
{
    struct scripted scripted;
    (void)state;

    assert_int_equal(mag_vtask_discard(scripted_begin(&scripted, MAG_PENDING, 0, 0)), 0);
    run_fn run = run_of(&scripted);
    call_wrongly(run);
    run(&scripted.continuation->job);
    assert_int_equal(scripted.taken, 0);
    succeed(&scripted, 1);
    assert_int_equal(scripted.taken, 1);
    scripted.token--;
    call_twice_more(run, scripted.continuation);
    assert_int_equal(scripted.taken, 1);
}

/* VT-32 */
static void when_all_waits_on_when_one_source_calls_back_wrongly(void **state)
{
    struct scripted one, two;
    mag_vtask tasks[2] = {scripted_begin(&one, MAG_PENDING, 0, 0),
                          scripted_begin(&two, MAG_PENDING, 0, 0)};
    mag_vtask all = {0, 0};
    (void)state;

    assert_int_equal(mag_when_all(tasks, 2, &all), 0);
    run_fn run = run_of(&one);
    call_wrongly(run);
    run(&one.continuation->job);
    succeed(&one, 1);
    call_twice_more(run, one.continuation);
    assert_int_equal(two.registered, 1);
    assert_int_equal(mag_vtask_status(all), MAG_PENDING);
    succeed(&two, 2);
    call_twice_more(run, two.continuation);
    assert_int_equal(result_of(all), 2);
    assert_int_equal(result_of(tasks[0]), 1);
    assert_int_equal(result_of(tasks[1]), 2);
    call_twice_more(run, two.continuation);
}

MAG_ASYNC(long_task, ends_with, (mag_vtask, one, int, code), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(f->one));
    MAG_FAIL(f, f->code);
    MAG_END(f);
}

static void when_all_reports_a_task_that_ended_with_a_misuse_code(void **state)
{
    const int codes[] = {MAG_E_PENDING, MAG_E_SIZE};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        struct scripted one, two;
        mag_vtask first = scripted_begin(&one, MAG_PENDING, 0, 0), all = {0, 0};
        mag_vtask tasks[2] = {scripted_begin(&two, MAG_PENDING, 0, 0),
                              ends_with(first, codes[i]).task};

        assert_int_equal(mag_when_all(tasks, 2, &all), 0);
        succeed(&one, 0);
        succeed(&two, 0);
        assert_int_equal(mag_vtask_get(all, NULL), codes[i]);
        assert_int_equal(mag_vtask_get(tasks[1], NULL), codes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_async_function_believes_no_job_but_its_own),
        cmocka_unit_test(an_async_function_that_is_called_early_or_twice_goes_on_waiting),
        cmocka_unit_test(a_body_that_runs_is_not_called),
        cmocka_unit_test(a_body_that_went_on_without_waiting_is_not_called),
        cmocka_unit_test(a_function_that_returned_anothers_task_waits_for_that_one),
        cmocka_unit_test(a_discarded_source_that_calls_back_wrongly_is_read_once),
        cmocka_unit_test(when_all_waits_on_when_one_source_calls_back_wrongly),
        cmocka_unit_test(when_all_reports_a_task_that_ended_with_a_misuse_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/sources.h"
#include "tests/support/vtask/wide.h"

/* ------------------------------------------------------------------------- outcomes */

static void a_new_promise_is_pending_and_cannot_be_read(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    uint64_t result = 0;
    (void)state;

    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    assert_int_equal(mag_vtask_get(task, &result), MAG_E_PENDING);
    mag_promise_release(promise);
}

/* VT-21 */
static void a_result_may_be_read_without_limit(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    (void)state;

    assert_int_equal(mag_promise_set_result(promise, 42), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mag_vtask_status(task), MAG_SUCCEEDED);
        assert_int_equal(result_of(task), 42);
    }
    mag_promise_release(promise);
}

/* VT-23 */
static void an_error_keeps_its_code_and_detail(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    uint64_t detail;
    (void)state;

    assert_int_equal(mag_promise_set_error(promise, -EIO, 7), 0);
    assert_int_equal(mag_vtask_status(task), MAG_FAULTED);
    assert_int_equal(error_of(task, &detail), -EIO);
    assert_int_equal(detail, 7);
    mag_promise_release(promise);
}

/* VT-23 */
static void a_cancellation_names_its_source(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    uint64_t word = 0;
    uint64_t detail;
    (void)state;

    assert_int_equal(
        mag_promise_set_canceled(promise, (struct mag_cancel *)(void *)&word), 0);
    assert_int_equal(mag_vtask_status(task), MAG_CANCELED);
    assert_int_equal(error_of(task, &detail), -ECANCELED);
    assert_int_equal(detail, (uintptr_t)&word);
    mag_promise_release(promise);
}

/* VT-81 */
static void no_error_and_misuse_are_no_errors_to_complete_with(void **state)
{
    struct mag_promise *promise = promise_of(0);
    (void)state;

    assert_int_equal(mag_promise_set_error(promise, 0, 1), MAG_E_ARG);
    assert_int_equal(mag_promise_set_error(promise, MAG_E_DONE, 1), MAG_E_ARG);
    assert_int_equal(mag_vtask_status(mag_promise_task(promise)), MAG_PENDING);
    mag_promise_release(promise);
}

static void a_second_completion_of_any_kind_is_refused_and_changes_nothing(void **state)
{
    struct mag_promise *promise = promise_of(0);
    uint64_t other = 3;
    (void)state;

    assert_int_equal(mag_promise_set_result(promise, 42), 0);
    assert_int_equal(mag_promise_set_result(promise, 1), MAG_E_DONE);
    assert_int_equal(mag_promise_set_value(promise, &other, sizeof(other)), MAG_E_DONE);
    assert_int_equal(mag_promise_set_error(promise, -EIO, 2), MAG_E_DONE);
    assert_int_equal(mag_promise_set_canceled(promise, NULL), MAG_E_DONE);
    assert_int_equal(result_of(mag_promise_task(promise)), 42);
    mag_promise_release(promise);
}

static void a_large_result_comes_back_whole_at_every_size(void **state)
{
    static const size_t sizes[] = {9,     64,    65,    256,
                                   257,   1024,  1025,  4096,
                                   16384, 16385, 65535, MAG_PROMISE_RESULT_MAX};
    static unsigned char in[MAG_PROMISE_RESULT_MAX];
    static unsigned char out[MAG_PROMISE_RESULT_MAX];
    (void)state;

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct mag_promise *promise = promise_of(sizes[i]);
        memset(in, (int)i + 1, sizes[i]);
        memset(out, 0, sizeof(out));
        assert_int_equal(mag_promise_set_value(promise, in, sizes[i]), 0);
        assert_int_equal(mag_promise_set_value(promise, in, sizes[i]), MAG_E_DONE);
        assert_int_equal(
            mag_vtask_get_value(mag_promise_task(promise), out, sizes[i], NULL), 0);
        assert_memory_equal(in, out, sizes[i]);
        mag_promise_release(promise);
    }
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    struct mag_promise *promise = NULL;
    struct large large = {{1}};
    uint64_t word = 0;
    (void)state;

    assert_int_equal(mag_promise_create(MAG_PROMISE_RESULT_MAX + 1, 0, &promise),
                     MAG_E_SIZE);
    assert_null(promise);
    promise = promise_of(sizeof(large));
    assert_int_equal(mag_promise_set_result(promise, 1), MAG_E_SIZE);
    assert_int_equal(mag_promise_set_value(promise, &large, sizeof(large) - 1),
                     MAG_E_SIZE);
    assert_int_equal(mag_promise_set_value(promise, &large, sizeof(large)), 0);
    assert_int_equal(mag_vtask_get(mag_promise_task(promise), &word), MAG_E_SIZE);
    assert_int_equal(mag_vtask_get(mag_promise_task(promise), NULL), 0);
    mag_promise_release(promise);
    promise = promise_of(0);
    assert_int_equal(mag_promise_set_value(promise, &large, sizeof(large)), MAG_E_SIZE);
    assert_int_equal(mag_vtask_status(mag_promise_task(promise)), MAG_PENDING);
    mag_promise_release(promise);
}

static void a_small_value_is_read_at_its_own_size(void **state)
{
    struct mag_promise *promise = promise_of(sizeof(uint16_t));
    uint16_t in = 0xbeef;
    uint16_t out = 0;
    (void)state;

    assert_int_equal(mag_promise_set_value(promise, &in, sizeof(in)), 0);
    assert_int_equal(
        mag_vtask_get_value(mag_promise_task(promise), &out, sizeof(out), NULL), 0);
    assert_int_equal(out, in);
    mag_promise_release(promise);
}

/* ------------------------------------------------------------------------- lifetime */

/* VT-7 */
static void no_promise_makes_no_task(void **state)
{
    mag_vtask task = mag_vtask_result(5);
    (void)state;

    assert_int_equal(mag_vtask_from_promise(NULL, &task), MAG_E_ARG);
    assert_int_equal(result_of(task), 5);
    mag_promise_release(NULL);
}

static void a_task_outlives_all_references_but_one(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    (void)state;

    mag_promise_retain(promise);
    assert_int_equal(mag_promise_set_result(promise, 1), 0);
    mag_promise_release(promise);
    assert_int_equal(result_of(task), 1);
    mag_promise_release(promise);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
}

/* VT-199, VT-14 */
static void a_stale_task_is_refused_also_when_its_memory_is_another_promise(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask stale = mag_promise_task(promise);
    struct mag_promise *again;
    struct probe probe;
    uint64_t result = 9;
    (void)state;

    mag_promise_release(promise);
    again = promise_of(0);
    assert_ptr_equal(again, promise);
    assert_int_equal(mag_promise_set_result(again, 1), 0);
    assert_int_equal(mag_vtask_status(stale), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_get(stale, &result), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_on_completed(stale, probe_begin(&probe, NULL), 0),
                     MAG_E_TOKEN);
    stale.backing |= MAG_VTASK_HELD;
    assert_int_equal(mag_vtask_release(stale), MAG_E_TOKEN);
    assert_int_equal(result, 9);
    assert_int_equal(result_of(mag_promise_task(again)), 1);
    mag_promise_release(again);
}

static void a_promise_released_while_awaited_runs_its_continuations(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    struct probe probe;
    (void)state;

    assert_int_equal(mag_vtask_on_completed(task, probe_begin(&probe, NULL), 0), 0);
    mag_promise_release(promise);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
}

/* VT-13 */
static void a_torn_task_without_promise_is_an_error(void **state)
{
    mag_vtask torn = {MAG_VTASK_PROMISE | MAG_VTASK_HELD, 1};
    struct mag_promise *promise = NULL;
    struct probe probe;
    (void)state;

    assert_int_equal(mag_vtask_status(torn), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_get(torn, NULL), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_release(torn), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_as_promise(torn, &promise), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_discard(torn), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_on_completed(torn, probe_begin(&probe, NULL), 0),
                     MAG_E_TOKEN);
}

/* -------------------------------------------------------------------- continuations */

static void all_that_wait_are_run_inline_in_their_order(void **state)
{
    struct mag_promise *promise = promise_of(0);
    struct probe probe[5];
    unsigned clock = 0;
    (void)state;

    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(mag_vtask_on_completed(mag_promise_task(promise),
                                                probe_begin(&probe[i], &clock), 0),
                         0);
    assert_int_equal(clock, 0);
    assert_int_equal(mag_promise_set_result(promise, 1), 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(probe_runs(&probe[i]), 1);
        assert_int_equal(probe[i].order, i + 1);
    }
    mag_promise_release(promise);
}

/* VT-95 */
static void a_missing_continuation_is_refused(void **state)
{
    struct mag_promise *promise = promise_of(0);
    struct mag_continuation empty = {.home = 0};
    mag_vtask task = mag_promise_task(promise);
    (void)state;

    assert_int_equal(mag_vtask_on_completed(task, NULL, 0), MAG_E_ARG);
    assert_int_equal(mag_vtask_on_completed(task, &empty, 0), MAG_E_ARG);
    mag_promise_release(promise);
}

/* VT-30, VT-100, VT-101 */
static void late_continuations_are_queued_each(void **state)
{
    struct mag_promise *promise = promise_of(0);
    struct probe probe[3];
    (void)state;

    assert_int_equal(mag_promise_set_result(promise, 1), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(mag_vtask_on_completed(mag_promise_task(promise),
                                                probe_begin(&probe[i], NULL), 0),
                         0);
    for (unsigned i = 0; i < 3; i++)
        assert_true(test_wait_for(&probe[i].runs, 1));
    mag_promise_release(promise);
}

struct posts {
    struct mag_executor executor;
    struct mag_job *jobs[4];
    unsigned count;
};

static int keep(struct mag_executor *executor, struct mag_job *job)
{
    struct posts *posts = (struct posts *)(void *)executor;

    posts->jobs[posts->count++] = job;
    return 0;
}

/* VT-110, VT-109 */
static void a_continuation_is_posted_once_to_the_executor_it_captured(void **state)
{
    struct mag_promise *promise = promise_of(0);
    struct posts posts = {.executor = {keep}};
    struct probe home;
    struct probe anywhere;
    mag_vtask task = mag_promise_task(promise);
    (void)state;

    struct mag_executor *before = mag_executor_enter(&posts.executor);
    assert_int_equal(
        mag_vtask_on_completed(task, probe_begin(&home, NULL), MAG_AWAIT_CONTEXT), 0);
    assert_int_equal(mag_vtask_on_completed(task, probe_begin(&anywhere, NULL), 0), 0);
    (void)mag_executor_enter(before);
    assert_int_equal(mag_promise_set_result(promise, 1), 0);
    assert_int_equal(posts.count, 1);
    assert_ptr_equal(posts.jobs[0], &home.continuation.job);
    assert_int_equal(probe_runs(&home), 0);
    assert_int_equal(probe_runs(&anywhere), 1);
    mag_promise_release(promise);
}

/* Awaits the promise once more, and releases it. */
struct restless {
    struct mag_continuation continuation; /* first */
    struct probe second;
    mag_vtask task;
    int results[2];
};

static void await_again_and_release(struct mag_job *job)
{
    struct restless *restless = (struct restless *)(void *)job;

    restless->results[0] =
        mag_vtask_on_completed(restless->task, probe_begin(&restless->second, NULL), 0);
    restless->results[1] = mag_vtask_release(restless->task);
}

/* VT-123, VT-124 */
static void a_continuation_may_await_again_and_release_the_promise(void **state)
{
    struct mag_promise *promise = promise_of(0);
    struct restless first = {.results = {1, 1}};
    struct probe last;
    (void)state;

    /* The task holds the only reference. */
    assert_int_equal(mag_vtask_preserve(mag_promise_task(promise), &first.task), 0);
    mag_promise_release(promise);
    first.continuation.job.run = await_again_and_release;
    assert_int_equal(mag_vtask_on_completed(first.task, &first.continuation, 0), 0);
    assert_int_equal(mag_vtask_on_completed(first.task, probe_begin(&last, NULL), 0), 0);
    assert_int_equal(mag_promise_set_result(promise, 1), 0);
    assert_int_equal(first.results[0], 0);
    assert_int_equal(first.results[1], 0);
    assert_int_equal(mag_vtask_status(first.task), MAG_E_TOKEN);
    assert_int_equal(probe_runs(&last), 1);
    assert_true(test_wait_for(&first.second.runs, 1));
}

static _Thread_local unsigned on_this_thread;

static void mark_thread(struct mag_job *job)
{
    on_this_thread++;
    probe_run(job);
}

/* VT-105, VT-106 */
static void a_promise_that_queues_never_runs_a_continuation_inline(void **state)
{
    struct mag_promise *promise = NULL;
    struct probe probe;
    (void)state;

    assert_int_equal(mag_promise_create(0, MAG_PROMISE_QUEUED, &promise), 0);
    (void)probe_begin(&probe, NULL);
    probe.continuation.job.run = mark_thread;
    on_this_thread = 0;
    assert_int_equal(
        mag_vtask_on_completed(mag_promise_task(promise), &probe.continuation, 0), 0);
    assert_int_equal(mag_promise_set_result(promise, 1), 0);
    assert_true(test_wait_for(&probe.runs, 1));
    assert_int_equal(on_this_thread, 0);
    mag_promise_release(promise);
}

/* --------------------------------------------------------------------- no memory */

static void nothing_is_allocated_after_warm_up(void **state)
{
    uint64_t before = 0;
    (void)state;

    for (unsigned i = 0; i < 1000; i++) {
        struct probe probe;
        struct mag_promise *small = promise_of(0);
        struct mag_promise *large = promise_of(sizeof(struct large));
        struct large value = {{i}};

        if (i == 1)
            before = test_allocations();
        assert_int_equal(
            mag_vtask_on_completed(mag_promise_task(small), probe_begin(&probe, NULL), 0),
            0);
        assert_int_equal(mag_promise_set_result(small, i), 0);
        assert_int_equal(mag_promise_set_value(large, &value, sizeof(value)), 0);
        mag_promise_release(small);
        mag_promise_release(large);
    }
    assert_int_equal(test_allocations(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_promise_is_pending_and_cannot_be_read),
        cmocka_unit_test(a_result_may_be_read_without_limit),
        cmocka_unit_test(an_error_keeps_its_code_and_detail),
        cmocka_unit_test(a_cancellation_names_its_source),
        cmocka_unit_test(no_error_and_misuse_are_no_errors_to_complete_with),
        cmocka_unit_test(a_second_completion_of_any_kind_is_refused_and_changes_nothing),
        cmocka_unit_test(a_large_result_comes_back_whole_at_every_size),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(a_small_value_is_read_at_its_own_size),
        cmocka_unit_test(no_promise_makes_no_task),
        cmocka_unit_test(a_task_outlives_all_references_but_one),
        cmocka_unit_test(a_stale_task_is_refused_also_when_its_memory_is_another_promise),
        cmocka_unit_test(a_promise_released_while_awaited_runs_its_continuations),
        cmocka_unit_test(a_torn_task_without_promise_is_an_error),
        cmocka_unit_test(all_that_wait_are_run_inline_in_their_order),
        cmocka_unit_test(a_missing_continuation_is_refused),
        cmocka_unit_test(late_continuations_are_queued_each),
        cmocka_unit_test(a_continuation_is_posted_once_to_the_executor_it_captured),
        cmocka_unit_test(a_continuation_may_await_again_and_release_the_promise),
        cmocka_unit_test(a_promise_that_queues_never_runs_a_continuation_inline),
        cmocka_unit_test(nothing_is_allocated_after_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/sources.h"
#include "tests/support/vtask/wide.h"

#include <magpie/async.h>

/* ---------------------------------------------------- tasks without a source */

/* VT-41 */
static void tasks_without_result_share_one_completed_promise(void **state)
{
    mag_vtask zero = {0, 0};
    struct mag_promise *one = converted(MAG_VTASK_COMPLETED);
    struct mag_promise *two = converted(zero);
    (void)state;

    assert_ptr_equal(one, two);
    assert_int_equal(result_of(mag_promise_task(one)), 0);
    assert_int_equal(mag_promise_set_result(one, 1), MAG_E_DONE);
    for (unsigned i = 0; i < 3; i++)
        mag_promise_release(one);
    assert_ptr_equal(converted(zero), one);
    assert_int_equal(mag_vtask_status(mag_promise_task(one)), MAG_SUCCEEDED);
}

/* VT-42 */
static void a_result_becomes_a_promise_that_has_succeeded(void **state)
{
    struct mag_promise *promise = converted(mag_vtask_result(42));
    (void)state;

    assert_int_equal(result_of(mag_promise_task(promise)), 42);
    mag_promise_release(promise);
}

/* VT-10 */
static void an_error_becomes_a_promise_that_has_failed_with_it(void **state)
{
    struct mag_promise *faulted = converted(failed(-EIO, 5));
    struct mag_promise *canceled = converted(failed(-ECANCELED, 6));
    uint64_t detail;
    (void)state;

    assert_int_equal(mag_vtask_status(mag_promise_task(faulted)), MAG_FAULTED);
    assert_int_equal(error_of(mag_promise_task(faulted), &detail), -EIO);
    assert_int_equal(detail, 5);
    assert_int_equal(mag_vtask_status(mag_promise_task(canceled)), MAG_CANCELED);
    assert_int_equal(error_of(mag_promise_task(canceled), &detail), -ECANCELED);
    assert_int_equal(detail, 6);
    mag_promise_release(faulted);
    mag_promise_release(canceled);
}

/* VT-43 */
static void a_promise_is_its_own_conversion_and_is_not_consumed(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(converted(task), promise);
        mag_promise_release(promise);
    }
    assert_int_equal(mag_promise_set_result(promise, 42), 0);
    assert_ptr_equal(converted(task), promise);
    mag_promise_release(promise);
    assert_int_equal(result_of(task), 42);
    mag_promise_release(promise);
}

/* ------------------------------------------------------------------ outcome rows */

/* What a source answers and yields, and what its promise must be (the matrix). */
struct row {
    const char *name;
    int status;
    int error;
    uint64_t detail;
    int want_status;
    int want_error;
    uint64_t want_detail;
};

static const struct row rows[] = {
    {"succeeded", MAG_SUCCEEDED, 0, 0, MAG_SUCCEEDED, 0, 0},
    {"faulted", MAG_FAULTED, -EIO, 3, MAG_FAULTED, -EIO, 3},
    {"canceled", MAG_CANCELED, -ECANCELED, 4, MAG_CANCELED, -ECANCELED, 4},
    {"canceled, reads another error", MAG_CANCELED, -EIO, 5, MAG_CANCELED, -ECANCELED, 0},
    {"faulted, reads a result", MAG_FAULTED, 0, 0, MAG_SUCCEEDED, 0, 0},
    {"canceled, reads a result", MAG_CANCELED, 0, 0, MAG_SUCCEEDED, 0, 0},
    {"succeeded, reads an error", MAG_SUCCEEDED, -EIO, 6, MAG_FAULTED, -EIO, 6},
    {"succeeded, reads a cancellation", MAG_SUCCEEDED, -ECANCELED, 7, MAG_FAULTED,
     -ECANCELED, 7},
};

static void check_row(const struct row *row, mag_vtask task)
{
    uint64_t detail;

    assert_int_equal(mag_vtask_status(task), row->want_status);
    assert_int_equal(error_of(task, &detail), row->want_error);
    if (row->want_error == 0)
        assert_int_equal(result_of(task), 42);
    else
        assert_int_equal(detail, row->want_detail);
}

/* VT-44, VT-45, VT-46, VT-47, VT-52 */
static void a_complete_source_is_asked_once_and_read_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scripted source;
        mag_vtask task = scripted_begin(&source, rows[i].status, rows[i].error, 42);
        source.detail = rows[i].detail;
        struct mag_promise *promise = converted(task);
        assert_int_equal(source.asked, 1);
        assert_int_equal(source.taken, 1);
        assert_int_equal(source.registered, 0);
        check_row(&rows[i], mag_promise_task(promise));
        assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
        mag_promise_release(promise);
    }
}

/* VT-48, VT-49, VT-46, VT-47 */
static void a_pending_source_is_awaited_once_and_its_outcome_handed_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scripted source;
        struct probe probe;
        mag_vtask task = scripted_begin(&source, MAG_PENDING, 0, 0);
        struct mag_promise *promise = converted(task);
        assert_int_equal(source.registered, 1);
        assert_int_equal(source.flags, 0);
        assert_int_equal(source.taken, 0);
        assert_int_equal(mag_vtask_status(mag_promise_task(promise)), MAG_PENDING);
        assert_int_equal(mag_vtask_on_completed(mag_promise_task(promise),
                                                probe_begin(&probe, NULL), 0),
                         0);
        source.asked = 0;
        source.detail = rows[i].detail;
        scripted_complete(&source, rows[i].status, rows[i].error, 42);
        assert_int_equal(source.asked, 1);
        assert_int_equal(source.taken, 1);
        assert_int_equal(probe_runs(&probe), 1);
        check_row(&rows[i], mag_promise_task(promise));
        mag_promise_release(promise);
    }
}

/* VT-44 */
static void a_source_without_result_yields_the_shared_promise(void **state)
{
    struct scripted source;
    struct mag_promise *promise = converted(scripted_begin(&source, MAG_SUCCEEDED, 0, 0));
    (void)state;

    assert_int_equal(source.taken, 1);
    assert_ptr_equal(promise, converted(MAG_VTASK_COMPLETED));
}

/* VT-51 */
static void a_stale_task_is_not_converted(void **state)
{
    struct scripted source;
    mag_vtask task = scripted_begin(&source, MAG_SUCCEEDED, 0, 42);
    struct mag_promise *promise = NULL;
    mag_vtask kept = {0, 9};
    (void)state;

    task.payload++;
    assert_int_equal(mag_vtask_as_promise(task, &promise), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_preserve(task, &kept), MAG_E_TOKEN);
    assert_null(promise);
    assert_int_equal(result_of(kept), 9);
    assert_int_equal(source.taken, 0);
}

static void a_source_that_is_awaited_already_is_not_converted(void **state)
{
    struct scripted source;
    struct probe probe;
    mag_vtask task = scripted_begin(&source, MAG_PENDING, 0, 0);
    struct mag_promise *promise = NULL;
    (void)state;

    assert_int_equal(mag_vtask_on_completed(task, probe_begin(&probe, NULL), 0), 0);
    assert_int_equal(mag_vtask_as_promise(task, &promise), MAG_E_CONTINUATION);
    scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(result_of(task), 42);
}

/* VT-50, VT-32 */
static void a_source_that_calls_back_wrongly_is_not_believed(void **state)
{
    struct scripted source;
    struct probe foreign;
    mag_vtask task = scripted_begin(&source, MAG_PENDING, 0, 0);
    struct mag_promise *promise = converted(task);
    (void)state;

    void (*run)(struct mag_job *) = source.continuation->job.run;
    run(NULL);
    (void)probe_begin(&foreign, NULL);
    run(&foreign.continuation.job);
    assert_int_equal(probe_runs(&foreign), 0);
    run(&source.continuation->job);
    assert_int_equal(mag_vtask_status(mag_promise_task(promise)), MAG_PENDING);
    scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
    source.token--;
    source.result = 43;
    run(&source.continuation->job);
    assert_int_equal(source.taken, 1);
    assert_int_equal(result_of(mag_promise_task(promise)), 42);
    mag_promise_release(promise);
}

static void nobody_but_its_source_completes_a_promise_that_follows(void **state)
{
    struct scripted source;
    struct mag_promise *promise = converted(scripted_begin(&source, MAG_PENDING, 0, 0));
    (void)state;

    assert_int_equal(mag_promise_set_result(promise, 1), MAG_E_DONE);
    assert_int_equal(mag_vtask_status(mag_promise_task(promise)), MAG_PENDING);
    scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
    assert_int_equal(result_of(mag_promise_task(promise)), 42);
    mag_promise_release(promise);
}

static void a_promise_that_was_released_early_still_consumes_its_source(void **state)
{
    struct scripted source;
    struct mag_promise *promise = converted(scripted_begin(&source, MAG_PENDING, 0, 0));
    (void)state;

    mag_promise_release(promise);
    scripted_complete(&source, MAG_FAULTED, -EIO, 0);
    assert_int_equal(source.taken, 1);
}

/* ----------------------------------------------------------------------- cores */

/* VT-48 */
static void a_core_is_converted_pending_and_complete(void **state)
{
    struct mag_core core = {0};
    mag_vtask task = mag_core_task(&core);
    struct mag_promise *promise = converted(task);
    (void)state;

    assert_int_equal(mag_core_set_result(&core, 42), 0);
    assert_int_equal(result_of(mag_promise_task(promise)), 42);
    assert_int_equal(result_of(mag_promise_task(promise)), 42);
    mag_promise_release(promise);
    mag_core_reset(&core);
    assert_int_equal(mag_core_set_error(&core, -EIO, 8), 0);
    promise = converted(mag_core_task(&core));
    assert_int_equal(mag_vtask_status(mag_promise_task(promise)), MAG_FAULTED);
    mag_promise_release(promise);
}

static void a_cores_large_result_comes_along_without_its_size(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        struct wide wide = {.large = {{0}}};
        struct large in = {{1, 2, 3, 4, 5, 6, 7, 8, 9}};
        struct large out = {{0}};
        struct mag_promise *promise = NULL;

        mag_core_prepare(&wide.core, &wide_type);
        if (late == 0)
            promise = converted(mag_core_task(&wide.core));
        assert_int_equal(mag_core_set_value(&wide.core, &in, sizeof(in)), 0);
        if (late == 1)
            promise = converted(mag_core_task(&wide.core));
        mag_vtask task = mag_promise_task(promise);
        assert_int_equal(mag_vtask_get_value(task, &out, sizeof(out), NULL), 0);
        assert_memory_equal(&in, &out, sizeof(in));
        mag_promise_release(promise);
    }
}

static void a_large_result_of_a_source_needs_its_size(void **state)
{
    struct scripted source;
    mag_vtask task = scripted_begin(&source, MAG_SUCCEEDED, 0, 0);
    struct mag_promise *promise = NULL;
    char out[100] = {0};
    (void)state;

    source.size = sizeof(out);
    memset(source.large, 7, sizeof(out));
    assert_int_equal(mag_vtask_as_promise(task, &promise), MAG_E_SIZE);
    assert_int_equal(source.taken, 0);
    assert_int_equal(mag_vtask_as_promise_of(task, sizeof(out), &promise), 0);
    assert_int_equal(
        mag_vtask_get_value(mag_promise_task(promise), out, sizeof(out), NULL), 0);
    assert_memory_equal(out, source.large, sizeof(out));
    mag_promise_release(promise);
}

static void a_large_result_that_shows_late_fails_the_promise(void **state)
{
    struct scripted source;
    struct mag_promise *promise = converted(scripted_begin(&source, MAG_PENDING, 0, 0));
    (void)state;

    source.size = sizeof(source.large);
    scripted_complete(&source, MAG_SUCCEEDED, 0, 0);
    assert_int_equal(source.taken, 1);
    assert_int_equal(mag_vtask_status(mag_promise_task(promise)), MAG_FAULTED);
    assert_int_equal(mag_vtask_get(mag_promise_task(promise), NULL), MAG_E_SIZE);
    mag_promise_release(promise);
}

/* ---------------------------------------- an outcome that looks like a refusal */

/* A function that awaits a stale task passes on the code that it gets, like this
 * function. */
MAG_ASYNC(mag_task, fail_late, (struct mag_core *, gate), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(mag_core_task(f->gate)));
    MAG_FAIL(f, MAG_E_TOKEN);
    MAG_END(f);
}

static mag_vtask failed_late(void)
{
    static struct mag_core gate;

    mag_core_reset(&gate);
    mag_vtask task = fail_late(&gate).task;
    assert_int_equal(mag_core_set_result(&gate, 1), 0);
    assert_int_equal(mag_vtask_status(task), MAG_FAULTED);
    return task;
}

/* VT-45 */
static void a_code_of_misuse_that_a_function_failed_with_is_its_outcome(void **state)
{
    mag_vtask task = failed_late();
    struct mag_promise *promise = converted(task);
    (void)state;

    assert_int_equal(mag_vtask_status(mag_promise_task(promise)), MAG_FAULTED);
    assert_int_equal(mag_vtask_get(mag_promise_task(promise), NULL), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    mag_promise_release(promise);

    task = failed_late();
    assert_int_equal(mag_vtask_preserve(task, &task), 0);
    assert_int_equal(mag_vtask_status(task), MAG_FAULTED);
    assert_int_equal(mag_vtask_get(task, NULL), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_release(task), 0);

    task = failed_late();
    assert_int_equal(mag_vtask_discard(task), 0);
    assert_int_equal(mag_vtask_discard(task), MAG_E_TOKEN);
}

static void a_complete_source_that_is_discarded_is_read_once(void **state)
{
    struct scripted source;
    mag_vtask task = scripted_begin(&source, MAG_SUCCEEDED, 0, 42);
    (void)state;

    assert_int_equal(mag_vtask_discard(task), 0);
    assert_int_equal(source.taken, 1);
    assert_int_equal(source.registered, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_without_result_share_one_completed_promise),
        cmocka_unit_test(a_result_becomes_a_promise_that_has_succeeded),
        cmocka_unit_test(an_error_becomes_a_promise_that_has_failed_with_it),
        cmocka_unit_test(a_promise_is_its_own_conversion_and_is_not_consumed),
        cmocka_unit_test(a_complete_source_is_asked_once_and_read_once),
        cmocka_unit_test(a_pending_source_is_awaited_once_and_its_outcome_handed_on),
        cmocka_unit_test(a_source_without_result_yields_the_shared_promise),
        cmocka_unit_test(a_stale_task_is_not_converted),
        cmocka_unit_test(a_source_that_is_awaited_already_is_not_converted),
        cmocka_unit_test(a_source_that_calls_back_wrongly_is_not_believed),
        cmocka_unit_test(nobody_but_its_source_completes_a_promise_that_follows),
        cmocka_unit_test(a_promise_that_was_released_early_still_consumes_its_source),
        cmocka_unit_test(a_core_is_converted_pending_and_complete),
        cmocka_unit_test(a_cores_large_result_comes_along_without_its_size),
        cmocka_unit_test(a_large_result_of_a_source_needs_its_size),
        cmocka_unit_test(a_large_result_that_shows_late_fails_the_promise),
        cmocka_unit_test(a_code_of_misuse_that_a_function_failed_with_is_its_outcome),
        cmocka_unit_test(a_complete_source_that_is_discarded_is_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

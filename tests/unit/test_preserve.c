/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/promise_kit.h"

static struct mag_promise *converted(mag_vtask task)
{
    struct mag_promise *promise = NULL;

    assert_int_equal(mag_vtask_as_promise(task, &promise), 0);
    assert_non_null(promise);
    return promise;
}

static mag_vtask preserved(mag_vtask task)
{
    mag_vtask kept = {0, 0};

    assert_int_equal(mag_vtask_preserve(task, &kept), 0);
    return kept;
}

static mag_vtask failed(int code, uint64_t detail)
{
    mag_vtask task = {0, 0};

    assert_int_equal(mag_vtask_from_error(code, detail, &task), 0);
    return task;
}

/* --------------------------------------------------------------------- preserving */

/* VT-54 */
static void a_result_is_preserved_as_itself(void **state)
{
    mag_vtask task = mag_vtask_result(42);
    (void)state;

    assert_true(mag_vtask_equal(preserved(task), task));
    assert_int_equal(mag_vtask_release(task), 0);
    assert_int_equal(result_of(task), 42);
}

/* VT-55, VT-43 */
static void a_promise_is_preserved_as_itself(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    mag_vtask kept = preserved(task);
    (void)state;

    assert_true(mag_vtask_equal(kept, task));
    assert_int_equal(mag_vtask_release(kept), 0);
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    mag_promise_release(promise);
}

static void an_error_is_preserved_as_itself(void **state)
{
    mag_vtask task = failed(-EIO, 1);
    (void)state;

    assert_true(mag_vtask_equal(preserved(task), task));
}

/* VT-56, VT-57 */
static void a_preserved_source_is_another_task_to_use_without_limit(void **state)
{
    static const int statuses[] = {MAG_PENDING, MAG_SUCCEEDED, MAG_FAULTED, MAG_CANCELED};
    static const int errors[] = {0, 0, -EIO, -ECANCELED};
    (void)state;

    for (unsigned i = 0; i < 4; i++) {
        struct scripted source;
        uint64_t detail;
        mag_vtask task = scripted_begin(&source, statuses[i], errors[i], 42);
        mag_vtask kept = preserved(task);
        assert_false(mag_vtask_equal(kept, task));
        if (statuses[i] == MAG_PENDING)
            scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
        assert_int_equal(source.taken, 1);
        assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
        struct mag_promise *one = converted(kept);
        struct mag_promise *two = converted(kept);
        assert_ptr_equal(one, two);
        assert_true(mag_vtask_equal(preserved(kept), kept));
        for (unsigned reads = 0; reads < 2; reads++)
            assert_int_equal(error_of(kept, &detail), errors[i]);
        for (unsigned references = 0; references < 4; references++)
            assert_int_equal(mag_vtask_release(kept), 0);
        assert_int_equal(mag_vtask_release(kept), MAG_E_TOKEN);
    }
}

/* VT-58 */
static void preserving_sets_the_context_bit_of_sources_and_promises(void **state)
{
    struct scripted source;
    struct mag_promise *promise = promise_of(0);
    mag_vtask tasks[3] = {
        mag_vtask_configure(mag_promise_task(promise), false),
        mag_vtask_configure(scripted_begin(&source, MAG_SUCCEEDED, 0, 42), false),
        mag_vtask_configure(failed(-EIO, 1), false),
    };
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        mag_vtask kept = preserved(tasks[i]);
        assert_int_equal(kept.backing & MAG_VTASK_NO_CONTEXT, 0);
        assert_int_equal(mag_vtask_release(kept), 0);
    }
    mag_promise_release(promise);
}

/* ---------------------------------------------------------------------- discarding */

/* VT-193 */
static void discarding_reads_a_source_when_it_is_complete(void **state)
{
    struct scripted source;
    (void)state;

    mag_vtask task = scripted_begin(&source, MAG_FAULTED, -EIO, 0);
    assert_int_equal(mag_vtask_discard(task), 0);
    assert_int_equal(source.taken, 1);
    assert_int_equal(mag_vtask_discard(task), MAG_E_TOKEN);

    task = scripted_begin(&source, MAG_PENDING, 0, 0);
    assert_int_equal(mag_vtask_discard(task), 0);
    assert_int_equal(source.taken, 0);
    assert_int_equal(mag_vtask_discard(task), MAG_E_CONTINUATION);
    scripted_complete(&source, MAG_CANCELED, -ECANCELED, 0);
    assert_int_equal(source.taken, 1);
}

static unsigned recycled;

static void count_recycle(struct mag_core *core)
{
    (void)core;
    recycled++;
}

/* VT-193 */
static void a_discarded_core_is_recycled_once(void **state)
{
    static const struct mag_core_type type = {.recycle = count_recycle};
    struct mag_core core = {0};
    (void)state;

    recycled = 0;
    mag_core_prepare(&core, &type);
    assert_int_equal(mag_vtask_discard(mag_core_task(&core)), 0);
    assert_int_equal(recycled, 0);
    assert_int_equal(mag_core_set_error(&core, -EIO, 0), 0);
    assert_int_equal(recycled, 1);
}

/* VT-193 */
static void discarding_leaves_all_else_alone(void **state)
{
    struct mag_promise *promise = promise_of(0);
    (void)state;

    assert_int_equal(mag_vtask_discard(mag_vtask_result(1)), 0);
    assert_int_equal(mag_vtask_discard(failed(-EIO, 1)), 0);
    assert_int_equal(mag_vtask_discard(mag_promise_task(promise)), 0);
    assert_int_equal(mag_promise_set_result(promise, 1), 0);
    assert_int_equal(mag_vtask_discard(mag_promise_task(promise)), 0);
    assert_int_equal(result_of(mag_promise_task(promise)), 1);
    mag_promise_release(promise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_preserved_as_itself),
        cmocka_unit_test(a_promise_is_preserved_as_itself),
        cmocka_unit_test(an_error_is_preserved_as_itself),
        cmocka_unit_test(a_preserved_source_is_another_task_to_use_without_limit),
        cmocka_unit_test(preserving_sets_the_context_bit_of_sources_and_promises),
        cmocka_unit_test(discarding_reads_a_source_when_it_is_complete),
        cmocka_unit_test(a_discarded_core_is_recycled_once),
        cmocka_unit_test(discarding_leaves_all_else_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/sources.h"
#include "tests/support/vtask/wide.h"

#include <magpie/async.h>
#include <magpie/when.h>

MAG_VTASK_DEFINE(large_task, struct large)
MAG_VTASK_DEFINE(small_task, uint32_t)

static mag_vtask preserved(mag_vtask task)
{
    mag_vtask kept = {0, 0};

    assert_int_equal(mag_vtask_preserve(task, &kept), 0);
    return kept;
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

/* --------------------------------------------------------------------- releasing */

/* A promise that belongs to another owner: only its owner may end it. */
static void assert_is_theirs(struct mag_promise *promise)
{
    struct mag_promise *other = promise_of(0);

    assert_ptr_not_equal(other, promise);
    assert_int_equal(mag_vtask_status(mag_promise_task(promise)), MAG_PENDING);
    assert_int_equal(mag_promise_set_result(promise, 42), 0);
    assert_int_equal(result_of(mag_promise_task(promise)), 42);
    assert_int_equal(mag_vtask_status(mag_promise_task(other)), MAG_PENDING);
    mag_promise_release(other);
    mag_promise_release(promise);
}

/* VT-55 */
static void releasing_a_promises_own_task_leaves_it_to_those_who_hold_it(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task;
    (void)state;

    assert_int_equal(mag_vtask_from_promise(promise, &task), 0);
    assert_int_equal(mag_vtask_release(task), 0);
    assert_int_equal(mag_vtask_release(mag_vtask_configure(task, false)), 0);
    assert_int_equal(mag_vtask_release(mag_promise_task(promise)), 0);
    struct mag_promise *same = converted(task);
    assert_int_equal(mag_vtask_release(task), 0);
    mag_promise_release(same);
    assert_is_theirs(promise);
    /* The promise is not even looked at when it is gone. */
    assert_int_equal(mag_vtask_release(task), 0);
    assert_int_equal(mag_vtask_as_promise(mag_vtask_result(0), &same), 0);
    assert_int_equal(mag_vtask_release(mag_promise_task(same)), 0);
}

/* VT-196 */
static void what_when_any_has_not_preserved_is_not_released(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        struct mag_promise *mine = promise_of(0), *other = promise_of(0);
        struct scripted source;
        mag_vtask tasks[4] = {mag_promise_task(mine), mag_promise_task(other),
                              scripted_begin(&source, MAG_PENDING, 0, 42),
                              preserved(mag_promise_task(mine))};
        mag_vtask any;

        if (late != 0)
            assert_int_equal(mag_promise_set_result(other, 1), 0);
        assert_int_equal(mag_when_any(tasks, 4, &any), 0);
        if (late == 0)
            assert_int_equal(mag_promise_set_result(other, 1), 0);
        assert_int_equal(result_of(any), 1);
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(mag_vtask_release(tasks[i]), 0);
        if (late == 0)
            scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
        mag_promise_release(other);
        assert_is_theirs(mine);
    }
}

static void what_a_timeout_or_a_wait_has_not_preserved_is_not_released(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask task = mag_promise_task(promise);
    mag_vtask timed;
    (void)state;

    assert_int_equal(mag_vtask_wait_completed(&task, 0, 0), -ETIMEDOUT);
    assert_int_equal(mag_vtask_release(task), 0);
    assert_int_equal(mag_vtask_with_timeout(NULL, &task, 0, &timed), 0);
    assert_int_equal(mag_vtask_wait(timed, NULL, 0), -ETIMEDOUT);
    assert_int_equal(mag_vtask_release(task), 0);
    assert_int_equal(mag_vtask_wait(mag_vtask_result(1), NULL, 0), 0);
    assert_is_theirs(promise);
}

/* VT-55, VT-37 */
static void a_preserved_promise_is_kept_by_its_task_alone(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask own = mag_promise_task(promise);
    mag_vtask kept = preserved(own);
    mag_vtask copy = mag_vtask_configure(kept, false);
    (void)state;

    assert_true(mag_vtask_equal(kept, own));
    assert_true(mag_vtask_equal(copy, own));
    assert_true(mag_vtask_hash(kept) == mag_vtask_hash(own));
    mag_promise_release(promise);
    assert_int_equal(mag_vtask_status(own), MAG_PENDING);
    assert_int_equal(mag_promise_set_result(promise, 3), 0);
    assert_int_equal(result_of(kept), 3);
    assert_int_equal(mag_vtask_wait(copy, NULL, 0), 0);
    assert_int_equal(mag_vtask_release(copy), 0);
    assert_int_equal(mag_vtask_status(own), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_release(kept), MAG_E_TOKEN);
}

/* ------------------------------------------------------------- tasks without object */

MAG_ASYNC(mag_task, await_it, (mag_vtask, task, struct mag_executor *, on), int error;)
{
    MAG_BEGIN(f);
    if (f->on == NULL)
        MAG_AWAIT_DONE(f, mag_task_of(f->task));
    else
        MAG_TRY_DONE_ON(f, f->on, f->error, mag_task_of(f->task));
    MAG_FAIL(f, f->error);
    MAG_END(f);
}

MAG_ASYNC(mag_task, return_it, (mag_vtask, task, mag_vtask, first), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(f->first));
    return mag_task_of(f->task);
    MAG_END(f);
}

/* A task of a kind that needs an address, but without one; no function makes such a
 * task. */
static void assert_is_stale(mag_vtask task)
{
    struct mag_executor nowhere = {NULL};
    struct mag_core first = {0};
    struct mag_promise *promise = NULL;
    struct probe probe;
    mag_vtask tasks[2] = {mag_vtask_result(1), task};
    mag_vtask made = mag_vtask_result(9);
    uint64_t result = 9;
    bool is;

    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_is_completed(task, &is), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_get(task, &result), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_get(task, NULL), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_discard(task), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_on_completed(task, probe_begin(&probe, NULL), 1),
                     MAG_E_TOKEN);
    assert_int_equal(mag_vtask_as_promise(task, &promise), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_preserve(task, &made), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_wait(task, NULL, 0), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_with_timeout(NULL, &task, 1, &made), MAG_E_TOKEN);
    assert_int_equal(mag_when_any(&tasks[1], 1, &made), MAG_E_TOKEN);
    assert_int_equal(mag_when_all(tasks, 2, &made), 0);
    assert_int_equal(mag_vtask_get(made, NULL), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_release(task), 0);
    assert_int_equal(mag_task_get(await_it(task, NULL)), MAG_E_TOKEN);
    assert_int_equal(mag_task_get(await_it(task, &nowhere)), MAG_E_TOKEN);
    mag_task later = return_it(task, mag_core_task(&first));
    assert_int_equal(mag_core_set_result(&first, 1), 0);
    assert_int_equal(mag_task_get(later), MAG_E_TOKEN);
    assert_int_equal(result, 9);
    assert_true(mag_vtask_equal(task, task));
    assert_true(mag_vtask_hash(task) != 0);
}

/* VT-13, VT-203 */
static void a_core_or_promise_without_an_address_is_stale_however_it_is_used(void **state)
{
    (void)state;
    for (uint64_t token = 0; token < 2; token++) {
        assert_is_stale((mag_vtask){MAG_VTASK_CORE, token});
        assert_is_stale((mag_vtask){MAG_VTASK_CORE | MAG_VTASK_NO_CONTEXT, token});
        assert_is_stale((mag_vtask){MAG_VTASK_PROMISE, token});
        assert_is_stale((mag_vtask){MAG_VTASK_PROMISE | MAG_VTASK_NO_CONTEXT, token});
    }
}

/* --------------------------------------------------------------------- typed tasks */

/* VT-35, VT-36 */
static void large_results_are_compared_when_nothing_backs_the_tasks(void **state)
{
    struct large one = {{1}};
    struct large two = {{1, 2}};
    struct mag_core core = {0};
    large_task source = large_task_of(mag_core_task(&core));
    (void)state;

    assert_true(large_task_equal(large_task_result(one), large_task_result(one)));
    assert_false(large_task_equal(large_task_result(one), large_task_result(two)));
    assert_true(large_task_equal(source, source));
    assert_false(large_task_equal(source, large_task_result(one)));
    assert_true(small_task_equal(small_task_result(1), small_task_result(1)));
    assert_false(small_task_equal(small_task_result(1), small_task_result(2)));
    assert_true(large_task_equal(large_task_configure(source, false), source));
}

/* VT-54, VT-56 */
static void typed_tasks_are_preserved_with_their_results(void **state)
{
    struct scripted source;
    struct large in = {{1, 2, 3}};
    struct large out = {{0}};
    large_task kept = large_task_result(in);
    small_task small = small_task_result(0);
    uint32_t value = 0;
    (void)state;

    assert_int_equal(large_task_preserve(large_task_result(in), &kept), 0);
    assert_true(large_task_equal(kept, large_task_result(in)));
    mag_vtask task = scripted_begin(&source, MAG_PENDING, 0, 0);
    source.size = sizeof(in);
    memcpy(source.large, &in, sizeof(in));
    assert_int_equal(large_task_preserve(large_task_of(task), &kept), 0);
    scripted_complete(&source, MAG_SUCCEEDED, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        memset(&out, 0, sizeof(out));
        assert_int_equal(large_task_get(kept, &out), 0);
        assert_memory_equal(&in, &out, sizeof(in));
    }
    assert_int_equal(mag_vtask_release(kept.task), 0);
    assert_int_equal(large_task_preserve(kept, &kept), MAG_E_TOKEN);

    task = scripted_begin(&source, MAG_SUCCEEDED, 0, 0);
    source.size = sizeof(in);
    memcpy(source.large, &in, sizeof(in));
    assert_int_equal(mag_vtask_preserve_of(task, sizeof(in), &kept.task), 0);
    assert_int_equal(large_task_get(kept, &out), 0);
    assert_memory_equal(&in, &out, sizeof(in));
    assert_int_equal(mag_vtask_release(kept.task), 0);

    task = scripted_begin(&source, MAG_SUCCEEDED, 0, 42);
    assert_int_equal(small_task_preserve(small_task_of(task), &small), 0);
    assert_int_equal(small_task_get(small, &value), 0);
    assert_int_equal(value, 42);
    assert_int_equal(mag_vtask_release(small.task), 0);
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
        cmocka_unit_test(releasing_a_promises_own_task_leaves_it_to_those_who_hold_it),
        cmocka_unit_test(what_when_any_has_not_preserved_is_not_released),
        cmocka_unit_test(what_a_timeout_or_a_wait_has_not_preserved_is_not_released),
        cmocka_unit_test(a_preserved_promise_is_kept_by_its_task_alone),
        cmocka_unit_test(
            a_core_or_promise_without_an_address_is_stale_however_it_is_used),
        cmocka_unit_test(large_results_are_compared_when_nothing_backs_the_tasks),
        cmocka_unit_test(typed_tasks_are_preserved_with_their_results),
        cmocka_unit_test(discarding_reads_a_source_when_it_is_complete),
        cmocka_unit_test(a_discarded_core_is_recycled_once),
        cmocka_unit_test(discarding_leaves_all_else_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

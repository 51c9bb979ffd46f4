/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/sources.h"
#include "tests/support/vtask/wide.h"

#include <magpie/when.h>

enum { MANY = 12 };

static unsigned recycled;

static void count_recycle(struct mag_core *core)
{
    (void)core;
    recycled++;
}

static const struct mag_core_type counted_type = {.recycle = count_recycle};

static mag_vtask when_all(mag_vtask *tasks, size_t count)
{
    mag_vtask task = {0, 0};

    assert_int_equal(mag_when_all(tasks, count, &task), 0);
    return task;
}

static mag_vtask when_any(mag_vtask *tasks, size_t count)
{
    mag_vtask task = {0, 0};

    assert_int_equal(mag_when_any(tasks, count, &task), 0);
    return task;
}

/* ----------------------------------------------------------------------- when all */

static void all_of_nothing_is_complete(void **state)
{
    mag_vtask task = {0, 9};
    (void)state;

    assert_int_equal(result_of(when_all(NULL, 0)), 0);
    assert_int_equal(mag_when_all(NULL, 1, &task), MAG_E_ARG);
    assert_int_equal(result_of(task), 9);
}

static void all_that_are_complete_make_a_complete_task_without_memory(void **state)
{
    struct scripted source;
    struct mag_promise *promise = promise_of(0);
    mag_vtask tasks[3] = {mag_vtask_result(1), mag_promise_task(promise),
                          scripted_begin(&source, MAG_SUCCEEDED, 0, 3)};
    (void)state;

    assert_int_equal(mag_promise_set_result(promise, 2), 0);
    test_fail_allocation(1);
    mag_vtask all = when_all(tasks, 3);
    test_fail_allocation(0);
    assert_int_equal(all.backing, 0);
    assert_int_equal(result_of(all), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(result_of(tasks[i]), i + 1);
        assert_int_equal(result_of(tasks[i]), i + 1);
    }
    assert_int_equal(source.taken, 1);
    mag_promise_release(promise);
}

static void all_wait_for_the_last_in_whatever_order_they_complete(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (unsigned round = 0; round < 200; round++) {
        struct mag_core cores[MANY];
        mag_vtask tasks[MANY];
        unsigned order[MANY] = {0};
        struct probe probe;

        memset(cores, 0, sizeof(cores));
        for (unsigned i = 0; i < MANY; i++) {
            unsigned at = (unsigned)(test_random(&random) % (i + 1));
            order[i] = order[at];
            order[at] = i;
            mag_core_prepare(&cores[i], &counted_type);
            tasks[i] = mag_core_task(&cores[i]);
        }
        recycled = 0;
        mag_vtask all = when_all(tasks, MANY);
        assert_int_equal(mag_vtask_on_completed(all, probe_begin(&probe, NULL), 0), 0);
        for (unsigned i = 0; i < MANY; i++) {
            assert_int_equal(mag_vtask_status(all), MAG_PENDING);
            assert_int_equal(mag_core_set_result(&cores[order[i]], order[i] * 10), 0);
        }
        assert_int_equal(probe_runs(&probe), 1);
        assert_int_equal(result_of(all), MANY);
        assert_int_equal(mag_vtask_status(all), MAG_E_TOKEN);
        assert_int_equal(recycled, MANY);
        for (unsigned i = 0; i < MANY; i++)
            assert_int_equal(result_of(tasks[i]), i * 10);
    }
}

static void every_kind_of_task_can_be_one_of_all(void **state)
{
    struct scripted source;
    struct mag_core core = {0};
    struct mag_promise *promise = promise_of(0);
    mag_vtask tasks[4] = {scripted_begin(&source, MAG_PENDING, 0, 0),
                          mag_promise_task(promise), mag_vtask_result(3),
                          mag_core_task(&core)};
    mag_vtask all = when_all(tasks, 4);
    (void)state;

    assert_int_equal(mag_core_set_result(&core, 4), 0);
    assert_int_equal(mag_promise_set_result(promise, 2), 0);
    assert_int_equal(mag_vtask_status(all), MAG_PENDING);
    scripted_complete(&source, MAG_SUCCEEDED, 0, 1);
    assert_int_equal(result_of(all), 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(result_of(tasks[i]), i + 1);
    mag_promise_release(promise);
}

/* The outcomes of three tasks, and the outcome of all of them together. */
struct outcome_row {
    int errors[3];
    int want;
    uint64_t want_detail;
};

static void the_first_fault_in_order_counts_before_any_cancellation(void **state)
{
    static const struct outcome_row rows[] = {
        {{0, -EIO, -EPIPE}, -EIO, 1},
        {{-ECANCELED, 0, -EPIPE}, -EPIPE, 2},
        {{-ECANCELED, -EIO, -EPIPE}, -EIO, 1},
        {{0, -ECANCELED, -ECANCELED}, -ECANCELED, 1},
        {{-EPIPE, -ECANCELED, 0}, -EPIPE, 0},
    };
    (void)state;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct mag_core cores[3];
        mag_vtask tasks[3];
        uint64_t detail;

        memset(cores, 0, sizeof(cores));
        for (unsigned i = 0; i < 3; i++)
            tasks[i] = mag_core_task(&cores[i]);
        mag_vtask all = when_all(tasks, 3);
        for (unsigned i = 3; i-- > 0;) {
            if (rows[row].errors[i] != 0)
                assert_int_equal(mag_core_set_error(&cores[i], rows[row].errors[i], i),
                                 0);
            else
                assert_int_equal(mag_core_set_result(&cores[i], i), 0);
        }
        assert_int_equal(error_of(all, &detail), rows[row].want);
        assert_int_equal(detail, rows[row].want_detail);
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(error_of(tasks[i], &detail), rows[row].errors[i]);
            assert_int_equal(detail, rows[row].errors[i] != 0 ? i : 0);
        }
    }
}

static void a_large_result_stays_in_its_source_to_be_read_once(void **state)
{
    struct wide wide = {.large = {{0}}};
    struct large in = {{1, 2, 3}};
    struct large out = {{0}};
    (void)state;

    mag_core_prepare(&wide.core, &wide_type);
    mag_vtask tasks[1] = {mag_core_task(&wide.core)};
    mag_vtask all = when_all(tasks, 1);
    assert_int_equal(mag_core_set_value(&wide.core, &in, sizeof(in)), 0);
    assert_int_equal(result_of(all), 1);
    assert_int_equal(mag_vtask_get_value(tasks[0], &out, sizeof(out), NULL), 0);
    assert_memory_equal(&in, &out, sizeof(in));
}

static void a_task_that_cannot_be_awaited_has_failed_with_the_reason(void **state)
{
    struct mag_core stale = {0};
    struct mag_core taken = {0};
    struct probe probe;
    mag_vtask tasks[2] = {mag_core_task(&stale), mag_core_task(&taken)};
    (void)state;

    mag_core_reset(&stale);
    assert_int_equal(mag_vtask_on_completed(tasks[1], probe_begin(&probe, NULL), 0), 0);
    mag_vtask all = when_all(tasks, 2);
    assert_int_equal(mag_vtask_get(tasks[0], NULL), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_get(tasks[1], NULL), MAG_E_CONTINUATION);
    assert_int_equal(mag_vtask_get(all, NULL), MAG_E_TOKEN);
    assert_int_equal(mag_core_set_result(&taken, 1), 0);
    assert_int_equal(probe_runs(&probe), 1);
}

static void all_of_a_promise_that_queues_are_completed_elsewhere(void **state)
{
    struct mag_promise *promise = NULL;
    struct probe probe;
    (void)state;

    assert_int_equal(mag_promise_create(0, MAG_PROMISE_QUEUED, &promise), 0);
    mag_vtask tasks[1] = {mag_promise_task(promise)};
    mag_vtask all = when_all(tasks, 1);
    struct mag_executor *before = mag_executor_current();
    assert_null(before);
    assert_int_equal(mag_vtask_on_completed(all, probe_begin(&probe, NULL), 0), 0);
    assert_int_equal(mag_promise_set_result(promise, 5), 0);
    assert_true(test_wait_for(&probe.runs, 1));
    assert_int_equal(result_of(all), 1);
    mag_promise_release(promise);
}

/* ------------------------------------------------------------------------ when any */

static void any_of_nothing_is_refused(void **state)
{
    mag_vtask task = mag_vtask_result(9);
    (void)state;

    assert_int_equal(mag_when_any(NULL, 1, &task), MAG_E_ARG);
    assert_int_equal(mag_when_any(&task, 0, &task), MAG_E_ARG);
    assert_int_equal(result_of(task), 9);
}

static void the_lowest_that_is_complete_wins_and_nothing_is_converted(void **state)
{
    struct mag_core core = {0};
    mag_vtask tasks[3] = {mag_core_task(&core), failed(-EIO, 0), mag_vtask_result(1)};
    mag_vtask before = tasks[0];
    (void)state;

    test_fail_allocation(1);
    assert_int_equal(result_of(when_any(tasks, 3)), 1);
    test_fail_allocation(0);
    assert_true(mag_vtask_equal(tasks[0], before));
    assert_int_equal(mag_vtask_status(tasks[0]), MAG_PENDING);
}

static void a_stale_task_refuses_the_call_and_nothing_is_converted(void **state)
{
    struct mag_core cores[2] = {{0}};
    mag_vtask tasks[2] = {mag_core_task(&cores[0]), mag_core_task(&cores[1])};
    mag_vtask before = tasks[0];
    mag_vtask any;
    (void)state;

    mag_core_reset(&cores[1]);
    assert_int_equal(mag_when_any(tasks, 2, &any), MAG_E_TOKEN);
    assert_true(mag_vtask_equal(tasks[0], before));
}

static void the_first_to_complete_wins_and_the_losers_stay_usable(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= MANY; count++) {
        for (unsigned first = 0; first < count; first++) {
            struct mag_core cores[MANY];
            mag_vtask tasks[MANY];
            struct probe probe;

            memset(cores, 0, sizeof(cores));
            for (unsigned i = 0; i < count; i++)
                tasks[i] = mag_core_task(&cores[i]);
            mag_vtask any = when_any(tasks, count);
            assert_int_equal(mag_vtask_on_completed(any, probe_begin(&probe, NULL), 0),
                             0);
            assert_int_equal(mag_core_set_result(&cores[first], first), 0);
            assert_int_equal(probe_runs(&probe), 1);
            assert_int_equal(result_of(any), first);
            for (unsigned i = 0; i < count; i++) {
                if (i != first) {
                    assert_int_equal(mag_vtask_status(tasks[i]), MAG_PENDING);
                    assert_int_equal(mag_core_set_result(&cores[i], i), 0);
                }
                assert_int_equal(result_of(tasks[i]), i);
                assert_int_equal(mag_vtask_release(tasks[i]), 0);
            }
        }
    }
}

static void an_error_wins_like_a_result(void **state)
{
    struct mag_promise *promises[2] = {promise_of(0), promise_of(0)};
    mag_vtask tasks[2] = {mag_promise_task(promises[0]), mag_promise_task(promises[1])};
    mag_vtask any = when_any(tasks, 2);
    (void)state;

    assert_int_equal(mag_promise_set_error(promises[1], -EIO, 0), 0);
    assert_int_equal(result_of(any), 1);
    assert_true(mag_vtask_equal(tasks[0], mag_promise_task(promises[0])));
    mag_promise_release(promises[0]);
    mag_promise_release(promises[1]);
}

static void the_same_promise_may_stand_in_the_array_twice(void **state)
{
    struct mag_promise *promise = promise_of(0);
    mag_vtask tasks[2] = {mag_promise_task(promise), mag_promise_task(promise)};
    mag_vtask any = when_any(tasks, 2);
    uint64_t index = 9;
    (void)state;

    assert_int_equal(mag_promise_set_result(promise, 1), 0);
    assert_int_equal(mag_vtask_get(any, &index), 0);
    assert_true(index < 2);
    mag_promise_release(promise);
}

static void the_array_may_be_released_before_anything_is_complete(void **state)
{
    struct mag_core cores[2] = {{0}};
    mag_vtask tasks[2] = {mag_core_task(&cores[0]), mag_core_task(&cores[1])};
    mag_vtask any = when_any(tasks, 2);
    (void)state;

    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(mag_vtask_release(tasks[i]), 0);
    assert_int_equal(mag_core_set_result(&cores[1], 5), 0);
    assert_int_equal(result_of(any), 1);
    assert_int_equal(mag_core_set_result(&cores[0], 5), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(mag_vtask_status(tasks[i]), MAG_E_TOKEN);
}

/* VT-161 */
static void
waiting_again_and_again_for_a_pending_promise_does_not_grow_memory(void **state)
{
    struct mag_promise *forever = promise_of(0);
    uint64_t before = 0;
    (void)state;

    for (unsigned i = 0; i < 2000; i++) {
        struct mag_core core = {0};
        mag_vtask tasks[2] = {mag_promise_task(forever), mag_core_task(&core)};
        mag_vtask any = when_any(tasks, 2);
        if (i == 1)
            before = test_allocations();
        assert_int_equal(mag_core_set_result(&core, i), 0);
        assert_int_equal(result_of(any), 1);
        assert_int_equal(result_of(tasks[1]), i);
        assert_int_equal(mag_vtask_release(tasks[1]), 0);
    }
    assert_int_equal(test_allocations(), before);
    mag_vtask task = mag_promise_task(forever);
    mag_promise_release(forever);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
}

static void all_allocate_nothing_after_warm_up(void **state)
{
    uint64_t before = 0;
    (void)state;

    for (unsigned round = 0; round < 100; round++) {
        struct mag_core cores[MANY];
        mag_vtask tasks[MANY];

        memset(cores, 0, sizeof(cores));
        for (unsigned i = 0; i < MANY; i++)
            tasks[i] = mag_core_task(&cores[i]);
        mag_vtask all = when_all(tasks, MANY);
        for (unsigned i = 0; i < MANY; i++)
            assert_int_equal(mag_core_set_result(&cores[i], i), 0);
        assert_int_equal(result_of(all), MANY);
        if (round == 0)
            before = test_allocations();
    }
    assert_int_equal(test_allocations(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_nothing_is_complete),
        cmocka_unit_test(all_that_are_complete_make_a_complete_task_without_memory),
        cmocka_unit_test(all_wait_for_the_last_in_whatever_order_they_complete),
        cmocka_unit_test(every_kind_of_task_can_be_one_of_all),
        cmocka_unit_test(the_first_fault_in_order_counts_before_any_cancellation),
        cmocka_unit_test(a_large_result_stays_in_its_source_to_be_read_once),
        cmocka_unit_test(a_task_that_cannot_be_awaited_has_failed_with_the_reason),
        cmocka_unit_test(all_of_a_promise_that_queues_are_completed_elsewhere),
        cmocka_unit_test(any_of_nothing_is_refused),
        cmocka_unit_test(the_lowest_that_is_complete_wins_and_nothing_is_converted),
        cmocka_unit_test(a_stale_task_refuses_the_call_and_nothing_is_converted),
        cmocka_unit_test(the_first_to_complete_wins_and_the_losers_stay_usable),
        cmocka_unit_test(an_error_wins_like_a_result),
        cmocka_unit_test(the_same_promise_may_stand_in_the_array_twice),
        cmocka_unit_test(the_array_may_be_released_before_anything_is_complete),
        cmocka_unit_test(
            waiting_again_and_again_for_a_pending_promise_does_not_grow_memory),
        cmocka_unit_test(all_allocate_nothing_after_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

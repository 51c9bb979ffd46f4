/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/core.h"
#include "tests/support/vtask/sources.h"

/* Reading a result through the value, awaiting it, comparing it: groups C, D and E. */

struct wide {
    uint64_t words[3];
};

MAG_VTASK_DEFINE(byte_task, uint8_t)
MAG_VTASK_DEFINE(wide_task, struct wide)

/* VT-21 */
static void a_read_of_a_source_is_one_get_whatever_it_answers(void **state)
{
    const int errors[] = {0, -EIO, -ECANCELED, MAG_E_TOKEN, MAG_E_PENDING};
    (void)state;

    for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct recorder recorder = recorder_make(MAG_PENDING);
        uint64_t result = 1;

        recorder.error = errors[i];
        recorder.result = 42;
        assert_int_equal(mag_vtask_get(recorder_task(&recorder, 7), &result), errors[i]);
        assert_int_equal(result, errors[i] == 0 ? 42 : 1);
        assert_int_equal(recorder.get_calls, 1);
        assert_int_equal(recorder_calls(&recorder), 1);
        assert_int_equal(recorder.token, 7);
    }
}

/* VT-22 */
static void a_read_of_a_pending_source_fails_at_once(void **state)
{
    mag_vtask task = mag_core_task(&core);
    uint64_t result = 1;
    (void)state;

    assert_int_equal(mag_vtask_get(task, &result), MAG_E_PENDING);
    assert_int_equal(mag_vtask_get(task, NULL), MAG_E_PENDING);
    assert_int_equal(result, 1);
    assert_int_equal(mag_core_set_result(&core, 2), 0);
    assert_int_equal(mag_vtask_get(task, &result), 0);
    assert_int_equal(result, 2);
}

/* VT-23 */
static void an_error_is_read_with_its_detail(void **state)
{
    const int codes[] = {-EIO, -ECANCELED, 12345};
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        uint64_t result = 1, detail = 0;

        assert_int_equal(mag_core_set_error(&core, codes[i], (uintptr_t)&core), 0);
        assert_int_equal(mag_vtask_get_value(mag_core_task(&core), &result, 8, &detail),
                         codes[i]);
        assert_int_equal(detail, (uintptr_t)&core);
        assert_int_equal(result, 1);
        mag_core_reset(&core);
    }
}

static void stay(struct mag_core *of)
{
    (void)of;
}

/* VT-24 */
static void a_read_without_a_result_consumes_just_the_same(void **state)
{
    static const struct mag_core_type type = {.recycle = stay};
    mag_vtask task;
    (void)state;

    for (unsigned way = 0; way < 2; way++) {
        mag_core_prepare(&core, &type);
        task = mag_core_task(&core);
        assert_int_equal(mag_core_set_error(&core, -EIO, 0), 0);
        assert_int_equal(way == 0 ? mag_vtask_get(task, NULL)
                                  : mag_vtask_get_value(task, NULL, 0, NULL),
                         -EIO);
        assert_int_equal(mag_vtask_get(task, NULL), MAG_E_TOKEN);
    }
    assert_int_equal(mag_vtask_get_value(mag_vtask_result(3), NULL, 0, NULL), 0);
}

/* VT-21, VT-204 */
static void a_result_of_another_size_is_refused_and_stays(void **state)
{
    struct {
        struct mag_core core;
        struct wide wide;
    } object = {{0}, {{0}}};
    static const struct mag_core_type type = {
        .result_offset = sizeof(struct mag_core),
        .result_size = sizeof(struct wide),
        .recycle = stay,
    };
    struct wide wide = {{1, 2, 3}};
    uint64_t word = 9;
    (void)state;

    mag_core_prepare(&object.core, &type);
    mag_vtask task = mag_core_task(&object.core);
    assert_int_equal(mag_core_set_value(&object.core, &wide, 8), MAG_E_SIZE);
    assert_int_equal(mag_core_set_value(&object.core, &wide, sizeof(wide)), 0);
    assert_int_equal(mag_vtask_get(task, &word), MAG_E_SIZE);
    assert_int_equal(word, 9);
    memset(&wide, 0, sizeof(wide));
    assert_int_equal(wide_task_get(wide_task_of(task), &wide), 0);
    assert_int_equal(wide.words[0], 1);
    assert_int_equal(wide.words[2], 3);
    assert_int_equal(mag_vtask_get(task, &word), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_get_value(mag_vtask_result(1), &wide, 24, NULL),
                     MAG_E_SIZE);
}

/* VT-1, VT-6 */
static void typed_tasks_carry_small_and_large_results(void **state)
{
    struct wide wide = {{4, 5, 6}}, read = {{0}};
    uint8_t byte = 0;
    (void)state;

    assert_int_equal(sizeof(byte_task), 16);
    assert_int_equal(sizeof(wide_task), 16 + sizeof(struct wide));
    assert_int_equal(byte_task_get(byte_task_result(200), &byte), 0);
    assert_int_equal(byte, 200);
    assert_int_equal(wide_task_get(wide_task_result(wide), &read), 0);
    assert_memory_equal(&wide, &read, sizeof(wide));
}

/* VT-26, VT-27 */
static void a_complete_task_is_read_at_once_and_registers_nowhere(void **state)
{
    struct recorder recorder = recorder_make(MAG_SUCCEEDED);
    mag_vtask tasks[2] = {mag_vtask_result(5), recorder_task(&recorder, 1)};
    struct shelf shelf = shelf_make();
    struct mag_executor *before = mag_executor_enter(&shelf.executor);
    uint64_t allocations = test_allocations();
    (void)state;

    recorder.result = 5;
    for (unsigned i = 0; i < 4; i++) {
        mag_vtask task = mag_vtask_configure(tasks[i / 2], (i & 1) != 0);
        uint64_t result = 0;
        bool complete = false;

        assert_int_equal(mag_vtask_is_completed(task, &complete), 0);
        assert_true(complete);
        assert_int_equal(mag_vtask_get(task, &result), 0);
        assert_int_equal(result, 5);
    }
    (void)mag_executor_enter(before);
    assert_int_equal(recorder.status_calls, 2);
    assert_int_equal(recorder.get_calls, 2);
    assert_int_equal(recorder.on_completed_calls, 0);
    assert_int_equal(shelf.posts, 0);
    assert_int_equal(test_allocations(), allocations);
}

/* Reads the core once, as an awaiter does. */
static void read_once(struct probe *probe)
{
    uint64_t result = 0;

    if (core_get(&core, &result) == 0)
        *(uint64_t *)probe->arg = result;
}

/* VT-26, VT-31 */
static void a_pending_task_is_read_once_from_its_one_continuation(void **state)
{
    struct probe probe = probe_make();
    uint64_t read = 0, allocations = test_allocations();
    bool complete = true;
    (void)state;

    probe.then = read_once;
    probe.arg = &read;
    assert_int_equal(mag_vtask_is_completed(mag_core_task(&core), &complete), 0);
    assert_false(complete);
    assert_int_equal(mag_vtask_on_completed(mag_core_task(&core), &probe.continuation, 0),
                     0);
    assert_int_equal(probe_runs(&probe), 0);
    assert_int_equal(mag_core_set_result(&core, 77), 0);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(read, 77);
    assert_int_equal(test_allocations(), allocations);
}

/* VT-28, VT-29 */
static void the_flags_have_their_values_and_reach_the_source(void **state)
{
    struct recorder recorder = recorder_make(MAG_PENDING);
    struct probe probe = probe_make();
    (void)state;

    assert_int_equal(MAG_AWAIT_CONTEXT, 1);
    assert_int_equal(MAG_AWAIT_FLOW, 2);
    for (unsigned flags = 0; flags < 8; flags++) {
        assert_int_equal(mag_vtask_on_completed(recorder_task(&recorder, flags),
                                                &probe.continuation, flags),
                         0);
        assert_int_equal(recorder.flags, flags);
        assert_int_equal(recorder.token, flags);
        assert_ptr_equal(recorder.continuation, &probe.continuation);
    }
    assert_int_equal(recorder.on_completed_calls, 8);
}

/* VT-30 */
static void registering_on_a_complete_task_runs_it_later_and_once(void **state)
{
    mag_vtask tasks[3];
    (void)state;

    assert_int_equal(mag_core_set_result(&core, 1), 0);
    tasks[0] = mag_vtask_result(1);
    assert_int_equal(mag_vtask_from_error(-EIO, 0, &tasks[1]), 0);
    tasks[2] = mag_core_task(&core);
    for (unsigned i = 0; i < 6; i++) {
        struct shelf shelf = shelf_make();
        struct probe probe = probe_make();
        struct mag_executor *before = mag_executor_enter(&shelf.executor);
        bool asked = (i & 1) != 0;

        assert_int_equal(mag_vtask_on_completed(tasks[i / 2], &probe.continuation,
                                                asked ? MAG_AWAIT_CONTEXT : 0),
                         0);
        (void)mag_executor_enter(before);
        assert_int_equal(shelf.posts, asked ? 1 : 0);
        if (asked)
            assert_int_equal(probe_runs(&probe), 0);
        shelf_run(&shelf);
        probe_expect_one_run(&probe);
        assert_int_equal(probe_ran_here(&probe), asked);
        assert_ptr_equal(probe.executor, asked ? &shelf.executor : NULL);
    }
}

/* VT-30, VT-95 */
static void no_continuation_is_refused_by_every_kind(void **state)
{
    struct mag_continuation empty = {.home = 0};
    mag_vtask tasks[3];
    (void)state;

    tasks[0] = mag_vtask_result(1);
    assert_int_equal(mag_vtask_from_error(-EIO, 0, &tasks[1]), 0);
    tasks[2] = mag_core_task(&core);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mag_vtask_on_completed(tasks[i], NULL, 0), MAG_E_ARG);
        assert_int_equal(mag_vtask_on_completed(tasks[i], &empty, 0), MAG_E_ARG);
    }
    assert_int_equal(core_status(&core), MAG_PENDING);
}

/* VT-33, VT-37 */
static void configuring_makes_a_copy_that_is_equal(void **state)
{
    struct recorder recorder = recorder_make(MAG_PENDING);
    mag_vtask tasks[3], copy;
    (void)state;

    tasks[0] = recorder_task(&recorder, 4);
    tasks[1] = mag_core_task(&core);
    tasks[2] = mag_vtask_result(4);
    for (unsigned i = 0; i < 3; i++) {
        mag_vtask original = tasks[i];

        copy = mag_vtask_configure(original, false);
        assert_memory_equal(&original, &tasks[i], sizeof(original));
        assert_true(mag_vtask_equal(copy, original));
        assert_int_equal(mag_vtask_hash(copy), mag_vtask_hash(original));
        copy = mag_vtask_configure(copy, true);
        assert_memory_equal(&copy, &original, sizeof(copy));
    }
    assert_int_equal(recorder_calls(&recorder), 0);
}

/* VT-34, VT-36, VT-38 */
static void source_backed_tasks_are_equal_by_source_and_token(void **state)
{
    struct recorder one = recorder_make(MAG_PENDING), two = one;
    mag_vtask task = recorder_task(&one, 17);
    (void)state;

    assert_true(mag_vtask_equal((mag_vtask){0}, (mag_vtask){0}));
    assert_true(mag_vtask_equal(task, recorder_task(&one, 17)));
    assert_false(mag_vtask_equal(task, recorder_task(&one, 18)));
    assert_false(mag_vtask_equal(task, recorder_task(&two, 17)));
    one.status = MAG_E_TOKEN;
    assert_true(mag_vtask_equal(task, recorder_task(&one, 17)));
    assert_int_equal(recorder_calls(&one) + recorder_calls(&two), 0);
}

/* VT-35, VT-36, VT-40 */
static void results_are_compared_only_when_nothing_backs_the_task(void **state)
{
    struct recorder recorder = recorder_make(MAG_SUCCEEDED);
    (void)state;

    recorder.result = 42;
    assert_true(mag_vtask_equal(mag_vtask_result(42), mag_vtask_result(42)));
    assert_false(mag_vtask_equal(mag_vtask_result(42), mag_vtask_result(43)));
    assert_false(mag_vtask_equal(mag_vtask_result(42), recorder_task(&recorder, 42)));
    assert_false(mag_vtask_equal(recorder_task(&recorder, 42), mag_vtask_result(42)));
    assert_true(mag_vtask_equal(mag_vtask_result(0), (mag_vtask){0}));
    assert_false(mag_vtask_equal(mag_vtask_result(0), mag_vtask_result(1)));
    assert_true(mag_vtask_equal(byte_task_result(7).task, byte_task_result(7).task));
    assert_false(mag_vtask_equal(byte_task_result(7).task, byte_task_result(8).task));
}

/* VT-37, VT-38, VT-39 */
static void the_hash_is_that_of_what_backs_it_or_of_the_result(void **state)
{
    struct recorder one = recorder_make(MAG_E_TOKEN), two = one;
    (void)state;

    assert_int_equal(mag_vtask_hash((mag_vtask){0}), 0);
    assert_int_equal(mag_vtask_hash(mag_vtask_result(42)),
                     mag_vtask_hash(mag_vtask_result(42)));
    assert_int_not_equal(mag_vtask_hash(mag_vtask_result(42)), 0);
    assert_int_not_equal(mag_vtask_hash(mag_vtask_result(42)),
                         mag_vtask_hash(mag_vtask_result(43)));
    assert_int_equal(mag_vtask_hash(recorder_task(&one, 17)),
                     mag_vtask_hash(recorder_task(&one, 18)));
    assert_int_not_equal(mag_vtask_hash(recorder_task(&one, 17)),
                         mag_vtask_hash(recorder_task(&two, 17)));
    assert_int_equal(recorder_calls(&one) + recorder_calls(&two), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_of_a_source_is_one_get_whatever_it_answers),
        cmocka_unit_test_setup(a_read_of_a_pending_source_fails_at_once, core_clear),
        cmocka_unit_test_setup(an_error_is_read_with_its_detail, core_clear),
        cmocka_unit_test_setup(a_read_without_a_result_consumes_just_the_same,
                               core_clear),
        cmocka_unit_test(a_result_of_another_size_is_refused_and_stays),
        cmocka_unit_test(typed_tasks_carry_small_and_large_results),
        cmocka_unit_test(a_complete_task_is_read_at_once_and_registers_nowhere),
        cmocka_unit_test_setup(a_pending_task_is_read_once_from_its_one_continuation,
                               core_clear),
        cmocka_unit_test(the_flags_have_their_values_and_reach_the_source),
        cmocka_unit_test_setup(registering_on_a_complete_task_runs_it_later_and_once,
                               core_clear),
        cmocka_unit_test_setup(no_continuation_is_refused_by_every_kind, core_clear),
        cmocka_unit_test_setup(configuring_makes_a_copy_that_is_equal, core_clear),
        cmocka_unit_test(source_backed_tasks_are_equal_by_source_and_token),
        cmocka_unit_test(results_are_compared_only_when_nothing_backs_the_task),
        cmocka_unit_test(the_hash_is_that_of_what_backs_it_or_of_the_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

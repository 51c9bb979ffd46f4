/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/core.h"
#include "tests/support/vtask/sources.h"

#include <magpie/promise.h>

/* The value itself, and the four questions about it: groups A and B. */

static const mag_vtask NOTHING = {1, 2}; /* stays in an output that was not written */

static void assert_nothing(mag_vtask task)
{
    assert_memory_equal(&task, &NOTHING, sizeof(task));
}

/* Checks all four answers of a task at once. */
static void assert_answers(mag_vtask task, bool completed, bool succeeded, bool faulted,
                           bool canceled)
{
    bool is;

    assert_int_equal(mag_vtask_is_completed(task, &is), 0);
    assert_int_equal(is, completed);
    assert_int_equal(mag_vtask_is_succeeded(task, &is), 0);
    assert_int_equal(is, succeeded);
    assert_int_equal(mag_vtask_is_faulted(task, &is), 0);
    assert_int_equal(is, faulted);
    assert_int_equal(mag_vtask_is_canceled(task, &is), 0);
    assert_int_equal(is, canceled);
}

/* VT-1 */
static void a_value_is_two_words_and_making_one_allocates_nothing(void **state)
{
    struct recorder recorder = recorder_make(MAG_PENDING);
    uint64_t before = test_allocations();
    mag_vtask task;
    (void)state;

    assert_int_equal(sizeof(mag_vtask), 16);
    task = mag_vtask_result(7);
    assert_int_equal(task.payload, 7);
    assert_int_equal(mag_vtask_from_error(-EIO, 5, &task), 0);
    assert_int_equal(mag_vtask_from_source(&recorder.source, 3, &task), 0);
    task = mag_core_task(&core);
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    assert_int_equal(test_allocations(), before);
}

/* VT-2, VT-3 */
static void the_first_word_alone_tells_what_backs_it(void **state)
{
    struct recorder recorder = recorder_make(MAG_SUCCEEDED);
    const uint64_t payloads[] = {0,
                                 1,
                                 2,
                                 3,
                                 4,
                                 UINT64_MAX,
                                 (uintptr_t)&recorder,
                                 (uintptr_t)&core | MAG_VTASK_CORE};
    struct mag_promise *promise = NULL;
    mag_vtask error;
    (void)state;

    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    mag_vtask promised = mag_promise_task(promise);
    assert_int_equal(mag_vtask_from_error(-EIO, 0, &error), 0);
    for (unsigned i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        uint64_t word = payloads[i];
        mag_vtask source = recorder_task(&recorder, word);
        mag_vtask of_core = {mag_core_task(&core).backing, word};
        mag_vtask of_promise = {promised.backing, word};

        assert_int_equal(mag_vtask_status((mag_vtask){0, word}), MAG_SUCCEEDED);
        assert_int_equal(mag_vtask_status((mag_vtask){error.backing, word}), MAG_FAULTED);
        assert_int_equal(mag_vtask_status(source), MAG_SUCCEEDED);
        assert_int_equal(recorder.token, word);
        assert_int_equal(mag_vtask_status(of_core),
                         word == 0 ? MAG_PENDING : MAG_E_TOKEN);
        assert_int_equal(mag_vtask_status(of_promise),
                         word == promised.payload ? MAG_PENDING : MAG_E_TOKEN);
    }
    assert_int_equal(mag_vtask_status(promised), MAG_PENDING);
    mag_promise_release(promise);
    /* Only a source was asked, and only if the first word names it. */
    assert_int_equal(recorder.status_calls, sizeof(payloads) / sizeof(payloads[0]));
}

/* VT-4, VT-5 */
static void all_zeroes_is_a_task_that_has_succeeded_with_zero(void **state)
{
    mag_vtask zero = {0};
    uint64_t result = 1;
    (void)state;

    assert_answers(zero, true, true, false, false);
    assert_int_equal(mag_vtask_get(zero, &result), 0);
    assert_int_equal(result, 0);
    assert_int_equal(mag_vtask_get(zero, NULL), 0);
    assert_true(mag_vtask_equal(zero, MAG_VTASK_COMPLETED));
    assert_true(mag_vtask_equal(zero, mag_vtask_result(0)));
}

/* Another thread reads from a copy. */
static void *read_copy(void *arg)
{
    uint64_t result = 0;
    int r = mag_vtask_get(*(mag_vtask *)arg, &result);

    return (void *)(uintptr_t)(r == 0 ? result : 0);
}

/* VT-6 */
static void a_result_may_be_read_again_by_every_copy_on_every_thread(void **state)
{
    mag_vtask task = mag_vtask_result(42), copy = task;
    pthread_t threads[3];
    uint64_t result;
    (void)state;

    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_copy, &copy), 0);
    for (unsigned i = 0; i < 3; i++) {
        void *read;

        result = 0;
        assert_int_equal(mag_vtask_get(task, &result), 0);
        assert_int_equal(result, 42);
        assert_int_equal(pthread_join(threads[i], &read), 0);
        assert_int_equal((uintptr_t)read, 42);
    }
}

/* VT-7 */
static void no_source_is_no_task(void **state)
{
    struct recorder recorder = recorder_make(MAG_PENDING);
    mag_vtask task = NOTHING;
    (void)state;

    for (uint64_t token = 0; token < 3; token++) {
        assert_int_equal(mag_vtask_from_source(NULL, token, &task), MAG_E_ARG);
        assert_nothing(task);
    }
    for (uintptr_t off = 1; off < 8; off++) {
        struct mag_source *skew =
            (struct mag_source *)((uintptr_t)&recorder.source + off);

        assert_int_equal(mag_vtask_from_source(skew, 0, &task), MAG_E_ARG);
        assert_nothing(task);
    }
}

/* VT-8 */
static void a_task_of_a_source_asks_the_source_nothing_when_it_is_made(void **state)
{
    struct recorder recorder = recorder_make(MAG_E_TOKEN);
    mag_vtask task = recorder_task(&recorder, UINT64_C(0x123456789abcdef0));
    (void)state;

    assert_int_equal(recorder_calls(&recorder), 0);
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_int_equal(recorder.token, UINT64_C(0x123456789abcdef0));
}

/* VT-9 */
static void no_error_is_no_failed_task(void **state)
{
    mag_vtask task = NOTHING;
    (void)state;

    assert_int_equal(mag_vtask_from_error(0, 9, &task), MAG_E_ARG);
    assert_nothing(task);
    for (int code = MAG_E_FIRST; code >= MAG_E_LAST; code--) {
        assert_int_equal(mag_vtask_from_error(code, 9, &task), MAG_E_ARG);
        assert_nothing(task);
    }
}

/* VT-10 */
static void an_error_is_read_as_it_was_made_and_without_limit(void **state)
{
    const int codes[] = {-EIO, -1, 1, -70000, -70100, INT32_MIN, INT32_MAX, -ECANCELED};
    (void)state;

    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        bool canceled = codes[i] == -ECANCELED;
        mag_vtask task;

        assert_int_equal(mag_vtask_from_error(codes[i], UINT64_MAX - i, &task), 0);
        assert_answers(task, true, false, !canceled, canceled);
        for (unsigned again = 0; again < 3; again++) {
            uint64_t result = 5, detail = 6;

            assert_int_equal(mag_vtask_get(task, &result), codes[i]);
            assert_int_equal(mag_vtask_get(task, NULL), codes[i]);
            assert_int_equal(mag_vtask_get_value(task, &result, 8, &detail), codes[i]);
            assert_int_equal(result, 5);
            assert_int_equal(detail, UINT64_MAX - i);
        }
    }
}

/* VT-11 */
static void only_a_configured_task_does_not_ask_for_the_context(void **state)
{
    struct recorder recorder = recorder_make(MAG_PENDING);
    mag_vtask task = recorder_task(&recorder, 1);
    struct probe probe = probe_make();
    (void)state;

    assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, MAG_AWAIT_CONTEXT),
                     0);
    assert_int_equal(recorder.flags, MAG_AWAIT_CONTEXT);
    task = mag_vtask_configure(task, false);
    assert_int_equal(mag_vtask_status(task), MAG_PENDING);
    assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, MAG_AWAIT_CONTEXT),
                     0);
    assert_int_equal(recorder.flags, 0);
    task = mag_vtask_configure(task, true);
    assert_int_equal(mag_vtask_on_completed(task, &probe.continuation, MAG_AWAIT_CONTEXT),
                     0);
    assert_int_equal(recorder.flags, MAG_AWAIT_CONTEXT);
    assert_int_equal(mag_vtask_configure((mag_vtask){0}, false).backing, 0);
}

/* VT-13 */
static void mixed_up_words_are_wrong_but_typed(void **state)
{
    struct recorder recorder = recorder_make(MAG_PENDING);
    struct mag_promise *promise = NULL;
    mag_vtask error, parts[7];
    (void)state;

    assert_int_equal(mag_vtask_from_error(-EIO, 0, &error), 0);
    parts[0] = mag_vtask_result(42);
    parts[1] = recorder_task(&recorder, 17);
    parts[2] = mag_core_task(&core);
    parts[3] = error;
    parts[4] = mag_vtask_configure(parts[2], false);
    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    assert_int_equal(mag_promise_set_result(promise, 43), 0);
    parts[5] = mag_promise_task(promise);
    parts[6] = mag_vtask_configure(parts[5], false);
    for (unsigned i = 0; i < 49; i++) {
        mag_vtask mixed = {parts[i / 7].backing, parts[i % 7].payload};
        uint64_t result = 0;
        int status = mag_vtask_status(mixed);
        int r = mag_vtask_get(mixed, &result);

        assert_true(status >= MAG_PENDING || status == MAG_E_TOKEN);
        assert_true(r == 0 || r == -EIO || r == MAG_E_PENDING || r == MAG_E_TOKEN);
        /* The address of a promise with another word is not that promise's task. */
        if (i / 7 >= 5 && mixed.payload != parts[5].payload)
            assert_int_equal(r, MAG_E_TOKEN);
        if (i / 7 >= 5 && r == 0)
            assert_int_equal(result, 43);
    }
    mag_promise_release(promise);
    /* The context bit on a task without a source. */
    assert_int_equal(mag_vtask_status((mag_vtask){MAG_VTASK_NO_CONTEXT, 3}),
                     MAG_SUCCEEDED);
    assert_int_equal(mag_vtask_get((mag_vtask){MAG_VTASK_NO_CONTEXT, 3}, NULL), 0);
}

static void stay(struct mag_core *of)
{
    (void)of;
}

/* VT-14 */
static void all_copies_share_one_right_to_consume(void **state)
{
    static const struct mag_core_type type = {.recycle = stay};
    mag_vtask copies[3];
    uint64_t result = 0;
    (void)state;

    mag_core_prepare(&core, &type);
    for (unsigned i = 0; i < 3; i++)
        copies[i] = mag_core_task(&core);
    assert_int_equal(mag_core_set_result(&core, 42), 0);
    assert_int_equal(mag_vtask_get(copies[1], &result), 0);
    assert_int_equal(result, 42);
    for (unsigned i = 0; i < 3; i++) {
        result = 1;
        assert_int_equal(mag_vtask_get(copies[i], &result), MAG_E_TOKEN);
        assert_int_equal(result, 1);
    }
}

/* VT-15, VT-16, VT-19, VT-20 */
static void the_four_answers_follow_the_status(void **state)
{
    struct recorder recorder;
    mag_vtask task;
    (void)state;

    assert_int_equal(MAG_PENDING, 0);
    assert_int_equal(MAG_SUCCEEDED, 1);
    assert_int_equal(MAG_FAULTED, 2);
    assert_int_equal(MAG_CANCELED, 3);
    for (int status = MAG_PENDING; status <= MAG_CANCELED; status++) {
        recorder = recorder_make(status);
        task = recorder_task(&recorder, 1);
        assert_int_equal(mag_vtask_status(task), status);
        assert_answers(task, status != MAG_PENDING, status == MAG_SUCCEEDED,
                       status == MAG_FAULTED, status == MAG_CANCELED);
    }
    assert_answers(mag_vtask_result(9), true, true, false, false);
}

/* VT-17 */
static void each_question_asks_the_source_once_and_remembers_nothing(void **state)
{
    struct recorder recorder = recorder_make(MAG_PENDING);
    mag_vtask task = recorder_task(&recorder, 1);
    bool is = true;
    (void)state;

    assert_answers(task, false, false, false, false);
    assert_int_equal(recorder_calls(&recorder), 4);
    assert_int_equal(recorder.status_calls, 4);
    recorder.status = MAG_CANCELED;
    assert_answers(task, true, false, false, true);
    assert_int_equal(recorder.status_calls, 8);
    recorder.status = MAG_E_TOKEN;
    assert_int_equal(mag_vtask_status(task), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_is_completed(task, &is), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_is_succeeded(task, &is), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_is_faulted(task, &is), MAG_E_TOKEN);
    assert_int_equal(mag_vtask_is_canceled(task, &is), MAG_E_TOKEN);
    assert_true(is);
    assert_int_equal(recorder.status_calls, 13);
}

/* VT-18 */
static void questions_change_nothing(void **state)
{
    struct probe probe = probe_make();
    mag_vtask task = mag_core_task(&core);
    uint64_t before = test_allocations(), result = 0;
    struct mag_core copy;
    (void)state;

    assert_int_equal(mag_core_on_completed(&core, 0, &probe.continuation, 0), 0);
    memcpy(&copy, &core, sizeof(core));
    assert_answers(task, false, false, false, false);
    assert_memory_equal(&copy, &core, sizeof(core));
    assert_int_equal(probe_runs(&probe), 0);
    assert_int_equal(mag_core_set_result(&core, 8), 0);
    memcpy(&copy, &core, sizeof(core));
    assert_answers(task, true, true, false, false);
    assert_memory_equal(&copy, &core, sizeof(core));
    assert_int_equal(mag_vtask_get(task, &result), 0);
    assert_int_equal(result, 8);
    assert_int_equal(probe_runs(&probe), 1);
    assert_int_equal(test_allocations(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_value_is_two_words_and_making_one_allocates_nothing,
                               core_clear),
        cmocka_unit_test_setup(the_first_word_alone_tells_what_backs_it, core_clear),
        cmocka_unit_test_setup(all_zeroes_is_a_task_that_has_succeeded_with_zero,
                               core_clear),
        cmocka_unit_test(a_result_may_be_read_again_by_every_copy_on_every_thread),
        cmocka_unit_test(no_source_is_no_task),
        cmocka_unit_test(a_task_of_a_source_asks_the_source_nothing_when_it_is_made),
        cmocka_unit_test(no_error_is_no_failed_task),
        cmocka_unit_test(an_error_is_read_as_it_was_made_and_without_limit),
        cmocka_unit_test(only_a_configured_task_does_not_ask_for_the_context),
        cmocka_unit_test_setup(mixed_up_words_are_wrong_but_typed, core_clear),
        cmocka_unit_test_setup(all_copies_share_one_right_to_consume, core_clear),
        cmocka_unit_test(the_four_answers_follow_the_status),
        cmocka_unit_test(each_question_asks_the_source_once_and_remembers_nothing),
        cmocka_unit_test_setup(questions_change_nothing, core_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

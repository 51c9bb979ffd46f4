/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/debug.h"
#include "tests/support/vtask/sources.h"

#include <magpie/async.h>
#include <magpie/promise.h>
#include <magpie/when.h>

/* Each broken rule of group V is reported: which rule, where, and whose task it was. */

static struct ear ear;

/* Where the misused task was handed out and consumed; NULL: never, or not checked. */
struct subject {
    struct mag_operation *operation;
    mag_vtask task;
    struct probe probe;
    const void *created, *consumed;
};

static struct subject begin(void)
{
    struct subject subject = {.probe = probe_make()};

    subject.operation = rent_noted(&subject.created);
    subject.task = mag_operation_task(subject.operation);
    return subject;
}

static void complete(struct subject *subject)
{
    assert_int_equal(mag_core_set_result(&subject->operation->core, 1), 0);
}

static void consume(struct subject *subject)
{
    assert_int_equal(read_noted(subject->task, &subject->consumed), 0);
}

static int await(struct subject *subject)
{
    return mag_vtask_on_completed(subject->task, &subject->probe.continuation, 0);
}

/* ------------------------------------------------------------------- each misuse */

/* Misuses a task in its last call, and returns the answer of that call. */
typedef int (*misuse_fn)(struct subject *subject);

static NOT_INLINE int read_too_early(struct subject *subject)
{
    uint64_t result;

    return mag_vtask_get(subject->task, &result);
}

static NOT_INLINE int read_twice(struct subject *subject)
{
    uint64_t result;

    complete(subject);
    consume(subject);
    return mag_vtask_get(subject->task, &result);
}

static NOT_INLINE int ask_when_stale(struct subject *subject)
{
    complete(subject);
    consume(subject);
    return mag_vtask_status(subject->task);
}

static NOT_INLINE int await_when_stale(struct subject *subject)
{
    complete(subject);
    consume(subject);
    return await(subject);
}

static NOT_INLINE int convert_when_stale(struct subject *subject)
{
    struct mag_promise *promise;

    complete(subject);
    consume(subject);
    return mag_vtask_as_promise(subject->task, &promise);
}

static NOT_INLINE int discard_when_stale(struct subject *subject)
{
    complete(subject);
    consume(subject);
    return mag_vtask_discard(subject->task);
}

static NOT_INLINE int await_twice(struct subject *subject)
{
    static struct mag_continuation second = {{.run = probe_run}, 0};

    assert_int_equal(await(subject), 0);
    return mag_vtask_on_completed(subject->task, &second, 0);
}

static NOT_INLINE int discard_what_is_awaited(struct subject *subject)
{
    assert_int_equal(await(subject), 0);
    return mag_vtask_discard(subject->task);
}

static NOT_INLINE int await_by_nothing(struct subject *subject)
{
    int r = mag_vtask_on_completed(subject->task, NULL, 0);

    return r;
}

static NOT_INLINE int complete_twice(struct subject *subject)
{
    complete(subject);
    return mag_core_set_result(&subject->operation->core, 2);
}

static NOT_INLINE int complete_by_bytes(struct subject *subject)
{
    int r = mag_core_set_value(&subject->operation->core, "", 1);

    return r;
}

static NOT_INLINE int fail_without_error(struct subject *subject)
{
    int r = mag_core_set_error(&subject->operation->core, 0, 0);

    return r;
}

static NOT_INLINE int read_too_much(struct subject *subject)
{
    char bytes[16];

    complete(subject);
    return mag_vtask_get_value(subject->task, bytes, sizeof(bytes), NULL);
}

static NOT_INLINE int complete_with_a_key_by_bytes(struct subject *subject)
{
    uint64_t key = mag_operation_share(subject->operation, NULL);

    return mag_operation_try_value(subject->operation, key, "", 1) ? 0 : MAG_E_SIZE;
}

MAG_ASYNC(mag_task, wait_in_frame, (mag_vtask, task), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(f->task));
    MAG_END(f);
}

static NOT_INLINE int await_in_a_frame_when_stale(struct subject *subject)
{
    complete(subject);
    consume(subject);
    return mag_task_get(wait_in_frame(subject->task));
}

static NOT_INLINE int await_in_a_frame_what_is_awaited(struct subject *subject)
{
    assert_int_equal(await(subject), 0);
    return mag_task_get(wait_in_frame(subject->task));
}

static NOT_INLINE int wait_for_all_with_one_awaited(struct subject *subject)
{
    mag_vtask tasks[1] = {subject->task}, all;

    assert_int_equal(await(subject), 0);
    assert_int_equal(mag_when_all(tasks, 1, &all), 0);
    return mag_vtask_get(all, NULL);
}

struct misuse_row {
    misuse_fn run;
    int code;
};

static const struct misuse_row rows[] = {
    {read_too_early, MAG_E_PENDING},
    {read_twice, MAG_E_TOKEN},
    {ask_when_stale, MAG_E_TOKEN},
    {await_when_stale, MAG_E_TOKEN},
    {convert_when_stale, MAG_E_TOKEN},
    {discard_when_stale, MAG_E_TOKEN},
    {await_twice, MAG_E_CONTINUATION},
    {discard_what_is_awaited, MAG_E_CONTINUATION},
    {await_by_nothing, MAG_E_ARG},
    {complete_twice, MAG_E_DONE},
    {complete_by_bytes, MAG_E_SIZE},
    {fail_without_error, MAG_E_ARG},
    {read_too_much, MAG_E_SIZE},
    {complete_with_a_key_by_bytes, MAG_E_SIZE},
    {await_in_a_frame_when_stale, MAG_E_TOKEN},
    {await_in_a_frame_what_is_awaited, MAG_E_CONTINUATION},
    {wait_for_all_with_one_awaited, MAG_E_CONTINUATION},
};

/* Consumes what is left of the task. */
static void end(struct subject *subject)
{
    int status;

    (void)mag_debug_watch(NULL);
    status = mag_vtask_status(subject->task);
    if (status == MAG_PENDING)
        complete(subject);
    if (status >= 0)
        assert_int_equal(mag_vtask_get(subject->task, NULL), 0);
}

/* Calls `run`; the site of the misuse contains the address of that call. */
static NOT_INLINE int commit(misuse_fn run, struct subject *subject,
                             const void **ret_caller)
{
    int r = run(subject);

    *ret_caller = CALLER;
    return r;
}

/* VT-198, VT-203 */
static void each_misuse_is_reported_once_with_its_code_and_its_sites(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct subject subject = begin();
        const void *caller;

        ear_open(&ear);
        assert_int_equal(commit(rows[i].run, &subject, &caller), rows[i].code);
        assert_int_equal(ear.told, 1);
        assert_int_equal(ear.last.code, rows[i].code);
        assert_ptr_equal(ear.last.object, subject.operation);
        assert_int_equal(ear.last.token, subject.task.payload);
        /* The site of the misuse is known in every build. */
        assert_true(site_has(&ear.last.here, caller));
        assert_noted(&ear.last.created, subject.created);
        if (subject.consumed != NULL)
            assert_noted(&ear.last.consumed, subject.consumed);
        else
            assert_int_equal(ear.last.consumed.count, 0);
#ifdef MAG_DEBUG_TASKS
        assert_int_equal(ear.last.kind, MAG_DEBUG_OPERATION);
#else
        assert_int_equal(ear.last.kind, MAG_DEBUG_CORE);
#endif
        end(&subject);
    }
}

/* VT-198 */
static void a_stale_task_has_the_sites_of_its_own_operation(void **state)
{
    const void *caller;
    (void)state;

    struct subject old = begin();
    complete(&old);
    consume(&old);
    struct subject next = {.created = NULL};
    next.operation = rent_noted(&next.created);
    next.task = mag_operation_task(next.operation);
    assert_ptr_equal(next.operation, old.operation);
    ear_open(&ear);
    assert_int_equal(read_noted(old.task, &caller), MAG_E_TOKEN);
    assert_noted(&ear.last.created, old.created);
    assert_noted(&ear.last.consumed, old.consumed);
    assert_false(site_has(&ear.last.created, next.created));
    assert_true(site_has(&ear.last.here, caller));
    end(&next);
    /* Two operations later the sites are forgotten, and no others are reported. */
    struct subject later = begin();
    ear_open(&ear);
    assert_int_equal(read_noted(old.task, &caller), MAG_E_TOKEN);
    assert_int_equal(ear.told, 1);
    assert_int_equal(ear.last.created.count, 0);
    assert_int_equal(ear.last.consumed.count, 0);
    end(&later);
}

/* ------------------------------------------------------------------------ promises */

static NOT_INLINE struct mag_promise *create_noted(const void **ret_caller)
{
    struct mag_promise *promise = NULL;

    *ret_caller = CALLER;
    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    return promise;
}

static NOT_INLINE void release_noted(struct mag_promise *promise, const void **ret_caller)
{
    mag_promise_release(promise);
    *ret_caller = CALLER;
}

/* VT-198 */
static void misuse_of_a_promise_is_reported_with_its_sites(void **state)
{
    const void *created, *released, *caller;
    (void)state;

    struct mag_promise *promise = create_noted(&created);
    mag_vtask task = mag_promise_task(promise);
    ear_open(&ear);
    assert_int_equal(read_noted(task, &caller), MAG_E_PENDING);
    assert_int_equal(ear.told, 1);
    assert_int_equal(ear.last.kind, MAG_DEBUG_PROMISE);
    assert_ptr_equal(ear.last.object, promise);
    assert_noted(&ear.last.created, created);
    assert_int_equal(ear.last.consumed.count, 0);
    assert_int_equal(mag_promise_set_error(promise, 0, 0), MAG_E_ARG);
    assert_int_equal(mag_promise_set_value(promise, &ear, sizeof(ear)), MAG_E_SIZE);
    assert_int_equal(ear.told, 3);
    assert_int_equal(mag_promise_set_result(promise, 1), 0);
    assert_int_equal(mag_promise_set_result(promise, 1), MAG_E_DONE);
    assert_int_equal(ear.told, 4);
    assert_int_equal(ear.last.code, MAG_E_DONE);
    release_noted(promise, &released);
    assert_int_equal(read_noted(task, &caller), MAG_E_TOKEN);
    assert_int_equal(ear.told, 5);
    assert_true(site_has(&ear.last.here, caller));
    assert_noted(&ear.last.created, created);
    assert_noted(&ear.last.consumed, released);
    /* This task holds no reference; one that does has been released too often. */
    assert_int_equal(mag_vtask_release(task), 0);
    assert_int_equal(ear.told, 5);
    task.backing |= MAG_VTASK_HELD;
    assert_int_equal(mag_vtask_release(task), MAG_E_TOKEN);
    assert_int_equal(ear.told, 6);
}

/* ----------------------------------------------------------------------- arguments */

MAG_ASYNC(mag_task, fail_with_nothing, (int, code), )
{
    MAG_BEGIN(f);
    MAG_FAIL(f, f->code);
    MAG_END(f);
}

/* VT-198 */
static void invalid_arguments_are_reported_without_an_object(void **state)
{
    struct mag_promise *promise;
    mag_vtask task;
    unsigned told = 0;
    (void)state;

    ear_open(&ear);
    const int answers[] = {
        mag_vtask_from_error(0, 0, &task),
        mag_vtask_from_source(NULL, 0, &task),
        mag_vtask_from_promise(NULL, &task),
        mag_vtask_from_canceled(NULL, &task),
        mag_vtask_on_completed(mag_vtask_result(0), NULL, 0),
        mag_when_all(NULL, 1, &task),
        mag_when_any(NULL, 1, &task),
        mag_task_get(fail_with_nothing(0)),
        mag_promise_create(MAG_PROMISE_RESULT_MAX + 1, 0, &promise),
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++, told++)
        assert_true(mag_is_misuse(answers[i]));
    assert_int_equal(ear.told, told);
    assert_null(ear.last.object);
    assert_int_equal(ear.last.kind, MAG_DEBUG_NOTHING);
    assert_true(ear.last.here.count > 0);
}

static void a_source_of_the_program_may_report_misuse(void **state)
{
    struct recorder recorder = recorder_make(MAG_PENDING);
    (void)state;

    ear_open(&ear);
    assert_int_equal(mag_debug_tell(MAG_E_TOKEN, recorder_task(&recorder, 7)),
                     MAG_E_TOKEN);
    assert_int_equal(ear.told, 1);
    assert_ptr_equal(ear.last.object, &recorder);
    assert_int_equal(ear.last.token, 7);
}

/* -------------------------------------------------------------------------- watches */

static void misuse_again(struct mag_misuse_watch *watch, const struct mag_misuse *misuse)
{
    mag_vtask task;

    ear_told(watch, misuse);
    assert_int_equal(mag_vtask_from_error(0, 0, &task), MAG_E_ARG);
}

static void a_watch_is_not_called_for_its_own_misuse_and_may_be_changed(void **state)
{
    struct ear other = {.watch.told = ear_told};
    mag_vtask task;
    (void)state;

    ear_open(&ear);
    ear.watch.told = misuse_again;
    assert_int_equal(mag_vtask_from_error(0, 0, &task), MAG_E_ARG);
    assert_int_equal(mag_vtask_from_error(0, 0, &task), MAG_E_ARG);
    assert_int_equal(ear.told, 2);
    assert_ptr_equal(mag_debug_watch(&other.watch), &ear.watch);
    assert_int_equal(mag_vtask_from_error(0, 0, &task), MAG_E_ARG);
    assert_int_equal(other.told, 1);
    assert_ptr_equal(mag_debug_watch(NULL), &other.watch);
    assert_int_equal(mag_vtask_from_error(0, 0, &task), MAG_E_ARG);
    assert_int_equal(ear.told + other.told, 3);
}

/* ---------------------------------------------------------------------- correct uses */

/* VT-189, VT-198 */
static void correct_uses_are_not_reported(void **state)
{
    struct mag_promise *promise = NULL;
    mag_vtask tasks[3], all, any, timed, preserved;
    uint64_t result;
    (void)state;

    ear_open(&ear);
    assert_int_equal(mag_promise_create(0, 0, &promise), 0);
    struct subject one = begin(), other = begin(), third = begin();
    tasks[0] = one.task;
    tasks[1] = mag_promise_task(promise);
    assert_int_equal(mag_vtask_preserve(other.task, &tasks[2]), 0);
    assert_int_equal(mag_when_any(&tasks[1], 2, &any), 0);
    timed = tasks[1];
    assert_int_equal(mag_vtask_with_timeout(NULL, &timed, INT64_C(1) << 40, &preserved),
                     0);
    assert_int_equal(mag_when_all(tasks, 3, &all), 0);
    assert_int_equal(mag_vtask_discard(third.task), 0);
    complete(&one);
    complete(&third);
    assert_int_equal(mag_vtask_status(all), MAG_PENDING);
    assert_int_equal(mag_promise_set_result(promise, 3), 0);
    complete(&other);
    assert_int_equal(mag_vtask_get(all, &result), 0);
    assert_int_equal(mag_vtask_get(any, &result), 0);
    assert_int_equal(mag_vtask_get(preserved, &result), 0);
    assert_int_equal(mag_vtask_release(tasks[2]), 0);
    mag_promise_release(promise);
    assert_int_equal(ear.told, 0);
}

/* ----------------------------------------------------------------------- describing */

static void a_frame_is_described_within_its_size(void **state)
{
    char text[200], small[8];
    (void)state;

    memset(small, 'x', sizeof(small));
    ear_open(&ear);
    assert_int_equal(mag_debug_tell(MAG_E_ARG, mag_vtask_result(0)), MAG_E_ARG);
    mag_debug_describe(ear.last.here.frames[0], text, sizeof(text));
    assert_non_null(strstr(text, "+0x"));
    assert_non_null(strstr(text, "test_debug"));
    mag_debug_describe(ear.last.here.frames[0], small, sizeof(small) - 1);
    assert_int_equal(strlen(small), sizeof(small) - 2);
    assert_int_equal(small[sizeof(small) - 1], 'x');
    mag_debug_describe((const void *)8, text, sizeof(text));
    assert_string_equal(text, "0x8");
    mag_debug_describe(NULL, small, 0);
}

static int close_ear(void **state)
{
    (void)state;
    (void)mag_debug_watch(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_misuse_is_reported_once_with_its_code_and_its_sites),
        cmocka_unit_test(a_stale_task_has_the_sites_of_its_own_operation),
        cmocka_unit_test_teardown(misuse_of_a_promise_is_reported_with_its_sites,
                                  close_ear),
        cmocka_unit_test_teardown(invalid_arguments_are_reported_without_an_object,
                                  close_ear),
        cmocka_unit_test_teardown(a_source_of_the_program_may_report_misuse, close_ear),
        cmocka_unit_test(a_watch_is_not_called_for_its_own_misuse_and_may_be_changed),
        cmocka_unit_test_teardown(correct_uses_are_not_reported, close_ear),
        cmocka_unit_test_teardown(a_frame_is_described_within_its_size, close_ear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault.h"
#include "tests/support/vtask/long_task.h"
#include "tests/support/vtask/sources.h"

#include <magpie/magpie.h>

#include <string.h>

/* Where an async function resumes after each form of await of each kind of task: to which
 * executor it is posted, and what the source is asked. */

enum { RESULT = 7, DETAIL = 9 };

/* --------------------------------------------------------------- awaited tasks */

enum kind { BARE, POOLED, PROMISE, SOURCE, KINDS };

static const char *const kind_names[] = {"core", "pooled operation", "promise", "source"};

/* A recorder that does what every source must do when it is awaited. */
static int capture_on_completed(struct mag_source *source, uint64_t token,
                                struct mag_continuation *continuation, unsigned flags)
{
    mag_continuation_capture(continuation, flags);
    return recorder_on_completed(source, token, continuation, flags);
}

static const struct mag_source_ops capturing_ops = {recorder_status, capture_on_completed,
                                                    recorder_get};

static struct {
    enum kind kind;
    struct mag_core bare;
    struct mag_operation *pooled;
    struct mag_promise *promise;
    struct recorder recorder;
    mag_vtask task;
} awaited;

static void begin_awaited(enum kind kind)
{
    void *object = NULL;

    memset((void *)&awaited, 0, sizeof(awaited));
    awaited.kind = kind;
    awaited.recorder = recorder_make(MAG_PENDING);
    awaited.recorder.source.ops = &capturing_ops;
    if (kind == BARE) {
        awaited.task = mag_core_task(&awaited.bare);
    } else if (kind == POOLED) {
        assert_int_equal(mag_operation_rent(&mag_operation_word, &object), 0);
        awaited.pooled = object;
        awaited.task = mag_operation_task(awaited.pooled);
    } else if (kind == PROMISE) {
        assert_int_equal(mag_promise_create(0, 0, &awaited.promise), 0);
        awaited.task = mag_promise_task(awaited.promise);
    } else {
        awaited.task = recorder_task(&awaited.recorder, 5);
    }
}

static int complete_core(struct mag_core *core, int error)
{
    return error == 0 ? mag_core_set_result(core, RESULT)
                      : mag_core_set_error(core, error, DETAIL);
}

static void complete_source(struct recorder *recorder, int error)
{
    recorder->status = error == 0 ? MAG_SUCCEEDED : MAG_FAULTED;
    recorder->error = error;
    recorder->result = RESULT;
    recorder->detail = DETAIL;
    if (recorder->continuation != NULL)
        mag_continuation_dispatch(recorder->continuation, false);
}

/* Completes the awaited task: with RESULT, or with an error and DETAIL. */
static void complete_awaited(int error)
{
    int r = 0;

    if (awaited.kind == BARE)
        r = complete_core(&awaited.bare, error);
    else if (awaited.kind == POOLED)
        r = complete_core(&awaited.pooled->core, error);
    else if (awaited.kind == PROMISE)
        r = error == 0 ? mag_promise_set_result(awaited.promise, RESULT)
                       : mag_promise_set_error(awaited.promise, error, DETAIL);
    else
        complete_source(&awaited.recorder, error);
    assert_int_equal(r, 0);
}

static void end_awaited(void)
{
    if (awaited.kind == PROMISE)
        mag_promise_release(awaited.promise);
}

/* ------------------------------------------------------------ the ways to await */

enum way {
    PLAIN,
    CONFIGURED,
    ON,
    CONFIGURED_ON,
    DONE,
    DONE_CONFIGURED,
    DONE_ON,
    TRY,
    TRY_CONFIGURED,
    TRY_DONE_ON,
    TRY_ON,
    WAYS
};

/* The function runs under `here`, and `other` is the executor that it may name. */
static struct shelf here, other;

struct expected {
    const char *name;
    unsigned here, other; /* numbers of posts */
    unsigned flags;       /* the flags that a source receives */
};

static const struct expected table[WAYS] = {
    [PLAIN] = {"MAG_AWAIT", 1, 0, 1},
    [CONFIGURED] = {"MAG_AWAIT of a configured task", 0, 0, 0},
    [ON] = {"MAG_AWAIT_ON", 0, 1, 4},
    [CONFIGURED_ON] = {"MAG_AWAIT_ON of a configured task", 0, 1, 4},
    [DONE] = {"MAG_AWAIT_DONE", 1, 0, 1},
    [DONE_CONFIGURED] = {"MAG_AWAIT_DONE of a configured task", 0, 0, 0},
    [DONE_ON] = {"MAG_AWAIT_DONE_ON", 0, 1, 4},
    [TRY] = {"MAG_TRY_DONE", 1, 0, 1},
    [TRY_CONFIGURED] = {"MAG_TRY_DONE of a configured task", 0, 0, 0},
    [TRY_DONE_ON] = {"MAG_TRY_DONE_ON", 0, 1, 4},
    [TRY_ON] = {"MAG_TRY_ON of a configured task", 0, 1, 4},
};

static struct mag_core first_wait;
static bool pinned, later;

/* How many awaits the function has passed. */
static unsigned passed;
static struct mag_executor *passed_under;
static int tried;
static uint64_t tried_detail;

static long_task typed(bool come_back)
{
    return long_task_configure(long_task_of(awaited.task), come_back);
}

static mag_task untyped(bool come_back)
{
    return mag_task_configure(mag_task_of(awaited.task), come_back);
}

MAG_ASYNC(long_task, travel, (enum way, way), long item;)
{
    MAG_BEGIN(f);
    if (pinned)
        MAG_PIN(f);
    if (later)
        MAG_AWAIT_DONE(f, mag_task_of(mag_core_task(&first_wait)));
    if (f->way == PLAIN)
        MAG_AWAIT(f, f->item, typed(true));
    else if (f->way == CONFIGURED)
        MAG_AWAIT(f, f->item, typed(false));
    else if (f->way == ON)
        MAG_AWAIT_ON(f, &other.executor, f->item, typed(true));
    else if (f->way == CONFIGURED_ON)
        MAG_AWAIT_ON(f, &other.executor, f->item, typed(false));
    else if (f->way == DONE)
        MAG_AWAIT_DONE(f, untyped(true));
    else if (f->way == DONE_CONFIGURED)
        MAG_AWAIT_DONE(f, untyped(false));
    else if (f->way == DONE_ON)
        MAG_AWAIT_DONE_ON(f, &other.executor, untyped(true));
    else if (f->way == TRY)
        MAG_TRY_DONE(f, tried, untyped(true));
    else if (f->way == TRY_CONFIGURED)
        MAG_TRY_DONE(f, tried, untyped(false));
    else if (f->way == TRY_DONE_ON)
        MAG_TRY_DONE_ON(f, &other.executor, tried, untyped(true));
    else
        MAG_TRY_ON(f, &other.executor, tried, f->item, typed(false));
    tried_detail = mag_async_detail(f);
    passed_under = mag_executor_current();
    passed++;
    return long_task_result(f->item);
    MAG_END(f);
}

static bool tries(enum way way)
{
    return way >= TRY;
}

/* The expected result of the function. */
static long result_of_way(enum way way, int error)
{
    return error == 0 && (way <= CONFIGURED_ON || way == TRY_ON) ? RESULT : 0;
}

/* Calls the function under `here`, and brings it to the await to be tested. */
static long_task set_out(enum way way)
{
    here = shelf_make();
    other = shelf_make();
    passed = 0;
    struct mag_executor *before = mag_executor_enter(&here.executor);
    long_task task = travel(way);
    (void)mag_executor_enter(before);
    if (later) {
        assert_int_equal(mag_core_set_result(&first_wait, 0), 0);
        shelf_run(&here);
        mag_core_reset(&first_wait);
        here.posts = 0;
    }
    return task;
}

static void travel_there(enum way way, enum kind kind)
{
    const struct expected *want = &table[way];
    int error = tries(way) ? -EIO : 0;
    long result = -1;

    begin_awaited(kind);
    long_task task = set_out(way);
    assert_int_equal(mag_vtask_status(task.task), MAG_PENDING);
    if (kind == SOURCE) {
        assert_int_equal(awaited.recorder.on_completed_calls, 1);
        assert_int_equal(awaited.recorder.flags, want->flags);
    }
    assert_int_equal(here.posts + other.posts + passed, 0);
    complete_awaited(error);
    if (here.posts != want->here || other.posts != want->other)
        print_message("%s of a %s\n", want->name, kind_names[kind]);
    assert_int_equal(here.posts, want->here);
    assert_int_equal(other.posts, want->other);
    assert_int_equal(passed, want->here + want->other == 0);
    shelf_run(&here);
    shelf_run(&other);
    assert_int_equal(passed, 1);
    assert_ptr_equal(passed_under, want->here != 0    ? &here.executor
                                   : want->other != 0 ? &other.executor
                                                      : NULL);
    assert_int_equal(long_task_get(task, &result), 0);
    assert_int_equal(result, result_of_way(way, error));
    if (tries(way)) {
        assert_int_equal(tried, -EIO);
        assert_int_equal(tried_detail, DETAIL);
    }
    end_awaited();
}

static void travel_all_ways(void)
{
    /* Each way after each other way, so that no frame has the right home left from
     * before. */
    for (unsigned i = 0; i < WAYS * WAYS; i++) {
        for (unsigned kind = 0; kind < KINDS; kind++) {
            travel_there((enum way)(i / WAYS), (enum kind)kind);
            travel_there((enum way)(i % WAYS), (enum kind)kind);
        }
    }
}

/* VT-28, VT-29, VT-67, VT-107, VT-109, VT-110 */
static void the_first_await_goes_on_where_it_was_asked_to(void **state)
{
    (void)state;
    pinned = false;
    later = false;
    travel_all_ways();
}

/* VT-28, VT-29, VT-67, VT-107, VT-109, VT-110 */
static void a_later_await_goes_on_where_it_was_asked_to(void **state)
{
    (void)state;
    pinned = false;
    later = true;
    travel_all_ways();
}

/* VT-28 */
static void an_await_in_a_pinned_frame_goes_on_where_it_was_asked_to(void **state)
{
    (void)state;
    pinned = true;
    for (unsigned i = 0; i < 2; i++) {
        later = i != 0;
        travel_all_ways();
    }
}

/* ------------------------------------------------------------- complete tasks */

static void pass_through(enum way way, enum kind kind, int error)
{
    long result = -1;

    begin_awaited(kind);
    complete_awaited(error);
    uint64_t allocations = test_allocations();
    long_task task = set_out(way);
    assert_int_equal(test_allocations(), allocations);
    assert_int_equal(here.posts + other.posts, 0);
    assert_int_equal(awaited.recorder.on_completed_calls, 0);
    assert_int_equal(passed, error == 0 || tries(way));
    if (passed != 0)
        assert_ptr_equal(passed_under, &here.executor);
    if (tries(way))
        assert_int_equal(tried, error);
    /* The task has no source: no frame was rented. */
    assert_true(mag_vtask_equal(
        task.task, passed == 0 ? mag_vtask_failed(error, DETAIL)
                               : mag_vtask_result((uint64_t)result_of_way(way, error))));
    assert_int_equal(long_task_get(task, &result), passed == 0 ? error : 0);
    end_awaited();
}

static void pass_through_inline(enum way way, int error)
{
    awaited.task =
        error == 0 ? mag_vtask_result(RESULT) : mag_vtask_failed(error, DETAIL);
    uint64_t allocations = test_allocations();
    long_task task = set_out(way);
    assert_int_equal(test_allocations(), allocations);
    assert_int_equal(here.posts + other.posts, 0);
    assert_int_equal(passed, error == 0 || tries(way));
    assert_int_equal(mag_vtask_status(task.task),
                     error == 0 || tries(way) ? MAG_SUCCEEDED : MAG_FAULTED);
}

/* VT-27 */
static void an_await_of_what_is_complete_goes_on_at_once_in_every_form(void **state)
{
    (void)state;
    pinned = false;
    later = false;
    for (unsigned way = 0; way < WAYS; way++) {
        for (unsigned i = 0; i < 2; i++) {
            int error = i == 0 ? 0 : -EIO;

            pass_through_inline((enum way)way, error);
            for (unsigned kind = 0; kind < KINDS; kind++)
                pass_through((enum way)way, (enum kind)kind, error);
        }
    }
}

/* ------------------------------------------------------- going without waiting */

MAG_ASYNC(long_task, hop, (struct mag_executor *, to), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, f->to);
    passed_under = mag_executor_current();
    passed++;
    return long_task_result(3);
    MAG_END(f);
}

static void continuing_on_an_executor_is_one_post_to_it(void **state)
{
    long result = 0;
    (void)state;

    passed = 0;
    here = shelf_make();
    long_task task = hop(&here.executor);
    assert_int_equal(here.posts, 1);
    assert_int_equal(passed, 0);
    shelf_run(&here);
    assert_int_equal(passed, 1);
    assert_ptr_equal(passed_under, &here.executor);
    assert_int_equal(long_task_get(task, &result), 0);
    assert_int_equal(result, 3);
}

static void an_executor_that_refuses_ends_the_function_that_goes_there(void **state)
{
    long result = 0;
    (void)state;

    passed = 0;
    here = shelf_make();
    here.refuse = -ESHUTDOWN;
    assert_int_equal(long_task_get(hop(&here.executor), &result), -ESHUTDOWN);
    assert_int_equal(here.posts, 1);
    assert_int_equal(passed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_await_goes_on_where_it_was_asked_to),
        cmocka_unit_test(a_later_await_goes_on_where_it_was_asked_to),
        cmocka_unit_test(an_await_in_a_pinned_frame_goes_on_where_it_was_asked_to),
        cmocka_unit_test(an_await_of_what_is_complete_goes_on_at_once_in_every_form),
        cmocka_unit_test(continuing_on_an_executor_is_one_post_to_it),
        cmocka_unit_test(an_executor_that_refuses_ends_the_function_that_goes_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

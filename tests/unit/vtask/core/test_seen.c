/* SPDX-License-Identifier: Apache-2.0 */
/* What a trace sees of value tasks. */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/sched/trace_text.h"

#include <magpie/async.h>
#include <magpie/promise.h>
#include <magpie/source.h>

#include <stdio.h>

/* A job that calls an async function, which awaits a core and then a promise, and
 * completes both. */
struct work {
    struct mag_job job; /* first */
    struct mag_core core;
    struct mag_promise *promise;
    int errors;
    _Atomic(uint64_t) done;
};

MAG_ASYNC(mag_task, await_both, (struct work *, work), int unused;)
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_of(mag_core_task(&f->work->core)));
    MAG_AWAIT_DONE(f, mag_task_of(mag_promise_task(f->work->promise)));
    (void)test_add(&f->work->done, 1);
    MAG_END(f);
}

static void await_and_complete(struct mag_job *job)
{
    struct work *work = (struct work *)(void *)job;
    mag_task task = await_both(work);

    work->errors += mag_core_set_done(&work->core) != 0;
    work->errors += mag_promise_set_result(work->promise, 7) != 0;
    work->errors += mag_vtask_wait(task.task, NULL, 0) != 0;
}

static unsigned marks(const struct text *text, const char *name, const void *object)
{
    char wanted[128];

    (void)snprintf(wanted, sizeof(wanted), "\"name\":\"%s\",\"args\":{\"object\":\"%p\"",
                   name, object);
    return occurrences(text, wanted);
}

static void an_await_and_the_completion_name_the_operation(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct work work = {.job = {.run = await_and_complete}};
    (void)state;

    assert_int_equal(mag_promise_create(0, 0, &work.promise), 0);
    assert_int_equal(mag_trace_start(sched, NULL), 0);
    assert_int_equal(mag_sched_post(sched, &work.job), 0);
    assert_true(test_wait_for(&work.done, 1));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(work.errors, 0);
    struct text text = write_trace(sched);
    assert_int_equal(marks(&text, "await", work.promise), 1);
    assert_int_equal(marks(&text, "complete", work.promise), 1);
    assert_int_equal(marks(&text, "await", &work.core), 1);
    free(text.bytes);
    mag_promise_release(work.promise);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_await_and_the_completion_name_the_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

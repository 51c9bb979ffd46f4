/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/context.h"
#include "tests/support/vtask/sources.h"

#include <magpie/default.h>

#include <string.h>

/* Where a body resumes that waited on a scheduler's worker: on its home scheduler.  A
 * body begins as a job of `home`.  Its awaited task is completed by a thread from
 * outside, by a worker of `home`, or by a worker of another scheduler. */

/* -------------------------------------------------------------------- awaited tasks */

enum kind { BARE, QUEUED, POOLED, PROMISE, PRESERVED, CONVERTED, SOURCE, KINDS };

static const char *const kind_names[KINDS] = {
    "core", "queued core", "pooled", "promise", "preserved", "converted", "source",
};

static int dispatching_on_completed(struct mag_source *source, uint64_t token,
                                    struct mag_continuation *continuation, unsigned flags)
{
    mag_continuation_capture(continuation, flags);
    return recorder_on_completed(source, token, continuation, flags);
}

static const struct mag_source_ops dispatching_ops = {
    recorder_status, dispatching_on_completed, recorder_get};

static struct {
    enum kind kind;
    struct mag_core core; /* BARE, QUEUED, and behind PRESERVED, CONVERTED */
    struct mag_operation *pooled;
    struct mag_promise *promise;
    struct recorder recorder;
    mag_vtask task;
} awaited;

static int begin_promise(mag_vtask task)
{
    int r = awaited.kind == CONVERTED ? mag_vtask_as_promise(task, &awaited.promise)
                                      : mag_promise_create(0, 0, &awaited.promise);

    if (r == 0)
        awaited.task = mag_promise_task(awaited.promise);
    return r;
}

/* Returns 0.  Runs on any thread; only the test's own thread asserts. */
static int begin_awaited(enum kind kind)
{
    void *object = NULL;
    int r = 0;

    memset((void *)&awaited, 0, sizeof(awaited));
    awaited.kind = kind;
    awaited.core.flags = kind == QUEUED ? MAG_CORE_QUEUED : 0;
    awaited.task = mag_core_task(&awaited.core);
    if (kind == POOLED) {
        r = mag_operation_rent(&mag_operation_word, &object);
        awaited.pooled = object;
        if (r == 0)
            awaited.task = mag_operation_task(awaited.pooled);
    } else if (kind == PROMISE || kind == CONVERTED) {
        r = begin_promise(awaited.task);
    } else if (kind == PRESERVED) {
        r = mag_vtask_preserve(awaited.task, &awaited.task);
    } else if (kind == SOURCE) {
        awaited.recorder = recorder_make(MAG_PENDING);
        awaited.recorder.source.ops = &dispatching_ops;
        r = mag_vtask_from_source(&awaited.recorder.source, 5, &awaited.task);
    }
    return r;
}

static int complete_awaited(void)
{
    struct recorder *recorder = &awaited.recorder;

    switch (awaited.kind) {
    case POOLED:
        return mag_core_set_result(&awaited.pooled->core, RESULT);
    case PROMISE:
        return mag_promise_set_result(awaited.promise, RESULT);
    case SOURCE:
        recorder->status = MAG_SUCCEEDED;
        recorder->result = RESULT;
        mag_continuation_dispatch(recorder->continuation, false);
        return 0;
    default:
        return mag_core_set_result(&awaited.core, RESULT);
    }
}

static void end_awaited(void)
{
    if (awaited.kind == PRESERVED)
        assert_int_equal(mag_vtask_release(awaited.task), 0);
    if (awaited.promise != NULL)
        mag_promise_release(awaited.promise);
}

/* -------------------------------------------------------------------- the traveller */

/* The ways to await; all but the last three resume where they waited. */
enum way {
    PLAIN,
    DONE,
    TRY,
    TRY_DONE,
    ON_NULL,
    DONE_ON_NULL,
    ROAM,
    ON_HOME,
    LEAVE,
    WAYS
};

static const char *const way_names[WAYS] = {
    "MAG_AWAIT",
    "MAG_AWAIT_DONE",
    "MAG_TRY",
    "MAG_TRY_DONE",
    "MAG_AWAIT_ON NULL",
    "MAG_AWAIT_DONE_ON NULL",
    "MAG_AWAIT, configured",
    "MAG_AWAIT_ON mag_sched_executor(home)",
    "MAG_AWAIT_ON mag_sched_executor(other)",
};

static long_task typed(bool come_back)
{
    return long_task_configure(long_task_of(awaited.task), come_back);
}

MAG_ASYNC(long_task, travel, (enum way, way), long item; int error;)
{
    MAG_BEGIN(f);
    f->item = RESULT;
    if (f->way == PLAIN)
        MAG_AWAIT(f, f->item, typed(true));
    else if (f->way == DONE)
        MAG_AWAIT_DONE(f, typed(true));
    else if (f->way == TRY)
        MAG_TRY(f, f->error, f->item, typed(true));
    else if (f->way == TRY_DONE)
        MAG_TRY_DONE(f, f->error, typed(true));
    else if (f->way == ON_NULL)
        MAG_AWAIT_ON(f, NULL, f->item, typed(false));
    else if (f->way == DONE_ON_NULL)
        MAG_AWAIT_DONE_ON(f, NULL, typed(true));
    else if (f->way == ROAM)
        MAG_AWAIT(f, f->item, typed(false));
    else if (f->way == ON_HOME)
        MAG_TRY_ON(f, mag_sched_executor(home), f->error, f->item, typed(true));
    else
        MAG_TRY_DONE_ON(f, mag_sched_executor(other), f->error, typed(true));
    look_around();
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    MAG_CONTINUE_ON(f, NULL);
    seen.after_null = mag_sched_self();
    return long_task_result(f->item);
    MAG_END(f);
}

/* A job that begins the body, on a worker. */
struct departure {
    struct probe job;
    enum kind kind;
    enum way way;
    int begun;
    long_task task;
};

static void depart(struct probe *probe)
{
    struct departure *departure = probe->arg;

    departure->begun = begin_awaited(departure->kind);
    if (departure->begun == 0)
        departure->task = travel(departure->way);
}

static long_task set_out(struct mag_sched *sched, enum kind kind, enum way way)
{
    struct departure departure = {.job = probe_make(), .kind = kind, .way = way};

    memset((void *)&seen, 0, sizeof(seen));
    departure.job.then = depart;
    departure.job.arg = &departure;
    probe_run_as_job(sched, &departure.job);
    assert_int_equal(departure.begun, 0);
    assert_int_equal(mag_vtask_status(departure.task.task), MAG_PENDING);
    return departure.task;
}

static void arrive(long_task task)
{
    long result = 0;

    assert_int_equal(long_task_wait(task, &result), 0);
    assert_int_equal(result, RESULT);
    end_awaited();
}

/* A job that completes, and notes what it found when the completing call had returned. */
struct completion {
    struct probe job;
    int completed;
    bool inside; /* the body resumed inside the call */
};

static void complete_there(struct probe *probe)
{
    struct completion *completion = probe->arg;

    completion->completed = complete_awaited();
    completion->inside = was_here();
}

static struct completion complete_on(struct mag_sched *sched)
{
    struct completion completion = {.job = probe_make()};

    completion.job.then = complete_there;
    completion.job.arg = &completion;
    probe_run_as_job(sched, &completion.job);
    assert_int_equal(completion.completed, 0);
    return completion;
}

static void tell(enum way way, enum kind kind, bool as_wanted)
{
    if (!as_wanted)
        print_message("%s of a %s\n", way_names[way], kind_names[kind]);
    assert_true(as_wanted);
}

/* -------------------------------------------------------------------- coming home */

/* VT-67, VT-107, VT-108 */
static void completed_by_a_foreign_thread_a_body_goes_on_where_it_waited(void **state)
{
    (void)state;
    for (unsigned way = 0; way < WAYS; way++) {
        for (unsigned kind = 0; kind < KINDS; kind++) {
            long_task task = set_out(home, (enum kind)kind, (enum way)way);

            assert_int_equal(complete_awaited(), 0);
            arrive(task);
            struct mag_sched *wanted = way == ROAM    ? kind == QUEUED ? home : NULL
                                       : way == LEAVE ? other
                                                      : home;
            tell((enum way)way, (enum kind)kind, seen.sched == wanted);
            assert_null(seen.executor);
            assert_int_equal(seen.worker == MAG_NONE, wanted == NULL);
            assert_int_equal(was_here(), wanted == NULL);
            if (way != ROAM)
                assert_ptr_equal(seen.after_null, wanted);
        }
    }
}

/* VT-104, VT-105 */
static void a_worker_of_its_scheduler_completes_a_body_inside_the_call(void **state)
{
    (void)state;
    for (unsigned way = 0; way < WAYS; way++) {
        for (unsigned kind = 0; kind < KINDS; kind++) {
            long_task task = set_out(home, (enum kind)kind, (enum way)way);
            bool inside = complete_on(home).inside;

            arrive(task);
            if (way < ON_HOME && kind != QUEUED)
                tell((enum way)way, (enum kind)kind, inside);
            assert_ptr_equal(seen.sched, way == LEAVE ? other : home);
            assert_null(seen.executor);
        }
    }
}

/* VT-107 */
static void a_worker_of_another_scheduler_sends_a_body_home(void **state)
{
    (void)state;
    for (unsigned way = 0; way < WAYS; way++) {
        for (unsigned kind = 0; kind < KINDS; kind++) {
            long_task task = set_out(home, (enum kind)kind, (enum way)way);
            bool inside = complete_on(other).inside;

            arrive(task);
            bool roams = way == ROAM && kind != QUEUED;
            tell((enum way)way, (enum kind)kind, inside == roams);
            assert_ptr_equal(seen.sched, roams || way == LEAVE ? other : home);
        }
    }
}

/* VT-104 */
static void awaited_outside_of_everything_a_body_goes_on_in_the_completer(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        memset((void *)&seen, 0, sizeof(seen));
        assert_int_equal(begin_awaited((enum kind)kind), 0);
        long_task task = travel(PLAIN);
        bool inside = complete_on(other).inside;

        arrive(task);
        assert_ptr_equal(seen.sched, other);
        if (kind != QUEUED)
            tell(PLAIN, (enum kind)kind, inside);
    }
}

static void awaited_outside_null_is_the_default_scheduler(void **state)
{
    struct mag_sched *standard = NULL;
    (void)state;

    assert_int_equal(mag_sched_default(&standard), 0);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        for (unsigned by = 0; by < 3; by++) {
            memset((void *)&seen, 0, sizeof(seen));
            assert_int_equal(begin_awaited((enum kind)kind), 0);
            long_task task = travel(by == 0 ? DONE_ON_NULL : ON_NULL);

            if (by == 0)
                assert_int_equal(complete_awaited(), 0);
            else
                (void)complete_on(by == 1 ? other : standard);
            arrive(task);
            assert_ptr_equal(seen.sched, standard);
            assert_ptr_equal(seen.after_null, standard);
        }
    }
}

/* --------------------------------------------------------------- under an executor */

static struct mag_strand strand;

/* VT-113 */
static void completed_in_a_strands_job_a_plain_body_is_not_the_strands(void **state)
{
    (void)state;
    mag_strand_init(&strand, home);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        struct completion completion = {.job = probe_make()};
        long_task task = set_out(home, (enum kind)kind, PLAIN);

        completion.job.then = complete_there;
        completion.job.arg = &completion;
        assert_int_equal(mag_strand_post(&strand, &completion.job.continuation.job), 0);
        assert_true(test_wait_for(&completion.job.runs, 1));
        arrive(task);
        assert_int_equal(completion.completed, 0);
        assert_ptr_equal(seen.sched, home);
        assert_null(seen.executor);
        if (kind != QUEUED)
            tell(PLAIN, (enum kind)kind, completion.inside);
        assert_ptr_equal(completion.job.executor, &strand.executor);
    }
    while (mag_strand_fini(&strand) != 0)
        test_sleep_ms(1);
}

/* VT-110 */
static void a_strands_body_comes_back_to_the_strand_whoever_completes_it(void **state)
{
    (void)state;
    mag_strand_init(&strand, home);
    for (unsigned by = 0; by < 3; by++) {
        struct departure departure = {.job = probe_make(), .kind = POOLED, .way = PLAIN};

        memset((void *)&seen, 0, sizeof(seen));
        departure.job.then = depart;
        departure.job.arg = &departure;
        assert_int_equal(mag_strand_post(&strand, &departure.job.continuation.job), 0);
        assert_true(test_wait_for(&departure.job.runs, 1));
        assert_int_equal(departure.begun, 0);
        if (by == 0)
            assert_int_equal(complete_awaited(), 0);
        else
            (void)complete_on(by == 1 ? home : other);
        arrive(departure.task);
        assert_ptr_equal(seen.executor, &strand.executor);
        assert_ptr_equal(seen.sched, home);
    }
    while (mag_strand_fini(&strand) != 0)
        test_sleep_ms(1);
}

/* ------------------------------------------------------------ the whole scheduler */

/* VT-108 */
static void the_executor_of_a_scheduler_posts_to_its_workers(void **state)
{
    struct mag_executor *executor = mag_sched_executor(home);
    (void)state;

    assert_non_null(executor);
    assert_ptr_equal(mag_sched_executor(home), executor);
    assert_ptr_not_equal(mag_sched_executor(other), executor);
    for (unsigned i = 0; i < 4; i++) {
        struct probe probe = probe_make();

        assert_int_equal(executor->post(executor, &probe.continuation.job), 0);
        probe_expect_one_run(&probe);
        assert_ptr_equal(probe.sched, home);
        assert_null(probe.executor);
    }
}

/* VT-206 */
static void a_stopped_scheduler_refuses_and_the_completer_runs_the_body(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        for (unsigned way = PLAIN; way <= ON_NULL; way++) {
            struct mag_sched *stopped = test_sched_start(1);
            struct mag_executor *executor = mag_sched_executor(stopped);
            struct probe probe = probe_make();
            long_task task = set_out(stopped, (enum kind)kind, (enum way)way);

            assert_int_equal(mag_sched_stop(stopped, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
            assert_int_equal(executor->post(executor, &probe.continuation.job),
                             -ESHUTDOWN);
            assert_int_equal(complete_awaited(), 0);
            assert_true(was_here());
            assert_null(seen.sched);
            arrive(task);
            mag_sched_destroy(stopped);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completed_by_a_foreign_thread_a_body_goes_on_where_it_waited),
        cmocka_unit_test(a_worker_of_its_scheduler_completes_a_body_inside_the_call),
        cmocka_unit_test(a_worker_of_another_scheduler_sends_a_body_home),
        cmocka_unit_test(awaited_outside_of_everything_a_body_goes_on_in_the_completer),
        cmocka_unit_test(awaited_outside_null_is_the_default_scheduler),
        cmocka_unit_test(completed_in_a_strands_job_a_plain_body_is_not_the_strands),
        cmocka_unit_test(a_strands_body_comes_back_to_the_strand_whoever_completes_it),
        cmocka_unit_test(the_executor_of_a_scheduler_posts_to_its_workers),
        cmocka_unit_test(a_stopped_scheduler_refuses_and_the_completer_runs_the_body),
    };

    return cmocka_run_group_tests(tests, start_both, end_both);
}

/*
 * The life of an operation writes no line that all workers share: on a worker an
 * operation is rented, awaited, completed, read and returned.  The second time the worker
 * records what it writes in the scheduler and in the static variables.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/lines.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/long_task.h"

#include <magpie/async.h>
#include <magpie/operation.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, SCHED_BYTES = 2048, TIMES = 2 };

/* In a page of its own, which nobody watches. */
struct trial {
    struct mag_job job;
    struct mag_sched *sched;
    void (*operate)(struct trial *trial);
    long_task tasks[TIMES];
    unsigned done_so_far, failures;
    unsigned in_sched, in_statics;
    _Atomic(uint64_t) done;
};

MAG_ASYNC(long_task, twice, (struct mag_operation *, operation), long item;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->item, long_task_of(mag_operation_task(f->operation)));
    return long_task_result(2 * f->item);
    MAG_END(f);
}

static struct mag_operation *rent(struct trial *trial)
{
    void *object = NULL;

    trial->failures += mag_operation_rent(&mag_operation_word, &object) != 0;
    return object;
}

static void complete(struct trial *trial, struct mag_operation *operation)
{
    trial->failures += mag_operation_set_result(operation, 21) != 0;
}

/* The function goes on in a job, after the recording. */
static void await_and_complete(struct trial *trial)
{
    struct mag_operation *operation = rent(trial);

    trial->tasks[trial->done_so_far++] = twice(operation);
    complete(trial, operation);
}

static void complete_and_await(struct trial *trial)
{
    struct mag_operation *operation = rent(trial);

    complete(trial, operation);
    trial->tasks[trial->done_so_far++] = twice(operation);
}

static void run_trial(struct mag_job *job)
{
    struct trial *trial = (struct trial *)(void *)job;

    trial->operate(trial);
    lines_forget();
    lines_watch(trial->sched, SCHED_BYTES);
    lines_watch_statics();
    lines_begin();
    trial->operate(trial);
    lines_end();
    trial->in_sched = lines_written_in(trial->sched, SCHED_BYTES);
    trial->in_statics = lines_written_in_statics();
    (void)test_add(&trial->done, 1);
}

static void record(void (*operate)(struct trial *trial))
{
    void *page;

    if (!lines_can_record()) {
        print_message("skipped: writes can be recorded on x86-64 only\n");
        skip();
    }
    assert_int_equal(posix_memalign(&page, PAGE, PAGE), 0);
    struct trial *trial = page;

    memset(trial, 0, PAGE);
    trial->sched = test_sched_start_alone(1);
    trial->operate = operate;
    trial->job.run = run_trial;
    assert_int_equal(mag_sched_post(trial->sched, &trial->job), 0);
    assert_true(test_wait_for(&trial->done, 1));
    assert_int_equal(trial->failures, 0);
    for (int i = 0; i < TIMES; i++) {
        long result = 0;

        assert_int_equal(long_task_outcome(trial->tasks[i], &result), 0);
        assert_int_equal(result, 42);
    }
    assert_int_equal(trial->in_sched, 0);
#ifndef MAG_DEBUG_TASKS
    /* A build that looks for misuse has a static record for each operation. */
    assert_int_equal(trial->in_statics, 0);
#endif
    mag_sched_destroy(trial->sched);
    free(trial);
}

static void an_await_and_its_completion_write_no_shared_line(void **state)
{
    (void)state;
    record(await_and_complete);
}

static void an_operation_that_is_complete_is_read_without_a_shared_line(void **state)
{
    (void)state;
    record(complete_and_await);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_await_and_its_completion_write_no_shared_line),
        cmocka_unit_test(an_operation_that_is_complete_is_read_without_a_shared_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

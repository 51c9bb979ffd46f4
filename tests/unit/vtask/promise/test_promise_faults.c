/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/child.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/sources.h"

#include <magpie/when.h>

/*
 * Each step does one thing that may need memory, in a child process with empty pools,
 * while one allocation fails.  It returns 0 if all is well: the thing succeeded; or it
 * returned -ENOMEM, lost nothing, and succeeds when it is tried again.
 */
struct step {
    const char *name;
    int (*run)(uint32_t failing);
};

enum { ALL_WELL = 0, NO_FAILURE_LEFT = 100 };

/* Called after the call that may fail: whether that call met the failure. */
static bool end_failure(void)
{
    bool failed = test_has_failed();

    test_fail_allocation(0);
    return failed;
}

static int end_of(bool failed)
{
    return failed ? ALL_WELL : NO_FAILURE_LEFT;
}

static int create(uint32_t failing)
{
    struct mag_promise *promise = NULL;
    mag_vtask task;
    uint64_t result = 0;

    test_fail_allocation(failing);
    int r = mag_promise_create(0, 0, &promise);
    bool failed = end_failure();
    if (r != 0) {
        if (r != -ENOMEM || promise != NULL)
            return 1;
        if (mag_promise_create(0, 0, &promise) != 0)
            return 2;
    }
    task = mag_promise_task(promise);
    if (mag_promise_set_result(promise, 42) != 0 || mag_vtask_get(task, &result) != 0)
        return 3;
    mag_promise_release(promise);
    return result == 42 ? end_of(failed) : 4;
}

/* Converts a source that is pending or complete. */
static int convert(uint32_t failing, int status)
{
    struct scripted source;
    mag_vtask task = scripted_begin(&source, status, 0, 42);
    struct mag_promise *promise = NULL;
    uint64_t result = 0;

    test_fail_allocation(failing);
    int r = mag_vtask_as_promise(task, &promise);
    bool failed = end_failure();
    if (r != 0) {
        if (r != -ENOMEM || promise != NULL || source.taken != 0 ||
            source.registered != 0)
            return 1;
        if (mag_vtask_as_promise(task, &promise) != 0)
            return 2;
    }
    if (status == MAG_PENDING)
        scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
    if (mag_vtask_get(mag_promise_task(promise), &result) != 0 || result != 42)
        return 3;
    mag_promise_release(promise);
    return source.taken == 1 ? end_of(failed) : 4;
}

static int convert_pending(uint32_t failing)
{
    return convert(failing, MAG_PENDING);
}

static int convert_complete(uint32_t failing)
{
    return convert(failing, MAG_SUCCEEDED);
}

static int wait_for_source(uint32_t failing)
{
    struct scripted source;
    mag_vtask task = scripted_begin(&source, MAG_PENDING, 0, 0);
    mag_vtask before = task;
    uint64_t result = 0;

    test_fail_allocation(failing);
    int r = mag_vtask_wait_completed(&task, 0, 0);
    bool failed = end_failure();
    if (r != -ETIMEDOUT) {
        if (r != -ENOMEM || !mag_vtask_equal(task, before) || source.registered != 0)
            return 1;
        if (mag_vtask_wait_completed(&task, 0, 0) != -ETIMEDOUT)
            return 2;
    }
    scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
    if (mag_vtask_get(task, &result) != 0 || result != 42)
        return 3;
    return mag_vtask_release(task) == 0 ? end_of(failed) : 4;
}

static int discard(uint32_t failing)
{
    struct scripted source;
    mag_vtask task = scripted_begin(&source, MAG_PENDING, 0, 0);

    test_fail_allocation(failing);
    int r = mag_vtask_discard(task);
    bool failed = end_failure();
    if (r != 0) {
        if (r != -ENOMEM || source.registered != 0)
            return 1;
        if (mag_vtask_discard(task) != 0)
            return 2;
    }
    scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
    return source.taken == 1 ? end_of(failed) : 3;
}

static int all(uint32_t failing)
{
    struct scripted sources[2];
    mag_vtask tasks[2] = {scripted_begin(&sources[0], MAG_SUCCEEDED, 0, 42),
                          scripted_begin(&sources[1], MAG_PENDING, 0, 0)};
    mag_vtask task;
    uint64_t result = 0;

    test_fail_allocation(failing);
    int r = mag_when_all(tasks, 2, &task);
    bool failed = end_failure();
    if (r != 0) {
        if (r != -ENOMEM || sources[1].registered != 0)
            return 1;
        if (mag_when_all(tasks, 2, &task) != 0)
            return 2;
    }
    scripted_complete(&sources[1], MAG_SUCCEEDED, 0, 43);
    if (mag_vtask_get(task, &result) != 0 || result != 2)
        return 3;
    if (mag_vtask_get(tasks[0], &result) != 0 || result != 42)
        return 4;
    return mag_vtask_get(tasks[1], &result) == 0 && result == 43 ? end_of(failed) : 5;
}

static int any(uint32_t failing)
{
    struct scripted sources[2];
    mag_vtask tasks[2] = {scripted_begin(&sources[0], MAG_PENDING, 0, 0),
                          scripted_begin(&sources[1], MAG_PENDING, 0, 0)};
    mag_vtask task;
    uint64_t result = 0;

    test_fail_allocation(failing);
    int r = mag_when_any(tasks, 2, &task);
    bool failed = end_failure();
    if (r != 0) {
        if (r != -ENOMEM)
            return 1;
        if (mag_when_any(tasks, 2, &task) != 0)
            return 2;
    }
    scripted_complete(&sources[1], MAG_SUCCEEDED, 0, 43);
    scripted_complete(&sources[0], MAG_SUCCEEDED, 0, 42);
    if (mag_vtask_get(task, &result) != 0 || result != 1)
        return 3;
    if (mag_vtask_get(tasks[0], &result) != 0 || result != 42)
        return 4;
    if (mag_vtask_get(tasks[1], &result) != 0 || result != 43)
        return 5;
    return mag_vtask_release(tasks[0]) == 0 && mag_vtask_release(tasks[1]) == 0
               ? end_of(failed)
               : 6;
}

/* Starts a worker, and the clock's thread unless the clock is to fail too. */
static struct mag_sched *sched_of(bool with_clock)
{
    struct mag_sched *sched = NULL;
    mag_vtask task;
    struct mag_sched_config config = test_sched_config(1);

    if (mag_sched_start(&config, &sched) != 0)
        return NULL;
    if (with_clock && (mag_delay(sched, 0, &task) != 0 || mag_vtask_discard(task) != 0))
        return NULL;
    return sched;
}

static int delay(uint32_t failing)
{
    struct mag_sched *sched = sched_of(false);
    mag_vtask task;

    if (sched == NULL)
        return 1;
    test_fail_allocation(failing);
    int r = mag_delay(sched, 0, &task);
    bool failed = end_failure();
    if (r != 0) {
        if (r != -ENOMEM && r != -EAGAIN)
            return 2;
        if (mag_delay(sched, 0, &task) != 0)
            return 3;
    }
    if (mag_vtask_wait_completed(&task, 0, -1) != 0 || mag_vtask_get(task, NULL) != 0)
        return 4;
    return end_of(failed);
}

static int timeout(uint32_t failing)
{
    struct mag_sched *sched = sched_of(true);
    struct scripted source;
    mag_vtask task = scripted_begin(&source, MAG_PENDING, 0, 0);
    mag_vtask combined;
    uint64_t result = 0;

    if (sched == NULL)
        return 1;
    test_fail_allocation(failing);
    int r = mag_vtask_with_timeout(sched, &task, INT64_MAX, &combined);
    bool failed = end_failure();
    if (r != 0) {
        if (r != -ENOMEM)
            return 2;
        if (mag_vtask_with_timeout(sched, &task, INT64_MAX, &combined) != 0)
            return 3;
    }
    scripted_complete(&source, MAG_SUCCEEDED, 0, 42);
    if (mag_vtask_get(combined, &result) != 0 || result != 42)
        return 4;
    return mag_vtask_release(task) == 0 ? end_of(failed) : 5;
}

/* A step, and the number of the allocation that fails in it. */
struct errand {
    const struct step *step;
    uint32_t failing;
};

static int run(void *arg)
{
    struct errand *errand = arg;

    return errand->step->run(errand->failing);
}

/* VT-204 */
static void every_allocation_may_fail_and_the_task_is_still_there(void **state)
{
    static const struct step steps[] = {
        {"create", create},
        {"convert a pending source", convert_pending},
        {"convert a complete source", convert_complete},
        {"wait", wait_for_source},
        {"discard", discard},
        {"when all", all},
        {"when any", any},
        {"delay", delay},
        {"timeout", timeout},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint32_t failing = 1;
        int r;

        for (;; failing++) {
            struct errand errand = {&steps[i], failing};
            r = test_in_child(run, &errand);
            if (r != ALL_WELL)
                break;
        }
        if (r != NO_FAILURE_LEFT)
            print_message("%s, allocation %u: check %d\n", steps[i].name, failing, r);
        assert_int_equal(r, NO_FAILURE_LEFT);
        assert_true(failing > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail_and_the_task_is_still_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

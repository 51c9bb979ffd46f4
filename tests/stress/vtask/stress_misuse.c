/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/vtask/mixed.h"

#include <magpie/source.h>
#include <stdatomic.h>

/*
 * Random calls with tasks that are right, stale, copied, or mixed from the words of other
 * tasks, over pooled and bare cores.  No call crashes or waits.  A result is that of the
 * operation that the task names.  A continuation that was accepted runs once, or is lost
 * with the operation that its owner resets.
 */
enum { POOLED = 6, BARE = 3, OBJECTS = POOLED + BARE, TASKS = 48, WAITERS = 64 };

struct object {
    struct mag_core core; /* first */
    uint64_t token;       /* the token that the next call must find */
    int state;            /* PENDING, or how it was completed */
};

enum { PENDING, SUCCEEDED, FAILED };

struct waiter {
    struct mag_continuation continuation; /* first */
    struct object *on;                    /* NULL: free */
};

static struct object objects[OBJECTS];
static mag_vtask tasks[TASKS];
static struct waiter waiters[WAITERS];
static uint64_t random_state;

/* Jobs that wait for the test to run them: everything is awaited under this executor. */
static struct mag_job *posted[WAITERS];
static unsigned posted_count;

static int post(struct mag_executor *executor, struct mag_job *job)
{
    (void)executor;
    assert_true(posted_count < WAITERS);
    posted[posted_count++] = job;
    return 0;
}

static struct mag_executor shelf = {post};

static unsigned below(unsigned limit)
{
    return test_random_below(&random_state, limit);
}

/* The result of an object's operation; it tells the operations apart. */
static uint64_t result_of(const struct object *object)
{
    return (uint64_t)(object - objects) << 56 | (object->token & 0xffffffff) | 1ULL << 40;
}

static void begin_next(struct object *object)
{
    object->token++;
    object->state = PENDING;
}

static void recycle(struct mag_core *core)
{
    begin_next((struct object *)(void *)core);
}

static const struct mag_core_type pooled = {.recycle = recycle};

static void waiter_run(struct mag_job *job)
{
    struct waiter *waiter = (struct waiter *)(void *)job;

    assert_non_null(waiter->on);
    waiter->on = NULL;
}

/* The object whose current operation the task names, or NULL. */
static struct object *named(mag_vtask task)
{
    struct mag_core *core =
        (struct mag_core *)(task.backing & ~(uintptr_t)MAG_VTASK_TAGS);
    struct object *object = (struct object *)(void *)core;

    if ((task.backing & MAG_VTASK_KIND) != MAG_VTASK_CORE || core == NULL)
        return NULL;
    return task.payload == object->token ? object : NULL;
}

/* ------------------------------------------------------------------------ the calls */

static void make_task(mag_vtask *task)
{
    switch (below(4)) {
    case 0:
        *task = mag_vtask_result(test_random(&random_state));
        break;
    case 1:
        assert_int_equal(mag_vtask_from_error(-EIO, below(100), task), 0);
        break;
    default:
        *task = mag_core_task(&objects[below(OBJECTS)].core);
        break;
    }
}

static void check_status(mag_vtask task)
{
    const struct object *object = named(task);
    int status = mag_vtask_status(task);

    if (object != NULL)
        assert_int_equal(status, object->state == PENDING     ? MAG_PENDING
                                 : object->state == SUCCEEDED ? MAG_SUCCEEDED
                                                              : MAG_FAULTED);
    else if ((task.backing & MAG_VTASK_KIND) == MAG_VTASK_CORE)
        assert_int_equal(status, MAG_E_TOKEN);
    else
        assert_true(status == MAG_SUCCEEDED || status == MAG_FAULTED);
}

static void check_get(mag_vtask task)
{
    struct object *object = named(task);
    uint64_t wanted = object != NULL ? result_of(object) : task.payload;
    int state = object != NULL ? object->state : PENDING;
    uint64_t result = 0, detail = 0;
    int r = mag_vtask_get_value(task, &result, sizeof(result), &detail);

    if (object == NULL && (task.backing & MAG_VTASK_KIND) == MAG_VTASK_CORE)
        assert_int_equal(r, MAG_E_TOKEN);
    else if (object != NULL && state == PENDING)
        assert_int_equal(r, MAG_E_PENDING);
    else
        assert_true(r == 0 || r == -EIO);
    if (object != NULL && state != PENDING)
        assert_int_equal(r, state == SUCCEEDED ? 0 : -EIO);
    assert_int_equal(r == 0 ? result : wanted, wanted);
    assert_int_equal(r == -EIO ? detail : wanted, wanted);
}

static void check_register(mag_vtask task)
{
    struct waiter *waiter = &waiters[below(WAITERS)];
    struct object *object = named(task);

    /* A continuation that waits, or is queued, does not belong to its owner. */
    if (waiter->on != NULL)
        return;
    waiter->continuation.job.run = waiter_run;
    waiter->on = object != NULL ? object : &objects[0];
    mag_continuation_home(&waiter->continuation, &shelf);
    int r = mag_vtask_on_completed(task, &waiter->continuation, MAG_AWAIT_HOME);

    assert_true(r == 0 || r == MAG_E_TOKEN || r == MAG_E_CONTINUATION);
    if (object == NULL && (task.backing & MAG_VTASK_KIND) == MAG_VTASK_CORE)
        assert_int_equal(r, MAG_E_TOKEN);
    if (r != 0)
        waiter->on = NULL;
}

static void check_discard(mag_vtask task)
{
    struct object *object = named(task);

    if ((task.backing & MAG_VTASK_KIND) != MAG_VTASK_CORE)
        return;
    int r = mag_core_discard(
        (struct mag_core *)(task.backing & ~(uintptr_t)MAG_VTASK_TAGS), task.payload);
    if (object == NULL)
        assert_int_equal(r, MAG_E_TOKEN);
    else
        assert_true(r == 0 || r == MAG_E_CONTINUATION);
}

/* Completes an object; a second completion must be refused. */
static void complete(struct object *object)
{
    uint64_t result = result_of(object);
    int before = object->state;
    int state = below(3) == 0 ? FAILED : SUCCEEDED;
    uint64_t token = object->token;

    /* Noted before the call, because the call may consume the operation. */
    if (before == PENDING)
        object->state = state;
    int r = state == SUCCEEDED ? mag_core_set_result(&object->core, result)
                               : mag_core_set_error(&object->core, -EIO, result);
    assert_int_equal(r, before == PENDING ? 0 : MAG_E_DONE);
    assert_true(object->token == token || object->state == PENDING);
}

/* The owner of a bare core resets it.  A waiting continuation is lost; a queued one is
 * not. */
static void reset(struct object *object)
{
    for (unsigned i = 0; i < WAITERS; i++) {
        struct waiter *waiter = &waiters[i];
        bool queued = false;

        for (unsigned j = 0; j < posted_count; j++)
            queued = queued || posted[j] == &waiter->continuation.job;
        if (waiter->on == object && !queued)
            waiter->on = NULL;
    }
    mag_core_reset(&object->core);
    begin_next(object);
}

static void run_posted(void)
{
    for (unsigned i = 0; i < posted_count; i++)
        posted[i]->run(posted[i]);
    posted_count = 0;
}

static void one_call(void)
{
    mag_vtask *task = &tasks[below(TASKS)];

    switch (below(12)) {
    case 0:
    case 1:
        make_task(task);
        break;
    case 2:
        *task = tasks[below(TASKS)];
        break;
    case 3:
        mix_task(task, tasks[below(TASKS)], &random_state);
        break;
    case 4:
    case 5:
        complete(&objects[below(OBJECTS)]);
        break;
    case 6:
        reset(&objects[POOLED + below(BARE)]);
        break;
    case 7:
        check_register(*task);
        break;
    case 8:
        check_discard(*task);
        break;
    case 9:
        run_posted();
        break;
    case 10:
        check_get(*task);
        break;
    default:
        check_status(*task);
        break;
    }
}

/* VT-13, VT-72, VT-80, VT-190, VT-203, VT-204 */
static void no_call_with_any_task_does_harm(void **state)
{
    uint32_t rounds = test_rounds(5000000);
    (void)state;

    random_state = test_seed();
    for (unsigned i = 0; i < OBJECTS; i++)
        mag_core_prepare(&objects[i].core, i < POOLED ? &pooled : NULL);
    for (uint32_t i = 0; test_goes_on(i, rounds); i++)
        one_call();
    run_posted();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_call_with_any_task_does_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

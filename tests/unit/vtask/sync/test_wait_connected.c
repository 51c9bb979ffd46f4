/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/unlocks.h"

#include <magpie/async.h>
#include <magpie/connected.h>
#include <magpie/mutex.h>
#include <magpie/promise.h>
#include <magpie/semaphore.h>
#include <magpie/submit_task.h>

#include <stdlib.h>
#include <string.h>

/* Waits in a line in their connected form, alone and beside waits for a task. */

enum { CALLS = 16, TURNS = 200 };

static struct mag_mutex mutex = MAG_MUTEX_INIT;
static struct mag_semaphore semaphore = MAG_SEMAPHORE_INIT(2);
static struct mag_sched *sched;

static int begin(void **state)
{
    (void)state;
    mag_mutex_init(&mutex);
    sched = test_sched_start(1);
    return mag_semaphore_init(&semaphore, 2, 2);
}

static int end(void **state)
{
    (void)state;
    return mag_sched_destroy(sched);
}

static void unlock(void)
{
    assert_int_equal(mag_mutex_unlock(&mutex), 0);
}

/* --------------------------------------------------------- waiters made by hand */

/* A waiter that is no async function: it hears of the end by a job. */
struct hearer {
    struct mag_waiter waiter;
    struct mag_wait_state wait;
    bool heard; /* its job has run */
};

static void hear(struct mag_job *job)
{
    ((struct hearer *)(void *)job)->heard = true;
}

static void arm(struct hearer *hearer)
{
    memset((void *)hearer, 0xff, sizeof(*hearer));
    hearer->heard = false;
    hearer->waiter.continuation.job.run = hear;
    mag_waiter_arm(&hearer->waiter);
}

static void what_is_free_is_taken_at_once(void **state)
{
    struct hearer hearer;
    (void)state;

    arm(&hearer);
    assert_int_equal(
        mag_task_get(mag_mutex_lock_begin(&hearer.waiter, &hearer.wait, &mutex, NULL)),
        0);
    assert_true(mag_mutex_is_locked(&mutex));
    for (int i = 0; i < 2; i++)
        assert_int_equal(mag_task_get(mag_semaphore_acquire_begin(
                             &hearer.waiter, &hearer.wait, &semaphore, NULL)),
                         0);
    assert_int_equal(mag_semaphore_available(&semaphore), 0);
    assert_false(hearer.heard);
    unlock();
}

static void a_cancel_object_that_has_fired_prevents_waiting_only(void **state)
{
    struct mag_cancel cancel = {0};
    struct hearer hearer;
    mag_task task;
    (void)state;

    assert_true(mag_cancel_fire(&cancel));
    arm(&hearer);
    assert_int_equal(
        mag_task_get(mag_mutex_lock_begin(&hearer.waiter, &hearer.wait, &mutex, &cancel)),
        0);
    task = mag_mutex_lock_begin(&hearer.waiter, &hearer.wait, &mutex, &cancel);
    assert_int_equal(task.task.payload, (uintptr_t)&cancel);
    assert_int_equal(mag_task_get(task), -ECANCELED);
    unlock();
    assert_false(mag_mutex_is_locked(&mutex));
    assert_false(hearer.heard);
}

/* ------------------------------------------------------------------ async functions */

static int order[CALLS]; /* under the mutex */
static int arrived;

static void note(int number)
{
    order[arrived++] = number;
}

/* NOLINTNEXTLINE(readability-function-*): MAG_CONNECT is more than it looks. */
MAG_ASYNC_CONNECTED(mag_task, take_turn, (int, number, struct mag_cancel *, cancel),
                    struct mag_wait_state wait;)
{
    MAG_BEGIN(f);
    if (f->number % 2 == 0)
        MAG_CONNECT_DONE(f, mag_mutex_lock, &f->wait, &mutex, f->cancel);
    else
        MAG_AWAIT_DONE(f, mag_mutex_lock(&mutex, f->cancel));
    note(f->number);
    if (mag_mutex_unlock(&mutex) != 0)
        MAG_FAIL(f, -EPROTO);
    return mag_task_done();
    MAG_END(f);
}

static void both_forms_wait_in_one_line_first_come_first_served(void **state)
{
    mag_task calls[CALLS];
    (void)state;

    assert_true(mag_mutex_try_lock(&mutex));
    arrived = 0;
    for (int i = 0; i < CALLS; i++) {
        calls[i] = take_turn(i, NULL);
        assert_int_equal(mag_vtask_status(calls[i].task), MAG_PENDING);
    }
    unlock();
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(mag_task_wait(calls[i]), 0);
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(order[i], i);
    assert_false(mag_mutex_is_locked(&mutex));
}

static void a_canceled_wait_leaves_the_line_of_both_forms(void **state)
{
    mag_task calls[CALLS];
    struct mag_cancel cancels[CALLS];
    (void)state;

    memset((void *)cancels, 0, sizeof(cancels));
    assert_true(mag_mutex_try_lock(&mutex));
    arrived = 0;
    for (int i = 0; i < CALLS; i++)
        calls[i] = take_turn(i, &cancels[i]);
    for (int i = 0; i < CALLS; i++)
        assert_true(i % 4 < 2 || mag_cancel_fire(&cancels[i]));
    for (int i = 0; i < CALLS; i++) {
        if (i % 4 >= 2)
            assert_int_equal(mag_task_wait(calls[i]), -ECANCELED);
    }
    assert_int_equal(arrived, 0);
    unlock();
    for (int i = 0; i < CALLS; i++) {
        if (i % 4 < 2)
            assert_int_equal(mag_task_wait(calls[i]), 0);
    }
    assert_int_equal(arrived, CALLS / 2);
    for (int i = 0; i < CALLS / 2; i++)
        assert_int_equal(order[i], i / 2 * 4 + i % 2);
    assert_false(mag_mutex_is_locked(&mutex));
}

MAG_ASYNC(mag_task, acquire_and_free,
          (struct mag_semaphore *, mine, struct mag_cancel *, cancel),
          struct mag_wait_state wait;
          int error;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_TRY_DONE(f, f->error, mag_semaphore_acquire, &f->wait, f->mine,
                         f->cancel);
    free(f->mine);
    free(f->cancel);
    if (f->error != 0)
        MAG_FAIL(f, f->error);
    return mag_task_done();
    MAG_END(f);
}

static void who_has_got_a_permit_may_free_semaphore_and_cancel_object(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct mag_semaphore *mine = malloc(sizeof(*mine));
        struct mag_cancel *cancel = calloc(1, sizeof(*cancel));

        assert_non_null(mine);
        assert_non_null(cancel);
        assert_int_equal(mag_semaphore_init(mine, 1, 0), 0);
        mag_task waits = acquire_and_free(mine, cancel);
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is freed in this call. */
        assert_int_equal(mag_semaphore_release(mine, 1), 0);
        assert_int_equal(mag_task_wait(waits), 0);
    }
}

/* ----------------------------------------------------------------------- on workers */

/* The waiter continues as a job, not inside the unlock. */
MAG_ASYNC_CONNECTED(mag_task, lock_and_note, (bool *, inside, bool *, was_inside),
                    struct mag_wait_state wait;)
{
    MAG_BEGIN(f);
    MAG_CONNECT_DONE(f, mag_mutex_lock, &f->wait, &mutex, NULL);
    *f->was_inside = *f->inside;
    if (mag_mutex_unlock(&mutex) != 0)
        MAG_FAIL(f, -EPROTO);
    return mag_task_done();
    MAG_END(f);
}

static void no_waiter_runs_inside_an_unlock(void **state)
{
    (void)state;
    assert_int_equal(mag_task_wait(unlock_there_submit(sched, &mutex, lock_and_note)), 0);
}

static long count; /* under the mutex */

/* NOLINTNEXTLINE(readability-function-*): MAG_CONNECT is more than it looks. */
MAG_ASYNC_CONNECTED(mag_task, add_slowly, (int, turns), struct mag_wait_state wait; int i;
                    long before;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->turns; f->i++) {
        MAG_CONNECT_DONE(f, mag_mutex_lock, &f->wait, &mutex, NULL);
        f->before = count;
        MAG_CONTINUE_ON(f, NULL);
        count = f->before + 1;
        if (mag_mutex_unlock(&mutex) != 0)
            MAG_FAIL(f, -EPROTO);
    }
    return mag_task_done();
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, add_there, int, turns)
static mag_task add_there(int turns)
{
    return add_slowly(turns);
}

static void add_all(int turns)
{
    mag_task calls[CALLS];

    for (int i = 0; i < CALLS; i++)
        calls[i] = add_there_submit(sched, turns);
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(mag_task_wait(calls[i]), 0);
}

static void what_is_under_the_mutex_changes_by_one_at_a_time(void **state)
{
    int turns = (int)test_rounds(TURNS);
    (void)state;

    count = 0;
    add_all(turns);
    assert_int_equal(count, (long)CALLS * turns);
    assert_false(mag_mutex_is_locked(&mutex));
}

/* ---------------------------------------------------------------------------- memory */

/* Keeps the jobs that are posted. */
struct desk {
    struct mag_executor executor;
    struct mag_job *jobs[CALLS];
    int count;
};

static int keep(struct mag_executor *executor, struct mag_job *job)
{
    struct desk *desk = (struct desk *)(void *)executor;

    desk->jobs[desk->count++] = job;
    return 0;
}

static void a_wait_allocates_nothing_even_the_first_time(void **state)
{
    struct desk desk = {.executor = {keep}};
    struct hearer hearers[CALLS];
    struct mag_cancel cancel = {0};
    uint64_t before = test_allocations();
    (void)state;

    struct mag_executor *outside = mag_executor_enter(&desk.executor);
    assert_true(mag_mutex_try_lock(&mutex));
    for (int i = 0; i < CALLS; i++) {
        arm(&hearers[i]);
        mag_task task =
            mag_mutex_lock_begin(&hearers[i].waiter, &hearers[i].wait, &mutex, &cancel);
        assert_true(mag_vtask_is_started(task.task));
    }
    unlock();
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(test_allocations() - before, 0);
    (void)mag_executor_enter(outside);

    /* The first has the mutex; the others were canceled. */
    assert_int_equal(desk.count, CALLS);
    assert_ptr_equal(desk.jobs[0], &hearers[0].waiter.continuation.job);
    assert_int_equal(mag_vtask_code(hearers[0].waiter.outcome), 0);
    for (int i = 1; i < CALLS; i++)
        assert_int_equal(mag_vtask_code(hearers[i].waiter.outcome), -ECANCELED);
    unlock();
    assert_false(mag_mutex_is_locked(&mutex));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wait_allocates_nothing_even_the_first_time),
        TEST(what_is_free_is_taken_at_once),
        TEST(a_cancel_object_that_has_fired_prevents_waiting_only),
        TEST(both_forms_wait_in_one_line_first_come_first_served),
        TEST(a_canceled_wait_leaves_the_line_of_both_forms),
        TEST(who_has_got_a_permit_may_free_semaphore_and_cancel_object),
        TEST(no_waiter_runs_inside_an_unlock),
        TEST(what_is_under_the_mutex_changes_by_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

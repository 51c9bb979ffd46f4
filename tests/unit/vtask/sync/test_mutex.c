/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"
#include "tests/support/vtask/unlocks.h"

#include <magpie/async.h>
#include <magpie/mutex.h>
#include <magpie/promise.h>
#include <magpie/submit_task.h>
#include <stdlib.h>

static struct mag_mutex mutex = MAG_MUTEX_INIT;

static int begin(void **state)
{
    (void)state;
    mag_mutex_init(&mutex);
    return 0;
}

static void unlock(void)
{
    assert_int_equal(mag_mutex_unlock(&mutex), 0);
}

static void a_free_mutex_is_locked_at_once(void **state)
{
    (void)state;
    assert_false(mag_mutex_is_locked(&mutex));
    assert_int_equal(mag_mutex_lock(&mutex, NULL).task.backing, 0);
    assert_true(mag_mutex_is_locked(&mutex));
    assert_false(mag_mutex_try_lock(&mutex));
    unlock();
    assert_true(mag_mutex_try_lock(&mutex));
    unlock();
}

static void zeroed_memory_is_a_free_mutex(void **state)
{
    struct mag_mutex *zeroed = calloc(1, sizeof(*zeroed));
    (void)state;

    assert_non_null(zeroed);
    assert_true(mag_mutex_try_lock(zeroed));
    assert_int_equal(mag_mutex_unlock(zeroed), 0);
    free(zeroed);
}

static void unlocking_a_free_mutex_is_misuse(void **state)
{
    (void)state;
    assert_int_equal(mag_mutex_unlock(&mutex), MAG_E_RELEASE);
    assert_true(mag_mutex_try_lock(&mutex));
    unlock();
    assert_int_equal(mag_mutex_unlock(&mutex), MAG_E_RELEASE);
    assert_false(mag_mutex_is_locked(&mutex));
}

static void the_oldest_who_waits_holds_the_mutex_after_the_unlock(void **state)
{
    mag_task waits[3];
    (void)state;

    assert_true(mag_mutex_try_lock(&mutex));
    for (int i = 0; i < 3; i++)
        waits[i] = mag_mutex_lock(&mutex, NULL);
    for (int i = 0; i < 3; i++) {
        unlock();
        assert_true(mag_mutex_is_locked(&mutex));
        assert_false(mag_mutex_try_lock(&mutex));
        assert_int_equal(mag_task_get(waits[i]), 0);
        if (i < 2)
            assert_int_equal(mag_vtask_status(waits[i + 1].task), MAG_PENDING);
    }
    unlock();
    assert_false(mag_mutex_is_locked(&mutex));
}

static void a_second_lock_by_the_same_work_can_be_canceled(void **state)
{
    struct mag_cancel cancel = {0};
    (void)state;

    assert_true(mag_mutex_try_lock(&mutex));
    mag_task again = mag_mutex_lock(&mutex, &cancel);
    assert_true(mag_cancel_fire(&cancel));
    assert_int_equal(mag_task_get(again), -ECANCELED);
    unlock();
    assert_false(mag_mutex_is_locked(&mutex));
}

static void who_has_got_the_mutex_may_free_it(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct mag_mutex *mine = calloc(1, sizeof(*mine));

        assert_non_null(mine);
        assert_true(mag_mutex_try_lock(mine));
        mag_task waits = mag_mutex_lock(mine, NULL);
        assert_int_equal(mag_mutex_unlock(mine), 0);
        assert_int_equal(mag_task_get(waits), 0);
        assert_int_equal(mag_mutex_unlock(mine), 0);
        free(mine);
    }
}

/* ------------------------------------------------------------------- async functions */

enum { CALLS = 16, TURNS = 200 };

static long count; /* under the mutex */

/* Adds 1 many times, with a wait in the middle of each. */
MAG_ASYNC(mag_task, add_slowly, (int, turns), int i; long before;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->turns; f->i++) {
        MAG_AWAIT_DONE(f, mag_mutex_lock(&mutex, NULL));
        f->before = count;
        if (f->i % 3 == 0)
            MAG_CONTINUE_ON(f, NULL);
        count = f->before + 1;
        if (mag_mutex_unlock(&mutex) != 0)
            MAG_FAIL(f, -EPROTO);
        if (f->i % 5 == 0)
            MAG_CONTINUE_ON(f, NULL);
    }
    return mag_task_done();
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, add_there, int, turns)
static mag_task add_there(int turns)
{
    return add_slowly(turns);
}

static void what_is_under_the_mutex_changes_by_one_at_a_time(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    mag_task calls[CALLS];
    int turns = (int)test_rounds(TURNS);
    (void)state;

    count = 0;
    for (int i = 0; i < CALLS; i++)
        calls[i] = add_there_submit(sched, turns);
    for (int i = 0; i < CALLS; i++)
        assert_int_equal(mag_task_wait(calls[i]), 0);
    assert_int_equal(count, (long)CALLS * turns);
    assert_false(mag_mutex_is_locked(&mutex));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* The waiter continues as a job, not inside the unlock. */
MAG_ASYNC(mag_task, lock_and_note, (bool *, inside, bool *, was_inside), )
{
    MAG_BEGIN(f);
    MAG_AWAIT_DONE(f, mag_task_configure(mag_mutex_lock(&mutex, NULL), true));
    *f->was_inside = *f->inside;
    if (mag_mutex_unlock(&mutex) != 0)
        MAG_FAIL(f, -EPROTO);
    return mag_task_done();
    MAG_END(f);
}

static void no_waiter_runs_inside_an_unlock(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    assert_int_equal(mag_task_wait(unlock_there_submit(sched, &mutex, lock_and_note)), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_free_mutex_is_locked_at_once),
        TEST(zeroed_memory_is_a_free_mutex),
        TEST(unlocking_a_free_mutex_is_misuse),
        TEST(the_oldest_who_waits_holds_the_mutex_after_the_unlock),
        TEST(a_second_lock_by_the_same_work_can_be_canceled),
        TEST(who_has_got_the_mutex_may_free_it),
        TEST(what_is_under_the_mutex_changes_by_one_at_a_time),
        TEST(no_waiter_runs_inside_an_unlock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

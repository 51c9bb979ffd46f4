/*
 * Storms over semaphores and read-write locks: many async functions wait on few workers,
 * half of the waits can be canceled, and a thread cancels at random moments.  Half of the
 * waits for a semaphore are of the connected form.  No permit
 * is lost or made up, and no more hold one than there are; a writer is alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/async.h>
#include <magpie/connected.h>
#include <magpie/promise.h>
#include <magpie/rwlock.h>
#include <magpie/semaphore.h>
#include <magpie/submit_task.h>
#include <string.h>

enum { CALLS = 12, PERMITS = 3, ROUNDS = 20000 };

static struct mag_semaphore semaphore;
static struct mag_sched *sched;
static uint64_t seed; /* of this run; immutable while threads run */
static shared holders, most, wrong, acquired, canceled, over;

/*
 * The cancel objects of the calls.  A call shows its object, and takes it back before it
 * uses it again; the storm takes what is shown, fires it and gives it back.
 *
 * Edges: release end -> acquire end : what crosses
 *   shown   show -> storm (shown) : the cancel object
 *   hidden  storm (fired) -> hide (fired) : the firing is over
 */
struct stop {
    struct mag_cancel cancel;
    _Atomic(bool) shown;
    _Atomic(bool) fired;
};

static struct stop stops[CALLS];

static void show(struct stop *stop)
{
    stop->cancel = (struct mag_cancel){0};
    /* relaxed: published by the next store. */
    atomic_store_explicit(&stop->fired, false, memory_order_relaxed);
    /* shown, release: the cancel object is ready. */
    atomic_store_explicit(&stop->shown, true, memory_order_release);
}

static void hide(struct stop *stop)
{
    /* acq_rel: as below. */
    if (atomic_exchange_explicit(&stop->shown, false, memory_order_acq_rel))
        return;
    /* hidden, acquire: the firing is over. */
    for (unsigned tries = 0; !atomic_load_explicit(&stop->fired, memory_order_acquire);
         tries++)
        test_turn(tries);
}

static void *storm(void *arg)
{
    uint64_t random = seed | 1;
    (void)arg;

    for (unsigned tries = 0; look(&over) == 0; test_turn(tries++)) {
        struct stop *stop = &stops[test_random_below(&random, CALLS)];
        /* shown, acquire: the cancel object is ready; release: nothing crosses. */
        if (!atomic_exchange_explicit(&stop->shown, false, memory_order_acq_rel))
            continue;
        (void)mag_cancel_fire(&stop->cancel);
        tries = 0;
        /* hidden, release: the call may use its object again. */
        atomic_store_explicit(&stop->fired, true, memory_order_release);
    }
    return NULL;
}

static void enter(void)
{
    uint64_t inside = add(&holders, 1) + 1;

    if (inside > PERMITS)
        (void)add(&wrong, 1);
    if (inside > look(&most))
        set(&most, inside);
}

static void leave(void)
{
    (void)add(&holders, (uint64_t)-1);
    if (mag_semaphore_release(&semaphore, 1) != 0)
        (void)add(&wrong, 1);
}

static bool storms(uint32_t call)
{
    return call % 2 == 0;
}

static bool connects(uint32_t call)
{
    return call % 4 < 2;
}

/* NOLINTNEXTLINE(readability-function-*): MAG_TRY is more than it looks. */
MAG_ASYNC(mag_task, acquire_often, (uint32_t, call, uint32_t, rounds), uint32_t i;
          int error; uint64_t random; struct stop * stop; struct mag_wait_state wait;)
{
    MAG_BEGIN(f);
    f->random = (seed + f->call) | 1;
    f->stop = &stops[f->call];
    for (f->i = 0; test_goes_on(f->i, f->rounds); f->i++) {
        if (storms(f->call))
            show(f->stop);
        if (connects(f->call)) {
            MAG_CONNECT_TRY_DONE(f, f->error, mag_semaphore_acquire, &f->wait, &semaphore,
                                 storms(f->call) ? &f->stop->cancel : NULL);
            /* The wait is over, and its state the function's own. */
            memset((void *)&f->wait, 0xff, sizeof(f->wait));
        } else {
            MAG_TRY_DONE(f, f->error,
                         mag_semaphore_acquire(
                             &semaphore, storms(f->call) ? &f->stop->cancel : NULL));
        }
        if (storms(f->call))
            hide(f->stop);
        if (f->error == -ECANCELED && storms(f->call)) {
            (void)add(&canceled, 1);
            continue;
        }
        if (f->error != 0)
            MAG_FAIL(f, f->error);
        (void)add(&acquired, 1);
        enter();
        if (test_random_below(&f->random, 4) == 0)
            MAG_CONTINUE_ON(f, NULL);
        leave();
    }
    return mag_task_done();
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, acquire_there, uint32_t, call, uint32_t, rounds)
static mag_task acquire_there(uint32_t call, uint32_t rounds)
{
    return acquire_often(call, rounds);
}

static void permits_are_neither_lost_nor_made_up_in_a_storm_of_cancels(void **state)
{
    uint32_t rounds = test_rounds(ROUNDS);
    mag_task calls[CALLS];
    pthread_t thread;
    (void)state;

    seed = test_seed();
    sched = test_sched_start(2);
    assert_int_equal(mag_semaphore_init(&semaphore, PERMITS, PERMITS), 0);
    assert_int_equal(pthread_create(&thread, NULL, storm, NULL), 0);
    for (uint32_t i = 0; i < CALLS; i++)
        calls[i] = acquire_there_submit(sched, i, rounds);
    for (uint32_t i = 0; i < CALLS; i++)
        assert_int_equal(mag_task_wait(calls[i]), 0);
    set(&over, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(look(&wrong), 0);
    assert_int_equal(look(&holders), 0);
    assert_int_equal(mag_semaphore_available(&semaphore), PERMITS);
    assert_int_equal(mag_sched_destroy(sched), 0);
    print_message("%lu acquired, %lu canceled, %lu at once\n",
                  (unsigned long)look(&acquired), (unsigned long)look(&canceled),
                  (unsigned long)look(&most));
}

/* --------------------------------------------------------------- readers and writers */

static struct mag_rwlock lock = MAG_RWLOCK_INIT;
static shared readers, writers;
static long written; /* under the lock */

static bool writes(uint32_t call)
{
    return call % 3 == 0;
}

static mag_task lock_for(uint32_t call)
{
    struct mag_cancel *cancel = storms(call) ? &stops[call].cancel : NULL;

    return writes(call) ? mag_rwlock_write_lock(&lock, cancel)
                        : mag_rwlock_read_lock(&lock, cancel);
}

static void look_around(uint32_t call)
{
    if (writes(call)) {
        if (add(&writers, 1) != 0 || look(&readers) != 0)
            (void)add(&wrong, 1);
        written++;
    } else {
        (void)add(&readers, 1);
        if (look(&writers) != 0)
            (void)add(&wrong, 1);
    }
}

static void unlock_for(uint32_t call)
{
    (void)add(writes(call) ? &writers : &readers, (uint64_t)-1);
    if ((writes(call) ? mag_rwlock_write_unlock(&lock) : mag_rwlock_read_unlock(&lock)) !=
        0)
        (void)add(&wrong, 1);
}

/* NOLINTNEXTLINE(readability-function-*): MAG_TRY is more than it looks. */
MAG_ASYNC(mag_task, lock_often, (uint32_t, call, uint32_t, rounds), uint32_t i; int error;
          uint64_t random;)
{
    MAG_BEGIN(f);
    f->random = (seed + f->call) | 1;
    for (f->i = 0; test_goes_on(f->i, f->rounds); f->i++) {
        if (storms(f->call))
            show(&stops[f->call]);
        MAG_TRY_DONE(f, f->error, lock_for(f->call));
        if (storms(f->call))
            hide(&stops[f->call]);
        if (f->error == -ECANCELED && storms(f->call))
            continue;
        if (f->error != 0)
            MAG_FAIL(f, f->error);
        look_around(f->call);
        if (test_random_below(&f->random, 4) == 0)
            MAG_CONTINUE_ON(f, NULL);
        unlock_for(f->call);
        if (writes(f->call))
            (void)add(&acquired, 1);
    }
    return mag_task_done();
    MAG_END(f);
}

MAG_SUBMIT_TASK(mag_task, lock_there, uint32_t, call, uint32_t, rounds)
static mag_task lock_there(uint32_t call, uint32_t rounds)
{
    return lock_often(call, rounds);
}

static void a_writer_is_alone_in_a_storm_of_cancels(void **state)
{
    uint32_t rounds = test_rounds(ROUNDS);
    mag_task calls[CALLS];
    pthread_t thread;
    (void)state;

    set(&over, 0);
    set(&acquired, 0);
    seed = test_seed();
    sched = test_sched_start(2);
    assert_int_equal(pthread_create(&thread, NULL, storm, NULL), 0);
    for (uint32_t i = 0; i < CALLS; i++)
        calls[i] = lock_there_submit(sched, i, rounds);
    for (uint32_t i = 0; i < CALLS; i++)
        assert_int_equal(mag_task_wait(calls[i]), 0);
    set(&over, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(look(&wrong), 0);
    assert_int_equal((uint64_t)written, look(&acquired));
    assert_true(mag_rwlock_try_write_lock(&lock));
    assert_int_equal(mag_rwlock_write_unlock(&lock), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ------------------------------------------------------------- threads from outside */

enum { THREADS = 3 };

static long guarded; /* under the semaphore of one permit */

static void *block_and_add(void *arg)
{
    uint32_t rounds = *(const uint32_t *)arg;

    for (uint32_t i = 0; test_goes_on(i, rounds); i++) {
        if (mag_task_wait(mag_semaphore_acquire(&semaphore, NULL)) != 0)
            (void)add(&wrong, 1);
        guarded++;
        (void)add(&acquired, 1);
        if (mag_semaphore_release(&semaphore, 1) != 0)
            (void)add(&wrong, 1);
    }
    return NULL;
}

static void threads_that_block_take_turns(void **state)
{
    uint32_t rounds = test_rounds(20000);
    pthread_t threads[THREADS];
    (void)state;

    set(&acquired, 0);
    assert_int_equal(mag_semaphore_init(&semaphore, 1, 1), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, block_and_add, &rounds), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(look(&wrong), 0);
    assert_int_equal((uint64_t)guarded, look(&acquired));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_are_neither_lost_nor_made_up_in_a_storm_of_cancels),
        cmocka_unit_test(a_writer_is_alone_in_a_storm_of_cancels),
        cmocka_unit_test(threads_that_block_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Errors and cancellations of children reach the joiner, in plain joins, wide joins and
 * scopes, whether the children were stolen or not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/gate.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/fork.h>
#include <pthread.h>

enum { WIDE = 40, ROUNDS = 100 };

/* The gate at which children wait that must be stolen. */
static struct gate gate;

static struct mag_sched *start(uint32_t workers)
{
    gate_close(&gate);
    return test_sched_start_alone(workers);
}

/* -------------------------------------------------------------------- plain joins */

MAG_FORKABLE(int, risky, int, error, bool, waits)
static int risky(mag_fork w, int error, bool waits)
{
    (void)w;
    if (waits)
        gate_pass(&gate);
    return error;
}

MAG_FORKABLE(int, joiner, int, error, bool, stolen)
static int joiner(mag_fork w, int error, bool stolen)
{
    struct risky_child child = risky_fork(&w, error, stolen);

    if (stolen) {
        if (!gate_is_reached(&gate))
            return -ETIMEDOUT;
        gate_open(&gate);
    }
    return risky_join(&w, child);
}

static void error_and_cancellation_of_a_child_reach_the_join(void **state)
{
    const int errors[] = {-EIO, -ECANCELED, 0};
    struct mag_sched *sched = start(2);
    (void)state;

    for (unsigned i = 0; i < 3 * ROUNDS; i++) {
        int found = 1;

        gate_close(&gate);
        assert_int_equal(joiner_run(sched, &found, errors[i % 3], i % 2 != 0), 0);
        assert_int_equal(found, errors[i % 3]);
    }
    mag_sched_destroy(sched);
}

/* -------------------------------------------------------------------- wide joins */

MAG_FORKABLE(int, numbered, int, number, uint64_t, pauses)
static int numbered(mag_fork w, int number, uint64_t pauses)
{
    (void)w;
    for (; pauses > 0; pauses--)
        test_pause();
    return -number;
}

/* How many joins returned something other than their child's error. */
MAG_FORKABLE(unsigned, wide_joiner, uint64_t, random)
static unsigned wide_joiner(mag_fork w, uint64_t random)
{
    struct numbered_child children[WIDE];
    unsigned wrong = 0;

    for (int i = 0; i < WIDE; i++)
        children[i] = numbered_fork(&w, i + 1, test_random(&random) % 2048);
    for (int i = WIDE; i-- > 0;)
        wrong += numbered_join(&w, children[i]) != -(i + 1);
    return wrong;
}

static void each_join_of_many_has_the_error_of_its_own_child(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = start(workers);

        for (unsigned i = 0; i < ROUNDS; i++) {
            unsigned wrong = 1;

            assert_int_equal(wide_joiner_run(sched, &wrong, test_random(&random) | 1), 0);
            assert_int_equal(wrong, 0);
        }
        mag_sched_destroy(sched);
    }
}

/* ------------------------------------------------------------------------- scopes */

/* What a scope's child is to do. */
enum task { FAILS_STOLEN, LOOKS, FAILS, CANCELS };

MAG_SPAWNABLE(act, struct mag_scope *, scope, enum task, task)
static int act(mag_fork w, struct mag_scope *scope, enum task task)
{
    (void)w;
    switch (task) {
    case FAILS_STOLEN:
        gate_pass(&gate);
        return -EIO;
    case LOOKS:
        /* release: the child runs, and will look. */
        (void)atomic_fetch_add_explicit(&gate.started, 1, memory_order_release);
        for (double began = test_now(); !test_gives_up(began);) {
            if (mag_scope_canceled(scope))
                return -EPIPE;
        }
        return -ETIMEDOUT;
    case FAILS:
        return -ENOENT;
    case CANCELS:
        mag_scope_cancel(scope);
        return 0;
    }
    return 0;
}

/* One child that is stolen, then one that is not. */
MAG_FORKABLE(int, scope_of_two, enum task, stolen, enum task, own)
static int scope_of_two(mag_fork w, enum task stolen, enum task own)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    act_spawn(&w, &scope, &scope, stolen);
    if (!gate_is_reached(&gate))
        mag_scope_fail(&scope, -ETIMEDOUT);
    gate_open(&gate);
    act_spawn(&w, &scope, &scope, own);
    return mag_scope_join(&w, &scope);
}

static int result_of_two(struct mag_sched *sched, enum task stolen, enum task own)
{
    int error = 1;

    gate_close(&gate);
    assert_int_equal(scope_of_two_run(sched, &error, stolen, own), 0);
    return error;
}

MAG_FORKABLE(int, scope_of_one, enum task, stolen)
static int scope_of_one(mag_fork w, enum task stolen)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    act_spawn(&w, &scope, &scope, stolen);
    if (!gate_is_reached(&gate))
        mag_scope_fail(&scope, -ETIMEDOUT);
    gate_open(&gate);
    return mag_scope_join(&w, &scope);
}

static void the_error_of_a_stolen_child_reaches_its_scope(void **state)
{
    struct mag_sched *sched = start(2);
    (void)state;

    for (unsigned i = 0; i < ROUNDS; i++) {
        int error = 1;

        gate_close(&gate);
        assert_int_equal(scope_of_one_run(sched, &error, FAILS_STOLEN), 0);
        assert_int_equal(error, -EIO);
    }
    mag_sched_destroy(sched);
}

static void
the_error_of_a_child_reaches_those_that_run_and_the_first_one_counts(void **state)
{
    struct mag_sched *sched = start(2);
    (void)state;

    /* The stolen child returns an error too, after it has seen the error of the other
     * child. */
    for (unsigned i = 0; i < ROUNDS; i++)
        assert_int_equal(result_of_two(sched, LOOKS, FAILS), -ENOENT);
    mag_sched_destroy(sched);
}

static void the_cancellation_by_a_child_reaches_those_that_run_and_the_join(void **state)
{
    struct mag_sched *sched = start(2);
    (void)state;

    for (unsigned i = 0; i < ROUNDS; i++)
        assert_int_equal(result_of_two(sched, LOOKS, CANCELS), -ECANCELED);
    mag_sched_destroy(sched);
}

/* ----------------------------------------------------- canceled from elsewhere */

static _Atomic(struct mag_scope *) shared_scope;

MAG_FORKABLE(int, canceled_scope, unsigned, children)
static int canceled_scope(mag_fork w, unsigned children)
{
    struct mag_scope scope;

    mag_scope_open(&scope, w);
    /* release: the scope is open. */
    atomic_store_explicit(&shared_scope, &scope, memory_order_release);
    for (unsigned i = 0; i < children; i++)
        act_spawn(&w, &scope, &scope, LOOKS);
    return mag_scope_join(&w, &scope);
}

static void *cancel_when_one_looks(void *arg)
{
    (void)arg;
    if (gate_is_reached(&gate)) {
        /* acquire: the scope is open. */
        mag_scope_cancel(atomic_load_explicit(&shared_scope, memory_order_acquire));
    }
    return NULL;
}

static void a_scope_may_be_canceled_from_any_thread(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = start(workers);
        pthread_t thread;
        int error = 1;

        assert_int_equal(pthread_create(&thread, NULL, cancel_when_one_looks, NULL), 0);
        assert_int_equal(canceled_scope_run(sched, &error, 1000), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(error, -ECANCELED);
        /* relaxed: the computation is over.  Only children that ran at the time have
         * looked. */
        assert_true(atomic_load_explicit(&gate.started, memory_order_relaxed) <= workers);
        mag_sched_destroy(sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_and_cancellation_of_a_child_reach_the_join),
        cmocka_unit_test(each_join_of_many_has_the_error_of_its_own_child),
        cmocka_unit_test(the_error_of_a_stolen_child_reaches_its_scope),
        cmocka_unit_test(
            the_error_of_a_child_reaches_those_that_run_and_the_first_one_counts),
        cmocka_unit_test(the_cancellation_by_a_child_reaches_those_that_run_and_the_join),
        cmocka_unit_test(a_scope_may_be_canceled_from_any_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

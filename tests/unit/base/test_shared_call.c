/* SPDX-License-Identifier: Apache-2.0 */
/* White-box: calls that several threads share, with a call that waits at a gate, and a
 * count of the threads that wait for its end. */
#include "tests/support/child.h"
#include "tests/support/cmocka.h"
#include "tests/support/gate.h"

#include "base/turns.h"

#include <magpie/barrier.h>
#include <pthread.h>
#include <unistd.h>

static _Atomic(uint64_t) waiting;

static void count_and_give_way(unsigned tries)
{
    if (tries == 0)
        (void)test_add(&waiting, 1);
    mag_give_way(tries);
}

#define mag_give_way count_and_give_way
#include "base/shared_call.h"
#undef mag_give_way

enum { THREADS = 4, FORKS = 20 };

static struct mag_shared_call shared;
static _Atomic(uint64_t) calls;
static struct gate gate;
static bool refuses;

/* The first call is in the hands of the test. */
static bool call(void)
{
    if (test_add(&calls, 1) == 0)
        gate_pass(&gate);
    return !refuses;
}

static void *ask(void *answer)
{
    *(bool *)answer = mag_shared_call_ask(&shared, call);
    return NULL;
}

static int begin(void **state)
{
    (void)state;
    mag_shared_call_init(&shared);
    gate_close(&gate);
    atomic_init(&calls, 0);
    atomic_init(&waiting, 0);
    refuses = false;
    return 0;
}

/* One thread is inside the first call when the others ask.  Returns how many threads were
 * told of a call that was successful. */
static unsigned ask_at_once(void)
{
    pthread_t threads[THREADS + 1];
    bool answers[THREADS + 1] = {false};
    unsigned good = 0;

    for (int i = 0; i <= THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &answers[i]), 0);
        if (i == 0)
            assert_true(gate_is_reached(&gate));
    }
    assert_true(test_wait_for(&waiting, THREADS));
    gate_open(&gate);
    for (int i = 0; i <= THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        good += answers[i];
    }
    return good;
}

static void a_thread_alone_makes_each_call_itself(void **state)
{
    (void)state;
    gate_open(&gate);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_true(mag_shared_call_ask(&shared, call));
        assert_int_equal(test_read(&calls), i);
    }
}

static void threads_that_ask_during_a_call_share_the_next_one(void **state)
{
    (void)state;
    assert_int_equal(ask_at_once(), THREADS + 1);
    assert_int_equal(test_read(&calls), 2);
}

static void once_a_call_has_failed_each_thread_makes_its_own(void **state)
{
    (void)state;
    refuses = true;
    assert_int_equal(ask_at_once(), 0);
    assert_int_equal(test_read(&calls), 1 + THREADS);
    refuses = false;
    assert_true(mag_shared_call_ask(&shared, call));
}

/* ------------------------------------------------------------------------ fork() */

static _Atomic(uint64_t) over;

static void *make_barriers(void *arg)
{
    (void)arg;
    while (test_read(&over) == 0)
        mag_barrier_heavy();
    return NULL;
}

static int make_a_barrier(void *arg)
{
    (void)arg;
    (void)alarm(test_limit_s(0));
    mag_barrier_heavy();
    return 0;
}

/* The other thread is nearly always inside a call, and does not exist in the child. */
static void a_call_that_fork_has_cut_off_holds_up_nobody(void **state)
{
    pthread_t other;
    int failed = 0;
    (void)state;

    test_skip_without_child_threads();
    if (!mag_barrier_is_asymmetric()) {
        print_message("skipped: the kernel refuses membarrier\n");
        skip();
    }
    atomic_init(&over, 0);
    assert_int_equal(pthread_create(&other, NULL, make_barriers, NULL), 0);
    for (unsigned i = 0; i < FORKS && failed == 0; i++)
        failed = test_in_child(make_a_barrier, NULL);
    (void)test_add(&over, 1);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_thread_alone_makes_each_call_itself, begin),
        cmocka_unit_test_setup(threads_that_ask_during_a_call_share_the_next_one, begin),
        cmocka_unit_test_setup(once_a_call_has_failed_each_thread_makes_its_own, begin),
        cmocka_unit_test(a_call_that_fork_has_cut_off_holds_up_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Threads get a lazy value in both forms, peek at it, and reset it.  Its flights land on
 * a scheduler or at once, and some fail.  Each value is whole, and who gets one after a
 * reset gets one that was computed after that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include <magpie/connected.h>
#include <magpie/lazy.h>

enum { GETTERS = 3, ROUNDS = 30000, WORDS = 4 };

/* All words are the same: the number of the flight. */
struct value {
    uint64_t words[WORDS];
};

MAG_VTASK_DEFINE(value_task, struct value)

static struct mag_sched *sched;
static uint64_t seed; /* of this run; immutable while threads run */
static shared flights, failures, wrong, over, resets, gets;

static value_task compute(int unused);
MAG_LAZY(lazy_value, value_task, int)
static struct lazy_value lazy = MAG_LAZY_INIT(compute, 0);

MAG_ASYNC(value_task, compute_there, (uint64_t, number), struct value value;)
{
    MAG_BEGIN(f);
    if (f->number % 2 == 0)
        MAG_CONTINUE_ON(f, mag_sched_executor(sched));
    if (f->number % 16 == 3) {
        (void)add(&failures, 1);
        MAG_FAIL(f, -EIO);
    }
    for (int i = 0; i < WORDS; i++)
        f->value.words[i] = f->number;
    return value_task_result(f->value);
    MAG_END(f);
}

static value_task compute(int unused)
{
    (void)unused;
    return compute_there(add(&flights, 1) + 1);
}

static void check(const struct value *value, uint64_t least)
{
    for (int i = 1; i < WORDS; i++)
        if (value->words[i] != value->words[0])
            (void)add(&wrong, 1);
    if (value->words[0] < least)
        (void)add(&wrong, 1);
}

/* The same in the connected form. */
MAG_ASYNC(value_task, get_connected, (struct mag_cancel *, cancel),
          struct lazy_value_state state;
          struct value value;)
{
    MAG_BEGIN(f);
    MAG_CONNECT(f, f->value, lazy_value_get, &f->state, &lazy, f->cancel);
    return value_task_result(f->value);
    MAG_END(f);
}

static value_task get_somehow(struct mag_cancel *cancel, uint64_t *random)
{
    return test_random_below(random, 2) == 0 ? lazy_value_get(&lazy, cancel)
                                             : get_connected(cancel);
}

static void get_once(uint64_t round, uint64_t *random)
{
    struct mag_cancel cancel = {0};
    struct value value;
    uint64_t least = 1;

    if (round % 8 == 0) {
        /* A flight that begins after this has a larger number. */
        least = look(&flights) + 1;
        lazy_value_reset(&lazy);
        (void)add(&resets, 1);
    }
    bool cancels = test_random_below(random, 4) == 0;
    value_task task = get_somehow(cancels ? &cancel : NULL, random);
    if (cancels)
        (void)mag_cancel_fire(&cancel);
    int r = value_task_wait(task, &value);
    if (r == 0)
        check(&value, least);
    else if (r != -EIO && !(cancels && r == -ECANCELED))
        (void)add(&wrong, 1);
    (void)add(&gets, 1);
}

static void *get_often(void *arg)
{
    uint64_t random = (seed + (uintptr_t)arg) | 1;
    uint32_t rounds = test_rounds(ROUNDS);

    for (uint32_t i = 0; test_goes_on(i, rounds); i++)
        get_once(i, &random);
    return NULL;
}

static void *peek_often(void *arg)
{
    struct value value;
    uint64_t last = 0;

    while (look(&over) == 0) {
        if (!lazy_value_peek(&lazy, &value))
            continue;
        check(&value, last);
        last = value.words[0];
    }
    return arg;
}

static void values_are_whole_and_never_older_than_the_last_reset(void **state)
{
    pthread_t getters[GETTERS], peeker;
    (void)state;

    seed = test_seed();
    sched = test_sched_start(1);
    assert_int_equal(pthread_create(&peeker, NULL, peek_often, NULL), 0);
    for (uintptr_t i = 0; i < GETTERS; i++)
        assert_int_equal(pthread_create(&getters[i], NULL, get_often, (void *)i), 0);
    for (int i = 0; i < GETTERS; i++)
        assert_int_equal(pthread_join(getters[i], NULL), 0);
    set(&over, 1);
    assert_int_equal(pthread_join(peeker, NULL), 0);
    assert_int_equal(look(&wrong), 0);
    /* Flights that nobody waits for end before their scheduler. */
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
    print_message("%lu gets, %lu resets, %lu flights, %lu failed\n",
                  (unsigned long)look(&gets), (unsigned long)look(&resets),
                  (unsigned long)look(&flights), (unsigned long)look(&failures));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_whole_and_never_older_than_the_last_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

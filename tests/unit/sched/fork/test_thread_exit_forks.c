/*
 * Forked functions that end their thread.  A thread that waits for one gets an error.
 * The children of such a function are dropped, or waited for if a thief runs them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/exit.h"

#include <magpie/fork_range.h>

MAG_FORKABLE(long, never_returns, long, value)
static long never_returns(mag_fork w, long value)
{
    (void)w;
    (void)value;
    pthread_exit(NULL);
}

static void a_computation_that_ends_its_thread_returns_an_error(void **state)
{
    long result = 7;
    (void)state;

    start(1);
    assert_int_equal(never_returns_run(sched, &result, 1), -EOWNERDEAD);
    assert_int_equal(result, 7);
    assert_int_equal(ended_threads(), 1);
    mag_sched_destroy(sched);
}

struct shape {
    uint64_t words[20];
};

MAG_FORKABLE(struct shape, large_end, struct shape, from)
static struct shape large_end(mag_fork w, struct shape from)
{
    (void)w;
    set(&begun, from.words[0]);
    pthread_exit(NULL);
}

MAG_FORKABLE(long, small_end, long, from)
static long small_end(mag_fork w, long from)
{
    (void)w;
    set(&begun, (uint64_t)from);
    pthread_exit(NULL);
}

MAG_FORKABLE(long, join_the_ended, bool, large)
static long join_the_ended(mag_fork w, bool large)
{
    struct shape shape = {{1, 2, 3}};
    long sum = 0;

    if (large) {
        struct large_end_child child = large_end_fork(&w, shape);
        wait_until(&begun, 1);
        shape = large_end_join(&w, child);
        for (unsigned i = 0; i < 20; i++)
            sum += (long)shape.words[i];
        return sum;
    }
    struct small_end_child child = small_end_fork(&w, 5);
    wait_until(&begun, 1);
    return small_end_join(&w, child);
}

static void a_stolen_child_that_ends_its_thread_results_in_zero(void **state)
{
    (void)state;

    for (unsigned large = 0; large < 2; large++) {
        long result = 7;

        start(2);
        assert_int_equal(join_the_ended_run(sched, &result, large != 0), 0);
        assert_int_equal(result, 0);
        assert_int_equal(ended_threads(), 1);
        mag_sched_destroy(sched);
    }
}

enum { CHILDREN = 10, PATTERN = 0x5a5a };

static shared read_wrong, waiting_ran;

MAG_FORKABLE_VOID(reader, const long *, from, long, number)
static void reader(mag_fork w, const long *from, long number)
{
    (void)w;
    if (number != 0) {
        (void)add(&waiting_ran, 1);
        return;
    }
    set(&begun, 1);
    /* Meanwhile the thread of the forking function ends. */
    for (unsigned i = 0; i < 50; i++) {
        for (unsigned j = 0; j < 64; j++)
            (void)add(&read_wrong, from[j] != PATTERN);
        test_sleep_ms(1);
    }
    (void)add(&ran, 1);
}

MAG_FORKABLE_VOID(ends_with_children, bool, waits)
static void ends_with_children(mag_fork w, bool waits)
{
    struct reader_child children[CHILDREN];
    long own[64];

    for (unsigned i = 0; i < 64; i++)
        own[i] = PATTERN;
    for (long i = 0; i < CHILDREN; i++) {
        children[i] = reader_fork(&w, own, i);
        if (waits && i == 0)
            wait_until(&begun, 1);
    }
    if (own[0] == PATTERN)
        pthread_exit(NULL);
    for (unsigned i = CHILDREN; i-- > 0;)
        reader_join(&w, children[i]);
}

/* With one worker no other worker takes a child. */
static void children_of_an_ended_function_do_not_begin(void **state)
{
    (void)state;

    start(1);
    set(&waiting_ran, 0);
    assert_int_equal(ends_with_children_run(sched, false), -EOWNERDEAD);
    assert_int_equal(ended_threads(), 1);
    stop(MAG_SCHED_DRAIN);
    assert_int_equal(look(&waiting_ran), 0);
    mag_sched_destroy(sched);
}

static void what_a_stolen_child_reads_outlives_its_forkers_thread(void **state)
{
    (void)state;

    start(2);
    set(&read_wrong, 0);
    assert_int_equal(ends_with_children_run(sched, true), -EOWNERDEAD);
    /* The child has been waited for. */
    assert_int_equal(look(&ran), 1);
    assert_int_equal(look(&read_wrong), 0);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- ranges */

/* Counts its calls; the child with the number `ends` ends its thread. */
MAG_FORKABLE_RANGE(long, mortal, size_t, ends)
static long mortal(mag_fork w, size_t index, size_t ends)
{
    (void)w;
    (void)add(&ran, 1);
    (void)add(&begun, 1);
    if (index == ends)
        pthread_exit(NULL);
    return 1;
}

static void mortal_combine(long *sum, const long *later)
{
    *sum += *later;
}

MAG_FORKABLE(long, join_the_mortal, size_t, ends, bool, waits)
static long join_the_mortal(mag_fork w, size_t ends, bool waits)
{
    struct mortal_range range = mortal_fork_range(&w, 0, 4, ends);

    if (waits)
        wait_until(&begun, 1);
    return mortal_join_range(&w, range);
}

static void the_rest_of_an_ended_functions_range_does_not_begin(void **state)
{
    long result = 7;
    (void)state;

    start(1);
    assert_int_equal(join_the_mortal_run(sched, &result, 1, false), -EOWNERDEAD);
    assert_int_equal(result, 7);
    assert_int_equal(ended_threads(), 1);
    stop(MAG_SCHED_DRAIN);
    assert_int_equal(look(&ran), 2);
    mag_sched_destroy(sched);
}

/* The thief has taken all four, and ends with the first one. */
static void a_stolen_part_that_ends_its_thread_results_in_zero(void **state)
{
    (void)state;

    for (unsigned round = 0; round < 10; round++) {
        long result = 7;

        start(2);
        assert_int_equal(join_the_mortal_run(sched, &result, 0, true), 0);
        /* The joiner may have taken the far half from the thief; its result is lost with
         * the thief's. */
        assert_int_equal(result, 0);
        assert_int_equal(ended_threads(), 1);
        mag_sched_destroy(sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_computation_that_ends_its_thread_returns_an_error),
        cmocka_unit_test(a_stolen_child_that_ends_its_thread_results_in_zero),
        cmocka_unit_test(children_of_an_ended_function_do_not_begin),
        cmocka_unit_test(what_a_stolen_child_reads_outlives_its_forkers_thread),
        cmocka_unit_test(the_rest_of_an_ended_functions_range_does_not_begin),
        cmocka_unit_test(a_stolen_part_that_ends_its_thread_results_in_zero),
    };

    return cmocka_run_group_tests_name("thread exit, forks", tests, NULL, NULL);
}

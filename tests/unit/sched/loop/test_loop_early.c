/*
 * Loops that end early: errors of bodies, stops, threads that end; and the slots that
 * bodies are told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/indices.h"

#include <pthread.h>

static struct indices indices;

static void the_first_error_in_the_order_of_indices_is_returned(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(1000); i++) {
            size_t count = test_random_below(&random, TEST_INDICES_MAX) + 1;
            size_t first = count;
            struct mag_for_options options = {.grain = i % 4};
            struct mag_range failed = {0, 0};

            indices_init(&indices, 0, count);
            indices.error = i % 2 ? -EIO : 1;
            for (uint32_t bad = 0; bad < 3; bad++) {
                size_t at = test_random_below(&random, (unsigned)count);

                indices.bad[at] = true;
                first = at < first ? at : first;
            }
            assert_int_equal(
                mag_for_with(sched, &options, &failed, 0, count, indices_walk, &indices),
                indices.error);
            assert_true(failed.begin <= first && first < failed.end);
            indices_once_until(&indices, failed.end);
        }
        mag_sched_destroy(sched);
    }
}

static void an_error_ends_a_loop_early(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_for_options options = {.grain = 1};
    struct mag_range failed = {0, 0};
    (void)state;

    indices_init(&indices, 0, 1000);
    indices.bad[10] = true;
    assert_int_equal(
        mag_for_with(sched, &options, &failed, 0, 1000, indices_walk, &indices), -EIO);
    assert_int_equal(failed.begin, 10);
    assert_int_equal(failed.end, 11);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(indices_seen(&indices, i), i <= 10 ? 1 : 0);
    mag_sched_destroy(sched);
}

static void a_success_leaves_the_failed_range_alone(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_range failed = {7, 8};
    (void)state;

    indices_init(&indices, 0, 10);
    assert_int_equal(mag_for_with(sched, NULL, &failed, 0, 10, indices_walk, &indices),
                     0);
    assert_int_equal(failed.begin, 7);
    assert_int_equal(failed.end, 8);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- stops */

static struct mag_for_stop stop;

static int walk_and_stop(struct mag_range range, uint32_t slot, void *arg)
{
    const size_t *at = arg;
    int error = indices_walk(range, slot, &indices);

    if (range.begin <= *at && *at < range.end)
        mag_for_stop_ask(&stop);
    return error;
}

static void a_stop_tells_the_first_index_that_has_not_run(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(1000); i++) {
            size_t at = test_random_below(&random, TEST_INDICES_MAX);
            struct mag_for_options options = {.stop = &stop, .grain = i % 4};
            struct mag_range failed = {TEST_INDICES_MAX, 0};

            indices_init(&indices, 0, TEST_INDICES_MAX);
            atomic_init(&stop.asked, false);
            int error = mag_for_with(sched, &options, &failed, 0, TEST_INDICES_MAX,
                                     walk_and_stop, &at);
            /* All others may have run before the stop was asked for. */
            assert_true(error == -ECANCELED || failed.begin == TEST_INDICES_MAX);
            assert_true(error == -ECANCELED || error == 0);
            indices_once_until(&indices, failed.begin);
            assert_true(error == 0 || indices_seen(&indices, failed.begin) == 0);
        }
        mag_sched_destroy(sched);
    }
}

static void a_loop_that_is_stopped_before_it_begins_calls_nobody(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_for_options options = {.stop = &stop};
    (void)state;

    indices_init(&indices, 0, 0);
    atomic_init(&stop.asked, false);
    mag_for_stop_ask(&stop);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(
            mag_for_with(sched, &options, NULL, 0, 100, indices_walk, &indices),
            -ECANCELED);
    indices_all_once(&indices);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- slots */

struct slots {
    uint32_t limit;
    _Atomic(uint32_t) users[64];
    uint64_t scratch[64]; /* plain: a slot has one user at a time */
};

static int use_slot(struct mag_range range, uint32_t slot, void *arg)
{
    struct slots *slots = arg;

    /* relaxed: only the loop may order the users of a slot. */
    if (slot >= slots->limit ||
        atomic_fetch_add_explicit(&slots->users[slot], 1, memory_order_relaxed) != 0)
        return -EIO;
    slots->scratch[slot] += range.end - range.begin;
    for (int i = 0; i < 100; i++)
        test_pause();
    /* relaxed: as above. */
    (void)atomic_fetch_sub_explicit(&slots->users[slot], 1, memory_order_relaxed);
    return 0;
}

static void run_in_slots(struct mag_sched *sched, uint32_t limit, uint32_t bound)
{
    struct slots slots = {.limit = bound};
    struct mag_for_options options = {.limit = limit, .grain = 3};
    uint64_t sum = 0;

    assert_int_equal(mag_for_with(sched, &options, NULL, 0, 1000, use_slot, &slots), 0);
    for (uint32_t i = 0; i < 64; i++)
        sum += slots.scratch[i];
    assert_int_equal(sum, 1000);
}

static void no_two_calls_have_one_slot_at_a_time(void **state)
{
    struct mag_sched *sched = test_sched_start(4);
    (void)state;

    for (uint32_t i = 0; i < test_rounds(300); i++) {
        for (uint32_t limit = 1; limit <= 3; limit++)
            run_in_slots(sched, limit, limit);
        run_in_slots(sched, 0, 64);
        run_in_slots(sched, 1000, 64);
    }
    mag_sched_destroy(sched);
}

static void a_limit_holds_on_many_workers(void **state)
{
    struct mag_sched *sched = test_sched_start(70);
    (void)state;

    for (uint32_t i = 0; i < test_rounds(30); i++) {
        run_in_slots(sched, 5, 5);
        run_in_slots(sched, 64, 64);
        run_in_slots(sched, 69, MAG_FOR_LIMIT_MAX);
    }
    mag_sched_destroy(sched);
}

/* The caller's half of a loop and the thief's; one of them is finished first. */
enum { HALF = 4 };

struct halves {
    bool thief_first;         /* whose half is finished first */
    _Atomic(uint64_t) thief;  /* indices of the thief's half that have begun */
    _Atomic(uint64_t) caller; /* and of the caller's */
    _Atomic(uint64_t) late;   /* and of the later half, but for its first index */
};

/* The first index of the later half waits for the whole earlier half.  The next one waits
 * for a second thread. */
static int in_halves(struct mag_range range, uint32_t slot, void *arg)
{
    struct halves *halves = arg;
    bool theirs = range.begin >= HALF;
    bool done = true;

    (void)slot;
    (void)test_add(theirs ? &halves->thief : &halves->caller, 1);
    if (range.begin == 0)
        done = test_wait_for(&halves->thief, halves->thief_first ? HALF : 1);
    else if (range.begin == HALF && !halves->thief_first)
        done = test_wait_for(&halves->caller, HALF);
    else if (theirs != halves->thief_first) {
        (void)test_add(&halves->late, 1);
        done = test_wait_for(&halves->late, 2);
    }
    return done ? 0 : -ETIMEDOUT;
}

static void the_slot_of_a_thread_that_is_done_goes_to_another(void **state)
{
    /* With two workers a limit of two would be none. */
    struct mag_sched *sched = test_sched_start_alone(3);
    (void)state;

    for (int thief_first = 0; thief_first < 2; thief_first++) {
        struct mag_for_options options = {.limit = 2, .grain = 1};
        struct halves halves = {.thief_first = thief_first != 0};

        assert_int_equal(
            mag_for_with(sched, &options, NULL, 0, 2 * HALF, in_halves, &halves), 0);
    }
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------ threads that end */

/* The second index ends its thread while the first one waits. */
static int end_the_thief(struct mag_range range, uint32_t slot, void *arg)
{
    _Atomic(uint64_t) *begun = arg;

    (void)slot;
    if (range.begin == 0)
        return test_wait_for(begun, 1) ? 0 : -ETIMEDOUT;
    (void)test_add(begun, 1);
    pthread_exit(NULL);
}

static void a_thief_that_ends_fails_the_loop(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(2);
    struct mag_range failed = {0, 0};
    _Atomic(uint64_t) begun;
    (void)state;

    atomic_init(&begun, 0);
    assert_int_equal(mag_for_with(sched, NULL, &failed, 0, 2, end_the_thief, &begun),
                     -EOWNERDEAD);
    assert_int_equal(failed.begin, 1);
    assert_int_equal(failed.end, 2);
    mag_sched_destroy(sched);
}

static int end_at(struct mag_range range, uint32_t slot, void *arg)
{
    const size_t *at = arg;

    (void)slot;
    if (range.begin <= *at && *at < range.end)
        pthread_exit(NULL);
    return 0;
}

static void a_body_that_ends_its_thread_fails_the_loop(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        struct mag_sched *sched = test_sched_start_alone(workers);

        for (size_t at = 0; at < 64; at += 7) {
            struct mag_for_options options = {.grain = 1};
            struct mag_range failed = {SIZE_MAX, SIZE_MAX};

            assert_int_equal(mag_for_with(sched, &options, &failed, 0, 64, end_at, &at),
                             -EOWNERDEAD);
            assert_true(failed.begin <= at && at < failed.end);
        }
        mag_sched_destroy(sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_error_in_the_order_of_indices_is_returned),
        cmocka_unit_test(an_error_ends_a_loop_early),
        cmocka_unit_test(a_success_leaves_the_failed_range_alone),
        cmocka_unit_test(a_stop_tells_the_first_index_that_has_not_run),
        cmocka_unit_test(a_loop_that_is_stopped_before_it_begins_calls_nobody),
        cmocka_unit_test(no_two_calls_have_one_slot_at_a_time),
        cmocka_unit_test(a_limit_holds_on_many_workers),
        cmocka_unit_test(the_slot_of_a_thread_that_is_done_goes_to_another),
        cmocka_unit_test(a_thief_that_ends_fails_the_loop),
        cmocka_unit_test(a_body_that_ends_its_thread_fails_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

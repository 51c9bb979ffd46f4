/*
 * Loops with an affinity: a worker takes the parts that it had in the last loop before
 * any others, and the rest is as in loops without.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/sched/indices.h"

#include <magpie/loop_affinity.h>
#include <pthread.h>
#include <string.h>

enum { WORKERS_MAX = 5, RANGES = MAG_FOR_AFFINITY_PARTS };

static struct indices indices;

static void each_index_is_given_to_one_body_once(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 5; workers += 2) {
        struct mag_sched *sched = test_sched_start(workers);
        struct mag_for_affinity affinity = {0};

        for (uint32_t i = 0; i < test_rounds(1000); i++) {
            size_t count = test_random_below(&random, i % 2 ? 50 : TEST_INDICES_MAX + 1);
            struct mag_for_options options = {
                .affinity = &affinity, .grain = i % 3 * 7, .limit = i % 5 == 0 ? 2 : 0};

            indices_init(&indices, 0, count);
            assert_int_equal(
                mag_for_with(sched, &options, NULL, 0, count, indices_walk, &indices), 0);
            indices_all_once(&indices);
        }
        mag_sched_destroy(sched);
    }
}

/* ------------------------------------------------------------- who had which part */

/* The ranges that each worker had, in its order. */
struct history {
    struct {
        struct mag_range ranges[RANGES];
        uint32_t count;
    } workers[WORKERS_MAX + 1];
};

static int note(struct mag_range range, uint32_t slot, void *arg)
{
    struct history *history = arg;
    uint32_t count = history->workers[slot].count++;

    history->workers[slot].ranges[count] = range;
    for (size_t i = 0; i < 300; i++)
        test_pause();
    return 0;
}

/* The worker that had the range that begins there. */
static uint32_t owner_in(const struct history *history, size_t begin)
{
    for (uint32_t worker = 0; worker <= WORKERS_MAX; worker++) {
        for (uint32_t i = 0; i < history->workers[worker].count; i++) {
            if (history->workers[worker].ranges[i].begin == begin)
                return worker;
        }
    }
    return UINT32_MAX;
}

/* Asserts that a worker had nothing of its own after something of another's. */
static void own_parts_came_first(const struct history *before, const struct history *now,
                                 uint32_t worker)
{
    bool others = false;

    for (uint32_t i = 0; i < now->workers[worker].count; i++) {
        bool own = owner_in(before, now->workers[worker].ranges[i].begin) == worker;

        assert_false(own && others);
        others |= !own;
    }
}

static void a_worker_takes_its_own_parts_first(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= WORKERS_MAX; workers++) {
        struct mag_sched *sched = test_sched_start_alone(workers);
        struct mag_for_affinity affinity = {0};
        struct mag_for_options options = {.affinity = &affinity, .grain = SIZE_MAX};
        static struct history history[2];

        memset(history, 0, sizeof(history));
        for (uint32_t i = 0; i < test_rounds(200); i++) {
            struct history *now = &history[i % 2];

            memset(now, 0, sizeof(*now));
            assert_int_equal(mag_for_with(sched, &options, NULL, 0, 1000, note, now), 0);
            for (uint32_t worker = 0; worker < workers && i > 0; worker++)
                own_parts_came_first(&history[1 - i % 2], now, worker);
        }
        mag_sched_destroy(sched);
    }
}

static void at_first_each_worker_has_a_row_of_parts(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    struct mag_for_affinity affinity = {0};
    struct mag_for_options options = {.affinity = &affinity, .grain = SIZE_MAX};
    static struct history history;
    (void)state;

    memset(&history, 0, sizeof(history));
    assert_int_equal(mag_for_with(sched, &options, NULL, 0, 1000, note, &history), 0);
    assert_true(history.workers[0].count > 1);
    for (uint32_t i = 1; i < history.workers[0].count; i++)
        assert_int_equal(history.workers[0].ranges[i].begin,
                         history.workers[0].ranges[i - 1].end);
    mag_sched_destroy(sched);
}

/* ---------------------------------------------------------------- errors, touching */

static void the_first_error_in_order_is_returned(void **state)
{
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(3);
    struct mag_for_affinity affinity = {0};
    struct mag_for_options options = {.affinity = &affinity, .grain = 1};
    (void)state;

    for (uint32_t i = 0; i < test_rounds(300); i++) {
        struct mag_range failed = {0, 0};
        size_t first = test_random_below(&random, TEST_INDICES_MAX);

        indices_init(&indices, 0, TEST_INDICES_MAX);
        indices.bad[first] = true;
        indices.bad[first + test_random_below(
                                &random, (unsigned)(TEST_INDICES_MAX - first))] = true;
        assert_int_equal(mag_for_with(sched, &options, &failed, 0, TEST_INDICES_MAX,
                                      indices_walk, &indices),
                         -EIO);
        assert_int_equal(failed.begin, first);
        indices_once_until(&indices, first + 1);
    }
    mag_sched_destroy(sched);
}

/* The second index ends its thread while the first one waits. */
static int end_the_thread(struct mag_range range, uint32_t slot, void *arg)
{
    _Atomic(uint64_t) *begun = arg;

    (void)slot;
    if (range.begin == 0)
        return test_wait_for(begun, 1) ? 0 : -ETIMEDOUT;
    (void)test_add(begun, 1);
    pthread_exit(NULL);
}

static void a_thread_that_ends_fails_the_loop(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(2);
    struct mag_for_affinity affinity = {0};
    struct mag_for_options options = {.affinity = &affinity};
    _Atomic(uint64_t) begun;
    (void)state;

    for (uint32_t i = 0; i < test_rounds(20); i++) {
        struct mag_range failed = {SIZE_MAX, SIZE_MAX};

        atomic_init(&begun, 0);
        assert_int_equal(
            mag_for_with(sched, &options, &failed, 0, 2, end_the_thread, &begun),
            -EOWNERDEAD);
        assert_int_equal(failed.begin, 0);
    }
    mag_sched_destroy(sched);
}

static void touching_changes_nothing(void **state)
{
    static char array[100000];
    static char copy[100000];
    struct mag_sched *sched = test_sched_start(2);
    struct mag_for_affinity affinity = {0};
    (void)state;

    for (size_t i = 0; i < sizeof(array); i++)
        array[i] = copy[i] = (char)i;
    for (size_t size = 0; size <= sizeof(array) - 3; size = size * 3 + 1)
        assert_int_equal(mag_for_touch(sched, &affinity, array + 3, size), 0);
    assert_memory_equal(array, copy, sizeof(array));
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_is_given_to_one_body_once),
        cmocka_unit_test(a_worker_takes_its_own_parts_first),
        cmocka_unit_test(at_first_each_worker_has_a_row_of_parts),
        cmocka_unit_test(the_first_error_in_order_is_returned),
        cmocka_unit_test(a_thread_that_ends_fails_the_loop),
        cmocka_unit_test(touching_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sched/indices.h"

#include <limits.h>
#include <magpie/find.h>
#include <pthread.h>

/* NOLINTBEGIN(readability-function-size): name_find_with has many parameters. */

static struct indices indices;

MAG_FIND(is_bad, void)
static bool is_bad(size_t index)
{
    indices_see(&indices, index);
    return indices.bad[index - indices.first];
}

static void the_first_index_that_fits_is_found(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 8; workers = workers * 3 - 1) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(2000); i++) {
            size_t count = test_random_below(&random, i % 2 ? 20 : TEST_INDICES_MAX + 1);
            size_t begin = i % 3 ? test_random(&random) % 1000 : SIZE_MAX - count;
            size_t first = begin + count;
            size_t found = 0;
            struct mag_for_options options = {
                .grain = i % 5 == 0 ? 0 : test_random(&random) % 100 + 1,
                .limit = test_random_below(&random, 4)};

            indices_init(&indices, begin, count);
            for (uint32_t bad = test_random_below(&random, 4); bad > 0 && count > 0;
                 bad--) {
                size_t at = test_random_below(&random, (unsigned)count);

                indices.bad[at] = true;
                first = begin + at < first ? begin + at : first;
            }
            assert_int_equal(
                is_bad_find_with(sched, &options, &found, begin, begin + count), 0);
            assert_int_equal(found, first);
            indices_once_until(&indices, found);
        }
        mag_sched_destroy(sched);
    }
}

static void misuse_is_refused_before_anything_is_called(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    size_t found = 77;
    (void)state;

    indices_init(&indices, 0, 0);
    assert_int_equal(is_bad_find(sched, &found, 1, 0), -EINVAL);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(is_bad_find(sched, &found, 0, 5), -ESHUTDOWN);
    assert_int_equal(found, 77);
    indices_all_once(&indices);
    mag_sched_destroy(sched);
}

static struct mag_for_stop stop;

static void a_stopped_search_has_no_result(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_for_options options = {.stop = &stop};
    size_t found = 77;
    (void)state;

    indices_init(&indices, 0, 0);
    atomic_init(&stop.asked, false);
    mag_for_stop_ask(&stop);
    assert_int_equal(is_bad_find_with(sched, &options, &found, 0, 100), -ECANCELED);
    assert_int_equal(found, 77);
    indices_all_once(&indices);
    mag_sched_destroy(sched);
}

/* Fits at one index, which it need not look for. */
static size_t know(struct mag_range range, uint32_t slot, void *arg)
{
    const size_t *at = arg;

    (void)slot;
    return range.begin <= *at && *at < range.end ? *at : range.end;
}

static void an_index_may_be_far_from_the_beginning_of_its_range(void **state)
{
    static const size_t far[] = {INT_MAX - 2, INT_MAX - 1, INT_MAX, (size_t)INT_MAX + 1,
                                 SIZE_MAX - 10};
    struct mag_sched *sched = test_sched_start(1);
    struct mag_for_options options = {.grain = SIZE_MAX};
    (void)state;

    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        size_t at = far[i] + 5;
        size_t found = 0;

        assert_int_equal(mag_find_with(sched, &options, &found, 5, SIZE_MAX, know, &at),
                         0);
        assert_int_equal(found, at);
        assert_int_equal(mag_find(sched, &found, 5, SIZE_MAX, know, &at), 0);
        assert_int_equal(found, at);
    }
    mag_sched_destroy(sched);
}

MAG_FIND(ends_thread, size_t, at)
static bool ends_thread(size_t index, size_t at)
{
    if (index == at)
        pthread_exit(NULL);
    return false;
}

static void a_question_that_ends_its_thread_fails_the_search(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(2);
    size_t found = 77;
    (void)state;

    assert_int_equal(ends_thread_find(sched, &found, 0, 100, 50), -EOWNERDEAD);
    assert_int_equal(found, 77);
    mag_sched_destroy(sched);
}

MAG_FORKABLE(int, find_in_fork, size_t *, ret_found)
static int find_in_fork(mag_fork w, size_t *ret_found)
{
    return is_bad_find_in(w, ret_found, 0, TEST_INDICES_MAX);
}

static void forked_functions_search(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    size_t found = 0;
    int error = -1;
    (void)state;

    indices_init(&indices, 0, TEST_INDICES_MAX);
    assert_int_equal(find_in_fork_run(sched, &error, &found), 0);
    assert_int_equal(error, 0);
    assert_int_equal(found, TEST_INDICES_MAX);
    indices_all_once(&indices);
    mag_sched_destroy(sched);
}

MAG_FORKABLE(int, with_options, size_t, at, size_t *, ret_found)
static int with_options(mag_fork w, size_t at, size_t *ret_found)
{
    struct mag_for_options options = {.grain = 3};

    return mag_find_in(w, &options, ret_found, 0, 100, know, &at);
}

static void they_may_have_options(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    size_t found = 0;
    int error = -1;
    (void)state;

    assert_int_equal(with_options_run(sched, &error, 34, &found), 0);
    assert_int_equal(error, 0);
    assert_int_equal(found, 34);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_index_that_fits_is_found),
        cmocka_unit_test(misuse_is_refused_before_anything_is_called),
        cmocka_unit_test(a_stopped_search_has_no_result),
        cmocka_unit_test(an_index_may_be_far_from_the_beginning_of_its_range),
        cmocka_unit_test(a_question_that_ends_its_thread_fails_the_search),
        cmocka_unit_test(forked_functions_search),
        cmocka_unit_test(they_may_have_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */

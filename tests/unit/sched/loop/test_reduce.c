/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sched/indices.h"
#include "tests/support/sched/rows.h"

#include <magpie/reduce.h>

/* NOLINTBEGIN(readability-function-size): name_reduce_with has many parameters. */

static struct indices indices;

MAG_REDUCE(join, struct test_row, void)
static int join(struct mag_range range, uint32_t slot, struct test_row *row)
{
    test_row_add(row, range);
    return indices_walk(range, slot, &indices);
}
TEST_ROW_COMBINE(join)

MAG_REDUCE_FIXED(join_fixed, struct test_row, void)
static int join_fixed(struct mag_range range, uint32_t slot, struct test_row *row)
{
    return join(range, slot, row);
}
TEST_ROW_COMBINE(join_fixed)

typedef int (*join_form)(struct mag_sched *sched, const struct mag_for_options *options,
                         struct mag_range *ret_failed, struct test_row *row, size_t begin,
                         size_t end);

static const join_form forms[] = {join_reduce_with, join_fixed_reduce_with};

static void ranges_are_put_together_in_the_order_of_indices(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 8; workers = workers * 3 - 1) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(3000); i++) {
            size_t count = test_random_below(&random, i % 2 ? 20 : TEST_INDICES_MAX + 1);
            size_t first = i % 3 ? test_random(&random) % 1000 : SIZE_MAX - count;
            struct mag_for_options options = test_row_options(i, &random);
            struct test_row row = {0, 0, TEST_ROW_EMPTY};

            indices_init(&indices, first, count);
            assert_int_equal(
                forms[i % 2](sched, &options, NULL, &row, first, first + count), 0);
            assert_true(test_row_is(&row, first, first + count));
            indices_all_once(&indices);
        }
        mag_sched_destroy(sched);
    }
}

static void an_empty_reduction_leaves_the_neutral_value(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct test_row row = {1, 2, 3};
    (void)state;

    assert_int_equal(join_reduce(sched, &row, 5, 5), 0);
    assert_int_equal(join_fixed_reduce(sched, &row, SIZE_MAX, SIZE_MAX), 0);
    assert_int_equal(row.begin, 1);
    assert_int_equal(row.end, 2);
    assert_int_equal(row.state, 3);
    mag_sched_destroy(sched);
}

static void misuse_is_refused_before_anything_is_called(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_for_options unknown = {.reserved = {1}};
    struct mag_reduction nothing = join_reduction;
    struct test_row row = {0, 0, TEST_ROW_EMPTY};
    (void)state;

    indices_init(&indices, 0, 0);
    nothing.size = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(forms[i](sched, NULL, NULL, &row, 1, 0), -EINVAL);
        assert_int_equal(forms[i](sched, &unknown, NULL, &row, 0, 5), -EINVAL);
    }
    assert_int_equal(mag_reduce(sched, &nothing, &row, 0, 5, NULL), -EINVAL);
    assert_int_equal(mag_reduce_with(sched, NULL, NULL, &nothing, &row, 0, 0, NULL),
                     -EINVAL);
    assert_true(test_row_is(&row, 0, 0));
    indices_all_once(&indices);
    mag_sched_destroy(sched);
}

static void a_stopped_scheduler_reduces_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct test_row row = {0, 0, TEST_ROW_EMPTY};
    (void)state;

    indices_init(&indices, 0, 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(join_reduce(sched, &row, 0, 5), -ESHUTDOWN);
    indices_all_once(&indices);
    mag_sched_destroy(sched);
}

static void without_a_scheduler_the_default_one_is_used(void **state)
{
    struct test_row row = {0, 0, TEST_ROW_EMPTY};
    (void)state;

    indices_init(&indices, 0, TEST_INDICES_MAX);
    assert_int_equal(join_reduce(NULL, &row, 0, TEST_INDICES_MAX), 0);
    assert_true(test_row_is(&row, 0, TEST_INDICES_MAX));
    indices_all_once(&indices);
}

/* ------------------------------------------------------------------- by whom */

struct meeting {
    _Atomic(uint64_t) here;
    uint64_t all;
};

/* Ends once all leaves run at the same time. */
MAG_REDUCE(meet, struct test_row, struct meeting *, meeting)
static int meet(struct mag_range range, uint32_t slot, struct test_row *row,
                struct meeting *meeting)
{
    (void)slot;
    test_row_add(row, range);
    (void)test_add(&meeting->here, 1);
    return test_wait_for(&meeting->here, meeting->all) ? 0 : -ETIMEDOUT;
}
TEST_ROW_COMBINE(meet)

static void as_many_workers_help_as_there_are_indices(void **state)
{
    (void)state;
    for (uint32_t workers = 2; workers <= 5; workers++) {
        struct mag_sched *sched = test_sched_start_alone(workers);
        struct meeting meeting = {.all = workers};
        struct test_row row = {0, 0, TEST_ROW_EMPTY};

        atomic_init(&meeting.here, 0);
        assert_int_equal(meet_reduce(sched, &row, 0, workers, &meeting), 0);
        assert_true(test_row_is(&row, 0, workers));
        mag_sched_destroy(sched);
    }
}

MAG_FORKABLE(int, halves, struct test_row *, row, size_t, begin, size_t, end)
static int halves(mag_fork w, struct test_row *row, size_t begin, size_t end)
{
    struct test_row later = {0, 0, TEST_ROW_EMPTY};
    size_t middle = begin + (end - begin) / 2;

    if (end - begin <= 512)
        return (begin / 512) % 2 != 0 ? join_reduce_in(w, row, begin, end)
                                      : join_fixed_reduce_in(w, row, begin, end);
    struct halves_child child = halves_fork(&w, &later, middle, end);
    int error = halves(w, row, begin, middle);
    error |= halves_join(&w, child);
    test_row_join(row, &later);
    return error;
}

static void forked_functions_reduce(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 3; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        int error = -1;

        for (uint32_t i = 0; i < test_rounds(200); i++) {
            struct test_row row = {0, 0, TEST_ROW_EMPTY};

            indices_init(&indices, 0, TEST_INDICES_MAX);
            assert_int_equal(halves_run(sched, &error, &row, 0, TEST_INDICES_MAX), 0);
            assert_int_equal(error, 0);
            assert_true(test_row_is(&row, 0, TEST_INDICES_MAX));
            indices_all_once(&indices);
        }
        mag_sched_destroy(sched);
    }
}

MAG_FORKABLE(int, with_options, struct test_row *, row, struct mag_range *, ret_failed)
static int with_options(mag_fork w, struct test_row *row, struct mag_range *ret_failed)
{
    struct mag_for_options options = {.grain = 1};

    return mag_reduce_in(w, &options, ret_failed, &join_reduction, row, 0, 100, NULL);
}

static void they_may_have_options(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct test_row row = {0, 0, TEST_ROW_EMPTY};
    struct mag_range failed = {0, 0};
    int error = 0;
    (void)state;

    indices_init(&indices, 0, 100);
    indices.bad[33] = true;
    assert_int_equal(with_options_run(sched, &error, &row, &failed), 0);
    assert_int_equal(error, -EIO);
    assert_int_equal(failed.begin, 33);
    assert_int_equal(failed.end, 34);
    assert_true(test_row_is(&row, 0, 0));
    indices_once_until(&indices, 34);
    mag_sched_destroy(sched);
}

/* A value of some kilobytes. */
struct counts {
    uint32_t of[1000];
};

MAG_REDUCE(count_up, struct counts, void)
static int count_up(struct mag_range range, uint32_t slot, struct counts *counts)
{
    (void)slot;
    for (size_t i = range.begin; i < range.end; i++)
        counts->of[i % 1000]++;
    return 0;
}
static void count_up_combine(struct counts *counts, const struct counts *later)
{
    for (size_t i = 0; i < 1000; i++)
        counts->of[i] += later->of[i];
}

static void values_may_be_large(void **state)
{
    struct mag_sched *sched = test_sched_start(3);
    static struct counts counts;
    (void)state;

    for (uint32_t round = 0; round < test_rounds(50); round++) {
        struct mag_for_options options = {.grain = round % 2 ? 10 : 0};

        counts = (struct counts){{0}};
        assert_int_equal(count_up_reduce_with(sched, &options, NULL, &counts, 0, 100000),
                         0);
        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(counts.of[i], 100);
    }
    mag_sched_destroy(sched);
}

/* -------------------------------------------------------------------- early ends */

static void the_first_error_in_the_order_of_indices_is_returned(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(1000); i++) {
            size_t count = test_random_below(&random, TEST_INDICES_MAX) + 1;
            struct mag_for_options options = {.grain = i % 4};
            struct mag_range failed = {0, 0};
            struct test_row row = {0, 0, TEST_ROW_EMPTY};

            indices_init(&indices, 0, count);
            size_t first = indices_spoil(&indices, 3, &random);
            assert_int_equal(forms[i % 2](sched, &options, &failed, &row, 0, count),
                             -EIO);
            assert_true(failed.begin <= first && first < failed.end);
            assert_true(test_row_is(&row, 0, 0));
            indices_once_until(&indices, failed.end);
        }
        mag_sched_destroy(sched);
    }
}

static struct mag_for_stop stop;

MAG_REDUCE(stop_at, struct test_row, size_t, at)
static int stop_at(struct mag_range range, uint32_t slot, struct test_row *row, size_t at)
{
    if (range.begin <= at && at < range.end)
        mag_for_stop_ask(&stop);
    return join(range, slot, row);
}
TEST_ROW_COMBINE(stop_at)

static void a_stop_tells_the_first_index_that_has_not_run(void **state)
{
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(3);
    (void)state;

    for (uint32_t i = 0; i < test_rounds(1000); i++) {
        size_t at = test_random_below(&random, TEST_INDICES_MAX);
        struct mag_for_options options = {.stop = &stop, .grain = i % 4};
        struct mag_range failed = {TEST_INDICES_MAX, 0};
        struct test_row row = {0, 0, TEST_ROW_EMPTY};

        indices_init(&indices, 0, TEST_INDICES_MAX);
        atomic_init(&stop.asked, false);
        int error =
            stop_at_reduce_with(sched, &options, &failed, &row, 0, TEST_INDICES_MAX, at);
        /* All others may have run before the stop was asked for. */
        assert_int_equal(error, failed.begin == TEST_INDICES_MAX ? 0 : -ECANCELED);
        assert_true(test_row_is(&row, 0, error == 0 ? TEST_INDICES_MAX : 0));
        indices_once_until(&indices, failed.begin);
    }
    mag_sched_destroy(sched);
}

MAG_REDUCE(end_at, struct test_row, size_t, at)
static int end_at(struct mag_range range, uint32_t slot, struct test_row *row, size_t at)
{
    (void)slot;
    return test_row_end_at(row, range, at);
}
TEST_ROW_COMBINE(end_at)

static void a_leaf_that_ends_its_thread_fails_the_reduction(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        struct mag_sched *sched = test_sched_start_alone(workers);

        for (size_t at = 0; at < 64; at += 7) {
            struct mag_for_options options = {.grain = 1};
            struct mag_range failed = {SIZE_MAX, SIZE_MAX};
            struct test_row row = {0, 0, TEST_ROW_EMPTY};

            assert_int_equal(
                end_at_reduce_with(sched, &options, &failed, &row, 0, 64, at),
                -EOWNERDEAD);
            assert_true(failed.begin <= at && at < failed.end);
            assert_true(test_row_is(&row, 0, 0));
        }
        mag_sched_destroy(sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_put_together_in_the_order_of_indices),
        cmocka_unit_test(an_empty_reduction_leaves_the_neutral_value),
        cmocka_unit_test(misuse_is_refused_before_anything_is_called),
        cmocka_unit_test(a_stopped_scheduler_reduces_nothing),
        cmocka_unit_test(without_a_scheduler_the_default_one_is_used),
        cmocka_unit_test(as_many_workers_help_as_there_are_indices),
        cmocka_unit_test(forked_functions_reduce),
        cmocka_unit_test(they_may_have_options),
        cmocka_unit_test(values_may_be_large),
        cmocka_unit_test(the_first_error_in_the_order_of_indices_is_returned),
        cmocka_unit_test(a_stop_tells_the_first_index_that_has_not_run),
        cmocka_unit_test(a_leaf_that_ends_its_thread_fails_the_reduction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */

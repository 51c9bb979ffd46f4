/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sched/indices.h"
#include "tests/support/sched/rows.h"

#include <magpie/scan.h>

/* NOLINTBEGIN(readability-function-size): name_scan_with has many parameters. */

/* What a scan saw. */
struct seen {
    struct indices indices; /* scanned */
    size_t bad_fold;        /* the index at which a fold fails, or SIZE_MAX */
    _Atomic(uint64_t) folds;
    _Atomic(uint64_t) wrong; /* scans with another total than that of all before */
};

static struct seen seen;

static void seen_init(size_t first, size_t count)
{
    indices_init(&seen.indices, first, count);
    seen.bad_fold = SIZE_MAX;
    atomic_init(&seen.folds, 0);
    atomic_init(&seen.wrong, 0);
}

MAG_SCAN(walk, struct test_row, void)
static int walk(struct mag_range range, uint32_t slot, struct test_row *row)
{
    if (!test_row_is(row, seen.indices.first, range.begin))
        (void)test_add(&seen.wrong, 1);
    test_row_add(row, range);
    return indices_walk(range, slot, &seen.indices);
}
static int walk_fold(struct mag_range range, uint32_t slot, struct test_row *row)
{
    (void)slot;
    (void)test_add(&seen.folds, 1);
    if (row->state != TEST_ROW_EMPTY)
        (void)test_add(&seen.wrong, 1);
    test_row_add(row, range);
    return range.begin <= seen.bad_fold && seen.bad_fold < range.end ? -ENOSPC : 0;
}
TEST_ROW_COMBINE(walk)

static void each_range_is_scanned_once_with_the_total_before_it(void **state)
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

            seen_init(first, count);
            assert_int_equal(
                walk_scan_with(sched, &options, NULL, &row, first, first + count), 0);
            assert_true(test_row_is(&row, first, first + count));
            assert_int_equal(test_read(&seen.wrong), 0);
            indices_all_once(&seen.indices);
        }
        mag_sched_destroy(sched);
    }
}

static void a_scan_that_nobody_helps_with_folds_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start_alone(1);
    (void)state;

    for (size_t grain = 0; grain < 30; grain += 3) {
        struct mag_for_options options = {.grain = grain};
        struct test_row row = {0, 0, TEST_ROW_EMPTY};

        seen_init(0, TEST_INDICES_MAX);
        assert_int_equal(walk_scan_with(sched, &options, NULL, &row, 0, TEST_INDICES_MAX),
                         0);
        assert_true(test_row_is(&row, 0, TEST_INDICES_MAX));
        assert_int_equal(test_read(&seen.wrong), 0);
        assert_int_equal(test_read(&seen.folds), 0);
        indices_all_once(&seen.indices);
    }
    mag_sched_destroy(sched);
}

static void an_empty_scan_leaves_the_neutral_value(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct test_row row = {1, 2, 3};
    (void)state;

    assert_int_equal(walk_scan(sched, &row, 5, 5), 0);
    assert_int_equal(row.begin, 1);
    assert_int_equal(row.end, 2);
    assert_int_equal(row.state, 3);
    mag_sched_destroy(sched);
}

static void misuse_is_refused_before_anything_is_called(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_for_options unknown = {.reserved = {1}};
    struct mag_scanner nothing = walk_scanner;
    struct test_row row = {0, 0, TEST_ROW_EMPTY};
    (void)state;

    seen_init(0, 0);
    nothing.size = 0;
    assert_int_equal(walk_scan(sched, &row, 1, 0), -EINVAL);
    assert_int_equal(walk_scan_with(sched, &unknown, NULL, &row, 0, 5), -EINVAL);
    assert_int_equal(mag_scan(sched, &nothing, &row, 0, 5, NULL), -EINVAL);
    assert_int_equal(mag_scan_with(sched, NULL, NULL, &nothing, &row, 0, 0, NULL),
                     -EINVAL);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(walk_scan(sched, &row, 0, 5), -ESHUTDOWN);
    assert_true(test_row_is(&row, 0, 0));
    indices_all_once(&seen.indices);
    mag_sched_destroy(sched);
}

/* ----------------------------------------------------------------------- by whom */

struct meeting {
    _Atomic(uint64_t) here;
    _Atomic(uint64_t) folded;
    uint64_t all;
};

/* The first index waits until all others have been folded. */
MAG_SCAN(meet, struct test_row, struct meeting *, meeting)
static int meet(struct mag_range range, uint32_t slot, struct test_row *row,
                struct meeting *meeting)
{
    (void)slot;
    test_row_add(row, range);
    if (range.begin != 0)
        return 0;
    (void)test_add(&meeting->here, 1);
    return test_wait_for(&meeting->here, meeting->all) ? 0 : -ETIMEDOUT;
}
static int meet_fold(struct mag_range range, uint32_t slot, struct test_row *row,
                     struct meeting *meeting)
{
    (void)slot;
    test_row_add(row, range);
    (void)test_add(&meeting->folded, 1);
    (void)test_add(&meeting->here, 1);
    return test_wait_for(&meeting->here, meeting->all) ? 0 : -ETIMEDOUT;
}
TEST_ROW_COMBINE(meet)

static void other_workers_fold_ahead(void **state)
{
    struct mag_for_options options = {.grain = 1};
    (void)state;

    for (uint32_t workers = 2; workers <= 5; workers++) {
        struct mag_sched *sched = test_sched_start_alone(workers);
        struct meeting meeting = {.all = workers};
        struct test_row row = {0, 0, TEST_ROW_EMPTY};

        atomic_init(&meeting.here, 0);
        atomic_init(&meeting.folded, 0);
        assert_int_equal(
            meet_scan_with(sched, &options, NULL, &row, 0, workers, &meeting), 0);
        assert_true(test_row_is(&row, 0, workers));
        assert_int_equal(test_read(&meeting.folded), workers - 1);
        mag_sched_destroy(sched);
    }
}

MAG_FORKABLE(int, scan_in_fork, struct test_row *, row)
static int scan_in_fork(mag_fork w, struct test_row *row)
{
    return walk_scan_in(w, row, 0, TEST_INDICES_MAX);
}

static void forked_functions_scan(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct test_row row = {0, 0, TEST_ROW_EMPTY};
    int error = -1;
    (void)state;

    seen_init(0, TEST_INDICES_MAX);
    assert_int_equal(scan_in_fork_run(sched, &error, &row), 0);
    assert_int_equal(error, 0);
    assert_true(test_row_is(&row, 0, TEST_INDICES_MAX));
    indices_all_once(&seen.indices);
    mag_sched_destroy(sched);
}

MAG_FORKABLE(int, with_options, struct test_row *, row, struct mag_range *, ret_failed)
static int with_options(mag_fork w, struct test_row *row, struct mag_range *ret_failed)
{
    struct mag_for_options options = {.grain = 1};

    return mag_scan_in(w, &options, ret_failed, &walk_scanner, row, 0, 100, NULL);
}

static void they_may_have_options(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct test_row row = {0, 0, TEST_ROW_EMPTY};
    struct mag_range failed = {0, 0};
    int error = 0;
    (void)state;

    seen_init(0, 100);
    seen.indices.bad[33] = true;
    assert_int_equal(with_options_run(sched, &error, &row, &failed), 0);
    assert_int_equal(error, -EIO);
    assert_int_equal(failed.begin, 33);
    assert_int_equal(failed.end, 34);
    assert_true(test_row_is(&row, 0, 0));
    indices_once_until(&seen.indices, 34);
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
            struct mag_for_options options = {.grain = i % 4 * 7};
            struct mag_range failed = {0, 0};
            struct test_row row = {0, 0, TEST_ROW_EMPTY};

            seen_init(0, count);
            size_t first = indices_spoil(&seen.indices, 3, &random);
            assert_int_equal(walk_scan_with(sched, &options, &failed, &row, 0, count),
                             -EIO);
            assert_true(failed.begin <= first && first < failed.end);
            assert_true(test_row_is(&row, 0, 0));
            assert_int_equal(test_read(&seen.wrong), 0);
            indices_once_until(&seen.indices, failed.end);
        }
        mag_sched_destroy(sched);
    }
}

static void an_error_of_a_fold_counts_behind_what_was_scanned(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched = test_sched_start(workers);

        for (uint32_t i = 0; i < test_rounds(1000); i++) {
            size_t count = test_random_below(&random, TEST_INDICES_MAX) + 1;
            size_t bad_scan = test_random_below(&random, (unsigned)count);
            struct mag_for_options options = {.grain = i % 4 * 7};
            struct mag_range failed = {0, 0};
            struct test_row row = {0, 0, TEST_ROW_EMPTY};

            seen_init(0, count);
            seen.bad_fold = test_random_below(&random, (unsigned)count);
            seen.indices.bad[bad_scan] = true;
            int error = walk_scan_with(sched, &options, &failed, &row, 0, count);
            size_t bad = error == -EIO ? bad_scan : seen.bad_fold;
            assert_true(error == -EIO || error == -ENOSPC);
            assert_true(failed.begin <= bad && bad < failed.end);
            /* A range that holds both may fail in the fold, before it is scanned. */
            assert_true(error == -EIO || seen.bad_fold <= bad_scan ||
                        bad_scan >= failed.begin);
            indices_once_until(&seen.indices, error == -EIO ? failed.end : failed.begin);
        }
        mag_sched_destroy(sched);
    }
}

static struct mag_for_stop stop;

MAG_SCAN(stop_at, struct test_row, size_t, at)
static int stop_at(struct mag_range range, uint32_t slot, struct test_row *row, size_t at)
{
    if (range.begin <= at && at < range.end)
        mag_for_stop_ask(&stop);
    return walk(range, slot, row);
}
static int stop_at_fold(struct mag_range range, uint32_t slot, struct test_row *row,
                        size_t at)
{
    (void)at;
    return walk_fold(range, slot, row);
}
TEST_ROW_COMBINE(stop_at)

static void a_stop_tells_the_first_index_that_was_not_scanned(void **state)
{
    uint64_t random = test_seed();
    struct mag_sched *sched = test_sched_start(3);
    (void)state;

    for (uint32_t i = 0; i < test_rounds(1000); i++) {
        size_t at = test_random_below(&random, TEST_INDICES_MAX);
        struct mag_for_options options = {.stop = &stop, .grain = i % 4 * 7};
        struct mag_range failed = {TEST_INDICES_MAX, 0};
        struct test_row row = {0, 0, TEST_ROW_EMPTY};

        seen_init(0, TEST_INDICES_MAX);
        atomic_init(&stop.asked, false);
        int error =
            stop_at_scan_with(sched, &options, &failed, &row, 0, TEST_INDICES_MAX, at);
        /* All others may have been scanned before the stop was asked for. */
        assert_int_equal(error, failed.begin == TEST_INDICES_MAX ? 0 : -ECANCELED);
        indices_once_until(&seen.indices, failed.begin);
        assert_true(error == 0 || indices_seen(&seen.indices, failed.begin) == 0);
    }
    mag_sched_destroy(sched);
}

static void a_scan_that_is_stopped_before_it_begins_calls_nobody(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    (void)state;

    for (size_t grain = 0; grain < 2; grain++) {
        struct mag_for_options options = {.stop = &stop, .grain = grain};
        struct mag_range failed = {0, 0};
        struct test_row row = {0, 0, TEST_ROW_EMPTY};

        seen_init(7, 0);
        atomic_init(&stop.asked, false);
        mag_for_stop_ask(&stop);
        assert_int_equal(walk_scan_with(sched, &options, &failed, &row, 7, 100),
                         -ECANCELED);
        assert_int_equal(failed.begin, 7);
        indices_all_once(&seen.indices);
    }
    mag_sched_destroy(sched);
}

MAG_SCAN(end_at, struct test_row, size_t, at)
static int end_at(struct mag_range range, uint32_t slot, struct test_row *row, size_t at)
{
    (void)slot;
    return test_row_end_at(row, range, at);
}
static int end_at_fold(struct mag_range range, uint32_t slot, struct test_row *row,
                       size_t at)
{
    return end_at(range, slot, row, at);
}
TEST_ROW_COMBINE(end_at)

static void a_leaf_that_ends_its_thread_fails_the_scan(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 2; workers++) {
        struct mag_sched *sched = test_sched_start_alone(workers);

        for (size_t at = 0; at < 64; at += 7) {
            struct mag_for_options options = {.grain = 1};
            struct mag_range failed = {SIZE_MAX, SIZE_MAX};
            struct test_row row = {0, 0, TEST_ROW_EMPTY};

            assert_int_equal(end_at_scan_with(sched, &options, &failed, &row, 0, 64, at),
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
        cmocka_unit_test(each_range_is_scanned_once_with_the_total_before_it),
        cmocka_unit_test(a_scan_that_nobody_helps_with_folds_nothing),
        cmocka_unit_test(an_empty_scan_leaves_the_neutral_value),
        cmocka_unit_test(misuse_is_refused_before_anything_is_called),
        cmocka_unit_test(other_workers_fold_ahead),
        cmocka_unit_test(forked_functions_scan),
        cmocka_unit_test(they_may_have_options),
        cmocka_unit_test(the_first_error_in_the_order_of_indices_is_returned),
        cmocka_unit_test(an_error_of_a_fold_counts_behind_what_was_scanned),
        cmocka_unit_test(a_stop_tells_the_first_index_that_was_not_scanned),
        cmocka_unit_test(a_scan_that_is_stopped_before_it_begins_calls_nobody),
        cmocka_unit_test(a_leaf_that_ends_its_thread_fails_the_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
/* NOLINTEND(readability-function-size) */

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/row.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The serial twin takes 4 s, one worker 5 s, two workers 2 s; then another size. */
static struct bench_rows sample(void)
{
    static const struct {
        const char *runtime;
        uint32_t workers;
        double median;
        uint64_t size;
    } table[] = {{"serial", 1, 4, 10},
                 {"magpie", 1, 5, 10},
                 {"magpie", 2, 2, 10},
                 {"magpie", 2, 7, 11}};
    struct bench_rows rows = {0};

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct bench_row row = {.workload = "fib",
                                .size = table[i].size,
                                .baseline = "serial",
                                .workers = table[i].workers,
                                .runs = 1,
                                .median_s = table[i].median,
                                .ok = true};

        (void)snprintf(row.runtime, sizeof(row.runtime), "%s", table[i].runtime);
        assert_int_equal(bench_rows_add(&rows, &row), 0);
    }
    return rows;
}

static void the_median_of_an_odd_number_of_runs_is_the_middle_one(void **state)
{
    struct bench_row row = {0};
    double samples[] = {3, 1, 9};
    (void)state;

    bench_row_measure(&row, samples, 3);

    assert_int_equal(row.runs, 3);
    assert_float_equal(row.median_s, 3, 0);
    assert_float_equal(row.min_s, 1, 0);
    assert_float_equal(row.max_s, 9, 0);
    assert_float_equal(bench_row_spread(&row), 8.0 / 3, 1e-12);
}

static void the_median_of_an_even_number_of_runs_is_between_the_middle_ones(void **state)
{
    struct bench_row row = {0};
    double samples[] = {8, 1, 2, 4};
    (void)state;

    bench_row_measure(&row, samples, 4);

    assert_float_equal(row.median_s, 3, 0);
}

static void no_runs_leave_no_figures(void **state)
{
    struct bench_row row = {0};
    double samples[] = {1};
    (void)state;

    bench_row_measure(&row, samples, 0);

    assert_int_equal(row.runs, 0);
    assert_float_equal(row.median_s, 0, 0);
    assert_float_equal(bench_row_spread(&row), 0, 0);
}

static void speed_up_is_the_baselines_time_over_the_rows(void **state)
{
    struct bench_rows rows = sample();
    (void)state;

    assert_float_equal(bench_row_speedup(&rows, &rows.rows[0]), 1, 0);
    assert_float_equal(bench_row_speedup(&rows, &rows.rows[1]), 0.8, 1e-12);
    assert_float_equal(bench_row_speedup(&rows, &rows.rows[2]), 2, 1e-12);
    bench_rows_free(&rows);
}

static void there_is_no_speed_up_without_a_baseline_of_the_same_size(void **state)
{
    struct bench_rows rows = sample();
    (void)state;

    assert_float_equal(bench_row_speedup(&rows, &rows.rows[3]), 0, 0);
    assert_float_equal(bench_row_speedup(&rows, NULL), 0, 0);
    bench_rows_free(&rows);
}

static void there_is_no_speed_up_when_the_row_or_its_baseline_is_wrong(void **state)
{
    struct bench_rows rows = sample();
    (void)state;

    rows.rows[1].ok = false;
    assert_float_equal(bench_row_speedup(&rows, &rows.rows[1]), 0, 0);
    rows.rows[0].ok = false;
    assert_float_equal(bench_row_speedup(&rows, &rows.rows[2]), 0, 0);
    bench_rows_free(&rows);
}

static void the_widest_row_is_the_one_with_most_workers_that_is_right(void **state)
{
    struct bench_rows rows = sample();
    (void)state;

    assert_ptr_equal(bench_rows_widest(&rows, &rows.rows[0], "magpie"), &rows.rows[2]);
    rows.rows[2].ok = false;
    assert_ptr_equal(bench_rows_widest(&rows, &rows.rows[0], "magpie"), &rows.rows[1]);
    assert_null(bench_rows_widest(&rows, &rows.rows[0], "other"));
    bench_rows_free(&rows);
}

static void a_case_begins_at_its_first_row(void **state)
{
    struct bench_rows rows = sample();
    (void)state;

    assert_true(bench_rows_case_begins(&rows, 0));
    assert_false(bench_rows_case_begins(&rows, 1));
    assert_false(bench_rows_case_begins(&rows, 2));
    assert_true(bench_rows_case_begins(&rows, 3));
    bench_rows_free(&rows);
}

static void time_per_operation_is_the_median_over_the_size(void **state)
{
    const struct bench_row row = {.size = 1000, .median_s = 2e-6};
    (void)state;

    assert_float_equal(bench_row_op_ns(&row), 2, 1e-9);
}

static void rows_that_find_no_memory_are_as_they_were(void **state)
{
    struct bench_rows rows = sample();
    const struct bench_row row = rows.rows[0];
    int error = 0;
    (void)state;

    while (rows.count < rows.capacity)
        assert_int_equal(bench_rows_add(&rows, &row), 0);
    size_t count = rows.count;

    test_fail_allocation(1);
    error = bench_rows_add(&rows, &row);

    assert_true(test_has_failed());
    assert_int_equal(error, -ENOMEM);
    assert_int_equal(rows.count, count);
    assert_string_equal(rows.rows[count - 1].workload, "fib");
    bench_rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_median_of_an_odd_number_of_runs_is_the_middle_one),
        cmocka_unit_test(the_median_of_an_even_number_of_runs_is_between_the_middle_ones),
        cmocka_unit_test(no_runs_leave_no_figures),
        cmocka_unit_test(speed_up_is_the_baselines_time_over_the_rows),
        cmocka_unit_test(there_is_no_speed_up_without_a_baseline_of_the_same_size),
        cmocka_unit_test(there_is_no_speed_up_when_the_row_or_its_baseline_is_wrong),
        cmocka_unit_test(the_widest_row_is_the_one_with_most_workers_that_is_right),
        cmocka_unit_test(a_case_begins_at_its_first_row),
        cmocka_unit_test(time_per_operation_is_the_median_over_the_size),
        cmocka_unit_test(rows_that_find_no_memory_are_as_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

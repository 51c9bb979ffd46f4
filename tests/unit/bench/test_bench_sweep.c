/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/lane.h"
#include "bench/measure/sweep.h"
#include "tests/support/bench/answers.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <unistd.h>

static const struct bench_workload small = {
    .group = "small",
    .name = "small",
    .twin = "serial",
    .expected = forty_two,
    .run_twin = answer_42,
    .run_magpie = answer_42,
};

static int take_10_ms(struct bench_run *run)
{
    (void)usleep(10000);
    return answer_42(run);
}

static void a_budget_ends_the_runs_but_not_before_the_first(void **state)
{
    const struct bench_sweep sweep = {
        .workers = {1}, .worker_counts = 1, .runs = 100, .seconds = 1e-6};
    struct bench_workload workload = small;
    struct bench_rows rows = {0};
    (void)state;

    workload.run_twin = take_10_ms;
    workload.run_magpie = take_10_ms;
    assert_int_equal(bench_sweep_case(&sweep, &workload, 1, &rows), 0);

    assert_int_equal(rows.rows[0].runs, 1);
    assert_true(rows.rows[0].ok);
    assert_true(rows.rows[0].median_s > 0);
    bench_rows_free(&rows);
}

/* Without an end. */
static int sleep_on(struct bench_run *run)
{
    for (;;)
        (void)usleep(1000000);
    return answer_42(run);
}

/* Only the row that was running loses its first run, and those behind it. */
static void a_limit_ends_the_first_run_and_keeps_what_was_measured(void **state)
{
    struct bench_sweep sweep = {.workers = {1, 2}, .worker_counts = 2, .runs = 100};
    struct bench_workload workload = small;
    struct bench_rows rows = {0};
    (void)state;

    workload.run_magpie = sleep_on;
    sweep.until = bench_now() + 0.3;
    assert_int_equal(bench_sweep_case(&sweep, &workload, 1, &rows), 0);

    assert_int_equal(rows.count, 3);
    for (size_t i = 1; i < 3; i++) {
        assert_true(rows.rows[i].late && !rows.rows[i].ok);
        assert_false(bench_row_failed(&rows.rows[i]));
        assert_string_equal(rows.rows[i].error, "no time left");
        assert_int_equal(rows.rows[i].runs, 0);
    }
    /* On a busy machine the twin may have been late, too. */
    assert_true(rows.rows[0].ok || rows.rows[0].late);
    bench_rows_free(&rows);
}

static void seatings_are_rows_beside_each_other(void **state)
{
    const struct bench_sweep sweep = {.workers = {1, 2},
                                      .worker_counts = 2,
                                      .runs = 1,
                                      .seatings = {{MAG_PLACE_PER_CORE, MAG_PIN_NEVER},
                                                   {MAG_PLACE_PER_CORE, MAG_PIN_ALWAYS},
                                                   {MAG_PLACE_SCATTER, MAG_PIN_NEVER},
                                                   {MAG_PLACE_SCATTER, MAG_PIN_ADAPTIVE}},
                                      .seating_count = 4};
    static const char *const names[] = {"serial", BENCH_OURS, "pin-always", "scatter",
                                        "scatter/pin-adaptive"};
    struct bench_rows rows = {0};
    (void)state;

    assert_int_equal(bench_sweep_case(&sweep, &small, 1, &rows), 0);

    assert_int_equal(rows.count, 9);
    for (size_t i = 0; i < rows.count; i++) {
        assert_true(rows.rows[i].ok);
        assert_string_equal(rows.rows[i].runtime, names[(i + 1) / 2]);
    }
    bench_rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_ends_the_runs_but_not_before_the_first),
        cmocka_unit_test(a_limit_ends_the_first_run_and_keeps_what_was_measured),
        cmocka_unit_test(seatings_are_rows_beside_each_other),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

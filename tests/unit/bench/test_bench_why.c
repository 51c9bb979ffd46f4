/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/lost.h"
#include "bench/measure/sweep.h"
#include "bench/report/why.h"
#include "tests/support/bench/written.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

/* A row of two runs, beside a peer of which only the machine is known. */
static struct bench_rows sample(void)
{
    struct bench_rows rows = {0};
    struct bench_row row = {.workload = "fib",
                            .label = "fib(39)",
                            .runtime = "magpie",
                            .workers = 4,
                            .runs = 2,
                            .ok = true};

    row.why = (struct bench_why){.run_s = 3,
                                 .search_s = 0.5,
                                 .park_s = 0.25,
                                 .wait_s = 0.25,
                                 .even_s = 3.5,
                                 .steals_near = 18,
                                 .steals_far = 6,
                                 .steals_ring = {4, 0, 2},
                                 .machine_s = 4,
                                 .stolen_s = 0.1,
                                 .mhz = 4600};
    assert_int_equal(bench_rows_add(&rows, &row), 0);
    (void)snprintf(row.runtime, sizeof(row.runtime), "tbb");
    row.why = (struct bench_why){.machine_s = 2};
    assert_int_equal(bench_rows_add(&rows, &row), 0);
    row.why = (struct bench_why){0};
    (void)snprintf(row.runtime, sizeof(row.runtime), "unknown");
    assert_int_equal(bench_rows_add(&rows, &row), 0);
    return rows;
}

TEST_WRITTEN_BY(written_by, bench_rows)

static void the_table_says_where_the_time_went(void **state)
{
    struct bench_rows rows = sample();
    char *text = written_by(bench_why_print, &rows);
    (void)state;

    has(text,
        "fib(39)          magpie         4    75 %    12 %   6.2 %   6.2 %        12 "
        "    2+0+1   2.5 %   2300\n");
    has(text,
        "fib(39)          tbb            4       -       -       -       -         - "
        "        -     0 %      -\n");
    assert_null(strstr(text, "unknown"));
    free(text);
    bench_rows_free(&rows);
}

static void the_page_draws_the_parts(void **state)
{
    struct bench_rows rows = sample();
    char *text = written_by(bench_html_why, &rows);
    (void)state;

    has(text, "<i style=\"width:75.0%;");
    has(text, "<i style=\"width:12.5%;");
    has(text, "<td>2.5 %</td>");
    assert_null(strstr(text, "unknown"));
    free(text);
    bench_rows_free(&rows);
}

static void rows_of_which_nothing_is_known_are_not_shown(void **state)
{
    struct bench_rows none = {0};
    char *text = written_by(bench_why_print, &none);
    char *page = written_by(bench_html_why, &none);
    (void)state;

    assert_string_equal(text, "");
    assert_string_equal(page, "");
    free(text);
    free(page);
}

static void why_survives_json(void **state)
{
    struct bench_rows rows = sample();
    struct bench_row again = {0};
    json_t *json = bench_why_to_json(&rows, &rows.rows[0]);
    (void)state;

    assert_non_null(json);
    bench_why_from_json(json, &again);

    assert_memory_equal(&again.why, &rows.rows[0].why, sizeof(again.why));
    bench_why_from_json(NULL, &again);
    assert_false(bench_why_known(&again.why));
    json_decref(json);
    bench_rows_free(&rows);
}

/* Serial 1 s; one worker runs 1.25 s; four run 1.5 s together in 0.6 s. */
static struct bench_rows sample_of_losses(void)
{
    struct bench_rows rows = {0};
    struct bench_row row = {.workload = "fib",
                            .label = "fib(39)",
                            .runtime = "serial",
                            .baseline = "serial",
                            .workers = 1,
                            .runs = 2,
                            .median_s = 1,
                            .ok = true};

    assert_int_equal(bench_rows_add(&rows, &row), 0);
    (void)snprintf(row.runtime, sizeof(row.runtime), "magpie");
    row.median_s = 1.25;
    row.why = (struct bench_why){.run_s = 2.5, .even_s = 2.5};
    assert_int_equal(bench_rows_add(&rows, &row), 0);
    row.workers = 4;
    row.median_s = 0.6;
    row.why = (struct bench_why){
        .run_s = 3, .search_s = 0.6, .park_s = 0.9, .wait_s = 0.3, .even_s = 3.72};
    assert_int_equal(bench_rows_add(&rows, &row), 0);
    return rows;
}

static void is_near(double value, double wanted)
{
    if (!(value > wanted - 1e-9 && value < wanted + 1e-9))
        fail_msg("%g is not %g", value, wanted);
}

static void the_losses_of_a_row_and_its_work_are_the_whole(void **state)
{
    struct bench_rows rows = sample_of_losses();
    struct bench_lost lost;
    (void)state;

    assert_true(bench_lost_of(&rows, &rows.rows[2], &lost));
    assert_true(lost.apart);
    /* Of 2.4 s that the workers have in a run. */
    is_near(lost.work, 1 / 2.4);
    is_near(lost.scheduler, (0.25 + 0.3) / 2.4);
    is_near(lost.memory, 0.25 / 2.4);
    is_near(lost.imbalance, 0.36 / 2.4);
    is_near(lost.span, 0.24 / 2.4);
    is_near(lost.work + lost.scheduler + lost.memory + lost.imbalance + lost.span, 1);
    bench_rows_free(&rows);
}

static void imbalance_is_never_more_than_the_sleep(void **state)
{
    struct bench_rows rows = sample_of_losses();
    struct bench_lost lost;
    (void)state;

    rows.rows[2].why.even_s = 100;
    assert_true(bench_lost_of(&rows, &rows.rows[2], &lost));
    is_near(lost.imbalance, 0.6 / 2.4);
    is_near(lost.span, 0);
    bench_rows_free(&rows);
}

static void what_is_not_known_of_the_losses_is_not_told(void **state)
{
    struct bench_rows rows = sample_of_losses();
    struct bench_lost lost;
    (void)state;

    assert_false(bench_lost_of(&rows, &rows.rows[0], &lost));
    rows.rows[1].ok = false;
    assert_true(bench_lost_of(&rows, &rows.rows[2], &lost));
    assert_false(lost.apart);
    rows.rows[2].per_operation = true;
    assert_false(bench_lost_of(&rows, &rows.rows[2], &lost));
    bench_rows_free(&rows);
}

static void the_table_says_what_the_time_was_lost_to(void **state)
{
    struct bench_rows rows = sample_of_losses();
    char *text = written_by(bench_why_print, &rows);
    char *page = written_by(bench_html_why, &rows);
    (void)state;

    has(text, "fib(39)          magpie         4      42 %      23 %      10 %      15 % "
              "     10 %\n");
    has(page, "<td>42 %</td><td>23 %</td><td>10 %</td><td>15 %</td><td>10 %</td>");
    free(text);
    free(page);
    bench_rows_free(&rows);
}

static const struct bench_workload *named(const char *name)
{
    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        if (strcmp(bench_workloads[i]->name, name) == 0)
            return bench_workloads[i];
    }
    fail_msg("no workload is named %s", name);
    return NULL;
}

/* The workers of a row run or rest for as long as the row takes, each. */
static void a_measured_row_says_why(void **state)
{
    const struct bench_sweep sweep = {.workers = {2}, .worker_counts = 1, .runs = 2};
    struct bench_rows rows = {0};
    (void)state;

    assert_int_equal(bench_sweep_case(&sweep, named("fib"), 22, &rows), 0);

    assert_int_equal(rows.count, 2);
    const struct bench_row *twin = &rows.rows[0];
    const struct bench_row *ours = &rows.rows[1];
    assert_true(twin->ok && ours->ok);
    assert_false(bench_why_known(&twin->why));
    assert_true(ours->why.run_s > 0);
    assert_true(bench_why_workers_s(&ours->why) >= 2 * 0.9 * ours->min_s);
    assert_true(ours->why.even_s >= ours->why.run_s);
    assert_true(ours->why.even_s <= 2 * ours->why.run_s);
    bench_rows_free(&rows);
}

/* A team's caller is a member of it, and a worker sleeps meanwhile. */
static void a_caller_that_works_counts_in_the_place_of_a_worker(void **state)
{
    const struct bench_sweep sweep = {.workers = {1}, .worker_counts = 1, .runs = 2};
    struct bench_rows rows = {0};
    struct bench_why why = {.run_s = 4, .park_s = 5, .even_s = 8};
    (void)state;

    bench_why_caller(&why, 5, 4.5, 2);
    assert_float_equal(why.run_s, 8.5, 1e-9);
    assert_float_equal(why.wait_s, 0.5, 1e-9);
    assert_float_equal(why.park_s, 0, 1e-9);
    assert_float_equal(why.even_s, 9, 1e-9);

    assert_int_equal(bench_sweep_case(&sweep, named("heat"), 256, &rows), 0);
    const struct bench_why *ours = &rows.rows[1].why;
    assert_true(ours->run_s > 0);
    assert_true(ours->run_s + ours->wait_s >= 0.9 * rows.rows[1].min_s);
    assert_true(ours->even_s >= ours->run_s);
    bench_rows_free(&rows);
}

static void differences_are_added_and_never_negative(void **state)
{
    const struct bench_why before = {
        .run_s = 1, .steals_far = 5, .steals_ring = {0, 5}, .park_s = 2};
    const struct bench_why after = {
        .run_s = 1.5, .steals_far = 7, .steals_ring = {0, 7}, .park_s = 1};
    struct bench_why why = {.run_s = 1};
    (void)state;

    bench_why_add(&why, &before, &after);
    assert_float_equal(why.run_s, 1.5, 0);
    assert_float_equal(why.park_s, 0, 0);
    assert_int_equal(why.steals_far, 2);
    assert_int_equal(why.steals_ring[1], 2);
    assert_true(bench_why_stolen(&why) < 0);
}

static void the_time_of_the_machine_goes_on(void **state)
{
    struct bench_why first = {0};
    struct bench_why second = {0};
    (void)state;

    bench_why_machine(&first);
    bench_why_machine(&second);
    /* Without /proc both are 0. */
    assert_true(second.machine_s >= first.machine_s);
    assert_true(first.stolen_s <= first.machine_s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_says_where_the_time_went),
        cmocka_unit_test(the_page_draws_the_parts),
        cmocka_unit_test(rows_of_which_nothing_is_known_are_not_shown),
        cmocka_unit_test(why_survives_json),
        cmocka_unit_test(the_losses_of_a_row_and_its_work_are_the_whole),
        cmocka_unit_test(imbalance_is_never_more_than_the_sleep),
        cmocka_unit_test(what_is_not_known_of_the_losses_is_not_told),
        cmocka_unit_test(the_table_says_what_the_time_was_lost_to),
        cmocka_unit_test(a_measured_row_says_why),
        cmocka_unit_test(a_caller_that_works_counts_in_the_place_of_a_worker),
        cmocka_unit_test(differences_are_added_and_never_negative),
        cmocka_unit_test(the_time_of_the_machine_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/sweep.h"
#include "bench/report/why.h"
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
                                 .steals_near = 18,
                                 .steals_far = 6,
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

/* What a writer writes, to be freed. */
static char *written_by(void (*write)(FILE *out, const struct bench_rows *rows),
                        const struct bench_rows *rows)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    write(out, rows);
    (void)fclose(out);
    return text;
}

static void has(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        fail_msg("'%s' is not in: %s", wanted, text);
}

static void the_table_says_where_the_time_went(void **state)
{
    struct bench_rows rows = sample();
    char *text = written_by(bench_why_print, &rows);
    (void)state;

    has(text,
        "fib(39)          magpie         4    75 %    12 %   6.2 %   6.2 %        12 "
        "        3   2.5 %   2300\n");
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
    json_t *json = bench_why_to_json(&rows.rows[0]);
    (void)state;

    assert_non_null(json);
    bench_why_from_json(json, &again);

    assert_memory_equal(&again.why, &rows.rows[0].why, sizeof(again.why));
    bench_why_from_json(NULL, &again);
    assert_false(bench_why_known(&again.why));
    json_decref(json);
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
    bench_rows_free(&rows);
}

static void differences_are_added_and_never_negative(void **state)
{
    const struct bench_why before = {.run_s = 1, .steals_far = 5, .park_s = 2};
    const struct bench_why after = {.run_s = 1.5, .steals_far = 7, .park_s = 1};
    struct bench_why why = {.run_s = 1};
    (void)state;

    bench_why_add(&why, &before, &after);
    assert_float_equal(why.run_s, 1.5, 0);
    assert_float_equal(why.park_s, 0, 0);
    assert_int_equal(why.steals_far, 2);
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
        cmocka_unit_test(a_measured_row_says_why),
        cmocka_unit_test(differences_are_added_and_never_negative),
        cmocka_unit_test(the_time_of_the_machine_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

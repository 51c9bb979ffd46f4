/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/metg.h"
#include "tests/support/bench/written.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

enum { TASKS = 1000 };

/* A METG of so many microseconds. */
static void add(struct bench_rows *rows, const char *workload, const char *runtime,
                uint32_t workers, double metg_us)
{
    struct bench_row row = {.size = TASKS,
                            .workers = workers,
                            .median_s = metg_us * 1e-6 * TASKS,
                            .per_operation = true,
                            .ok = metg_us > 0};

    (void)snprintf(row.workload, sizeof(row.workload), "%s", workload);
    (void)snprintf(row.runtime, sizeof(row.runtime), "%s", runtime);
    assert_int_equal(bench_rows_add(rows, &row), 0);
}

static struct bench_rows sample(void)
{
    struct bench_rows rows = {0};

    add(&rows, "metg-fft", "magpie", 2, 1.5);
    add(&rows, "metg-fft", "openmp", 2, 300);
    add(&rows, "graph", "magpie", 2, 7);
    add(&rows, "metg-all", "magpie", 2, 12);
    add(&rows, "metg-all", "openmp", 2, 0);
    add(&rows, "metg-all", "openmp", 4, 25);
    return rows;
}

TEST_WRITTEN_BY(written_by, bench_rows)

static void patterns_are_lines_and_runtimes_are_columns(void **state)
{
    struct bench_rows rows = sample();
    char *text = written_by(bench_metg_print, &rows);
    char *page = written_by(bench_html_metg, &rows);
    (void)state;

    has(text, "METG(50%) of          magpie, 2    openmp, 2    openmp, 4\n");
    has(text, "fft                     1.50 us         none            -\n");
    has(text, "all                     12.0 us            -      25.0 us\n");
    assert_null(strstr(text, "graph"));
    has(page, "<th>magpie, 2</th><th>openmp, 2</th><th>openmp, 4</th>");
    has(page, "<td class=\"name\">fft</td><td>1.50 us</td><td>none</td><td>-</td>");
    free(text);
    free(page);
    bench_rows_free(&rows);
}

static void a_size_beside_others_is_told(void **state)
{
    struct bench_rows rows = sample();
    char *text;
    (void)state;

    add(&rows, "metg-tree", "magpie", 2, 1);
    rows.rows[rows.count - 1].size = 2 * TASKS;
    text = written_by(bench_metg_print, &rows);
    has(text, "tree(2000)");
    free(text);
    bench_rows_free(&rows);
}

static void without_task_bench_there_is_no_table(void **state)
{
    struct bench_rows none = {0};
    char *text = written_by(bench_metg_print, &none);
    char *page = written_by(bench_html_metg, &none);
    (void)state;

    assert_string_equal(text, "");
    assert_string_equal(page, "");
    free(text);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_are_lines_and_runtimes_are_columns),
        cmocka_unit_test(a_size_beside_others_is_told),
        cmocka_unit_test(without_task_bench_there_is_no_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

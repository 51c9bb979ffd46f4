/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/instructions.h"
#include "bench/report/instructions.h"
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

#include <stdio.h>
#include <string.h>

static double count_of(const struct bench_workload *workload)
{
    double count = 0;

    assert_null(bench_instructions_absent(workload));
    assert_int_equal(bench_instructions(workload, &count), 0);
    return count;
}

/* Sanitizers and valgrind have signals and instructions of their own. */
static void skip_unless_counted(void)
{
#if !defined(__x86_64__) || defined(TEST_UNDER_ASAN) || defined(TEST_UNDER_TSAN)
    print_message("skipped: nothing is counted here\n");
    skip();
#else
    if (count_of(&bench_connected_inline) < 1)
        skip();
#endif
}

static void two_counts_of_one_row_are_the_same(void **state)
{
    (void)state;
    skip_unless_counted();
    double first = count_of(&bench_connected_inline);
    double second = count_of(&bench_connected_inline);

    assert_true(first == second);
    assert_true(first < count_of(&bench_connected_async_1));
}

static void a_row_of_a_single_worker_is_counted(void **state)
{
    (void)state;
    skip_unless_counted();
    assert_true(count_of(&bench_post_chain) > 10);
}

static void a_row_that_uses_other_threads_is_not_counted(void **state)
{
    (void)state;
    assert_non_null(bench_instructions_absent(&bench_fib));
    assert_non_null(bench_instructions_absent(&bench_post_foreign));
}

static void the_table_says_whether_a_figure_is_reached(void **state)
{
    struct bench_counted rows[] = {{"vtask-inline", 199}, {"connected-inline", 46}};
    char text[600] = "";
    FILE *file = tmpfile();
    (void)state;

    assert_non_null(file);
    bench_instructions_row(file, NULL);
    bench_instructions_row(file, &rows[0]);
    bench_instructions_row(file, &rows[1]);
    assert_true(bench_instructions_json(file, rows, 2));
    rewind(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    (void)fclose(file);
    assert_non_null(strstr(text, "199.0        253.0        200.0  reached"));
    assert_non_null(strstr(text, "46.0            -         45.0  not reached"));
    assert_non_null(strstr(text, "\"instructions\": 46"));
    assert_non_null(strstr(text, "\"wanted\": 45"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_counts_of_one_row_are_the_same),
        cmocka_unit_test(a_row_of_a_single_worker_is_counted),
        cmocka_unit_test(a_row_that_uses_other_threads_is_not_counted),
        cmocka_unit_test(the_table_says_whether_a_figure_is_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

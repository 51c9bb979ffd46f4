/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/figure.h"
#include "bench/report/figures.h"
#include "tests/support/cmocka.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_into(char *field, size_t size, const char *text)
{
    (void)snprintf(field, size, "%s", text);
}

static void add(struct bench_report *report, const char *workload, const char *runtime,
                uint32_t workers, double median, uint64_t kib)
{
    struct bench_row row = {.size = 39,
                            .workers = workers,
                            .runs = 1,
                            .median_s = median,
                            .peak_rss_kib = kib,
                            .ok = true};

    put_into(row.workload, sizeof(row.workload), workload);
    (void)snprintf(row.label, sizeof(row.label), "%s(39)", workload);
    put_into(row.runtime, sizeof(row.runtime), runtime);
    put_into(row.baseline, sizeof(row.baseline), "serial");
    assert_int_equal(bench_rows_add(&report->rows, &row), 0);
}

/* fib: 1.25 of serial C on one worker, 0.75 on two; the peers 20 and 10 times slower. */
static struct bench_report sample(void)
{
    struct bench_report report = {0};

    add(&report, "fib", "serial", 1, 1, 2048);
    add(&report, "fib", "magpie", 1, 1.25, 2048 + 3072);
    add(&report, "fib", "magpie", 2, 0.75, 2048 + 4097);
    add(&report, "fib", "tbb", 1, 25, 2048);
    add(&report, "fib", "openmp", 1, 12.5, 2048);
    return report;
}

static char *figures_of(const struct bench_report *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = tmpfile();

    assert_non_null(file);
    bench_figures_write(file, report);
    size = (size_t)ftell(file);
    rewind(file);
    text = calloc(1, size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, size, file), size);
    (void)fclose(file);
    return text;
}

/* Whether a line begins with `name` and, after blanks, continues with `rest`. */
static bool has_line(const char *text, const char *name, const char *rest)
{
    const char *at = strstr(text, name);

    if (at == NULL)
        return false;
    at += strlen(name);
    at += strspn(at, " ");
    return strncmp(at, rest, strlen(rest)) == 0;
}

static void assert_line(const char *text, const char *name, const char *rest)
{
    if (!has_line(text, name, rest))
        fail_msg("'%s' does not say '%s' in\n%s", name, rest, text);
}

static uint32_t figures_known(void)
{
    uint32_t known = 0;

    while (bench_figures[known].workload != NULL)
        known++;
    return known;
}

/* How many of all figures were not measured, of which `measured` were. */
static void assert_not_measured(const char *text, uint32_t measured)
{
    char wanted[64];

    (void)snprintf(wanted, sizeof(wanted), " %u not measured",
                   figures_known() - measured);
    assert_non_null(strstr(text, wanted));
}

static void each_figure_says_what_was_measured_and_whether_it_is_reached(void **state)
{
    struct bench_report report = sample();
    char *text = figures_of(&report);
    (void)state;

    assert_line(text, "fib(39), 1 worker: time over serial C",
                "1.25 x   <=  1.35 x    reached");
    assert_line(text, "fib(39), 2 workers: time over serial C",
                "0.75 x   <=  0.72 x    not reached");
    assert_line(text, "fib(39): 2 workers over 1", "1.67 x   >=  1.85 x    not reached");
    assert_line(text, "fib(39), 1 worker: faster than tbb",
                "20.00 x   >= 15.00 x    reached");
    assert_line(text, "fib(39), 1 worker: faster than openmp",
                "10.00 x   >= 15.00 x    not reached");
    assert_line(text, "fib(39), 1 worker: memory over serial C",
                "3.00 MiB <=  3.00 MiB  reached");
    assert_line(text, "fib(39), 2 workers: memory over serial C",
                "4.00 MiB <=  4.00 MiB  not reached");
    assert_non_null(strstr(text, "3 of 7 figures reached, "));
    assert_not_measured(text, 7);
    bench_rows_free(&report.rows);
    free(text);
}

static void memory_is_compared_with_that_of_a_peer(void **state)
{
    struct bench_report report = {0};
    char *text;
    (void)state;

    add(&report, "mgzip", "magpie", 2, 2, 9 * 1024);
    add(&report, "mgzip", "pigz", 2, 1, 10 * 1024);
    text = figures_of(&report);
    assert_line(text, "mgzip(39), 2 workers: memory over pigz",
                "0.90 x   <=  1.00 x    reached");
    assert_line(text, "mgzip(39), 2 workers: faster than pigz",
                "0.50 x   >=  1.00 x    not reached");
    bench_rows_free(&report.rows);
    free(text);
}

/* Adds another size of a workload that is already there. */
static void add_size(struct bench_report *report, const char *label, uint64_t size,
                     double median)
{
    struct bench_row *row;

    add(report, "fib-entry", "magpie", 1, median, 0);
    row = &report->rows.rows[report->rows.count - 1];
    row->size = size;
    put_into(row->label, sizeof(row->label), label);
}

static void sizes_are_compared_with_the_first(void **state)
{
    struct bench_report report = {0};
    char *text;
    (void)state;

    add_size(&report, "fib-entry(a)", 1, 2);
    add_size(&report, "fib-entry(b)", 2, 2.1);
    add_size(&report, "fib-entry(c)", 3, 2.5);
    text = figures_of(&report);
    assert_line(text, "fib-entry(b), 1 worker: time over fib-entry(a)",
                "1.05 x   <=  1.10 x    reached");
    assert_line(text, "fib-entry(c), 1 worker: time over fib-entry(a)",
                "1.25 x   <=  1.10 x    not reached");
    assert_null(strstr(text, "fib-entry(a), 1 worker"));
    bench_rows_free(&report.rows);
    free(text);
}

static void operations_have_their_cost_and_their_memory(void **state)
{
    struct bench_report report = {0};
    char *text;
    (void)state;

    add(&report, "post-chain", "magpie", 1, 39 * 9.5e-9, 0);
    add(&report, "vtask-inline", "magpie", 1, 3, 0);
    add(&report, "vtask-inline", "dotnet", 1, 6, 0);
    add(&report, "vtask-pending", "magpie", 1, 1, 39);
    add(&report, "vtask-sync", "magpie", 1, 1.1, 0);
    add(&report, "vtask-sync", "call", 1, 1, 0);
    for (size_t i = 0; i < report.rows.count; i++) {
        report.rows.rows[i].per_operation = true;
        put_into(report.rows.rows[i].baseline, sizeof(report.rows.rows[i].baseline),
                 "call");
    }
    text = figures_of(&report);
    assert_line(text, "post-chain(39), 1 worker: an operation",
                "9.50 ns  <= 10.00 ns   reached");
    assert_line(text, "vtask-inline(39), 1 worker: time over dotnet",
                "0.50 x   <=  0.45 x    not reached");
    assert_line(text, "vtask-pending(39), 1 worker: memory of each",
                "1024.00 B   <= 160.00 B    not reached");
    assert_line(text, "vtask-sync(39), 1 worker: time over call",
                "1.10 x   <=  1.20 x    reached");
    bench_rows_free(&report.rows);
    free(text);
}

static void what_the_run_does_not_have_is_not_measured(void **state)
{
    struct bench_report report = sample();
    char *text;
    (void)state;

    report.rows.rows[1].ok = false;
    text = figures_of(&report);
    assert_line(text, "fib(39), 2 workers: faster than tbb",
                "-     >= 15.00 x    not measured");
    assert_line(text, "fib(39), 1 worker: time over serial C",
                "-     <=  1.35 x    not measured");
    assert_null(strstr(text, "skynet"));
    assert_not_measured(text, 2);
    bench_rows_free(&report.rows);
    free(text);
}

static void the_best_peer_is_the_fastest_that_is_right(void **state)
{
    struct bench_report report = {0};
    char *text;
    (void)state;

    add(&report, "regions", "serial", 1, 1, 0);
    add(&report, "regions", "magpie", 2, 0.5, 0);
    add(&report, "regions", "go", 2, 0.9, 0);
    add(&report, "regions", "tbb", 2, 0.8, 0);
    add(&report, "regions", "openmp", 2, 0.1, 0);
    report.rows.rows[4].ok = false;
    text = figures_of(&report);

    assert_line(text, "regions(39), 2 workers: faster than tbb, the best peer",
                "1.60 x   >=  1.00 x    reached");
    assert_line(text, "regions(39), 2 workers: speed-up over serial C",
                "2.00 x   >=  1.50 x    reached");
    bench_rows_free(&report.rows);
    free(text);
}

static void openblas_has_a_figure_of_its_own_and_is_no_best_peer(void **state)
{
    struct bench_report report = {0};
    char *text;
    (void)state;

    add(&report, "matmul", "serial", 1, 1, 0);
    add(&report, "matmul", "magpie", 1, 1, 0);
    add(&report, "matmul", "openblas", 1, 0.8, 0);
    add(&report, "matmul", "rayon", 1, 1.1, 0);
    text = figures_of(&report);

    assert_line(text, "matmul(39), 1 worker: faster than rayon, the best peer",
                "1.10 x   >=  1.00 x    reached");
    assert_line(text, "matmul(39), 1 worker: faster than openblas",
                "0.80 x   >=  0.50 x    reached");
    bench_rows_free(&report.rows);
    free(text);
}

static void what_clang_built_has_a_limit_of_its_own(void **state)
{
    struct bench_report report = sample();
    char *text;
    (void)state;

    put_into(report.machine.compiler, sizeof(report.machine.compiler), "clang 14.0.6");
    text = figures_of(&report);
    assert_line(text, "fib(39), 1 worker: time over serial C",
                "1.25 x   <=  2.00 x    reached");
    bench_rows_free(&report.rows);
    free(text);
}

/* Whether the figures before this one have its workload too. */
static bool is_named_before(uint32_t figure)
{
    for (uint32_t i = 0; i < figure; i++) {
        if (strcmp(bench_figures[i].workload, bench_figures[figure].workload) == 0)
            return true;
    }
    return false;
}

static uint32_t workloads_named(void)
{
    uint32_t named = 0;

    for (uint32_t i = 0; i < figures_known(); i++)
        named += !is_named_before(i);
    return named;
}

static void the_sizes_that_are_wanted_fit_their_workloads(void **state)
{
    uint32_t wanted = 0;
    (void)state;

    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        const uint64_t *sizes = bench_figures_sizes(bench_workloads[i]);

        wanted += sizes != NULL;
        for (uint32_t j = 0; sizes != NULL && j < BENCH_SIZES && sizes[j] != 0; j++)
            assert_true(bench_size_fits(bench_workloads[i], sizes[j]));
    }
    /* And each figure's workload is there. */
    assert_int_equal(wanted, workloads_named());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_figure_says_what_was_measured_and_whether_it_is_reached),
        cmocka_unit_test(memory_is_compared_with_that_of_a_peer),
        cmocka_unit_test(sizes_are_compared_with_the_first),
        cmocka_unit_test(operations_have_their_cost_and_their_memory),
        cmocka_unit_test(what_the_run_does_not_have_is_not_measured),
        cmocka_unit_test(the_best_peer_is_the_fastest_that_is_right),
        cmocka_unit_test(openblas_has_a_figure_of_its_own_and_is_no_best_peer),
        cmocka_unit_test(what_clang_built_has_a_limit_of_its_own),
        cmocka_unit_test(the_sizes_that_are_wanted_fit_their_workloads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

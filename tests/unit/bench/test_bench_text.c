/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/row.h"
#include "bench/text/text.h"
#include "bench/workloads/workload.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void times_have_three_digits_and_a_unit(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "0.00 ns"},        {1.4e-9, "1.40 ns"},   {9.994e-9, "9.99 ns"},
                 {9.996e-9, "10.0 ns"}, {12.34e-9, "12.3 ns"}, {999.9e-9, "999.9 ns"},
                 {1e-6, "1.00 us"},     {0.0876, "87.6 ms"},   {0.18724, "187.2 ms"},
                 {1, "1.00 s"},         {61.34, "61.3 s"},     {1234, "1234 s"}};
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(bench_seconds(cases[i].seconds).text, cases[i].text);
}

static void memory_has_a_unit(void **state)
{
    (void)state;

    assert_string_equal(bench_kib(0).text, "0.00 KiB");
    assert_string_equal(bench_kib(1023).text, "1023 KiB");
    assert_string_equal(bench_kib(1024).text, "1.00 MiB");
    assert_string_equal(bench_kib(UINT64_C(3) << 20).text, "3.00 GiB");
}

static void one_thing_is_not_plural(void **state)
{
    (void)state;

    assert_string_equal(bench_count(1, "node").text, "1 node");
    assert_string_equal(bench_count(0, "node").text, "0 nodes");
    assert_string_equal(bench_count(384, "PU").text, "384 PUs");
}

static const struct bench_workload *named(const char *name)
{
    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        if (strcmp(bench_workloads[i]->name, name) == 0)
            return bench_workloads[i];
    }
    return NULL;
}

static void labels_say_workload_and_size(void **state)
{
    static const struct {
        const char *workload;
        uint64_t size;
        const char *label;
    } cases[] = {{"fib", 39, "fib(39)"},
                 {"skynet", 100000000, "skynet(10^8)"},
                 {"skynet", 1000, "skynet(1000)"},
                 {"cilksort", 20000000, "cilksort(20000000)"},
                 {"uts", 1, "uts(T1)"},
                 {"uts", 3, "uts(T3)"},
                 {"post-self", 5, "post-self"}};
    char label[BENCH_LABEL];
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bench_label(named(cases[i].workload), cases[i].size, label, sizeof(label));
        assert_string_equal(label, cases[i].label);
    }
}

static void sizes_outside_a_workload_do_not_fit(void **state)
{
    static const struct {
        const char *workload;
        uint64_t size;
        bool fits;
    } cases[] = {
        {"fib", 0, false},       {"fib", 1, true},       {"fib", 61, false},
        {"nqueens", 20, true},   {"nqueens", 21, false}, {"skynet", 1000, true},
        {"skynet", 2000, false}, {"skynet", 1, false},   {"matmul", 64, true},
        {"matmul", 192, false},  {"matmul", 100, false}, {"uts", 1, true},
        {"uts", 2, false},       {"uts", 3, true},       {"post-self", 0, false}};
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(bench_size_fits(named(cases[i].workload), cases[i].size),
                         cases[i].fits);
}

static void default_sizes_fit_and_names_are_short(void **state)
{
    (void)state;

    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        const struct bench_workload *workload = bench_workloads[i];

        assert_true(strlen(workload->name) < BENCH_NAME);
        assert_true(workload->sizes[0] != 0);
        for (uint32_t j = 0; j < BENCH_SIZES && workload->sizes[j] != 0; j++)
            assert_true(bench_size_fits(workload, workload->sizes[j]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_three_digits_and_a_unit),
        cmocka_unit_test(memory_has_a_unit),
        cmocka_unit_test(one_thing_is_not_plural),
        cmocka_unit_test(labels_say_workload_and_size),
        cmocka_unit_test(sizes_outside_a_workload_do_not_fit),
        cmocka_unit_test(default_sizes_fit_and_names_are_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

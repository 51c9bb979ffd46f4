/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/sweep.h"
#include "tests/support/cmocka.h"
#include "tests/support/files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small sizes: every workload must be right on its twin and on 1, 2 and 5 workers. */
static const struct {
    const char *name;
    uint64_t size;
} sizes[] = {
    {"fib", 1},
    {"fib", 20},
    {"nqueens", 1},
    {"nqueens", 8},
    {"skynet", 10},
    {"skynet", 10000},
    {"matmul", 64},
    {"matmul", 256},
    {"uts", 1},
    {"uts", 3},
    {"cilksort", 1},
    {"cilksort", 2},
    {"cilksort", 2049},
    {"cilksort", 50000},
    {"sort-random", 1},
    {"sort-random", 50000},
    {"sort-sorted", 2},
    {"sort-sorted", 50000},
    {"sort-stable", 1},
    {"sort-stable", 50000},
    {"heat", 8},
    {"heat", 200},
    {"regions", 1},
    {"regions", 100},
    {"fib-entry", 4},
    {"fib-entry", 5},
    {"fib-entry", 6},
    {"for-empty", 1},
    {"for-empty", 1000},
    {"for-1us", 100},
    {"for-10us", 100},
    {"for-100us", 10},
    {"for-1ms", 1},
    {"reduce", 1},
    {"reduce", 100003},
    {"scan", 1},
    {"scan", 100003},
    {"for-pareto", 2},
    {"for-triangle", 2},
    {"for-nested", 2},
    {"triad", 1},
    {"triad", 100003},
    {"random", 1},
    {"random", 100003},
    {"chase", 64},
    {"chase", 6400},
    {"fftw", 2},
    {"fftw", 400},
    {"pipeline", 1},
    {"pipeline", 20000},
    {"each", 1},
    {"each", 20000},
    {"each-later", 1},
    {"each-later", 20000},
    {"when-each", 1},
    {"when-each", 2500},
    {"sequence", 1},
    {"sequence", 20000},
    {"graph", 66},
    {"graph", 6600},
    {"metg-trivial", 64},
    {"metg-no-comm", 64},
    {"metg-stencil", 64},
    {"metg-periodic", 64},
    {"metg-sweep", 64},
    {"metg-tree", 64},
    {"metg-fft", 64},
    {"metg-all", 64},
    {"metg-nearest", 64},
    {"metg-spread", 64},
    {"metg-near-random", 64},
    {"metg-far-random", 64},
    {"metg-fft", 1024},
    {"mgzip", 1},
    {"mgzip-libdeflate", 1},
    {"mindex", 300},
    {"post-chain", 1},
    {"post-chain", 999},
    {"post-self", 1},
    {"post-self", 5000},
    {"post-any", 1},
    {"post-any", 5000},
    {"post-all", 1},
    {"post-all", 5001},
    {"post-foreign", 1},
    {"post-foreign", 20000},
    {"post-foreigns", 1},
    {"post-foreigns", 20001},
    {"post-across", 1},
    {"post-across", 5000},
    {"post-wake", 3},
    {"post-strand", 1},
    {"post-strand", 5000},
    {"bursts", 3},
    {"trickle", 3},
    {"blocking", 3},
    {"team", 1},
    {"team", 100},
    {"barrier", 100},
    {"pingpong", 1},
    {"pingpong", 101},
    {"pingpong-parked", 101},
    {"wake", 3},
    {"wake-p99", 3},
    {"run-here", 20},
    {"tick", 5},
    {"tick-p99", 5},
    {"submit", 1},
    {"submit", 20001},
    {"submit-all", 1},
    {"submit-all", 20001},
    {"submit-bulk", 1},
    {"submit-bulk", 2500},
    {"timer-pair", 1},
    {"timer-pair", 5000},
    {"vtask-sync", 100},
    {"vtask-inline", 1},
    {"vtask-inline", 100},
    {"vtask-queued", 100},
    {"vtask-async-now", 100},
    {"vtask-async-1", 100},
    {"vtask-async-10", 100},
    {"vtask-pooled-1", 100},
    {"vtask-pooled-10", 100},
    {"connected-inline", 100},
    {"connected-async-1", 100},
    {"connected-async-10", 100},
    {"connected-channel", 100},
    {"connected-semaphore", 100},
    {"vtask-pending", 100},
    {"vtask-when-all", 1},
    {"vtask-when-all", 2500},
    {"vtask-handoff", 100},
    {"vtask-across", 1},
    {"vtask-across", 5000},
    {"vtask-wake", 3},
    {"semaphore", 1},
    {"semaphore", 1000},
    {"semaphore-2", 1},
    {"semaphore-2", 5001},
    {"mutex", 1000},
    {"mutex-2", 5001},
    {"channel-wait", 100},
    {"semaphore-wait", 100},
    {"channel-1-1", 1000},
    {"channel-4-1", 1001},
    {"channel-1-4", 1002},
    {"channel-4-4", 1003},
    {"channel-1-1-unbounded", 1000},
    {"channel-4-1-unbounded", 1001},
    {"channel-1-4-unbounded", 1002},
    {"channel-4-4-unbounded", 1003},
    {"pool-pair", 1000},
    {"pool-handoff", 1000},
};

static const struct bench_workload *named(const char *name)
{
    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        if (strcmp(bench_workloads[i]->name, name) == 0)
            return bench_workloads[i];
    }
    fail_msg("no workload is named %s", name);
    return NULL;
}

static void every_workload_is_right_on_every_runtime(void **state)
{
    struct bench_sweep sweep = {.workers = {1, 2, 5}, .worker_counts = 3, .runs = 2};
    (void)state;

    /* Some make files there. */
    assert_int_equal(setenv("XDG_CACHE_HOME", test_root(), 1), 0);

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct bench_rows rows = {0};

        /* The published trees are large: one run each, on the twin and on the most
         * workers. */
        bool large = strcmp(sizes[i].name, "uts") == 0;
        sweep.seconds = large ? 1e-6 : 0;
        sweep.workers[0] = large ? 5 : 1;
        sweep.worker_counts = large ? 1 : 3;
        const struct bench_workload *workload = named(sizes[i].name);
        if (bench_absent(workload) != NULL)
            continue;
        assert_int_equal(bench_sweep_case(&sweep, workload, sizes[i].size, &rows), 0);
        for (size_t j = 0; j < rows.count; j++) {
            if (!rows.rows[j].ok)
                fail_msg("%s on %s x %u: %s", rows.rows[j].label, rows.rows[j].runtime,
                         rows.rows[j].workers, rows.rows[j].error);
            assert_int_equal(rows.rows[j].runs, sweep.seconds > 0 ? 1 : 2);
        }
        assert_int_equal(rows.count,
                         (workload->twin != NULL) +
                             (workload->threads != 0 ? 1 : sweep.worker_counts));
        bench_rows_free(&rows);
    }
}

static void every_workload_is_tested(void **state)
{
    (void)state;

    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        bool tested = false;

        for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++)
            tested |= strcmp(sizes[j].name, bench_workloads[i]->name) == 0;
        if (!tested)
            fail_msg("%s is not tested", bench_workloads[i]->name);
    }
}

/* Whether a text fits a line of `magpie bench --list`.  It has no full stop at its end:
 * the report adds one. */
static void is_one_line(const char *name, const char *text)
{
    if (text == NULL || *text == '\0')
        fail_msg("%s lacks a line about it", name);
    if (strlen(text) > 72 || strchr(text, '\n') != NULL || text[strlen(text) - 1] == '.')
        fail_msg("%s: '%s' is not one line without a point at its end", name, text);
}

static void every_workload_says_in_one_line_what_it_shows(void **state)
{
    (void)state;

    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        is_one_line(bench_workloads[i]->name, bench_workloads[i]->summary);
        is_one_line(bench_workloads[i]->name, bench_workloads[i]->shows);
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(bench_workloads[i]->shows, bench_workloads[j]->shows) == 0)
                fail_msg("%s and %s show the same", bench_workloads[j]->name,
                         bench_workloads[i]->name);
        }
    }
}

static void every_post_is_measured_beside_something(void **state)
{
    (void)state;

    for (uint32_t i = 0; bench_workloads[i] != NULL; i++) {
        const struct bench_workload *workload = bench_workloads[i];
        bool post = strcmp(workload->group, "post") == 0;

        if (post && (workload->twin == NULL || workload->run_twin == NULL))
            fail_msg("%s has no twin", workload->name);
    }
}

static void the_known_answers_are_the_published_ones(void **state)
{
    static const struct {
        const char *name;
        uint64_t size;
        uint64_t answer;
    } known[] = {{"fib", 10, 55},           {"fib", 39, 63245986},
                 {"nqueens", 8, 92},        {"nqueens", 12, 14200},
                 {"skynet", 10, 45},        {"skynet", 1000000, 499999500000},
                 {"uts", 1, 4130071},       {"uts", 3, 4112897},
                 {"post-self", 1234, 1234}, {"heat", 10, 100}};
    (void)state;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_int_equal(bench_expected(named(known[i].name), known[i].size),
                         known[i].answer);
}

/* ------------------------------------------------ the checks notice mistakes */

/* Prepares a workload, runs its twin and changes one byte of the memory that `at` points
 * to.  Returns whether the answer still counts as right. */
static bool is_right_after(const char *name, uint64_t size,
                           void (*spoil)(struct bench_run *run))
{
    const struct bench_workload *workload = named(name);
    struct bench_run run = {.size = size, .workers = 1};

    assert_int_equal(workload->prepare(&run), 0);
    assert_int_equal(workload->reset(&run), 0);
    assert_int_equal(workload->run_twin(&run), 0);
    spoil(&run);
    workload->check(&run);
    workload->cleanup(&run);
    return run.answer == bench_expected(workload, size);
}

static void leave_alone(struct bench_run *run)
{
    (void)run;
}

/* The first field of a sort's data is its values. */
static void swap_two_values(struct bench_run *run)
{
    uint32_t *values = *(uint32_t **)run->data;
    uint32_t first = values[0];

    values[0] = values[1];
    values[1] = first;
}

static void change_a_value(struct bench_run *run)
{
    uint32_t *values = *(uint32_t **)run->data;

    values[run->size - 1]++;
}

static void a_sort_with_a_fault_is_noticed(void **state)
{
    (void)state;

    assert_true(is_right_after("cilksort", 1000, leave_alone));
    assert_false(is_right_after("cilksort", 1000, swap_two_values));
    assert_false(is_right_after("cilksort", 1000, change_a_value));
}

/* As if the last steps or a product had been left out: the run starts over and does not
 * finish. */
static void start_over(struct bench_run *run)
{
    const struct bench_workload *workload =
        run->size == 64 ? named("matmul") : named("heat");

    (void)workload->reset(run);
}

static void a_product_or_plate_that_was_not_computed_is_noticed(void **state)
{
    (void)state;

    assert_true(is_right_after("matmul", 64, leave_alone));
    assert_false(is_right_after("matmul", 64, start_over));
    assert_true(is_right_after("heat", 50, leave_alone));
    assert_false(is_right_after("heat", 50, start_over));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_workload_is_right_on_every_runtime,
                                        test_root_make, test_root_remove),
        cmocka_unit_test(every_workload_is_tested),
        cmocka_unit_test(every_workload_says_in_one_line_what_it_shows),
        cmocka_unit_test(every_post_is_measured_beside_something),
        cmocka_unit_test(the_known_answers_are_the_published_ones),
        cmocka_unit_test(a_sort_with_a_fault_is_noticed),
        cmocka_unit_test(a_product_or_plate_that_was_not_computed_is_noticed),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

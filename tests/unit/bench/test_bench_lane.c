/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/lane.h"
#include "bench/measure/sweep.h"
#include "tests/support/bench/answers.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BIG_MIB = 96 };

/* ------------------------------------------- lanes that are other programs */

/* Starts a lane that is a line of shell. */
static bool start_shell(struct bench_lane *lane, const char *text)
{
    const char *const command[] = {"sh", "-c", text, NULL};
    const struct bench_lane_spec spec = {.command = command};

    return bench_lane_start(lane, &spec);
}

static void a_lane_runs_when_told_and_ends_when_told(void **state)
{
    struct bench_lane lane;
    double seconds = 0;
    uint64_t answer = 0;
    (void)state;

    assert_true(start_shell(&lane, "echo ready; while read word && [ $word = run ]; do "
                                   "i=$((i + 1)); echo done 0.25 $i; done; exit 0"));
    for (uint64_t i = 1; i <= 3; i++) {
        assert_true(bench_lane_run(&lane, &seconds, &answer));
        assert_float_equal(seconds, 0.25, 0);
        assert_int_equal(answer, i);
    }
    assert_true(bench_lane_stop(&lane) > 0);
    assert_string_equal(lane.error, "");
}

static void the_peak_memory_of_a_program_counts_if_it_is_given(void **state)
{
    struct bench_lane lane;
    double seconds;
    uint64_t answer;
    (void)state;

    assert_true(start_shell(&lane,
                            "echo ready; read word; echo done 1 1 70000; read word; "
                            "echo done 1 1 60000; read word; exit 0"));
    assert_true(bench_lane_run(&lane, &seconds, &answer));
    assert_int_equal(answer, 1);
    assert_true(bench_lane_run(&lane, &seconds, &answer));
    assert_int_equal(bench_lane_stop(&lane), 70000);
}

static void what_the_workers_did_is_of_the_last_run(void **state)
{
    struct bench_lane lane;
    double seconds;
    uint64_t answer;
    (void)state;

    assert_true(start_shell(
        &lane, "echo ready; read word; "
               "echo done 1 1 70000 workers 1.5 0.25 2 0.125 1.75 12 3 2 1 0 0 0 0 0 0; "
               "read word; echo done 1 1 workers 1 0 0 0 1 0 0 0 0 0 0 0 0 0 0; "
               "read word; echo done 1 1; read word; exit 0"));
    assert_true(bench_lane_run(&lane, &seconds, &answer));
    assert_float_equal(lane.why.run_s, 1.5, 0);
    assert_float_equal(lane.why.search_s, 0.25, 0);
    assert_float_equal(lane.why.park_s, 2, 0);
    assert_float_equal(lane.why.wait_s, 0.125, 0);
    assert_float_equal(lane.why.even_s, 1.75, 0);
    assert_int_equal(lane.why.steals_near, 12);
    assert_int_equal(lane.why.steals_far, 3);
    assert_int_equal(lane.why.steals_ring[0], 2);
    assert_int_equal(lane.why.steals_ring[1], 1);
    assert_true(bench_why_known(&lane.why));
    assert_true(bench_lane_run(&lane, &seconds, &answer));
    assert_int_equal(lane.why.steals_near, 0);
    assert_true(bench_lane_run(&lane, &seconds, &answer));
    assert_false(bench_why_known(&lane.why));
    assert_int_equal(bench_lane_stop(&lane), 70000);
}

static void what_the_workers_did_is_whole_or_an_error(void **state)
{
    static const char *const lines[] = {
        "done 1 1 workers",
        "done 1 1 workers 1 2 3 4 5 6 7 0 0 0 0 0 0 0",
        "done 1 1 workers 1 2 3 x 5 6 7 0 0 0 0 0 0 0 0",
        "done 1 1 workers 1 2 3 -4 5 6 7 0 0 0 0 0 0 0 0",
        "done 1 1 workers 1 2 3 4 5 6 7 8 0 0 0 0 0 0 0 0",
        "done 1 1 walkers 1 2 3 4 5 6 7 0 0 0 0 0 0 0 0",
        "done 1 1 x",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct bench_lane lane;
        double seconds;
        uint64_t answer;
        char text[128];

        (void)snprintf(text, sizeof(text), "echo ready; read word; echo %s; read word",
                       lines[i]);
        assert_true(start_shell(&lane, text));
        if (bench_lane_run(&lane, &seconds, &answer))
            fail_msg("'%s' is understood", lines[i]);
        assert_string_equal(lane.error, "said what is not understood");
        (void)bench_lane_stop(&lane);
    }
}

/* Starts a lane that is a line of shell and ends at a time. */
static bool start_limited(struct bench_lane *lane, const char *text, double until)
{
    const char *const command[] = {"sh", "-c", text, NULL};
    const struct bench_lane_spec spec = {.command = command, .until = until};

    return bench_lane_start(lane, &spec);
}

static void a_lane_whose_time_is_over_is_killed(void **state)
{
    struct bench_lane lane;
    double seconds;
    uint64_t answer;
    (void)state;

    assert_false(start_limited(&lane, "exec sleep 1000", bench_now() + 0.02));
    assert_string_equal(lane.error, "no time left");
    assert_true(lane.late);
    (void)bench_lane_stop(&lane);
    assert_string_equal(lane.error, "no time left");

    assert_true(start_limited(&lane,
                              "echo ready; read word; echo done 1 1; read word; "
                              "exec sleep 1000",
                              bench_now() + 1e6));
    assert_true(bench_lane_run(&lane, &seconds, &answer));
    lane.until = bench_now();
    assert_false(bench_lane_run(&lane, &seconds, &answer));
    assert_true(lane.late);
    (void)bench_lane_stop(&lane);
}

/* What a killed process has made cannot be removed by itself. */
static void the_files_of_a_killed_lane_are_removed(void **state)
{
    char cache[] = "/tmp/magpie-lane-XXXXXX";
    char folder[64];
    char path[96];
    struct bench_lane lane;
    (void)state;

    assert_non_null(mkdtemp(cache));
    (void)setenv("XDG_CACHE_HOME", cache, 1);
    (void)snprintf(folder, sizeof(folder), "%s/magpie/data", cache);
    assert_false(start_limited(&lane,
                               "mkdir -p $XDG_CACHE_HOME/magpie/data; "
                               "cd $XDG_CACHE_HOME/magpie/data; touch a.$$ b; "
                               "kill -KILL $$",
                               0));
    (void)snprintf(path, sizeof(path), "%s/a.%d", folder, (int)lane.pid);
    assert_int_equal(access(path, F_OK), 0);
    (void)bench_lane_stop(&lane);
    assert_int_not_equal(access(path, F_OK), 0);
    (void)snprintf(path, sizeof(path), "%s/b", folder);
    assert_int_equal(unlink(path), 0);
    (void)rmdir(folder);
    (void)snprintf(folder, sizeof(folder), "%s/magpie", cache);
    (void)rmdir(folder);
    assert_int_equal(rmdir(cache), 0);
    (void)unsetenv("XDG_CACHE_HOME");
}

static void a_lane_that_cannot_start_says_why(void **state)
{
    struct bench_lane lane;
    (void)state;

    assert_false(start_shell(&lane, "echo failed no such toolchain"));
    assert_string_equal(lane.error, "no such toolchain");
    (void)bench_lane_stop(&lane);
}

static void a_lane_whose_program_is_missing_says_so(void **state)
{
    const char *const command[] = {"/nonexistent/peer", NULL};
    const struct bench_lane_spec spec = {.command = command};
    struct bench_lane lane;
    (void)state;

    assert_false(bench_lane_start(&lane, &spec));
    assert_string_equal(lane.error, "/nonexistent/peer: No such file or directory");
    (void)bench_lane_stop(&lane);
}

/* Starts a lane that reports ready and then does `after`; the run must fail with
 * `error`. */
static void assert_run_fails(const char *after, const char *error)
{
    struct bench_lane lane;
    char text[256];
    double seconds = -1;
    uint64_t answer = 7;

    (void)snprintf(text, sizeof(text), "echo ready; read word; %s", after);
    assert_true(start_shell(&lane, text));
    assert_false(bench_lane_run(&lane, &seconds, &answer));
    assert_string_equal(lane.error, error);
    assert_float_equal(seconds, -1, 0);
    assert_int_equal(answer, 7);
    assert_false(bench_lane_run(&lane, &seconds, &answer));
    (void)bench_lane_stop(&lane);
}

static void a_run_that_fails_says_why_and_is_the_last(void **state)
{
    (void)state;

    assert_run_fails("echo failed out of luck", "out of luck");
    assert_run_fails("exit 3", "ended with status 3");
    assert_run_fails("kill -SEGV $$", "killed by signal 11 (Segmentation fault)");
}

static void an_answer_that_makes_no_sense_is_not_taken(void **state)
{
    static const char *const answers[] = {
        "done",       "done 1",      "done x 1",  "done 1 x", "done 1 1x",
        "done 1 1 x", "done 1 1 1x", "done -1 1", "hello",    "done nan 1"};
    char text[64];
    (void)state;

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        (void)snprintf(text, sizeof(text), "echo '%s'", answers[i]);
        assert_run_fails(text, "said what is not understood");
    }
}

static void a_lane_that_ends_badly_after_its_runs_says_so(void **state)
{
    struct bench_lane lane;
    double seconds;
    uint64_t answer;
    (void)state;

    assert_true(
        start_shell(&lane, "echo ready; read word; echo done 1 1; read word; exit 9"));
    assert_true(bench_lane_run(&lane, &seconds, &answer));
    (void)bench_lane_stop(&lane);
    assert_string_equal(lane.error, "ended with status 9");
}

/* ------------------------------------------------------- lanes of our own */

static int answer_41(struct bench_run *run)
{
    run->answer = 41;
    return 0;
}

/* Answers right twice and then wrong: a wrong run in the middle must be noticed. */
static int answer_wrong_once(struct bench_run *run)
{
    static int runs;

    run->answer = ++runs == 3 ? 0 : 42;
    return 0;
}

static int answer_error(struct bench_run *run)
{
    (void)run;
    return -ENOMEM;
}

static int crash(struct bench_run *run)
{
    (void)run;
    (void)raise(SIGKILL);
    return 0;
}

static int touch_memory(struct bench_run *run)
{
    size_t size = (size_t)BIG_MIB << 20;

    run->data = malloc(size);
    if (run->data == NULL)
        return -ENOMEM;
    memset(run->data, 1, size);
    return 0;
}

static void free_memory(struct bench_run *run)
{
    free(run->data);
}

static const struct bench_workload small = {
    .group = "small",
    .name = "small",
    .twin = "serial",
    .expected = forty_two,
    .run_twin = answer_42,
    .run_magpie = answer_42,
};

/* The rows of a workload on 1 and 2 workers, three runs each. */
static struct bench_rows sweep(const struct bench_workload *workload)
{
    const struct bench_sweep sweep = {.workers = {1, 2}, .worker_counts = 2, .runs = 3};
    struct bench_rows rows = {0};

    assert_int_equal(bench_sweep_case(&sweep, workload, 1, &rows), 0);
    return rows;
}

static void a_sweep_has_a_row_for_the_twin_and_for_each_number_of_workers(void **state)
{
    static const struct {
        const char *runtime;
        uint32_t workers;
    } wanted[] = {{"serial", 1}, {"magpie", 1}, {"magpie", 2}};
    struct bench_rows rows = sweep(&small);
    (void)state;

    assert_int_equal(rows.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(rows.rows[i].runtime, wanted[i].runtime);
        assert_string_equal(rows.rows[i].baseline, "serial");
        assert_string_equal(rows.rows[i].label, "small(1)");
        assert_int_equal(rows.rows[i].workers, wanted[i].workers);
        assert_int_equal(rows.rows[i].runs, 3);
        assert_true(rows.rows[i].ok);
        assert_true(rows.rows[i].peak_rss_kib > 0);
    }
    bench_rows_free(&rows);
}

static void a_wrong_answer_makes_the_row_wrong_and_no_other(void **state)
{
    struct bench_workload workload = small;
    (void)state;

    workload.run_magpie = answer_41;
    struct bench_rows rows = sweep(&workload);

    assert_true(rows.rows[0].ok);
    assert_false(rows.rows[1].ok);
    assert_string_equal(rows.rows[1].error, "wrong answer: 41, not 42");
    assert_float_equal(rows.rows[1].median_s, 0, 0);
    bench_rows_free(&rows);
}

static void one_wrong_answer_among_right_ones_makes_the_row_wrong(void **state)
{
    struct bench_workload workload = small;
    (void)state;

    workload.run_twin = answer_wrong_once;
    struct bench_rows rows = sweep(&workload);

    assert_false(rows.rows[0].ok);
    assert_string_equal(rows.rows[0].error, "wrong answer: 0, not 42");
    assert_true(rows.rows[1].ok);
    bench_rows_free(&rows);
}

static void errors_and_crashes_of_a_lane_are_reported(void **state)
{
    struct bench_workload workload = small;
    (void)state;

    workload.run_twin = answer_error;
    workload.run_magpie = crash;
    struct bench_rows rows = sweep(&workload);

    assert_string_equal(rows.rows[0].error, mag_call_text(-ENOMEM));
    assert_string_equal(rows.rows[1].error, "killed by signal 9 (Killed)");
    assert_false(rows.rows[0].ok || rows.rows[1].ok || rows.rows[2].ok);
    bench_rows_free(&rows);
}

static void the_peak_memory_of_a_lane_is_its_own(void **state)
{
    struct bench_workload big = small;
    (void)state;

    big.prepare = touch_memory;
    big.cleanup = free_memory;
    struct bench_rows with = sweep(&big);
    struct bench_rows without = sweep(&small);

    /* The small lanes come after the big ones, and from the same process. */
    assert_true(with.rows[0].peak_rss_kib > BIG_MIB * 1024);
    assert_true(without.rows[0].peak_rss_kib + BIG_MIB * 1024 * 9 / 10 <
                with.rows[0].peak_rss_kib);
    bench_rows_free(&with);
    bench_rows_free(&without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lane_runs_when_told_and_ends_when_told),
        cmocka_unit_test(the_peak_memory_of_a_program_counts_if_it_is_given),
        cmocka_unit_test(what_the_workers_did_is_of_the_last_run),
        cmocka_unit_test(what_the_workers_did_is_whole_or_an_error),
        cmocka_unit_test(a_lane_whose_time_is_over_is_killed),
        cmocka_unit_test(the_files_of_a_killed_lane_are_removed),
        cmocka_unit_test(a_lane_that_cannot_start_says_why),
        cmocka_unit_test(a_lane_whose_program_is_missing_says_so),
        cmocka_unit_test(a_run_that_fails_says_why_and_is_the_last),
        cmocka_unit_test(an_answer_that_makes_no_sense_is_not_taken),
        cmocka_unit_test(a_lane_that_ends_badly_after_its_runs_says_so),
        cmocka_unit_test(a_sweep_has_a_row_for_the_twin_and_for_each_number_of_workers),
        cmocka_unit_test(a_wrong_answer_makes_the_row_wrong_and_no_other),
        cmocka_unit_test(one_wrong_answer_among_right_ones_makes_the_row_wrong),
        cmocka_unit_test(errors_and_crashes_of_a_lane_are_reported),
        cmocka_unit_test(the_peak_memory_of_a_lane_is_its_own),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

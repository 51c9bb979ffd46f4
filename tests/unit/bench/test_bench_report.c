/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot.h"
#include "bench/report/report.h"
#include "tests/support/bench/written.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_into(char *field, size_t size, const char *text)
{
    memset(field, 0, size);
    (void)snprintf(field, size, "%s", text);
}

static void add(struct bench_report *report, const char *runtime, uint32_t workers,
                double median)
{
    struct bench_row row = {.size = 100000000,
                            .workers = workers,
                            .runs = 5,
                            .median_s = median,
                            .min_s = median * 0.75,
                            .max_s = median * 1.25,
                            .peak_rss_kib = 2048,
                            .ok = true};

    put_into(row.workload, sizeof(row.workload), "skynet");
    put_into(row.label, sizeof(row.label), "skynet(10^8)");
    put_into(row.runtime, sizeof(row.runtime), runtime);
    put_into(row.baseline, sizeof(row.baseline), "serial");
    assert_int_equal(bench_rows_add(&report->rows, &row), 0);
}

static void put_peer(struct bench_peer *peer, const char *name,
                     enum bench_peer_state state, const char *text)
{
    *peer = (struct bench_peer){.state = state};
    put_into(peer->name, sizeof(peer->name), name);
    put_into(peer->text, sizeof(peer->text), text);
}

/* Two good rows, a wrong one, a small operation, and three peers. */
static struct bench_report sample(void)
{
    struct bench_report report = {0};
    struct bench_row *row;

    put_into(report.machine.cpu, sizeof(report.machine.cpu), "A <fast> & \"cheap\" one");
    put_into(report.machine.command, sizeof(report.machine.command),
             "magpie bench skynet");
    report.machine.cores = 2;
    report.machine.membarrier = true;
    report.machine.quota_cpus = 1.5;
    report.peers.count = 3;
    put_peer(&report.peers.peers[0], "tbb", BENCH_PEER_READY, "oneTBB 1");
    put_peer(&report.peers.peers[1], "go", BENCH_PEER_ABSENT, "there is no go");
    put_peer(&report.peers.peers[2], "rayon", BENCH_PEER_FAILED, "error: <no> \"luck\"");
    add(&report, "serial", 1, 0.5);
    add(&report, "magpie", 1, 0.625);
    add(&report, "magpie", 2, 0.25);
    report.rows.rows[1].ok = false;
    put_into(report.rows.rows[1].error, BENCH_ERROR, "wrong answer: 1, not \"2\"");
    add(&report, "magpie", 2, 3e-6);
    row = &report.rows.rows[3];
    put_into(row->workload, sizeof(row->workload), "post-self");
    put_into(row->label, sizeof(row->label), "post-self");
    put_into(row->baseline, sizeof(row->baseline), "");
    row->per_operation = true;
    row->size = 1000;
    return report;
}

TEST_WRITTEN_BY(written_by, bench_report)

static void write_json(FILE *out, const struct bench_report *report)
{
    assert_int_equal(bench_json_write(out, report), 0);
}

/* A file with this text; the path is valid only until the next call. */
static const char *file_with(const char *text)
{
    static char path[] = "/tmp/magpie-report-XXXXXX";
    static bool made;
    FILE *file;

    if (!made)
        (void)close(mkstemp(path));
    made = true;
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
    return path;
}

/* Standard output carries the test's own report, so the table is written to another
 * stream. */
static char *table_of(const struct bench_report *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = fopen(file_with(""), "w+");

    assert_non_null(out);
    bench_table_head(out, report);
    bench_table_rows(out, &report->rows, 0);
    bench_table_notes(out, &report->rows);
    size = (size_t)ftell(out);
    rewind(out);
    text = calloc(1, size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, size, out), size);
    (void)fclose(out);
    return text;
}

static void a_report_survives_json(void **state)
{
    struct bench_report report = sample();
    struct bench_report again = {0};
    char *text = written_by(write_json, &report);
    char why[128] = "";
    (void)state;

    assert_true(bench_json_read(file_with(text), &again, why, sizeof(why)));

    assert_memory_equal(&again.machine, &report.machine, sizeof(report.machine));
    assert_int_equal(again.peers.count, report.peers.count);
    for (uint32_t i = 0; i < report.peers.count; i++) {
        assert_string_equal(again.peers.peers[i].name, report.peers.peers[i].name);
        assert_int_equal(again.peers.peers[i].state, report.peers.peers[i].state);
        assert_string_equal(again.peers.peers[i].text, report.peers.peers[i].text);
    }
    assert_int_equal(again.rows.count, report.rows.count);
    for (size_t i = 0; i < report.rows.count; i++) {
        assert_memory_equal(again.rows.rows[i].error, report.rows.rows[i].error,
                            BENCH_ERROR);
        assert_memory_equal(&again.rows.rows[i], &report.rows.rows[i],
                            sizeof(report.rows.rows[i]));
    }
    bench_report_free(&again);
    bench_report_free(&report);
    free(text);
}

static void json_has_the_fields_that_others_read(void **state)
{
    static const char *const fields[] = {
        "\"machine\": {",
        "\"rows\": [",
        "\"workload\": \"skynet\"",
        "\"size\": 100000000",
        "\"runtime\": \"serial\"",
        "\"workers\": 1",
        "\"runs\": 5",
        "\"median_s\": 0.5",
        "\"min_s\": 0.375",
        "\"max_s\": 0.625",
        "\"peak_rss_kib\": 2048",
        "\"ok\": true",
        "\"ok\": false",
        "\"speedup\": 2.0",
        "\"unit\": \"ns\"",
        "\"per_op_ns\": ",
        "\"peers\": [",
        "\"state\": \"absent\"",
        "\"text\": \"there is no go\"",
    };
    struct bench_report report = sample();
    char *text = written_by(write_json, &report);
    (void)state;

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strstr(text, fields[i]) == NULL)
            fail_msg("%s is missing in %s", fields[i], text);
    }
    bench_report_free(&report);
    free(text);
}

/* No text from a toolchain or a shell may cost the figures of a run. */
static void text_that_is_not_utf8_does_not_lose_the_report(void **state)
{
    struct bench_report report = sample();
    char *text;
    (void)state;

    put_into(report.machine.command, sizeof(report.machine.command), "a\xff\x62");
    put_into(report.machine.cpu, sizeof(report.machine.cpu), "caf\xe9");
    put_into(report.peers.peers[1].text, sizeof(report.peers.peers[1].text), "\xc3");
    put_into(report.rows.rows[1].error, BENCH_ERROR, "\xe2\x82");
    text = written_by(write_json, &report);

    assert_non_null(strstr(text, "\"command\": \"a?b\""));
    assert_non_null(strstr(text, "\"cpu\": \"caf?\""));
    assert_non_null(strstr(text, "\"text\": \"?\""));
    assert_non_null(strstr(text, "\"error\": \"??\""));
    bench_report_free(&report);
    free(text);
}

static void json_that_is_no_report_is_refused_with_a_reason(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"{", "line 1: string or '}' expected near end of file"},
        {"{\"machine\": {}}", "it has no array \"rows\""},
        {"[]", "it has no array \"rows\""},
        {"{\"rows\": [{\"workload\": \"fib\", \"runtime\": \"serial\", \"workers\": 1}, "
         "{}]}",
         "row 2 lacks a workload, a runtime or workers"},
        {"{\"rows\": [7]}", "row 1 lacks a workload, a runtime or workers"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench_report report = {0};
        char why[128] = "";

        assert_false(
            bench_json_read(file_with(cases[i].text), &report, why, sizeof(why)));
        assert_string_equal(why, cases[i].why);
        bench_report_free(&report);
    }
}

static void rows_of_others_need_only_what_makes_a_row(void **state)
{
    struct bench_report report = {0};
    char why[128] = "";
    (void)state;

    assert_true(bench_json_read(
        file_with(
            "{\"rows\": [{\"workload\": \"fib\", \"size\": 7, \"runtime\": \"tbb\", "
            "\"workers\": 2, \"median_s\": 1, \"ok\": true}]}"),
        &report, why, sizeof(why)));
    assert_string_equal(report.rows.rows[0].label, "fib(7)");
    assert_string_equal(report.rows.rows[0].baseline, "serial");
    assert_false(report.rows.rows[0].per_operation);
    assert_float_equal(report.rows.rows[0].median_s, 1, 0);
    bench_report_free(&report);
}

static void csv_has_a_line_for_each_row_and_quotes_text(void **state)
{
    struct bench_report report = sample();
    char *text = written_by(bench_csv_write, &report);
    (void)state;

    assert_string_equal(
        text, "workload,size,runtime,workers,runs,median_s,min_s,max_s,peak_rss_kib,ok,"
              "per_op_ns,speedup,error\n"
              "\"skynet\",100000000,\"serial\",1,5,0.5,0.375,0.625,2048,true,,1,\"\"\n"
              "\"skynet\",100000000,\"magpie\",1,5,0.625,0.46875,0.78125,2048,false,,,"
              "\"wrong answer: 1, not \"\"2\"\"\"\n"
              "\"skynet\",100000000,\"magpie\",2,5,0.25,0.1875,0.3125,2048,true,,2,\"\"\n"
              "\"post-self\",1000,\"magpie\",2,5,3e-06,2.25e-06,3.75e-06,2048,true,3,,"
              "\"\"\n");
    bench_report_free(&report);
    free(text);
}

static void the_table_shows_figures_and_what_is_wrong(void **state)
{
    struct bench_report report = sample();
    char *text = table_of(&report);
    (void)state;

    assert_non_null(strstr(text, "skynet(10^8)   serial         1    500.0 ms   50.0 %"
                                 "    1.00 x                2.00 MiB\n"));
    assert_non_null(strstr(text, "               magpie         1 wrong answer: 1, not "
                                 "\"2\"\n"));
    assert_non_null(strstr(text, "               magpie         2    250.0 ms   50.0 %"
                                 "    2.00 x       100 %    2.00 MiB\n"));
    assert_non_null(strstr(text, "post-self      magpie         2     3.00 ns   50.0 %"));
    assert_non_null(strstr(text, "1 of 4 rows failed"));
    assert_non_null(strstr(text, "peer tbb: oneTBB 1\n"));
    assert_non_null(strstr(text, "peer go absent: there is no go\n"));
    assert_non_null(strstr(text, "peer rayon failed: error: <no> \"luck\"\n"));
    assert_null(strchr(text, '\033'));
    bench_report_free(&report);
    free(text);
}

static void the_page_needs_nothing_else_and_escapes_text(void **state)
{
    struct bench_report report = sample();
    char *text = written_by(bench_html_write, &report);
    (void)state;

    assert_non_null(strstr(text, "A &lt;fast&gt; &amp; \"cheap\" one"));
    assert_null(strstr(text, "<fast>"));
    assert_non_null(strstr(text, "skynet(10<sup>8</sup>)"));
    assert_non_null(strstr(text, "prefers-color-scheme:dark"));
    assert_non_null(strstr(text, "magpie bench skynet"));
    assert_non_null(strstr(text, "<dt>go</dt><dd>absent: there is no go</dd>"));
    assert_non_null(strstr(text, "failed: error: &lt;no&gt;"));
    assert_non_null(strstr(text, "3&#8239;/&#8239;4"));
    assert_null(strstr(text, "src="));
    assert_null(strstr(text, "<link"));
    assert_null(strstr(text, "<script"));
    bench_report_free(&report);
    free(text);
}

static void the_page_has_plots_in_the_colours_of_the_page(void **state)
{
    struct bench_report report = sample();
    char *text = written_by(bench_html_write, &report);
    bool possible = strstr(text, "The plots are missing") == NULL;
    bool plotted = strstr(text, "<svg") != NULL;
    bool in_colour =
        strstr(text, "var(--plot-5)") != NULL && strstr(text, "rgb(") == NULL;
    (void)state;

    free(text);
    bench_report_free(&report);
    if (!possible) {
        (void)printf("skipped: there is no gnuplot\n");
        skip();
    }
    assert_true(plotted);
    assert_true(in_colour);
}

/* A machine with one PU has only such rows. */
static void rows_of_one_worker_are_plotted(void **state)
{
    struct bench_report report = sample();
    bool possible = bench_plot_possible();
    char *text;
    (void)state;

    for (size_t i = 0; i < report.rows.count; i++) {
        report.rows.rows[i].workers = 1;
        report.rows.rows[i].ok = true;
    }
    text = written_by(bench_html_write, &report);
    bool plotted = strstr(text, "<svg") != NULL && strstr(text, "var(--plot-5)") != NULL;

    free(text);
    bench_report_free(&report);
    if (!possible) {
        (void)printf("skipped: there is no gnuplot\n");
        skip();
    }
    assert_true(plotted);
}

/* The page of a machine with several nodes: a line in each plot where one begins. */
static void a_plot_marks_where_another_node_begins(void **state)
{
    struct bench_report report = sample();
    bool possible = bench_plot_possible();
    char *without = written_by(bench_html_write, &report);
    char *text;
    (void)state;

    put_into(report.machine.placement, sizeof(report.machine.placement), "compact");
    report.machine.node_ends[0] = 1;
    report.machine.node_end_count = 1;
    text = written_by(bench_html_write, &report);
    bool told = strstr(text, "<dt>a node ends after worker</dt><dd>1</dd>") != NULL;
    bool marked = strstr(text, "upright: another node begins") != NULL &&
                  strlen(text) > strlen(without);

    free(text);
    free(without);
    bench_report_free(&report);
    assert_true(told);
    if (!possible) {
        (void)printf("skipped: there is no gnuplot\n");
        skip();
    }
    assert_true(marked);
}

/* The page with a start-up file of gnuplot's in the user's folder, to be freed. */
static char *page_with_start_up_file(const struct bench_report *report)
{
    char home[] = "/tmp/magpie-home-XXXXXX";
    char file[64];
    char before[4096];
    char *text;
    FILE *out;

    put_into(before, sizeof(before), getenv("HOME") != NULL ? getenv("HOME") : "");
    assert_non_null(mkdtemp(home));
    (void)snprintf(file, sizeof(file), "%s/.gnuplot", home);
    out = fopen(file, "w");
    assert_non_null(out);
    (void)fputs("exit status 1\n", out);
    (void)fclose(out);
    (void)setenv("HOME", home, 1);
    text = written_by(bench_html_write, report);
    (void)setenv("HOME", before, 1);
    (void)unlink(file);
    (void)rmdir(home);
    return text;
}

static void what_a_user_tells_gnuplot_does_not_reach_the_page(void **state)
{
    struct bench_report report = sample();
    bool possible = bench_plot_possible();
    char *text = page_with_start_up_file(&report);
    bool plotted = strstr(text, "<svg") != NULL;
    (void)state;

    free(text);
    bench_report_free(&report);
    if (!possible) {
        (void)printf("skipped: there is no gnuplot\n");
        skip();
    }
    assert_true(plotted);
}

static void without_gnuplot_the_page_says_that_plots_are_missing(void **state)
{
    struct bench_report report = sample();
    char path[4096];
    char *text;
    (void)state;

    put_into(path, sizeof(path), getenv("PATH") != NULL ? getenv("PATH") : "");
    (void)setenv("PATH", "/nonexistent", 1);
    text = written_by(bench_html_write, &report);
    (void)setenv("PATH", path, 1);

    assert_non_null(strstr(text, "The plots are missing"));
    assert_null(strstr(text, "<svg"));
    assert_non_null(strstr(text, "<td>250.0 ms</td>"));
    bench_report_free(&report);
    free(text);
}

static void a_page_without_rows_is_a_page(void **state)
{
    const struct bench_report report = {0};
    char *text = written_by(bench_html_write, &report);
    (void)state;

    assert_non_null(strstr(text, "</html>"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_survives_json),
        cmocka_unit_test(json_has_the_fields_that_others_read),
        cmocka_unit_test(text_that_is_not_utf8_does_not_lose_the_report),
        cmocka_unit_test(json_that_is_no_report_is_refused_with_a_reason),
        cmocka_unit_test(rows_of_others_need_only_what_makes_a_row),
        cmocka_unit_test(csv_has_a_line_for_each_row_and_quotes_text),
        cmocka_unit_test(the_table_shows_figures_and_what_is_wrong),
        cmocka_unit_test(the_page_needs_nothing_else_and_escapes_text),
        cmocka_unit_test(the_page_has_plots_in_the_colours_of_the_page),
        cmocka_unit_test(rows_of_one_worker_are_plotted),
        cmocka_unit_test(a_plot_marks_where_another_node_begins),
        cmocka_unit_test(what_a_user_tells_gnuplot_does_not_reach_the_page),
        cmocka_unit_test(without_gnuplot_the_page_says_that_plots_are_missing),
        cmocka_unit_test(a_page_without_rows_is_a_page),
    };
    int failed;

    /* As in the program: a gnuplot that ends early is a write error. */
    (void)signal(SIGPIPE, SIG_IGN);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(file_with(""));
    return failed;
}

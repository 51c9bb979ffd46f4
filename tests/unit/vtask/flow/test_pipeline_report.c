/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vtask/belt.h"

#include <string.h>

/* ------------------------------------------------------------------------ counts */

static void the_report_counts_items_and_times(void **state)
{
    static const enum mag_stage_mode modes[BELT_STAGES] = {
        MAG_STAGE_IN_ORDER, MAG_STAGE_PARALLEL, MAG_STAGE_ANY_ORDER, MAG_STAGE_IN_ORDER};
    struct mag_sched *sched = test_sched_start(2);
    struct belt belt = belt_of(sched, 5000, modes);
    struct belt_options options = belt_hooks(&belt);
    struct mag_pipeline_report report;
    struct belt_stage stages[BELT_STAGES];
    (void)state;

    belt.pause = 2000;
    options.common.report = &report;
    options.common.exact = true;
    belt_lay(&belt, stages);
    assert_int_equal(belt_run_with(sched, &options, stages, BELT_STAGES, 7, &belt), 0);
    assert_int_equal(report.items, 5000);
    assert_int_equal(report.stage_count, BELT_STAGES);
    assert_int_equal(report.token_limit, 7);
    assert_int_equal(report.failed, UINT64_MAX);
    assert_in_range(report.tokens, 1, 7);
    assert_in_range(report.threads, 1, 3);
    assert_string_equal(report.stages[2].name, "belt_third");
    for (unsigned i = 0; i < BELT_STAGES; i++) {
        assert_int_equal(report.stages[i].items, i == 0 ? 5001 : 5000);
        assert_int_equal(report.stages[i].mode, modes[i]);
        assert_true(report.stages[i].busy_ns > 0);
        assert_true(report.stages[i].busy_ns < report.elapsed_ns * report.threads);
    }
    mag_sched_destroy(sched);
}

static void one_token_makes_the_first_stage_wait_for_room(void **state)
{
    static const enum mag_stage_mode modes[BELT_STAGES] = {
        MAG_STAGE_ON_CALLER, MAG_STAGE_PARALLEL, MAG_STAGE_PARALLEL, MAG_STAGE_IN_ORDER};
    struct mag_sched *sched = test_sched_start(2);
    struct belt belt = belt_of(sched, 100, modes);
    struct belt_options options = belt_hooks(&belt);
    struct mag_pipeline_report report;
    struct belt_stage stages[BELT_STAGES];
    (void)state;

    options.common.report = &report;
    options.common.caller_sleeps = true;
    belt_lay(&belt, stages);
    assert_int_equal(belt_run_with(sched, &options, stages, BELT_STAGES, 1, &belt), 0);
    assert_true(report.stages[0].waits_for_room > 0);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------ texts */

/* A report of three stages over a second. */
static struct mag_pipeline_report report_of(uint64_t read, uint64_t work, uint64_t write)
{
    struct mag_pipeline_report report = {.elapsed_ns = 1000000000,
                                         .items = 1000,
                                         .failed = UINT64_MAX,
                                         .threads = 2,
                                         .tokens = 8,
                                         .token_limit = 8,
                                         .stage_count = 3};

    report.stages[0] = (struct mag_stage_report){
        .name = "read", .mode = MAG_STAGE_IN_ORDER, .items = 1001, .busy_ns = read};
    report.stages[1] = (struct mag_stage_report){
        .name = "work", .mode = MAG_STAGE_PARALLEL, .items = 1000, .busy_ns = work};
    report.stages[2] = (struct mag_stage_report){
        .name = "write", .mode = MAG_STAGE_ANY_ORDER, .items = 1000, .busy_ns = write};
    return report;
}

static void says(const struct mag_pipeline_report *report, const char *what)
{
    char text[2000];
    size_t length = mag_pipeline_explain(report, text, sizeof(text));

    assert_int_equal(length, strlen(text));
    assert_non_null(strstr(text, "3 stages, "));
    assert_non_null(strstr(text, "\n  read "));
    if (strstr(text, what) == NULL)
        fail_msg("\"%s\" is not in: %s", what, text);
}

static void the_text_names_the_bottleneck(void **state)
{
    struct mag_pipeline_report report = report_of(10000000, 200000000, 950000000);
    (void)state;

    says(&report, "Bottleneck: write. It is serial, and busy 95% of the time");
    report = report_of(100000000, 1700000000, 100000000);
    says(&report, "Bottleneck: work. The threads are busy, 85% of their time with");
    report = report_of(100000000, 200000000, 100000000);
    says(&report, "No stage is the bottleneck: the threads are busy 20%");
    report.stages[0].waits_for_room = 900;
    says(&report, "Bottleneck: tokens. All 8 are in use; more tokens would help.");
    report.stages[1].is_async = true;
    report.stages[1].busy_ns = 7000000000;
    says(&report, "most of them in work");
    says(&report, "7.0 awaited at a time");
    report.items = 0;
    says(&report, "There were no items.");
}

static void a_text_that_is_too_long_is_cut_off_and_counted(void **state)
{
    struct mag_pipeline_report report = report_of(1, 1, 1);
    char whole[2000];
    char text[50];
    (void)state;

    size_t length = mag_pipeline_explain(&report, whole, sizeof(whole));
    assert_int_equal(mag_pipeline_explain(&report, text, sizeof(text)), length);
    assert_int_equal(strlen(text), sizeof(text) - 1);
    assert_int_equal(strncmp(text, whole, sizeof(text) - 1), 0);
    assert_int_equal(mag_pipeline_explain(&report, NULL, 0), length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_report_counts_items_and_times),
        cmocka_unit_test(one_token_makes_the_first_stage_wait_for_room),
        cmocka_unit_test(the_text_names_the_bottleneck),
        cmocka_unit_test(a_text_that_is_too_long_is_cut_off_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

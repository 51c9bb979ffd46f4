/* SPDX-License-Identifier: Apache-2.0 */
/* What a trace records, and what of it is written. */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"
#include "tests/support/sched/trace_text.h"

#include <magpie/fork.h>
#include <magpie/group.h>
#include <magpie/strand.h>
#include <magpie/submit.h>
#include <magpie/trace.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------- the text */

/* On each worker begins and ends pair up, and times do not go back. */
static void assert_paired(const struct text *text)
{
    static int depth[MAG_SCHED_WORKERS_MAX];
    static double last[MAG_SCHED_WORKERS_MAX];
    const char *line = text->bytes;

    memset(depth, 0, sizeof(depth));
    memset(last, 0, sizeof(last));
    while ((line = strstr(line, "{\"ph\":\"")) != NULL) {
        unsigned worker;
        double time;
        char phase;
        int pid;

        /* NOLINTNEXTLINE(cert-err34-c): the library has written the numbers. */
        assert_int_equal(sscanf(line, "{\"ph\":\"%c\",\"pid\":%d,\"tid\":%u,\"ts\":%lf",
                                &phase, &pid, &worker, &time),
                         4);
        assert_true(worker < MAG_SCHED_WORKERS_MAX);
        assert_true(time >= last[worker]);
        last[worker] = time;
        depth[worker] += phase == 'B' ? 1 : phase == 'E' ? -1 : 0;
        assert_true(depth[worker] >= 0);
        line++;
    }
    for (unsigned i = 0; i < MAG_SCHED_WORKERS_MAX; i++)
        assert_int_equal(depth[i], 0);
}

/* ----------------------------------------------------------------- what appears */

static void a_job_is_called_after_its_function(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct counted job = counted_make();
    (void)state;

    assert_int_equal(mag_trace_start(sched, NULL), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mag_sched_post(sched, &job.job), 0);
        assert_true(test_wait_for(&job.runs, i + 1));
    }
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    struct text text = write_trace(sched);
    assert_paired(&text);
    assert_int_equal(occurrences(&text, "\"cat\":\"job\",\"name\":\"counted_run\""), 3);
    assert_true(occurrences(&text, "\"cat\":\"state\",\"name\":\"park\"") >= 1);
    free(text.bytes);
    mag_sched_destroy(sched);
}

static void note(void *arg)
{
    (void)test_add(arg, 1);
}

static void a_name_is_written_so_that_any_reader_takes_it(void **state)
{
    static const char wild[] = "a\"b\\c\nd\x01\xc3\xa9\xff\xc0\xaf\xed\xa0\x80z";
    static const char tame[] = "\"a\\\"b\\\\c\\u000ad\\u0001\xc3\xa9\\ufffd\\ufffd\\ufffd"
                               "\\ufffd\\ufffd\\ufffdz\"";
    struct mag_sched *sched = test_sched_start(1);
    struct mag_submit_options options = {.name = wild};
    _Atomic(uint64_t) done;
    (void)state;

    atomic_init(&done, 0);
    assert_int_equal(mag_trace_start(sched, NULL), 0);
    assert_int_equal(mag_submit_with(sched, &options, note, &done), 0);
    assert_true(test_wait_for(&done, 1));
    assert_int_equal(mag_submit(sched, note, &done), 0);
    assert_true(test_wait_for(&done, 2));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    struct text text = write_trace(sched);
    assert_paired(&text);
    assert_int_equal(occurrences(&text, tame), 1);
    assert_int_equal(occurrences(&text, "\"note\""), 1);
    free(text.bytes);
    mag_sched_destroy(sched);
}

static void jobs_of_a_strand_appear_inside_it(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct counted job = counted_make();
    struct mag_strand strand;
    (void)state;

    mag_strand_init(&strand, sched);
    assert_int_equal(mag_trace_start(sched, NULL), 0);
    assert_int_equal(mag_strand_post(&strand, &job.job), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    struct text text = write_trace(sched);
    assert_paired(&text);
    const char *outer = strstr(text.bytes, "\"name\":\"strand\"");
    assert_non_null(outer);
    assert_non_null(strstr(outer, "\"name\":\"counted_run\""));
    assert_int_equal(mag_strand_fini(&strand), 0);
    free(text.bytes);
    mag_sched_destroy(sched);
}

static int count_in_group(void *arg)
{
    (void)test_add(arg, 1);
    return 0;
}

static void a_job_of_a_group_is_called_after_its_function(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_group *group;
    _Atomic(uint64_t) done;
    (void)state;

    atomic_init(&done, 0);
    assert_int_equal(mag_group_create(sched, NULL, &group), 0);
    assert_int_equal(mag_trace_start(sched, NULL), 0);
    assert_int_equal(mag_group_add(group, count_in_group, &done), 0);
    assert_true(test_wait_for(&done, 1));
    assert_int_equal(mag_group_wait(group, -1, NULL), 0);
    assert_int_equal(mag_group_destroy(group), 0);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    struct text text = write_trace(sched);
    assert_paired(&text);
    assert_int_equal(occurrences(&text, "\"name\":\"count_in_group\""), 1);
    assert_true(occurrences(&text, "\"name\":\"group\"") >= 1);
    free(text.bytes);
    mag_sched_destroy(sched);
}

static struct gate child_gate;

MAG_FORKABLE(int, stolen, int, number)
MAG_FORKABLE(int, join_stolen, int, number)

static int stolen(mag_fork w, int number)
{
    (void)w;
    gate_pass(&child_gate);
    return number;
}

static int join_stolen(mag_fork w, int number)
{
    struct stolen_child child = stolen_fork(&w, number);

    (void)gate_is_reached(&child_gate);
    mag_trace_mark("before the join", &child_gate, 77);
    gate_open(&child_gate);
    return stolen_join(&w, child);
}

static void a_theft_names_its_victim_and_the_child(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    int result = 0;
    (void)state;

    gate_close(&child_gate);
    assert_int_equal(mag_trace_start(sched, NULL), 0);
    assert_int_equal(join_stolen_run(sched, &result, 5), 0);
    assert_int_equal(result, 5);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    struct text text = write_trace(sched);
    assert_paired(&text);
    assert_true(occurrences(&text, "\"name\":\"steal\",\"args\":{\"from\":") >= 1);
    assert_true(occurrences(&text, "\"name\":\"stolen") >= 1);
    /* The calling thread is a guest, in a row of its own. */
    assert_int_equal(occurrences(&text, "\"name\":\"join_stolen_stolen\""), 1);
    assert_true(occurrences(&text, "\"name\":\"spare/") >= 1);
    assert_int_equal(
        occurrences(&text, "\"name\":\"before the join\",\"args\":{\"object\":"), 1);
    assert_int_equal(occurrences(&text, "\"number\":77"), 1);
    free(text.bytes);
    mag_sched_destroy(sched);
}

static void end_thread(struct mag_job *job)
{
    counted_run(job);
    pthread_exit(NULL);
}

static void what_began_on_a_thread_that_ended_ends_there(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct counted last = {.job = {.run = end_thread}};
    struct counted job = counted_make();
    (void)state;

    assert_int_equal(mag_trace_start(sched, NULL), 0);
    assert_int_equal(mag_sched_post(sched, &last.job), 0);
    assert_true(test_wait_for(&last.runs, 1));
    assert_int_equal(mag_sched_post(sched, &job.job), 0);
    assert_true(test_wait_for(&job.runs, 1));
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    struct text text = write_trace(sched);
    assert_paired(&text);
    assert_int_equal(occurrences(&text, "\"name\":\"end_thread\""), 1);
    assert_int_equal(occurrences(&text, "\"name\":\"counted_run\""), 1);
    free(text.bytes);
    mag_sched_destroy(sched);
}

/* ----------------------------------------------------------------- start and stop */

static void a_trace_begins_and_ends_where_it_is_told(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct counted job = counted_make();
    struct text text = {NULL, 0};
    (void)state;

    assert_int_equal(mag_trace_write(sched, trace_append, &text), -ENOENT);
    assert_int_equal(mag_trace_stop(sched), -EALREADY);
    for (unsigned i = 0; i < 3; i++) {
        if (i == 1)
            assert_int_equal(mag_trace_start(sched, NULL), 0);
        assert_int_equal(mag_sched_post(sched, &job.job), 0);
        assert_true(test_wait_for(&job.runs, i + 1));
        if (i == 1) {
            assert_int_equal(mag_trace_start(sched, NULL), -EALREADY);
            assert_int_equal(mag_trace_stop(sched), 0);
        }
    }
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    text = write_trace(sched);
    assert_paired(&text);
    assert_int_equal(occurrences(&text, "counted_run"), 1);
    free(text.bytes);
    mag_sched_destroy(sched);
}

static void a_full_ring_keeps_the_last_events(void **state)
{
    enum { JOBS = 100 };
    struct mag_sched *sched = test_sched_start(1);
    struct counted job = counted_make();
    struct mag_trace_config config;
    (void)state;

    mag_trace_config_init(&config);
    config.events = 16;
    for (unsigned run = 1; run <= 2; run++) {
        assert_int_equal(mag_trace_start(sched, &config), 0);
        for (unsigned i = 0; i < JOBS; i++) {
            assert_int_equal(mag_sched_post(sched, &job.job), 0);
            assert_true(test_wait_for(&job.runs, (run - 1) * JOBS + i + 1));
        }
        assert_int_equal(mag_trace_stop(sched), 0);
        struct text text = write_trace(sched);
        assert_paired(&text);
        assert_true(occurrences(&text, "counted_run") <= 8);
        assert_true(occurrences(&text, "counted_run") >= 1);
        free(text.bytes);
        /* The second time with other rings, the third time with those of the first. */
        config.events = 17;
    }
    config.events = 10;
    assert_int_equal(mag_trace_start(sched, &config), -EINVAL);
    config.events = MAG_TRACE_EVENTS_MAX + 1;
    assert_int_equal(mag_trace_start(sched, &config), -EINVAL);
    config.events = 16;
    assert_int_equal(mag_trace_start(sched, &config), 0);
    mag_sched_destroy(sched);
}

static int refuse(const char *text, size_t length, void *arg)
{
    (void)text;
    (void)length;
    (void)arg;
    return -EPIPE;
}

static void what_the_writer_returns_ends_the_writing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    (void)state;

    assert_int_equal(mag_trace_start(sched, NULL), 0);
    assert_int_equal(mag_trace_write(sched, refuse, NULL), -EPIPE);
    mag_sched_destroy(sched);
}

static void a_refused_allocation_is_an_error_and_leaves_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    int64_t live = test_live_allocations();
    unsigned refused = 0;
    (void)state;

    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        int r = mag_trace_start(sched, NULL);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        assert_int_equal(r, failed ? -ENOMEM : 0);
        if (!failed)
            break;
        assert_int_equal(test_live_allocations(), live);
        refused++;
    }
    assert_true(refused >= 3);
    live = test_live_allocations();
    refused = 0;
    for (uint32_t nth = 1;; nth++) {
        test_fail_allocation(nth);
        int r = mag_trace_write(sched, refuse, NULL);
        bool failed = test_has_failed();
        test_fail_allocation(0);
        assert_int_equal(r, failed ? -ENOMEM : -EPIPE);
        assert_int_equal(test_live_allocations(), live);
        if (!failed)
            break;
        refused++;
    }
    assert_true(refused >= 3);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------- while it is written */

static void repost(struct mag_job *job)
{
    struct counted *counted = (struct counted *)(void *)job;

    (void)test_add(&counted->runs, 1);
    /* Refused once the scheduler is canceled. */
    if (mag_sched_post(mag_sched_self(), job) != 0)
        (void)test_add(&counted->runs, 1);
}

static void a_trace_can_be_written_while_it_goes_on(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct counted jobs[2] = {{.job = {.run = repost}}, {.job = {.run = repost}}};
    struct mag_trace_config config;
    uint32_t rounds = test_rounds(100);
    (void)state;

    mag_trace_config_init(&config);
    config.events = 256;
    assert_int_equal(mag_trace_start(sched, &config), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(mag_sched_post(sched, &jobs[i].job), 0);
    assert_true(test_wait_for(&jobs[0].runs, 1));
    for (uint32_t i = 0; test_goes_on(i, rounds); i++) {
        struct text text = write_trace(sched);

        assert_paired(&text);
        free(text.bytes);
        if (i % 8 == 7) {
            assert_int_equal(mag_trace_stop(sched), 0);
            assert_int_equal(mag_trace_start(sched, &config), 0);
        }
    }
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_called_after_its_function),
        cmocka_unit_test(a_name_is_written_so_that_any_reader_takes_it),
        cmocka_unit_test(jobs_of_a_strand_appear_inside_it),
        cmocka_unit_test(a_job_of_a_group_is_called_after_its_function),
        cmocka_unit_test(a_theft_names_its_victim_and_the_child),
        cmocka_unit_test(what_began_on_a_thread_that_ended_ends_there),
        cmocka_unit_test(a_trace_begins_and_ends_where_it_is_told),
        cmocka_unit_test(a_full_ring_keeps_the_last_events),
        cmocka_unit_test(what_the_writer_returns_ends_the_writing),
        cmocka_unit_test(a_refused_allocation_is_an_error_and_leaves_nothing),
        cmocka_unit_test(a_trace_can_be_written_while_it_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

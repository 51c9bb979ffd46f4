/* SPDX-License-Identifier: Apache-2.0 */
/* What a watchdog notices, and how it says so. */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/gate.h"
#include "tests/support/run.h"
#include "tests/support/sched/jobs.h"
#include "tests/support/sched/start.h"

#include "sched/queue/inject.h"
#include "sched/scheduler.h"

#include <magpie/fork.h>
#include <magpie/strand.h>
#include <magpie/submit.h>
#include <magpie/watchdog.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* What was reported, by finding.  The test's functions read the last report of a finding
 * after they have seen the count. */
struct told {
    struct mag_watchdog_report last[MAG_WATCHDOG_BLOCKED + 1];
    pthread_mutex_t lock;
    _Atomic(uint64_t) counts[MAG_WATCHDOG_BLOCKED + 1];
};

static void hear(const struct mag_watchdog_report *report, void *arg)
{
    struct told *told = arg;

    (void)pthread_mutex_lock(&told->lock);
    told->last[report->finding] = *report;
    (void)pthread_mutex_unlock(&told->lock);
    (void)test_add(&told->counts[report->finding], 1);
}

static struct mag_watchdog_report last_told(struct told *told,
                                            enum mag_watchdog_finding finding)
{
    (void)pthread_mutex_lock(&told->lock);
    struct mag_watchdog_report report = told->last[finding];
    (void)pthread_mutex_unlock(&told->lock);
    return report;
}

static struct mag_watchdog *start(struct mag_sched *sched, struct told *told)
{
    struct mag_watchdog_config config;
    struct mag_watchdog *watchdog = NULL;

    *told = (struct told){.lock = PTHREAD_MUTEX_INITIALIZER};
    mag_watchdog_config_init(&config);
    config.threshold_ns = 2000000;
    config.period_ns = 500000;
    config.on_report = hear;
    config.arg = told;
    assert_int_equal(mag_watchdog_start(sched, &config, &watchdog), 0);
    return watchdog;
}

static const char *text_of(const struct mag_watchdog_report *report)
{
    static char text[300];

    mag_watchdog_text(report, text, sizeof(text));
    return text;
}

/* --------------------------------------------------------------------- stuck jobs */

static struct gate hold;

static void decode_frame(void *arg)
{
    (void)arg;
    gate_pass(&hold);
}

static void do_nothing(void *arg)
{
    (void)test_add(arg, 1);
}

static void a_job_that_does_not_end_is_named_with_what_waits_behind_it(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_submit_options options = {.name = "the \"long\" one"};
    _Atomic(uint64_t) done;
    struct told told;
    (void)state;

    atomic_init(&done, 0);
    for (unsigned named = 0; named < 2; named++) {
        struct mag_watchdog *watchdog = start(sched, &told);
        gate_close(&hold);
        assert_int_equal(
            mag_submit_with(sched, named ? &options : NULL, decode_frame, NULL), 0);
        assert_true(gate_is_reached(&hold));
        assert_int_equal(mag_submit(sched, do_nothing, &done), 0);
        assert_true(test_wait_for(&told.counts[MAG_WATCHDOG_BLOCKED], 1));
        assert_true(test_wait_for(&told.counts[MAG_WATCHDOG_STUCK], 2));
        struct mag_watchdog_report stuck = last_told(&told, MAG_WATCHDOG_STUCK);
        assert_int_equal(stuck.worker, 0);
        assert_ptr_equal(stuck.sched, sched);
        assert_true(stuck.ns >= 4000000);
        assert_non_null(strstr(text_of(&stuck), named
                                                    ? "worker 0 has run the \"long\" one"
                                                    : "worker 0 has run decode_frame"));
        struct mag_watchdog_report blocked = last_told(&told, MAG_WATCHDOG_BLOCKED);
        assert_int_equal(blocked.workers, 1);
        assert_true(blocked.waiting >= 1);
        assert_non_null(strstr(text_of(&blocked), "stuck for"));
        gate_open(&hold);
        assert_true(test_wait_for(&done, named + 1));
        mag_watchdog_stop(watchdog);
    }
    mag_sched_destroy(sched);
}

static void a_job_that_began_before_the_watchdog_is_noticed_too(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct holder holder;
    struct told told;
    (void)state;

    holder_begin(&holder, sched);
    struct mag_watchdog *watchdog = start(sched, &told);
    assert_true(test_wait_for(&told.counts[MAG_WATCHDOG_STUCK], 1));
    struct mag_watchdog_report stuck = last_told(&told, MAG_WATCHDOG_STUCK);
    assert_null(stuck.function);
    assert_non_null(strstr(text_of(&stuck), "worker 0 has run a job for"));
    holder_let_go(&holder);
    assert_true(test_wait_for(&holder.over, 1));
    mag_watchdog_stop(watchdog);
    mag_sched_destroy(sched);
}

static void a_job_in_a_strand_is_named_and_not_the_strand(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct holder holder = {.job = {.run = holder_run}};
    struct mag_strand strand;
    struct told told;
    (void)state;

    mag_strand_init(&strand, sched);
    struct mag_watchdog *watchdog = start(sched, &told);
    assert_int_equal(mag_strand_post(&strand, &holder.job), 0);
    assert_true(test_wait_for(&told.counts[MAG_WATCHDOG_STUCK], 1));
    struct mag_watchdog_report stuck = last_told(&told, MAG_WATCHDOG_STUCK);
    assert_non_null(strstr(text_of(&stuck), "holder_run"));
    holder_let_go(&holder);
    assert_true(test_wait_for(&holder.over, 1));
    mag_watchdog_stop(watchdog);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
    assert_int_equal(mag_strand_fini(&strand), 0);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------------- idleness */

/* A job that nobody was woken for, as if a wake had been lost. */
static void work_beside_sleeping_workers_is_noticed(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct counted lost = counted_make();
    struct counted job = counted_make();
    struct told told;
    (void)state;

    struct mag_watchdog *watchdog = start(sched, &told);
    for (unsigned i = 0; test_read(&told.counts[MAG_WATCHDOG_IDLE]) == 0; i++) {
        double since = test_now();
        bool gone = false;

        /* A worker that is not asleep yet may find it: then it is posted again. */
        mag_inject_push(&sched->queues[0], &lost.job, &lost.job);
        while (!gone && test_read(&told.counts[MAG_WATCHDOG_IDLE]) == 0) {
            assert_false(test_gives_up(since));
            test_sleep_ms(1);
            gone = test_read(&lost.runs) == i + 1;
        }
    }
    struct mag_watchdog_report idle = last_told(&told, MAG_WATCHDOG_IDLE);
    assert_true(idle.waiting >= 1);
    assert_true(idle.workers >= 1);
    assert_int_equal(idle.worker, MAG_NONE);
    assert_int_equal(mag_sched_post(sched, &job.job), 0);
    assert_true(test_wait_for(&job.runs, 1));
    mag_watchdog_stop(watchdog);
    mag_sched_destroy(sched);
}

/* ------------------------------------------------------------------ nothing to say */

static void a_scheduler_that_works_is_not_reported(void **state)
{
    struct mag_sched *sched = test_sched_start(2);
    struct mag_watchdog_config config;
    struct mag_watchdog *watchdog;
    struct counted job = counted_make();
    struct told told = {.lock = PTHREAD_MUTEX_INITIALIZER};
    (void)state;

    mag_watchdog_config_init(&config);
    config.threshold_ns = INT64_C(3600) * 1000000000;
    config.period_ns = 100000;
    config.on_report = hear;
    config.arg = &told;
    assert_int_equal(mag_watchdog_start(sched, &config, &watchdog), 0);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(mag_sched_post(sched, &job.job), 0);
        assert_true(test_wait_for(&job.runs, i + 1));
    }
    mag_watchdog_stop(watchdog);
    for (unsigned i = 0; i <= MAG_WATCHDOG_BLOCKED; i++)
        assert_int_equal(test_read(&told.counts[i]), 0);
    mag_sched_destroy(sched);
}

static void each_finding_is_a_sentence(void **state)
{
    struct mag_watchdog_report report = {.finding = MAG_WATCHDOG_STUCK,
                                         .worker = 3,
                                         .name = "decode_frame",
                                         .ns = 2400000000,
                                         .waiting = 17};
    char text[16];
    (void)state;

    assert_string_equal(
        text_of(&report),
        "worker 3 has run decode_frame for 2.4 s; 17 jobs wait behind it");
    report.blocked = true;
    report.waiting = 1;
    assert_string_equal(text_of(&report), "worker 3 has run decode_frame for 2.4 s, and "
                                          "sleeps in it; 1 job waits behind it");
    report.waiting = 0;
    mag_watchdog_text(&report, text, sizeof(text));
    assert_string_equal(text, "worker 3 has ru");
    report.finding = MAG_WATCHDOG_IDLE;
    report.waiting = 5;
    report.workers = 1;
    assert_string_equal(text_of(&report),
                        "at least 5 jobs wait for 2.4 s beside 1 sleeping worker");
    report.finding = MAG_WATCHDOG_BLOCKED;
    report.waiting = 1;
    report.workers = 4;
    assert_string_equal(text_of(&report),
                        "all 4 workers have been stuck for 2.4 s; at least 1 job waits");
}

/* ---------------------------------------------------------------------- starting */

static void a_wrong_configuration_is_refused(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    struct mag_watchdog *watchdog = NULL;
    struct mag_watchdog *second = NULL;
    struct mag_watchdog_config config;
    struct told told;
    (void)state;

    assert_int_equal(mag_watchdog_start(sched, NULL, &second), -EINVAL);
    mag_watchdog_config_init(&config);
    assert_int_equal(mag_watchdog_start(sched, &config, &second), -EINVAL);
    config.on_report = hear;
    config.arg = &told;
    config.threshold_ns = 999999;
    assert_int_equal(mag_watchdog_start(sched, &config, &second), -EINVAL);
    config.threshold_ns = INT64_MAX;
    assert_int_equal(mag_watchdog_start(sched, &config, &second), -EINVAL);
    mag_watchdog_config_init(&config);
    config.on_report = hear;
    config.period_ns = config.threshold_ns + 1;
    assert_int_equal(mag_watchdog_start(sched, &config, &second), -EINVAL);
    config.period_ns = -1;
    assert_int_equal(mag_watchdog_start(sched, &config, &second), -EINVAL);
    config.period_ns = 0;
    watchdog = start(sched, &told);
    assert_int_equal(mag_watchdog_start(sched, &config, &second), -EALREADY);
    assert_null(second);
    mag_watchdog_stop(watchdog);
    watchdog = start(sched, &told);
    mag_watchdog_stop(watchdog);
    mag_watchdog_stop(NULL);
    mag_sched_destroy(sched);
}

static void a_refused_thread_or_allocation_leaves_nothing(void **state)
{
    struct mag_sched *sched = test_sched_start(1);
    int64_t live = test_live_allocations();
    struct mag_watchdog *watchdog = NULL;
    struct mag_watchdog_config config;
    struct told told;
    (void)state;

    mag_watchdog_config_init(&config);
    config.on_report = hear;
    config.arg = &told;
    for (uint32_t nth = 1; nth <= 2; nth++) {
        test_fail_allocation(nth);
        assert_int_equal(mag_watchdog_start(sched, &config, &watchdog), -ENOMEM);
        assert_true(test_has_failed());
        test_fail_allocation(0);
        assert_int_equal(test_live_allocations(), live);
    }
    test_fail_thread(1);
    assert_int_equal(mag_watchdog_start(sched, &config, &watchdog), -EAGAIN);
    test_fail_thread(0);
    assert_int_equal(test_live_allocations(), live);
    watchdog = start(sched, &told);
    mag_watchdog_stop(watchdog);
    mag_sched_destroy(sched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_that_does_not_end_is_named_with_what_waits_behind_it),
        cmocka_unit_test(a_job_that_began_before_the_watchdog_is_noticed_too),
        cmocka_unit_test(a_job_in_a_strand_is_named_and_not_the_strand),
        cmocka_unit_test(work_beside_sleeping_workers_is_noticed),
        cmocka_unit_test(a_scheduler_that_works_is_not_reported),
        cmocka_unit_test(each_finding_is_a_sentence),
        cmocka_unit_test(a_wrong_configuration_is_refused),
        cmocka_unit_test(a_refused_thread_or_allocation_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

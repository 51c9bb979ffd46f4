/*
 * White-box: the threads that stand in for blocked workers come when they are needed, are
 * used again, leave, and end; and what happens where there are none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/berths.h"
#include "tests/support/sched/blockers.h"
#include "tests/support/sched/jobs.h"

#include "base/os.h"
#include "sched/blocking/relief.h"

#include <errno.h>

/* ------------------------------------------------------------- stand-ins come and go */

static void a_stand_in_leaves_when_the_region_has_ended(void **state)
{
    struct mag_sched *sched = berths_start(1, 2);
    struct blocker blocker;
    struct noted noted;
    (void)state;

    blocker_begin(sched, &blocker);
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    assert_int_equal(blocking_counters(sched).standing, 1);
    blocker_end(&blocker);
    assert_true(blocking_stand_ins_are(sched, 0));
    assert_int_equal(blocking_counters(sched).threads, 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_stand_in_is_used_again(void **state)
{
    struct mag_sched *sched = berths_start(1, 4);
    (void)state;

    for (int i = 0; i < 10; i++) {
        struct blocker blocker;
        struct noted noted;

        blocker_begin(sched, &blocker);
        noted_post(sched, &noted);
        assert_true(test_wait_for(&noted.over, 1));
        blocker_end(&blocker);
        assert_true(blocking_stand_ins_are(sched, 0));
    }
    assert_int_equal(blocking_counters(sched).threads, 1);
    assert_int_equal(blocking_counters(sched).calls, 10);
    assert_int_equal(blocking_counters(sched).refused, 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

struct masked {
    struct mag_job job;
    struct mag_affinity mask; /* of the thread that ran it */
    _Atomic(uint64_t) over;
};

static void masked_run(struct mag_job *job)
{
    struct masked *masked = (struct masked *)(void *)job;

    (void)mag_affinity_read(&masked->mask);
    (void)test_add(&masked->over, 1);
}

/* There are more threads than processors, and a pinned one would wait beside a worker. */
static void a_stand_in_may_move_although_workers_are_pinned(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct blocker blocker;
    struct masked masked = {.job = {.run = masked_run}};
    struct mag_sched *sched = NULL;
    (void)state;

    config.pin = MAG_PIN_ALWAYS;
    config.spare = 1;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    bool has_room = mag_seats_widest(&sched->seats, 0) != MAG_PIN_RANGE_PU;
    blocker_begin(sched, &blocker);
    assert_int_equal(mag_sched_post(sched, &masked.job), 0);
    assert_true(test_wait_for(&masked.over, 1));
    blocker_end(&blocker);
    assert_int_equal(mag_affinity_count(&masked.mask) > 1, has_room);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_stand_in_that_nobody_calls_ends(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    double since = test_now();
    (void)state;

    sched->relief->crew.idle_ns = 1000000;
    for (int i = 0; i < 3; i++) {
        struct blocker blocker;
        struct noted noted;

        blocker_begin(sched, &blocker);
        noted_post(sched, &noted);
        assert_true(test_wait_for(&noted.over, 1));
        blocker_end(&blocker);
        while (blocking_counters(sched).threads != 0 && !test_gives_up(since))
            test_sleep_ms(1);
        assert_int_equal(blocking_counters(sched).threads, 0);
    }
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void nobody_stands_in_while_a_worker_rests(void **state)
{
    struct mag_sched *sched = berths_start(2, 2);
    struct blocker blocker;
    struct noted noted;
    double since = test_now();
    (void)state;

    while (mag_idle_parked(mag_idle_read(&sched->idle)) != 2 && !test_gives_up(since))
        test_sleep_ms(1);
    blocker_begin(sched, &blocker);
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    blocker_end(&blocker);
    assert_true(noted.worker < 2);
    assert_int_equal(blocking_counters(sched).calls, 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* The hooks of a stand-in's berth come in pairs, around its jobs. */
static struct {
    _Atomic(uint64_t) starts[3], stops[3];
} hooks;

static void on_start(uint32_t worker, void *arg)
{
    (void)arg;
    (void)test_add(&hooks.starts[worker], 1);
}

static void on_stop(uint32_t worker, void *arg)
{
    (void)arg;
    (void)test_add(&hooks.stops[worker], 1);
}

static void the_hooks_are_called_on_stand_ins(void **state)
{
    struct mag_sched_config config = test_sched_config(1);
    struct mag_sched *sched = NULL;
    struct blocker blocker;
    struct noted noted;
    (void)state;

    config.on_start = on_start;
    config.on_stop = on_stop;
    config.spare = 1;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    blocker_begin(sched, &blocker);
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    assert_int_equal(test_read(&hooks.starts[1]), 1);
    blocker_end(&blocker);
    assert_true(blocking_stand_ins_are(sched, 0));
    assert_int_equal(test_read(&hooks.stops[1]), 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(test_read(&hooks.starts[0]), test_read(&hooks.stops[0]));
    assert_int_equal(test_read(&hooks.starts[2]), 0);
}

/* --------------------------------------------------------------- threads that end */

static void a_job_that_ends_its_thread_in_a_region_ends_the_region(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker = {.job = {.run = blocker_run}, .ends_thread = true};
    struct noted noted;
    (void)state;

    assert_int_equal(mag_sched_post(sched, &blocker.job), 0);
    assert_true(gate_is_reached(&blocker.gate));
    blocker_end(&blocker);
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    assert_true(blocking_stand_ins_are(sched, 0));
    assert_int_equal(blocking_counters(sched).regions, 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void end_thread(struct mag_job *job)
{
    counted_run(job);
    pthread_exit(NULL);
}

static void a_job_that_ends_a_stand_in_leaves_its_berth_to_others(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker;
    struct counted enders[3];
    (void)state;

    blocker_begin(sched, &blocker);
    for (int i = 0; i < 3; i++) {
        enders[i] = counted_make();
        enders[i].job.run = end_thread;
        assert_int_equal(mag_sched_post(sched, &enders[i].job), 0);
        assert_true(test_wait_for(&enders[i].runs, 1));
    }
    blocker_end(&blocker);
    assert_true(blocking_stand_ins_are(sched, 0));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ------------------------------------------------------------------ no threads */

static void a_region_without_a_thread_is_a_plain_call(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker;
    struct noted noted;
    (void)state;

    /* The relief thread's thread. */
    test_fail_thread(1);
    blocker_begin(sched, &blocker);
    assert_true(test_has_failed());
    noted_post(sched, &noted);
    blocker_end(&blocker);
    assert_true(test_wait_for(&noted.over, 1));
    assert_int_equal(noted.worker, 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_stand_in_that_was_refused_is_tried_again(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker first;
    struct blocker second;
    struct noted noted;
    double since = test_now();
    (void)state;

    /* The relief thread has its thread; the stand-in gets none. */
    blocker_begin(sched, &first);
    test_fail_thread(1);
    noted_post(sched, &noted);
    while (!test_has_failed() && !test_gives_up(since))
        test_sleep_ms(1);
    assert_true(test_has_failed());
    assert_true(test_wait_for(&noted.over, 1));
    assert_true(blocking_counters(sched).refused > 0);
    blocker_end(&first);
    blocker_begin(sched, &second);
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    blocker_end(&second);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void more_blocked_jobs_than_berths_are_counted_as_refused(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker first;
    struct blocker second;
    struct noted noted;
    double since = test_now();
    (void)state;

    blocker_begin(sched, &first);
    blocker_begin(sched, &second);
    noted_post(sched, &noted);
    while (blocking_counters(sched).refused == 0 && !test_gives_up(since))
        test_sleep_ms(1);
    assert_true(blocking_counters(sched).refused > 0);
    assert_int_equal(test_read(&noted.over), 0);
    blocker_end(&first);
    assert_true(test_wait_for(&noted.over, 1));
    blocker_end(&second);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ------------------------------------------------------------------------ the end */

static void a_canceled_scheduler_waits_for_blocked_jobs_and_their_stand_ins(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker first;
    struct blocker second;
    (void)state;

    blocker_begin(sched, &first);
    blocker_begin(sched, &second);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, 1000000, NULL, NULL),
                     -ETIMEDOUT);
    gate_open(&first.gate);
    gate_open(&second.gate);
    assert_int_equal(mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL), 0);
    assert_int_equal(test_read(&first.over), 1);
    assert_int_equal(test_read(&second.over), 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stand_in_leaves_when_the_region_has_ended),
        cmocka_unit_test(a_stand_in_is_used_again),
        cmocka_unit_test(a_stand_in_may_move_although_workers_are_pinned),
        cmocka_unit_test(a_stand_in_that_nobody_calls_ends),
        cmocka_unit_test(nobody_stands_in_while_a_worker_rests),
        cmocka_unit_test(the_hooks_are_called_on_stand_ins),
        cmocka_unit_test(a_job_that_ends_its_thread_in_a_region_ends_the_region),
        cmocka_unit_test(a_job_that_ends_a_stand_in_leaves_its_berth_to_others),
        cmocka_unit_test(a_region_without_a_thread_is_a_plain_call),
        cmocka_unit_test(a_stand_in_that_was_refused_is_tried_again),
        cmocka_unit_test(more_blocked_jobs_than_berths_are_counted_as_refused),
        cmocka_unit_test(a_canceled_scheduler_waits_for_blocked_jobs_and_their_stand_ins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

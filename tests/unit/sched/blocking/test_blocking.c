/*
 * White-box: jobs that block in regions, the threads that stand in for their workers, and
 * what remains of both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/fault.h"
#include "tests/support/run.h"
#include "tests/support/sched/berths.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/jobs.h"

#include "sched/blocking/monitor.h"

#include <errno.h>
#include <magpie/blocking.h>
#include <magpie/fork.h>
#include <pthread.h>

enum { JOBS = 16 };

/* ---------------------------------------------------------------------- the jobs */

/* A job that blocks in a region until the test lets it go. */
struct blocker {
    struct mag_job job;
    struct gate gate;
    bool nested;
    bool ends_thread;
    uint32_t before, after;
    _Atomic(uint64_t) over;
};

static void block(struct mag_job *job)
{
    struct blocker *blocker = (struct blocker *)(void *)job;
    struct mag_blocking outer;
    struct mag_blocking inner;

    blocker->before = mag_sched_worker();
    mag_blocking_begin(&outer);
    if (blocker->nested)
        mag_blocking_begin(&inner);
    gate_pass(&blocker->gate);
    if (blocker->ends_thread) {
        (void)test_add(&blocker->over, 1);
        pthread_exit(NULL);
    }
    if (blocker->nested)
        mag_blocking_end(&inner);
    mag_blocking_end(&outer);
    blocker->after = mag_sched_worker();
    (void)test_add(&blocker->over, 1);
}

static void begin_block(struct mag_sched *sched, struct blocker *blocker)
{
    *blocker = (struct blocker){.job = {.run = block}};
    assert_int_equal(mag_sched_post(sched, &blocker->job), 0);
    assert_true(gate_is_reached(&blocker->gate));
}

static void end_block(struct blocker *blocker)
{
    gate_open(&blocker->gate);
    assert_true(test_wait_for(&blocker->over, 1));
}

static struct mag_blocking_counters counters(struct mag_sched *sched)
{
    struct mag_blocking_counters now;

    mag_blocking_counters(sched, &now);
    return now;
}

/* Waits until so many stand-ins stand. */
static bool comes_to_stand(struct mag_sched *sched, uint32_t wanted)
{
    double since = test_now();

    while (counters(sched).standing != wanted && !test_gives_up(since))
        test_sleep_ms(1);
    return counters(sched).standing == wanted;
}

/* A job that notes which worker runs it. */
struct noted {
    struct mag_job job;
    uint32_t worker;
    _Atomic(uint64_t) over;
};

static void note(struct mag_job *job)
{
    struct noted *noted = (struct noted *)(void *)job;

    noted->worker = mag_sched_worker();
    (void)test_add(&noted->over, 1);
}

static void post_note(struct mag_sched *sched, struct noted *noted)
{
    *noted = (struct noted){.job = {.run = note}};
    assert_int_equal(mag_sched_post(sched, &noted->job), 0);
}

/* ------------------------------------------------------------------ standing in */

static void a_job_runs_while_the_only_worker_blocks_in_a_region(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker;
    struct noted noted;
    (void)state;

    begin_block(sched, &blocker);
    assert_int_equal(counters(sched).regions, 1);
    post_note(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    end_block(&blocker);
    assert_int_equal(counters(sched).regions, 0);
    assert_int_equal(noted.worker, 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_job_that_waits_when_the_region_begins_runs_too(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct holder holder;
    struct blocker blocker = {.job = {.run = block}};
    struct noted noted;
    (void)state;

    holder_begin(&holder, sched);
    assert_int_equal(mag_sched_post(sched, &blocker.job), 0);
    post_note(sched, &noted);
    holder_let_go(&holder);
    assert_true(gate_is_reached(&blocker.gate));
    assert_true(test_wait_for(&noted.over, 1));
    end_block(&blocker);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static struct mag_job *mine;

static void post_and_block(struct mag_job *job)
{
    if (mag_sched_post(mag_sched_self(), mine) == 0)
        block(job);
}

/* Such a job lies in the slot of the worker's last post. */
static void a_job_that_the_blocked_job_posted_runs_too(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker = {.job = {.run = post_and_block}};
    struct noted noted = {.job = {.run = note}};
    (void)state;

    mine = &noted.job;
    assert_int_equal(mag_sched_post(sched, &blocker.job), 0);
    assert_true(gate_is_reached(&blocker.gate));
    assert_true(test_wait_for(&noted.over, 1));
    end_block(&blocker);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void the_blocked_job_keeps_its_worker(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker;
    struct noted noted;
    (void)state;

    begin_block(sched, &blocker);
    post_note(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    end_block(&blocker);
    assert_int_equal(blocker.before, 0);
    assert_int_equal(blocker.after, 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static long block_between(mag_fork w, struct gate *gate)
{
    struct fib_child child = fib_fork(&w, 15);
    struct mag_blocking region;

    mag_blocking_begin(&region);
    gate_pass(gate);
    mag_blocking_end(&region);
    return fib_join(&w, child);
}

MAG_FORKABLE(long, block_between, struct gate *, gate)

struct forker {
    struct mag_job job;
    struct gate gate;
    long result;
    _Atomic(uint64_t) over;
};

static void fork_and_block(struct mag_job *job)
{
    struct forker *forker = (struct forker *)(void *)job;

    if (block_between_run(mag_sched_self(), &forker->result, &forker->gate) != 0)
        forker->result = -1;
    (void)test_add(&forker->over, 1);
}

static void children_that_were_forked_before_a_region_are_joined_after_it(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct forker forker = {.job = {.run = fork_and_block}};
    struct noted noted;
    (void)state;

    assert_int_equal(mag_sched_post(sched, &forker.job), 0);
    assert_true(gate_is_reached(&forker.gate));
    post_note(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    gate_open(&forker.gate);
    assert_true(test_wait_for(&forker.over, 1));
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(forker.result, 610);
}

static void nested_regions_count_as_one(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker = {.job = {.run = block}, .nested = true};
    struct noted noted;
    (void)state;

    assert_int_equal(mag_sched_post(sched, &blocker.job), 0);
    assert_true(gate_is_reached(&blocker.gate));
    assert_int_equal(counters(sched).regions, 1);
    post_note(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    end_block(&blocker);
    assert_int_equal(counters(sched).regions, 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void outside_of_a_worker_a_region_does_nothing(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct mag_blocking region;
    (void)state;

    mag_blocking_begin(&region);
    assert_int_equal(counters(sched).regions, 0);
    mag_blocking_end(&region);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void without_spare_berths_a_region_does_nothing(void **state)
{
    struct mag_sched *sched = berths_start(1, 0);
    struct blocker blocker;
    (void)state;

    begin_block(sched, &blocker);
    assert_int_equal(counters(sched).regions, 0);
    end_block(&blocker);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* --------------------------------------------------- jobs that wait for each other */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t all_here;
    uint32_t here, wanted;
    bool announced;
} party = {.mutex = PTHREAD_MUTEX_INITIALIZER, .all_here = PTHREAD_COND_INITIALIZER};

/* Waits until all others are here, as jobs of programs that were written for a pool that
 * grows. */
static void meet(struct mag_job *job)
{
    struct mag_blocking region;
    (void)job;

    if (party.announced)
        mag_blocking_begin(&region);
    (void)pthread_mutex_lock(&party.mutex);
    if (++party.here == party.wanted)
        (void)pthread_cond_broadcast(&party.all_here);
    while (party.here < party.wanted)
        (void)pthread_cond_wait(&party.all_here, &party.mutex);
    (void)pthread_mutex_unlock(&party.mutex);
    if (party.announced)
        mag_blocking_end(&region);
}

static void hold_party(struct mag_sched *sched, uint32_t guests, bool announced)
{
    struct mag_job jobs[JOBS];

    party.here = 0;
    party.wanted = guests;
    party.announced = announced;
    for (uint32_t i = 0; i < guests; i++) {
        jobs[i] = (struct mag_job){.run = meet};
        assert_int_equal(mag_sched_post(sched, &jobs[i]), 0);
    }
    /* A drain that ends: all jobs have met. */
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(party.here, guests);
}

static struct mag_sched *start_for_all(uint32_t workers, uint32_t spare)
{
    struct mag_sched_config config = test_sched_config(workers);
    struct mag_sched *sched = NULL;

    config.stand_in = MAG_STAND_IN_ALL;
    assert_int_equal(mag_sched_launch(&config, spare, false, &sched), 0);
    return sched;
}

static void as_many_jobs_as_berths_may_wait_for_each_other_in_regions(void **state)
{
    (void)state;
    for (uint32_t guests = 2; guests <= 6; guests++)
        hold_party(berths_start(2, 4), guests, true);
    hold_party(berths_start(1, 15), 16, true);
}

static void as_many_jobs_as_berths_may_wait_for_each_other_unannounced(void **state)
{
    (void)state;
    for (uint32_t guests = 2; guests <= 6; guests++)
        hold_party(start_for_all(2, 4), guests, false);
    hold_party(start_for_all(1, 8), 9, false);
}

/* The jobs are in the workers' hands before any of them blocks. */
static void a_job_posts_jobs_that_wait_for_each_other(void **state)
{
    struct mag_sched *sched = start_for_all(1, 3);
    struct holder holder;
    struct noted noted;
    (void)state;

    holder_begin(&holder, sched);
    post_note(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    assert_int_equal(noted.worker, 1);
    holder_let_go(&holder);
    assert_true(comes_to_stand(sched, 0));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void sleep_100ms(struct mag_job *job)
{
    test_sleep_ms(100);
    counted_run(job);
}

/* By counting: among the jobs that have run when the last short one is done, most of the
 * long ones would be missing if each long job had held up those behind it. */
static void short_jobs_pass_jobs_that_sleep(void **state)
{
    enum { SLEEPERS = 8 };
    struct mag_sched *sched = start_for_all(2, SLEEPERS);
    struct counted sleepers[SLEEPERS];
    struct noted last;
    (void)state;

    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = counted_make();
        sleepers[i].job.run = sleep_100ms;
        assert_int_equal(mag_sched_post(sched, &sleepers[i].job), 0);
    }
    post_note(sched, &last);
    assert_true(test_wait_for(&last.over, 1));
    assert_true(counters(sched).calls > 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
    for (int i = 0; i < SLEEPERS; i++)
        assert_int_equal(test_read(&sleepers[i].runs), 1);
}

/* ------------------------------------------------------------- stand-ins come and go */

static void a_stand_in_leaves_when_the_region_has_ended(void **state)
{
    struct mag_sched *sched = berths_start(1, 2);
    struct blocker blocker;
    struct noted noted;
    (void)state;

    begin_block(sched, &blocker);
    post_note(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    assert_int_equal(counters(sched).standing, 1);
    end_block(&blocker);
    assert_true(comes_to_stand(sched, 0));
    assert_int_equal(counters(sched).threads, 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_stand_in_is_used_again(void **state)
{
    struct mag_sched *sched = berths_start(1, 4);
    (void)state;

    for (int i = 0; i < 10; i++) {
        struct blocker blocker;
        struct noted noted;

        begin_block(sched, &blocker);
        post_note(sched, &noted);
        assert_true(test_wait_for(&noted.over, 1));
        end_block(&blocker);
        assert_true(comes_to_stand(sched, 0));
    }
    assert_int_equal(counters(sched).threads, 1);
    assert_int_equal(counters(sched).calls, 10);
    assert_int_equal(counters(sched).refused, 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_stand_in_that_nobody_calls_ends(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    double since = test_now();
    (void)state;

    sched->monitor->crew.idle_ns = 1000000;
    for (int i = 0; i < 3; i++) {
        struct blocker blocker;
        struct noted noted;

        begin_block(sched, &blocker);
        post_note(sched, &noted);
        assert_true(test_wait_for(&noted.over, 1));
        end_block(&blocker);
        while (counters(sched).threads != 0 && !test_gives_up(since))
            test_sleep_ms(1);
        assert_int_equal(counters(sched).threads, 0);
    }
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void nobody_stands_in_while_a_worker_rests(void **state)
{
    struct mag_sched *sched = berths_start(2, 2);
    struct blocker blocker;
    struct noted noted;
    (void)state;

    begin_block(sched, &blocker);
    for (int i = 0; i < 100; i++) {
        post_note(sched, &noted);
        assert_true(test_wait_for(&noted.over, 1));
    }
    end_block(&blocker);
    assert_int_equal(counters(sched).calls, 0);
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
    assert_int_equal(mag_sched_launch(&config, 1, false, &sched), 0);
    begin_block(sched, &blocker);
    post_note(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    assert_int_equal(test_read(&hooks.starts[1]), 1);
    end_block(&blocker);
    assert_true(comes_to_stand(sched, 0));
    assert_int_equal(test_read(&hooks.stops[1]), 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(test_read(&hooks.starts[0]), test_read(&hooks.stops[0]));
    assert_int_equal(test_read(&hooks.starts[2]), 0);
}

/* --------------------------------------------------------------- threads that end */

static void a_job_that_ends_its_thread_in_a_region_ends_the_region(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker = {.job = {.run = block}, .ends_thread = true};
    struct noted noted;
    (void)state;

    assert_int_equal(mag_sched_post(sched, &blocker.job), 0);
    assert_true(gate_is_reached(&blocker.gate));
    end_block(&blocker);
    post_note(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    assert_true(comes_to_stand(sched, 0));
    assert_int_equal(counters(sched).regions, 0);
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

    begin_block(sched, &blocker);
    for (int i = 0; i < 3; i++) {
        enders[i] = counted_make();
        enders[i].job.run = end_thread;
        assert_int_equal(mag_sched_post(sched, &enders[i].job), 0);
        assert_true(test_wait_for(&enders[i].runs, 1));
    }
    end_block(&blocker);
    assert_true(comes_to_stand(sched, 0));
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ------------------------------------------------------------------ no threads */

static void a_region_without_a_thread_is_a_plain_call(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker;
    struct noted noted;
    (void)state;

    /* The monitor's thread. */
    test_fail_thread(1);
    begin_block(sched, &blocker);
    assert_true(test_has_failed());
    post_note(sched, &noted);
    end_block(&blocker);
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

    /* The monitor has its thread; the stand-in gets none. */
    begin_block(sched, &first);
    test_fail_thread(1);
    post_note(sched, &noted);
    while (!test_has_failed() && !test_gives_up(since))
        test_sleep_ms(1);
    assert_true(test_has_failed());
    assert_true(test_wait_for(&noted.over, 1));
    assert_true(counters(sched).refused > 0);
    end_block(&first);
    begin_block(sched, &second);
    post_note(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    end_block(&second);
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

    begin_block(sched, &first);
    begin_block(sched, &second);
    post_note(sched, &noted);
    while (counters(sched).refused == 0 && !test_gives_up(since))
        test_sleep_ms(1);
    assert_true(counters(sched).refused > 0);
    assert_int_equal(test_read(&noted.over), 0);
    end_block(&first);
    assert_true(test_wait_for(&noted.over, 1));
    end_block(&second);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* ------------------------------------------------------------------------ the end */

static void a_canceled_scheduler_waits_for_blocked_jobs_and_their_stand_ins(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker first;
    struct blocker second;
    (void)state;

    begin_block(sched, &first);
    begin_block(sched, &second);
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
        cmocka_unit_test(a_job_runs_while_the_only_worker_blocks_in_a_region),
        cmocka_unit_test(a_job_that_waits_when_the_region_begins_runs_too),
        cmocka_unit_test(a_job_that_the_blocked_job_posted_runs_too),
        cmocka_unit_test(the_blocked_job_keeps_its_worker),
        cmocka_unit_test(children_that_were_forked_before_a_region_are_joined_after_it),
        cmocka_unit_test(nested_regions_count_as_one),
        cmocka_unit_test(outside_of_a_worker_a_region_does_nothing),
        cmocka_unit_test(without_spare_berths_a_region_does_nothing),
        cmocka_unit_test(as_many_jobs_as_berths_may_wait_for_each_other_in_regions),
        cmocka_unit_test(as_many_jobs_as_berths_may_wait_for_each_other_unannounced),
        cmocka_unit_test(a_job_posts_jobs_that_wait_for_each_other),
        cmocka_unit_test(short_jobs_pass_jobs_that_sleep),
        cmocka_unit_test(a_stand_in_leaves_when_the_region_has_ended),
        cmocka_unit_test(a_stand_in_is_used_again),
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

/*
 * Jobs that block, in regions and without: what waits behind them runs all the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/berths.h"
#include "tests/support/sched/blockers.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/jobs.h"

#include <magpie/default.h>
#include <magpie/fork.h>

enum { JOBS = 16 };

/* ------------------------------------------------------------------ standing in */

static void a_job_runs_while_the_only_worker_blocks_in_a_region(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker;
    struct noted noted;
    (void)state;

    blocker_begin(sched, &blocker);
    assert_int_equal(blocking_counters(sched).regions, 1);
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    blocker_end(&blocker);
    assert_int_equal(blocking_counters(sched).regions, 0);
    assert_int_equal(noted.worker, 1);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void a_job_that_waits_when_the_region_begins_runs_too(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct holder holder;
    struct blocker blocker = {.job = {.run = blocker_run}};
    struct noted noted;
    (void)state;

    holder_begin(&holder, sched);
    assert_int_equal(mag_sched_post(sched, &blocker.job), 0);
    noted_post(sched, &noted);
    holder_let_go(&holder);
    assert_true(gate_is_reached(&blocker.gate));
    assert_true(test_wait_for(&noted.over, 1));
    blocker_end(&blocker);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static struct mag_job *mine;

static void post_and_block(struct mag_job *job)
{
    if (mag_sched_post(mag_sched_self(), mine) == 0)
        blocker_run(job);
}

/* Such a job lies in the slot of the worker's last post. */
static void a_job_that_the_blocked_job_posted_runs_too(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker = {.job = {.run = post_and_block}};
    struct noted noted = {.job = {.run = noted_run}};
    (void)state;

    mine = &noted.job;
    assert_int_equal(mag_sched_post(sched, &blocker.job), 0);
    assert_true(gate_is_reached(&blocker.gate));
    assert_true(test_wait_for(&noted.over, 1));
    blocker_end(&blocker);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void the_blocked_job_keeps_its_worker(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker;
    struct noted noted;
    (void)state;

    blocker_begin(sched, &blocker);
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    blocker_end(&blocker);
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
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    gate_open(&forker.gate);
    assert_true(test_wait_for(&forker.over, 1));
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(forker.result, 610);
}

static void nested_regions_count_as_one(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct blocker blocker = {.job = {.run = blocker_run}, .nested = true};
    struct noted noted;
    (void)state;

    assert_int_equal(mag_sched_post(sched, &blocker.job), 0);
    assert_true(gate_is_reached(&blocker.gate));
    assert_int_equal(blocking_counters(sched).regions, 1);
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    blocker_end(&blocker);
    assert_int_equal(blocking_counters(sched).regions, 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void outside_of_a_worker_a_region_does_nothing(void **state)
{
    struct mag_sched *sched = berths_start(1, 1);
    struct mag_blocking region;
    (void)state;

    mag_blocking_begin(&region);
    assert_int_equal(blocking_counters(sched).regions, 0);
    mag_blocking_end(&region);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

static void without_spare_berths_a_region_does_nothing(void **state)
{
    struct mag_sched *sched = berths_start(1, 0);
    struct blocker blocker;
    (void)state;

    blocker_begin(sched, &blocker);
    assert_int_equal(blocking_counters(sched).regions, 0);
    blocker_end(&blocker);
    assert_int_equal(mag_sched_destroy(sched), 0);
}

/* --------------------------------------------------- jobs that wait for each other */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t all_here;
    uint32_t here, left, wanted;
    bool announced;
} party = {.mutex = PTHREAD_MUTEX_INITIALIZER, .all_here = PTHREAD_COND_INITIALIZER};

/* Waits until all others are here, as jobs of programs that were written for a pool that
 * grows. */
static void meet(struct mag_job *job)
{
    struct mag_blocking region;
    (void)job;

    /* Once all have left, the next party may be posted. */
    bool announced = party.announced;

    if (announced)
        mag_blocking_begin(&region);
    (void)pthread_mutex_lock(&party.mutex);
    if (++party.here == party.wanted)
        (void)pthread_cond_broadcast(&party.all_here);
    while (party.here < party.wanted)
        (void)pthread_cond_wait(&party.all_here, &party.mutex);
    party.left++;
    (void)pthread_mutex_unlock(&party.mutex);
    if (announced)
        mag_blocking_end(&region);
}

static void post_party(struct mag_sched *sched, struct mag_job *jobs, uint32_t guests,
                       bool announced)
{
    party.here = 0;
    party.left = 0;
    party.wanted = guests;
    party.announced = announced;
    for (uint32_t i = 0; i < guests; i++) {
        jobs[i] = (struct mag_job){.run = meet};
        assert_int_equal(mag_sched_post(sched, &jobs[i]), 0);
    }
}

static bool party_is_over(void)
{
    (void)pthread_mutex_lock(&party.mutex);
    bool over = party.left == party.wanted;
    (void)pthread_mutex_unlock(&party.mutex);
    return over;
}

static void hold_party(struct mag_sched *sched, uint32_t guests, bool announced)
{
    struct mag_job jobs[JOBS];

    post_party(sched, jobs, guests, announced);
    /* A drain that ends: all jobs have met. */
    assert_int_equal(mag_sched_destroy(sched), 0);
    assert_int_equal(party.here, guests);
}

static struct mag_sched *start_for_all(uint32_t workers, uint32_t spare)
{
    struct mag_sched_config config = test_sched_config(workers);
    struct mag_sched *sched = NULL;

    config.stand_in = MAG_STAND_IN_ALL;
    config.spare = spare;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
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

/* Programs that were written for another pool know nothing of regions. */
static void the_default_scheduler_notices_jobs_that_wait_for_each_other(void **state)
{
    struct mag_sched_config config = test_sched_config(2);
    struct mag_sched *sched;
    static struct mag_job jobs[JOBS];
    double since = test_now();
    (void)state;

    config.spare = 4;
    assert_int_equal(mag_sched_default_configure(&config), 0);
    assert_int_equal(mag_sched_default(&sched), 0);
    for (uint32_t guests = 2; guests <= 6; guests++) {
        post_party(sched, jobs, guests, false);
        while (!party_is_over() && !test_gives_up(since))
            test_sleep_ms(1);
        assert_true(party_is_over());
    }
}

/* The jobs are in the workers' hands before any of them blocks. */
static void a_job_posts_jobs_that_wait_for_each_other(void **state)
{
    struct mag_sched *sched = start_for_all(1, 3);
    struct holder holder;
    struct noted noted;
    (void)state;

    holder_begin(&holder, sched);
    noted_post(sched, &noted);
    assert_true(test_wait_for(&noted.over, 1));
    assert_int_equal(noted.worker, 1);
    holder_let_go(&holder);
    assert_true(blocking_stand_ins_are(sched, 0));
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
    noted_post(sched, &last);
    assert_true(test_wait_for(&last.over, 1));
    assert_true(blocking_counters(sched).calls > 0);
    assert_int_equal(mag_sched_destroy(sched), 0);
    for (int i = 0; i < SLEEPERS; i++)
        assert_int_equal(test_read(&sleepers[i].runs), 1);
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
        cmocka_unit_test(the_default_scheduler_notices_jobs_that_wait_for_each_other),
        cmocka_unit_test(a_job_posts_jobs_that_wait_for_each_other),
        cmocka_unit_test(short_jobs_pass_jobs_that_sleep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

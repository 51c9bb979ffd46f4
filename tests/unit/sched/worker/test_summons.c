/*
 * White-box: jobs that are posted at once wake as many workers, of which the poster wakes
 * one, and each that was woken wakes two.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/post/post.h"
#include "sched/worker/self.h"
#include "sched/worker/wake.h"
#include "tests/support/sched/fake.h"

#include "base/os.h"

#include <sched.h>

enum { JOBS = 16 };

static struct mag_job jobs[JOBS];
static bool passed[FAKE_WORKERS]; /* which of the woken have passed the summons on */

static int begin(void **state)
{
    (void)state;
    assert_int_equal(mag_poster_init(), 0);
    fake_begin(FAKE_WORKERS);
    memset(passed, 0, sizeof(passed));
    return 0;
}

static void park_all(void)
{
    for (uint32_t i = 0; i < FAKE_WORKERS; i++)
        fake_park(i);
}

static void post(uint64_t count)
{
    struct mag_chain chain = {&jobs[0], &jobs[count - 1], count};

    for (uint64_t i = 0; i + 1 < count; i++) {
        /* relaxed: the chain is private. */
        atomic_store_explicit(&jobs[i].next, &jobs[i + 1], memory_order_relaxed);
    }
    assert_int_equal(mag_sched_post_chain(&fake.sched, &chain, MAG_NONE, MAG_LEVEL_USUAL),
                     0);
}

static uint32_t woken(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < FAKE_WORKERS; i++)
        count += fake_is_woken(i);
    return count;
}

/* All that are awake now, and have not done so, wake others. */
static void pass_on(void)
{
    bool awake[FAKE_WORKERS];

    for (uint32_t i = 0; i < FAKE_WORKERS; i++)
        awake[i] = fake_is_woken(i);
    for (uint32_t i = 0; i < FAKE_WORKERS; i++) {
        if (awake[i] && !passed[i])
            mag_sched_pass_summons(&fake.sched, fake.workers[i].rank);
        passed[i] = awake[i];
    }
}

static void each_worker_that_is_woken_wakes_two(void **state)
{
    (void)state;
    park_all();
    post(JOBS);
    assert_int_equal(woken(), 1);
    pass_on();
    assert_int_equal(woken(), 3);
    pass_on();
    assert_int_equal(woken(), 7);
    pass_on();
    assert_int_equal(woken(), 8);
    assert_int_equal(mag_idle_parked(mag_idle_read(&fake.sched.idle)), 0);
    assert_int_equal(mag_idle_searching(mag_idle_read(&fake.sched.idle)), 8);
}

static void no_more_workers_are_woken_than_jobs_were_posted(void **state)
{
    (void)state;
    park_all();
    post(4);
    for (int i = 0; i < 4; i++)
        pass_on();
    assert_int_equal(woken(), 4);
}

static void one_job_wakes_one_worker_if_none_searches(void **state)
{
    (void)state;
    park_all();
    post(1);
    pass_on();
    assert_int_equal(woken(), 1);
    post(1);
    assert_int_equal(woken(), 1);
}

static void a_worker_that_searches_does_not_keep_others_asleep(void **state)
{
    (void)state;
    park_all();
    post(1); /* this one searches now */
    post(3);
    assert_int_equal(woken(), 2);
    for (int i = 0; i < 3; i++)
        pass_on();
    assert_int_equal(woken(), 4);
}

static void summons_that_nobody_can_answer_are_dropped(void **state)
{
    (void)state;
    park_all();
    post(JOBS);
    /* All others wake meanwhile for another reason. */
    mag_sched_wake_all(&fake.sched);
    mag_sched_pass_summons(&fake.sched, 0);
    fake_park(0);
    mag_sched_pass_summons(&fake.sched, 1);
    assert_false(fake_is_woken(0));
}

static void nobody_is_summoned_while_nobody_sleeps(void **state)
{
    (void)state;
    post(JOBS);
    fake_park(0);
    mag_sched_pass_summons(&fake.sched, 1);
    assert_int_equal(woken(), 0);
}

/* ------------------------------------------------------------------------ helpers */

/* The thread stays where it is, which is the CPU of this worker. */
static void sit_on_the_cpu_of(uint32_t index)
{
    static uint32_t ranks[CPU_SETSIZE];
    cpu_set_t here;

    CPU_ZERO(&here);
    CPU_SET(mag_os_cpu(), &here);
    assert_int_equal(sched_setaffinity(0, sizeof(here), &here), 0);
    for (uint32_t i = 0; i < CPU_SETSIZE; i++)
        ranks[i] = index;
    fake.flat.spots[index].os_pu = mag_os_cpu();
    fake.sched.routes.cpu_rank = ranks;
    fake.sched.routes.cpu_count = CPU_SETSIZE;
}

static void summon_helpers(uint64_t count)
{
    mag_sched_summon_helpers(&fake.sched, 0, count);
    for (int i = 0; i < 4; i++)
        pass_on();
}

static void helpers_are_as_many_as_the_work_is_for(void **state)
{
    (void)state;
    park_all();
    summon_helpers(3);
    assert_int_equal(woken(), 3);
    summon_helpers(2);
    assert_int_equal(woken(), 5);
}

static void with_its_helpers_a_thread_is_as_many_as_there_are_workers(void **state)
{
    (void)state;
    park_all();
    summon_helpers(100);
    assert_int_equal(woken(), FAKE_WORKERS - 1);
}

static void without_parked_workers_nobody_is_to_wake_helpers(void **state)
{
    (void)state;
    summon_helpers(3);
    fake_park(0);
    pass_on();
    mag_sched_pass_summons(&fake.sched, 1);
    assert_int_equal(woken(), 0);
}

static void no_helper_is_woken_on_the_callers_own_cpu(void **state)
{
    (void)state;
    fake.sched.seats.pins = true;
    sit_on_the_cpu_of(2);
    fake_park(2);
    summon_helpers(3);
    assert_int_equal(woken(), 0);
    fake_park(3);
    summon_helpers(3);
    assert_int_equal(woken(), 1);
    assert_true(fake_is_woken(3));
}

static void workers_that_are_not_pinned_help_wherever_they_slept(void **state)
{
    (void)state;
    fake.sched.seats.pins = false;
    sit_on_the_cpu_of(2);
    fake_park(2);
    summon_helpers(1);
    assert_true(fake_is_woken(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_worker_that_is_woken_wakes_two, begin),
        cmocka_unit_test_setup(no_more_workers_are_woken_than_jobs_were_posted, begin),
        cmocka_unit_test_setup(one_job_wakes_one_worker_if_none_searches, begin),
        cmocka_unit_test_setup(a_worker_that_searches_does_not_keep_others_asleep, begin),
        cmocka_unit_test_setup(summons_that_nobody_can_answer_are_dropped, begin),
        cmocka_unit_test_setup(nobody_is_summoned_while_nobody_sleeps, begin),
        cmocka_unit_test_setup(helpers_are_as_many_as_the_work_is_for, begin),
        cmocka_unit_test_setup(with_its_helpers_a_thread_is_as_many_as_there_are_workers,
                               begin),
        cmocka_unit_test_setup(without_parked_workers_nobody_is_to_wake_helpers, begin),
        cmocka_unit_test_setup(no_helper_is_woken_on_the_callers_own_cpu, begin),
        cmocka_unit_test_setup(workers_that_are_not_pinned_help_wherever_they_slept,
                               begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/cmocka.h"
#include "tests/support/gate.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/shared.h"
#include "tests/support/sched/start.h"

#include "sched/team/team.h"

#include <magpie/elastic.h>
#include <magpie/team.h>

/* Which workers a team gets, and what happens if it cannot have them. */

enum { WORKERS = 4 };

static struct mag_sched *sched;
static shared ran;
static shared wrong;

static int setup(void **state)
{
    (void)state;
    sched = test_sched_start(WORKERS);
    set(&ran, 0);
    set(&wrong, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(look(&wrong), 0);
    mag_sched_destroy(sched);
    return 0;
}

static void check(bool holds)
{
    if (!holds)
        (void)add(&wrong, 1);
}

static void count(struct mag_team *team, uint32_t member, void *arg)
{
    (void)team;
    (void)member;
    (void)arg;
    (void)add(&ran, 1);
}

/* -------------------------------------------------------------------- the same */

static void note_worker(struct mag_team *team, uint32_t member, void *arg)
{
    uint32_t *workers = arg;

    (void)team;
    workers[member] = mag_sched_worker();
}

static void a_member_is_the_same_worker_in_each_team_of_its_size(void **state)
{
    uint32_t first[WORKERS];
    uint32_t workers[WORKERS];
    (void)state;

    for (uint32_t members = 2; members <= WORKERS; members++) {
        assert_int_equal(mag_team_run(sched, members, 0, note_worker, first), 0);
        for (int i = 0; i < 20; i++) {
            /* Some follow at once, others find the workers asleep. */
            if (i % 5 == 0)
                test_sleep_ms(2);
            assert_int_equal(mag_team_run(sched, members, 0, note_worker, workers), 0);
            for (uint32_t j = 1; j < members; j++)
                assert_int_equal(workers[j], first[j]);
        }
    }
}

/* ------------------------------------------------------------- busy workers */

static struct gate gate;

static void wait_at_the_gate(struct mag_job *job)
{
    (void)job;
    gate_pass(&gate);
}

static void occupy(struct mag_job *jobs, uint32_t count_of)
{
    gate_close(&gate);
    for (uint32_t i = 0; i < count_of; i++) {
        jobs[i].run = wait_at_the_gate;
        assert_int_equal(mag_sched_post_worker(sched, &jobs[i], i), 0);
    }
    assert_true(test_wait_for(&gate.started, count_of));
}

static void *open_later(void *arg)
{
    (void)arg;
    test_sleep_ms(20);
    gate_open(&gate);
    return NULL;
}

static void a_worker_in_a_job_becomes_a_member_when_the_job_returns(void **state)
{
    struct mag_job jobs[WORKERS];
    pthread_t thread;
    (void)state;

    occupy(jobs, WORKERS);
    assert_int_equal(pthread_create(&thread, NULL, open_later, NULL), 0);
    assert_int_equal(mag_team_run(sched, WORKERS + 1, 0, count, NULL), 0);
    assert_int_equal(look(&ran), WORKERS + 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* Until all workers but those at the gate sleep. */
static void wait_until_idle(uint32_t members)
{
    double since = test_now();
    int r;

    do {
        r = mag_team_run(sched, members, MAG_TEAM_TRY, count, NULL);
        if (r == -EBUSY)
            test_sleep_ms(1);
    } while (r == -EBUSY && !test_gives_up(since));
    assert_int_equal(r, 0);
}

static void a_try_takes_idle_workers_only(void **state)
{
    struct mag_job jobs[WORKERS];
    (void)state;

    occupy(jobs, WORKERS - 1);
    assert_int_equal(mag_team_run(sched, 3, MAG_TEAM_TRY, count, NULL), -EBUSY);
    assert_int_equal(look(&ran), 0);
    wait_until_idle(2);
    assert_int_equal(look(&ran), 2);
    assert_int_equal(mag_team_run(sched, 3, MAG_TEAM_TRY | MAG_TEAM_OR_ONE, count, NULL),
                     0);
    assert_int_equal(look(&ran), 3);
    gate_open(&gate);
}

static void any_workers_are_idle_ones_first(void **state)
{
    struct mag_job jobs[WORKERS];
    (void)state;

    occupy(jobs, WORKERS - 1);
    wait_until_idle(2);
    /* Would wait for a worker at the gate otherwise. */
    assert_int_equal(mag_team_run(sched, 2, MAG_TEAM_ANY, count, NULL), 0);
    assert_int_equal(look(&ran), 4);
    gate_open(&gate);
}

/* ------------------------------------------------------------ what cannot be had */

static void too_many_members_are_an_error_or_one(void **state)
{
    (void)state;

    assert_int_equal(mag_team_most(sched), WORKERS + 1);
    assert_int_equal(mag_team_run(sched, WORKERS + 2, 0, count, NULL), -ERANGE);
    assert_int_equal(look(&ran), 0);
    assert_int_equal(mag_team_run(sched, WORKERS + 2, MAG_TEAM_OR_ONE, count, NULL), 0);
    assert_int_equal(look(&ran), 1);
    assert_int_equal(mag_team_run(sched, 1, 8, count, NULL), -EINVAL);
    assert_int_equal(mag_team_run(sched, 1, 0, NULL, NULL), -EINVAL);
}

static void nest(struct mag_team *team, uint32_t member, void *arg)
{
    (void)arg;
    check(mag_team_run(sched, 2, 0, count, NULL) == -EDEADLK);
    check(mag_team_run(sched, 2, MAG_TEAM_OR_ONE, count, NULL) == 0);
    check(mag_team_run(sched, 1, 0, count, NULL) == 0);
    /* The team of one has not replaced the member's own. */
    check(mag_team_run(sched, 2, 0, count, NULL) == -EDEADLK);
    mag_team_barrier(team);
    check(look(&ran) == 2 * (uint64_t)mag_team_members(team));
    (void)member;
}

static void a_team_inside_a_team_is_an_error_or_one(void **state)
{
    (void)state;

    assert_int_equal(mag_team_run(sched, 3, 0, nest, NULL), 0);
    assert_int_equal(look(&ran), 6);
}

/* ------------------------------------------------------------------ many callers */

enum { CALLERS = 4, TEAMS = 200 };

static void count_at_barriers(struct mag_team *team, uint32_t member, void *arg)
{
    shared *at = arg;

    (void)member;
    (void)add(at, 1);
    mag_team_barrier(team);
    check(look(at) == mag_team_members(team));
    mag_team_barrier(team);
    (void)add(&ran, 1);
}

static void *call_again_and_again(void *arg)
{
    for (uint32_t i = 0; i < TEAMS; i++) {
        shared at = 0;
        uint32_t members = 2 + (i + (uint32_t)(uintptr_t)arg) % WORKERS;

        check(mag_team_run(sched, members, 0, count_at_barriers, &at) == 0);
    }
    return NULL;
}

static void teams_of_many_threads_take_turns(void **state)
{
    pthread_t threads[CALLERS];
    uint64_t members = 0;
    (void)state;

    for (uintptr_t i = 0; i < CALLERS; i++) {
        for (uint32_t j = 0; j < TEAMS; j++)
            members += 2 + (j + i) % WORKERS;
        assert_int_equal(
            pthread_create(&threads[i], NULL, call_again_and_again, (void *)i), 0);
    }
    for (uintptr_t i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(look(&ran), members);
}

struct caller {
    struct mag_job job;
    shared *done;
};

static void call_for_all_workers(struct mag_job *job)
{
    struct caller *caller = (struct caller *)(void *)job;

    for (uint32_t i = 0; i < TEAMS; i++) {
        shared at = 0;

        check(mag_team_run(sched, WORKERS, 0, count_at_barriers, &at) == 0);
    }
    (void)add(caller->done, 1);
}

/* Each job holds its worker, and wants all the others. */
static void jobs_on_all_workers_call_for_all_workers(void **state)
{
    struct caller callers[WORKERS];
    shared done = 0;
    (void)state;

    for (uint32_t i = 0; i < WORKERS; i++) {
        callers[i] = (struct caller){.job.run = call_for_all_workers, .done = &done};
        assert_int_equal(mag_sched_post_worker(sched, &callers[i].job, i), 0);
    }
    assert_true(test_wait_for(&done, WORKERS));
    assert_int_equal(look(&ran), WORKERS * WORKERS * TEAMS);
}

static void hold_until_open(struct mag_team *team, uint32_t member, void *arg)
{
    (void)team;
    (void)member;
    (void)arg;
    gate_pass(&gate);
}

static void *hold_two(void *arg)
{
    (void)arg;
    check(mag_team_run(sched, 3, 0, hold_until_open, NULL) == 0);
    return NULL;
}

static void *want_all(void *arg)
{
    (void)arg;
    check(mag_team_run(sched, WORKERS + 1, 0, count, NULL) == 0);
    return NULL;
}

/* White-box: until a caller is in the queue. */
static void wait_for_a_waiter(void)
{
    double since = test_now();
    bool waits;

    do {
        mag_spin_lock(&sched->teams->lock);
        waits = sched->teams->first != NULL;
        mag_spin_unlock(&sched->teams->lock);
    } while (!waits && !test_gives_up(since));
    assert_true(waits);
}

/* Two workers are free, but a team that wants all of them came first. */
static void nobody_overtakes_a_caller_that_waits(void **state)
{
    pthread_t holder;
    pthread_t waiter;
    (void)state;

    gate_close(&gate);
    assert_int_equal(pthread_create(&holder, NULL, hold_two, NULL), 0);
    assert_true(test_wait_for(&gate.started, 3));
    assert_int_equal(mag_team_run(sched, 2, 0, count, NULL), 0);
    assert_int_equal(pthread_create(&waiter, NULL, want_all, NULL), 0);
    wait_for_a_waiter();
    test_sleep_ms(20); /* the idle workers park */
    assert_int_equal(mag_team_run(sched, 2, MAG_TEAM_TRY, count, NULL), -EBUSY);
    gate_open(&gate);
    assert_int_equal(pthread_join(holder, NULL), 0);
    assert_int_equal(pthread_join(waiter, NULL), 0);
}

/* ------------------------------------------------------------- changing numbers */

static void a_team_has_the_workers_that_there_are_now(void **state)
{
    struct mag_sched_config config = test_sched_config(2);
    uint32_t workers[WORKERS + 1];
    (void)state;

    config.workers_max = WORKERS;
    struct mag_sched *elastic = test_sched_start_as(&config);

    for (uint32_t active = 1; active <= WORKERS; active++) {
        assert_int_equal(mag_sched_resize(elastic, active), 0);
        assert_int_equal(mag_team_most(elastic), active + 1);
        assert_int_equal(mag_team_run(elastic, active + 2, 0, count, NULL), -ERANGE);
        assert_int_equal(mag_team_run(elastic, active + 1, 0, note_worker, workers), 0);
        for (uint32_t i = 1; i <= active; i++)
            assert_true(workers[i] < active);
    }
    assert_int_equal(mag_sched_resize(elastic, 1), 0);
    assert_int_equal(mag_team_run(elastic, 2, 0, note_worker, workers), 0);
    assert_int_equal(workers[1], 0);
    mag_sched_destroy(elastic);
}

/* --------------------------------------------------------------- stolen children */

MAG_FORKABLE(uint64_t, leaf_team, uint32_t, depth)
static uint64_t leaf_team(mag_fork w, uint32_t depth)
{
    if (depth == 0) {
        shared at = 0;
        int r = mag_team_run(sched, WORKERS, 0, count_at_barriers, &at);

        check(r == 0 || r == -EBUSY);
        return 1;
    }
    struct leaf_team_child child = leaf_team_fork(&w, depth - 1);
    uint64_t other = leaf_team(w, depth - 1);

    return leaf_team_join(&w, child) + other;
}

static void teams_in_forked_children_do_not_wait_for_their_own_parents(void **state)
{
    enum { DEPTH = 8 };
    uint64_t leaves = 0;
    (void)state;

    /* The root begins on this thread, a guest, which runs stolen children as well. */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(leaf_team_run(sched, &leaves, DEPTH), 0);
        assert_int_equal(leaves, 1 << DEPTH);
    }
}

struct leaves_job {
    struct mag_job job;
    uint64_t leaves;
    shared done;
};

static void run_leaves(struct mag_job *job)
{
    struct leaves_job *what = (struct leaves_job *)(void *)job;

    for (int i = 0; i < 5; i++)
        check(leaf_team_run(sched, &what->leaves, 8) == 0 && what->leaves == 1 << 8);
    (void)add(&what->done, 1);
}

static void teams_in_children_of_a_job_do_not_wait_for_their_own_parents(void **state)
{
    struct leaves_job what = {.job.run = run_leaves};
    (void)state;

    assert_int_equal(mag_sched_post(sched, &what.job), 0);
    assert_true(test_wait_for(&what.done, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_member_is_the_same_worker_in_each_team_of_its_size),
        TEST(a_worker_in_a_job_becomes_a_member_when_the_job_returns),
        TEST(a_try_takes_idle_workers_only),
        TEST(any_workers_are_idle_ones_first),
        TEST(too_many_members_are_an_error_or_one),
        TEST(a_team_inside_a_team_is_an_error_or_one),
        TEST(teams_of_many_threads_take_turns),
        TEST(jobs_on_all_workers_call_for_all_workers),
        TEST(a_team_has_the_workers_that_there_are_now),
        TEST(nobody_overtakes_a_caller_that_waits),
        TEST(teams_in_forked_children_do_not_wait_for_their_own_parents),
        TEST(teams_in_children_of_a_job_do_not_wait_for_their_own_parents),
    };

    return cmocka_run_group_tests_name("team roster", tests, NULL, NULL);
}

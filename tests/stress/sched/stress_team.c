/*
 * Random teams, called by threads from outside, by jobs on all workers and in forked
 * children, while other jobs are posted and forked; members leave early or end their
 * threads; then the scheduler is drained or canceled in the middle of it all.  Every team
 * ends, every barrier holds, and every post is either run or handed back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <magpie/team.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

enum { WORKERS = 3, CALLERS = 2, JOBS = 3, BARRIERS = 6, POSTS = 64, FORKS = 7 };

static struct mag_sched *sched;
static _Atomic(uint64_t) wrong;
static _Atomic(uint64_t) teams;
static _Atomic(uint64_t) over;
static _Atomic(uint64_t) posted;
static _Atomic(uint64_t) ran;
static _Atomic(uint64_t) dropped;
static _Atomic(uint64_t) stopping;

static void check(bool holds)
{
    if (!holds)
        (void)test_add(&wrong, 1);
}

/* -------------------------------------------------------------------- one team */

struct plan {
    uint32_t barriers;
    uint32_t leaver; /* this member returns after the first barrier; or nobody */
    bool ends;       /* it ends its thread */
    bool forks;
    _Atomic(uint64_t) came[BARRIERS];
};

static void take_part(struct mag_team *team, uint32_t member, void *arg)
{
    struct plan *plan = arg;
    uint32_t members = mag_team_members(team);

    for (uint32_t i = 0; i < plan->barriers; i++) {
        if (i == 1 && member == plan->leaver) {
            if (plan->ends)
                pthread_exit(NULL);
            return;
        }
        (void)test_add(&plan->came[i], 1);
        /* Without a place of its own a computation might have to wait for the members. */
        if (i == 1 && plan->forks && mag_sched_self() != NULL) {
            long result = 0;
            int r = fib_run(sched, &result, FORKS);

            check(r == -ESHUTDOWN || (r == 0 && result == 13));
        }
        mag_team_barrier(team);
        check(test_read(&plan->came[i]) <= members);
    }
}

static bool is_expected(int r, const struct plan *plan)
{
    return r == 0 || r == -EBUSY || r == -ESHUTDOWN || (r == -EOWNERDEAD && plan->ends);
}

/* `most`: the most members.  Returns what mag_team_run says. */
static int run_one(uint64_t *random, uint32_t most, bool may_end)
{
    static const uint32_t flags[] = {
        0, 0, 0, MAG_TEAM_ANY, MAG_TEAM_TRY, MAG_TEAM_TRY | MAG_TEAM_OR_ONE};
    struct plan plan = {.barriers = 1 + test_random_below(random, BARRIERS)};
    uint32_t members = 2 + test_random_below(random, most - 1);
    uint32_t flag = flags[test_random_below(random, 6)];

    plan.leaver = test_random_below(random, 4) == 0
                      ? 1 + test_random_below(random, members - 1)
                      : MAG_NONE;
    plan.ends = plan.leaver != MAG_NONE && may_end && test_random_below(random, 8) == 0;
    plan.forks = test_random_below(random, 4) == 0;
    int r = mag_team_run(sched, members, flag, take_part, &plan);
    check(is_expected(r, &plan));
    if (r == 0 && plan.leaver == MAG_NONE && (flag & MAG_TEAM_OR_ONE) == 0)
        check(test_read(&plan.came[plan.barriers - 1]) == members);
    (void)test_add(&teams, 1);
    return r;
}

/* --------------------------------------------------------------------- callers */

static uint64_t seed;
static uint32_t rounds;
static double until; /* when callers end early: a busy machine does fewer rounds */

static bool goes_on(uint32_t round, uint32_t of)
{
    return test_goes_on(round, of) && test_now() < until;
}

/* Members may end their threads.  A job that waits for a team ends as well if its worker
 * runs such a member meanwhile.  So no job calls for teams then, and a computation whose
 * root does may end early. */
static bool ends;

static void *call_from_outside(void *arg)
{
    uint64_t random = seed ^ ((uintptr_t)arg + 1);

    for (uint32_t i = 0; goes_on(i, rounds); i++) {
        if (run_one(&random, WORKERS + 1, ends) == -ESHUTDOWN)
            break;
    }
    (void)test_add(&over, 1);
    return NULL;
}

struct caller {
    struct mag_job job;
    uint64_t random;
    uint32_t left;
};

static void call_from_a_job(struct mag_job *job)
{
    struct caller *caller = (struct caller *)(void *)job;

    (void)run_one(&caller->random, WORKERS, false);
    if (--caller->left != 0 && test_now() < until && test_read(&stopping) == 0 &&
        mag_sched_post_any(sched, job) == 0)
        return;
    (void)test_add(&over, 1);
}

MAG_FORKABLE(uint64_t, team_tree, uint32_t, depth, uint64_t, random)
static uint64_t team_tree(mag_fork w, uint32_t depth, uint64_t random)
{
    if (depth == 0) {
        (void)run_one(&random, WORKERS, false);
        return 1;
    }
    struct team_tree_child child = team_tree_fork(&w, depth - 1, test_random(&random));
    uint64_t other = team_tree(w, depth - 1, test_random(&random));

    return team_tree_join(&w, child) + other;
}

static void *call_in_children(void *arg)
{
    uint64_t random = seed ^ ((uintptr_t)arg + 77);
    uint64_t leaves = 0;
    int r = 0;

    for (uint32_t i = 0; r == 0 && goes_on(i, rounds / 8); i++) {
        r = team_tree_run(sched, &leaves, 4, test_random(&random));
        check(r == -ESHUTDOWN || (r == -EOWNERDEAD && ends) || (r == 0 && leaves == 16));
        r = r == -EOWNERDEAD ? 0 : r;
    }
    (void)test_add(&over, 1);
    return NULL;
}

/* -------------------------------------------------------------- jobs beside them */

static void count(struct mag_job *job)
{
    (void)job;
    (void)test_add(&ran, 1);
}

static void count_dropped(struct mag_job *job, void *arg)
{
    (void)arg;
    if (job->run == count)
        (void)test_add(&dropped, 1);
    else
        (void)test_add(&over, 1); /* a caller's job */
}

static void post_some(struct mag_job *jobs, uint64_t *random)
{
    for (uint32_t i = 0; i < POSTS; i++) {
        jobs[i].run = count;
        uint32_t to = test_random_below(random, 2 * WORKERS);
        int r = to < WORKERS ? mag_sched_post_worker(sched, &jobs[i], to)
                             : mag_sched_post(sched, &jobs[i]);

        check(r == 0);
        (void)test_add(&posted, r == 0);
        if (test_random_below(random, 4) == 0)
            test_turn(200);
    }
}

static void clear(_Atomic(uint64_t) *word)
{
    /* relaxed: before the threads start. */
    atomic_store_explicit(word, 0, memory_order_relaxed);
}

/* One scheduler from start to stop.  `stops`: while callers still call. */
static void run_world(uint64_t *random, bool stops)
{
    static struct mag_job jobs[POSTS];
    static struct caller callers[JOBS];
    pthread_t threads[CALLERS + 1];
    enum mag_sched_stop mode =
        test_random_below(random, 2) == 0 ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL;

    uint32_t caller_jobs = ends ? 0 : JOBS;

    sched = test_sched_start(WORKERS);
    clear(&over);
    clear(&posted);
    clear(&ran);
    clear(&dropped);
    clear(&stopping);
    seed = test_random(random);
    until = test_now() + test_limit_s(0) / 3.0;
    for (uintptr_t i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_from_outside, (void *)i),
                         0);
    assert_int_equal(pthread_create(&threads[CALLERS], NULL, call_in_children, (void *)1),
                     0);
    for (uint32_t i = 0; i < caller_jobs; i++) {
        callers[i] = (struct caller){
            .job.run = call_from_a_job, .random = test_random(random), .left = rounds};
        assert_int_equal(mag_sched_post(sched, &callers[i].job), 0);
    }
    post_some(jobs, random);
    if (!stops)
        assert_true(test_wait_for(&over, CALLERS + 1 + caller_jobs));
    /* A drain would wait for jobs that post themselves again. */
    (void)test_add(&stopping, 1);
    assert_int_equal(mag_sched_stop(sched, mode, -1, count_dropped, NULL), 0);
    for (uint32_t i = 0; i <= CALLERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(test_read(&over), CALLERS + 1 + caller_jobs);
    assert_int_equal(test_read(&posted), test_read(&ran) + test_read(&dropped));
    assert_int_equal(test_read(&wrong), 0);
    mag_sched_destroy(sched);
}

static void teams_and_all_else_run_beside_each_other(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    rounds = test_rounds(20000);
    for (int i = 0; i < 2; i++) {
        ends = i == 1;
        run_world(&random, false);
    }
    printf("%llu teams\n", (unsigned long long)test_read(&teams));
}

static void a_stop_comes_at_any_moment(void **state)
{
    uint64_t random = test_seed();
    uint32_t worlds = test_rounds(1000);
    (void)state;

    rounds = UINT32_MAX;
    for (uint32_t i = 0; test_goes_on(i, worlds); i++) {
        ends = i % 2 == 1;
        run_world(&random, true);
    }
    printf("%llu teams\n", (unsigned long long)test_read(&teams));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(teams_and_all_else_run_beside_each_other),
        cmocka_unit_test(a_stop_comes_at_any_moment),
    };

    return cmocka_run_group_tests_name("stress team", tests, NULL, NULL);
}

/*
 * White-box: threads take, use and leave berths, and workers hand their berths over in
 * the middle of a computation, while other workers steal.  Each job runs once, each
 * result arrives, and the scheduler ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/berths.h"
#include "tests/support/sched/forks.h"

#include "base/os.h"
#include "sched/berth/tenancy.h"
#include "sched/fork/join.h"
#include "sched/life/start.h"
#include "sched/worker/search.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <magpie/fork.h>

#include <errno.h>
#include <pthread.h>

enum {
    WORKERS = 2,
    SPARE = 4,
    GUESTS = 3,
    HELPERS = 2,
    POSTS = 4,
    BURSTS = 4096,
    TREE = 8,
    TREE_IS = 21
};

struct world {
    struct mag_sched *sched;
    uint32_t rounds;
    uint64_t seed;
    _Atomic(uint64_t) jobs_run;
    _Atomic(uint64_t) jobs_posted;
    _Atomic(uint64_t) taken;
    _Atomic(uint64_t) handed_over;
    _Atomic(uint64_t) wrong;
    _Atomic(uint64_t) blocking;
    _Atomic(uint64_t) over;
    _Atomic(struct mag_worker *) offered; /* by a job that waits for another tenant */
};

static struct world world;

static void compute(void)
{
    long result = 0;

    if (fib_run(world.sched, &result, TREE) != 0 || result != TREE_IS)
        (void)test_add(&world.wrong, 1);
}

static void count(struct mag_job *job)
{
    (void)job;
    (void)test_add(&world.jobs_run, 1);
}

static void post_some(struct mag_job *jobs)
{
    for (int i = 0; i < POSTS; i++) {
        jobs[i] = (struct mag_job){.run = count};
        (void)test_add(&world.jobs_posted, 1);
        if (mag_sched_post(world.sched, &jobs[i]) != 0)
            (void)test_add(&world.wrong, 1);
    }
}

/* Takes a berth, posts and runs jobs there, and leaves it, again and again. */
static void *guest(void *arg)
{
    /* Enough jobs that none is posted again before it has run. */
    static struct mag_job jobs[GUESTS][BURSTS][POSTS];
    struct mag_job(*mine)[POSTS] = jobs[(uintptr_t)arg];
    struct mag_worker *worker;
    uint64_t random = world.seed ^ ((uintptr_t)arg + 1);
    uint32_t posts = 0;

    for (uint32_t i = 0; test_goes_on(i, world.rounds); i++) {
        if (mag_berth_take(world.sched, &worker) != 0)
            continue;
        (void)test_add(&world.taken, 1);
        uint64_t what = test_random(&random);
        if (what % 8 == 0 && posts < BURSTS)
            post_some(mine[posts++]);
        if (what % 4 == 1)
            compute();
        if (what % 2 == 1)
            (void)berth_run_one(worker);
        mag_berth_leave(worker);
    }
    (void)test_add(&world.over, 1);
    return NULL;
}

/* Takes over the berths of workers that step aside. */
static void *helper(void *arg)
{
    (void)arg;
    while (test_read(&world.over) < GUESTS || test_read(&world.blocking) != 0) {
        /* acquire: the berth is on offer. */
        struct mag_worker *worker =
            atomic_exchange_explicit(&world.offered, NULL, memory_order_acquire);

        if (worker == NULL || !mag_berth_take_over(worker)) {
            mag_os_pause();
            continue;
        }
        (void)test_add(&world.handed_over, 1);
        (void)berth_run_one(worker);
        mag_berth_offer(worker);
    }
    return NULL;
}

struct blocker {
    struct mag_job job;
    uint64_t left;
};

static long block(mag_fork w, uint64_t left)
{
    struct fib_child child = fib_fork(&w, (int)(left % TREE));
    struct mag_worker *worker = mag_self.worker;

    if (mag_berth_step_aside(worker) == 0) {
        /* release: the berth is on offer. */
        atomic_store_explicit(&world.offered, worker, memory_order_release);
        compute();
        for (unsigned tries = 1; !mag_berth_step_back(worker); tries++)
            mag_os_pause();
    }
    return fib_join(&w, child);
}

MAG_FORKABLE(long, block, uint64_t, left)

/* A job that steps aside in a computation and comes back, until the guests have
 * finished. */
static void step_aside(struct mag_job *job)
{
    struct blocker *blocker = (struct blocker *)(void *)job;
    uint32_t before = mag_sched_worker();
    long result = 0;
    long expected[TREE] = {0, 1, 1, 2, 3, 5, 8, 13};

    blocker->left++;
    if (block_run(world.sched, &result, blocker->left) != 0 ||
        result != expected[blocker->left % TREE] || mag_sched_worker() != before)
        (void)test_add(&world.wrong, 1);
    if (test_read(&world.over) < GUESTS && mag_sched_post(world.sched, job) == 0)
        return;
    /* release: the job is over. */
    (void)atomic_fetch_sub_explicit(&world.blocking, 1, memory_order_release);
}

static void start(void)
{

    world = (struct world){.rounds = test_rounds(60000), .seed = test_seed()};
    world.sched = berths_start(WORKERS, SPARE);
}

static void berths_are_taken_used_left_and_handed_over_while_others_steal(void **state)
{
    struct blocker blockers[WORKERS];
    pthread_t guests[GUESTS];
    pthread_t helpers[HELPERS];
    (void)state;

    start();
    /* relaxed: before the jobs are posted. */
    atomic_store_explicit(&world.blocking, WORKERS, memory_order_relaxed);
    for (int i = 0; i < WORKERS; i++) {
        blockers[i] = (struct blocker){.job = {.run = step_aside}};
        assert_int_equal(mag_sched_post(world.sched, &blockers[i].job), 0);
    }
    for (uintptr_t i = 0; i < GUESTS; i++)
        assert_int_equal(pthread_create(&guests[i], NULL, guest, (void *)i), 0);
    for (int i = 0; i < HELPERS; i++)
        assert_int_equal(pthread_create(&helpers[i], NULL, helper, NULL), 0);
    for (int i = 0; i < GUESTS; i++)
        assert_int_equal(pthread_join(guests[i], NULL), 0);
    for (int i = 0; i < HELPERS; i++)
        assert_int_equal(pthread_join(helpers[i], NULL), 0);
    assert_int_equal(mag_sched_destroy(world.sched), 0);

    print_message("%llu berths taken, %llu handed over\n",
                  (unsigned long long)test_read(&world.taken),
                  (unsigned long long)test_read(&world.handed_over));
    assert_int_equal(test_read(&world.wrong), 0);
    assert_int_equal(test_read(&world.jobs_run), test_read(&world.jobs_posted));
    assert_true(test_read(&world.taken) > 0);
    assert_true(test_read(&world.handed_over) > 0);
}

/* The last thread to leave ends the drain: no other thread is there to see it. */
static void a_drain_ends_however_late_the_last_tenant_leaves(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < test_rounds(200); i++) {
        pthread_t guests[GUESTS];

        start();
        world.rounds = 20;
        for (uintptr_t j = 0; j < GUESTS; j++)
            assert_int_equal(pthread_create(&guests[j], NULL, guest, (void *)j), 0);
        assert_int_equal(mag_sched_stop(world.sched, MAG_SCHED_DRAIN, -1, NULL, NULL), 0);
        for (int j = 0; j < GUESTS; j++)
            assert_int_equal(pthread_join(guests[j], NULL), 0);
        assert_int_equal(test_read(&world.jobs_run), test_read(&world.jobs_posted));
        assert_int_equal(mag_sched_destroy(world.sched), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(berths_are_taken_used_left_and_handed_over_while_others_steal),
        cmocka_unit_test(a_drain_ends_however_late_the_last_tenant_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

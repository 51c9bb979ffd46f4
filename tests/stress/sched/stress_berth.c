/*
 * White-box: threads take, use and leave berths, and workers hand theirs over in the
 * middle of a computation, while others steal: each job runs once, each result arrives,
 * and the scheduler ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"

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
    _Atomic(struct mag_worker *) offered; /* by a job that wants somebody to take over */
};

static struct world world;

static void add(_Atomic(uint64_t) *word)
{
    /* release: what the thread did before. */
    (void)atomic_fetch_add_explicit(word, 1, memory_order_release);
}

static uint64_t value(_Atomic(uint64_t) *word)
{
    /* acquire: as above. */
    return atomic_load_explicit(word, memory_order_acquire);
}

MAG_FORKABLE(long, fib, int, n)

static long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    struct fib_child child = fib_fork(&w, n - 2);
    long a = fib(w, n - 1);
    return a + fib_join(&w, child);
}

static void compute(void)
{
    long result = 0;

    if (fib_run(world.sched, &result, TREE) != 0 || result != TREE_IS)
        add(&world.wrong);
}

static void count(struct mag_job *job)
{
    (void)job;
    add(&world.jobs_run);
}

static bool run_one(struct mag_worker *worker)
{
    struct mag_fork_stack *forks = mag_worker_forks(worker);
    struct mag_work work;

    if (!mag_worker_search(worker, true, &work))
        return false;
    if (work.job != NULL)
        work.job->run(work.job);
    else
        mag_fork_stack_run(forks, &work.child, forks->slots);
    return true;
}

static void post_some(struct mag_job *jobs)
{
    for (int i = 0; i < POSTS; i++) {
        jobs[i] = (struct mag_job){.run = count};
        add(&world.jobs_posted);
        if (mag_sched_post(world.sched, &jobs[i]) != 0)
            add(&world.wrong);
    }
}

/* Takes a berth, does this and that, and leaves it, again and again. */
static void *guest(void *arg)
{
    /* Enough that none is posted again before it has run. */
    static struct mag_job jobs[GUESTS][BURSTS][POSTS];
    struct mag_job(*mine)[POSTS] = jobs[(uintptr_t)arg];
    struct mag_worker *worker;
    uint64_t random = world.seed ^ ((uintptr_t)arg + 1);
    uint32_t posts = 0;

    for (uint32_t i = 0; test_goes_on(i, world.rounds); i++) {
        if (mag_berth_take(world.sched, &worker) != 0)
            continue;
        add(&world.taken);
        uint64_t what = test_random(&random);
        if (what % 8 == 0 && posts < BURSTS)
            post_some(mine[posts++]);
        if (what % 4 == 1)
            compute();
        if (what % 2 == 1)
            (void)run_one(worker);
        mag_berth_leave(worker);
    }
    add(&world.over);
    return NULL;
}

/* Stands in for those that step aside. */
static void *helper(void *arg)
{
    (void)arg;
    while (value(&world.over) < GUESTS || value(&world.blocking) != 0) {
        /* acquire: the berth is on offer. */
        struct mag_worker *worker =
            atomic_exchange_explicit(&world.offered, NULL, memory_order_acquire);

        if (worker == NULL || !mag_berth_take_over(worker)) {
            mag_os_pause();
            continue;
        }
        add(&world.handed_over);
        (void)run_one(worker);
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

/* A job that steps aside in a computation and comes back, until the guests are done. */
static void step_aside(struct mag_job *job)
{
    struct blocker *blocker = (struct blocker *)(void *)job;
    uint32_t before = mag_sched_worker();
    long result = 0;
    long expected[TREE] = {0, 1, 1, 2, 3, 5, 8, 13};

    blocker->left++;
    if (block_run(world.sched, &result, blocker->left) != 0 ||
        result != expected[blocker->left % TREE] || mag_sched_worker() != before)
        add(&world.wrong);
    if (value(&world.over) < GUESTS && mag_sched_post(world.sched, job) == 0)
        return;
    /* release: the job is over. */
    (void)atomic_fetch_sub_explicit(&world.blocking, 1, memory_order_release);
}

static void start(void)
{
    struct mag_sched_config config;

    world = (struct world){.rounds = test_rounds(60000), .seed = test_seed()};
    mag_sched_config_init(&config);
    config.workers = WORKERS;
    assert_int_equal(mag_sched_launch(&config, SPARE, false, &world.sched), 0);
}

static void berths_are_taken_used_left_and_handed_over_while_others_steal(void **state)
{
    struct blocker blockers[WORKERS];
    pthread_t guests[GUESTS];
    pthread_t helpers[HELPERS];
    (void)state;

    start();
    world.blocking = WORKERS;
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
                  (unsigned long long)value(&world.taken),
                  (unsigned long long)value(&world.handed_over));
    assert_int_equal(value(&world.wrong), 0);
    assert_int_equal(value(&world.jobs_run), value(&world.jobs_posted));
    assert_true(value(&world.taken) > 0);
    assert_true(value(&world.handed_over) > 0);
}

/* The last to leave ends the drain: nobody else is there to see it. */
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
        assert_int_equal(value(&world.jobs_run), value(&world.jobs_posted));
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

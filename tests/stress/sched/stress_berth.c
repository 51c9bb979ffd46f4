/*
 * White-box: threads take, use and leave berths, while workers steal.  Each job runs
 * once, each result arrives, and the scheduler ends.
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
    _Atomic(uint64_t) wrong;
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
    return NULL;
}

static void start(void)
{
    world = (struct world){.rounds = test_rounds(60000), .seed = test_seed()};
    world.sched = berths_start(WORKERS, SPARE);
}

static void berths_are_taken_used_and_left_while_others_steal(void **state)
{
    pthread_t guests[GUESTS];
    (void)state;

    start();
    for (uintptr_t i = 0; i < GUESTS; i++)
        assert_int_equal(pthread_create(&guests[i], NULL, guest, (void *)i), 0);
    for (int i = 0; i < GUESTS; i++)
        assert_int_equal(pthread_join(guests[i], NULL), 0);
    assert_int_equal(mag_sched_destroy(world.sched), 0);

    print_message("%llu berths taken\n", (unsigned long long)test_read(&world.taken));
    assert_int_equal(test_read(&world.wrong), 0);
    assert_int_equal(test_read(&world.jobs_run), test_read(&world.jobs_posted));
    assert_true(test_read(&world.taken) > 0);
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
        cmocka_unit_test(berths_are_taken_used_and_left_while_others_steal),
        cmocka_unit_test(a_drain_ends_however_late_the_last_tenant_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

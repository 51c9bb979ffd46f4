/*
 * Jobs open regions at random, nested and not, block or do not, fork, post other jobs and
 * end their threads, while stand-ins come and go and the scheduler is stopped at random:
 * each job runs once or is handed back, each region is closed, and each scheduler ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/berths.h"
#include "tests/support/sched/forks.h"

#include <magpie/blocking.h>
#include <magpie/fork.h>
#include <pthread.h>

enum { JOBS = 64, TREE = 8, TREE_IS = 21, SPARE_MAX = 5 };

static struct {
    struct mag_sched *sched;
    pthread_mutex_t mutex;
    _Atomic(uint64_t) run, refused, dropped, wrong;
} world = {.mutex = PTHREAD_MUTEX_INITIALIZER};

struct item {
    struct mag_job job;
    uint64_t random;
    struct item *follows; /* posted by this one, or NULL */
};

static void compute(void)
{
    long result = 0;

    if (fib_run(world.sched, &result, TREE) != 0 || result != TREE_IS)
        (void)test_add(&world.wrong, 1);
}

/* Blocks for a short time, in one way or another. */
static void block(uint64_t *random)
{
    struct timespec nap = {.tv_nsec = (long)test_random_below(random, 2000000)};

    switch (test_random_below(random, 4)) {
    case 0:
        (void)nanosleep(&nap, NULL);
        break;
    case 1:
        (void)pthread_mutex_lock(&world.mutex);
        (void)pthread_mutex_unlock(&world.mutex);
        break;
    case 2:
        compute();
        break;
    default:
        break;
    }
}

static void post_follower(struct item *item)
{
    if (item->follows != NULL && mag_sched_post(world.sched, &item->follows->job) != 0)
        (void)test_add(&world.refused, 1);
}

static void run(struct mag_job *job)
{
    struct item *item = (struct item *)(void *)job;
    uint32_t before = mag_sched_worker();
    struct mag_blocking outer;
    struct mag_blocking inner;

    (void)test_add(&world.run, 1);
    mag_blocking_begin(&outer);
    block(&item->random);
    if (test_random_below(&item->random, 2) == 0) {
        mag_blocking_begin(&inner);
        block(&item->random);
        post_follower(item);
        mag_blocking_end(&inner);
    } else {
        post_follower(item);
    }
    if (test_random_below(&item->random, 32) == 0)
        pthread_exit(NULL);
    mag_blocking_end(&outer);
    block(&item->random);
    if (mag_sched_worker() != before)
        (void)test_add(&world.wrong, 1);
}

static void drop(struct mag_job *job, void *arg)
{
    struct item *item = (struct item *)(void *)job;
    (void)arg;

    /* The job that it would have posted is not posted by anybody. */
    (void)test_add(&world.dropped, item->follows != NULL ? 2 : 1);
}

static struct mag_sched *start(uint64_t *random)
{
    struct mag_sched_config config = test_sched_config(1 + test_random_below(random, 2));
    struct mag_sched *sched = NULL;

    config.spare = test_random_below(random, SPARE_MAX);
    config.stand_in =
        test_random_below(random, 2) == 0 ? MAG_STAND_IN_ALL : MAG_STAND_IN_ANNOUNCED;
    assert_int_equal(mag_sched_start(&config, &sched), 0);
    return sched;
}

static void one_life(uint64_t *random)
{
    struct item items[2 * JOBS];
    struct mag_blocking_counters counters;

    world.sched = start(random);
    for (int i = 0; i < JOBS; i++) {
        items[2 * i] = (struct item){.job = {.run = run}, .random = test_random(random)};
        items[2 * i + 1] =
            (struct item){.job = {.run = run}, .random = test_random(random)};
        items[2 * i].follows = &items[2 * i + 1];
        assert_int_equal(mag_sched_post(world.sched, &items[2 * i].job), 0);
    }
    enum mag_sched_stop mode =
        test_random_below(random, 2) == 0 ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL;
    assert_int_equal(mag_sched_stop(world.sched, mode, -1, drop, NULL), 0);
    mag_blocking_counters(world.sched, &counters);
    assert_int_equal(counters.regions, 0);
    assert_int_equal(counters.standing, 0);
    assert_int_equal(counters.threads, 0);
    assert_int_equal(mag_sched_destroy(world.sched), 0);
    assert_int_equal(test_read(&world.run) + test_read(&world.refused) +
                         test_read(&world.dropped),
                     2 * JOBS);
    assert_int_equal(test_read(&world.wrong), 0);
}

static void each_job_runs_once_however_many_block(void **state)
{
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t i = 0; test_goes_on(i, test_rounds(200)); i++) {
        atomic_init(&world.run, 0);
        atomic_init(&world.refused, 0);
        atomic_init(&world.dropped, 0);
        one_life(&random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_runs_once_however_many_block),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

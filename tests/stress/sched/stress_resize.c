/*
 * The number of workers changes at random while jobs come from outside and from jobs, for
 * any worker and for certain ones, and while computations fork.  At a random moment of
 * all this the scheduler is stopped.  Each job that was accepted has run once or is
 * handed back once, and each computation has its result.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/elastic.h>
#include <magpie/fork.h>
#include <pthread.h>
#include <stdlib.h>

enum { PLACES = 4, POSTERS = 2, JOBS = 2000, LIVES = 400, TREE = 10, TREE_IS = 55 };

/* A job that posts itself again a few times. */
struct work {
    struct mag_job job;
    uint32_t again;
    struct life *life;
};

struct life {
    struct mag_sched *sched;
    uint64_t seed;
    struct work work[POSTERS][JOBS];
    _Atomic(uint64_t) accepted; /* posts */
    _Atomic(uint64_t) ran;
    _Atomic(uint64_t) wrong;
    _Atomic(uint64_t) over; /* posters */
    uint64_t dropped;
};

static int post(struct life *life, struct mag_job *job, uint64_t how)
{
    switch (how % 4) {
    case 0:
        return mag_sched_post(life->sched, job);
    case 1:
        return mag_sched_post_any(life->sched, job);
    default:
        return mag_sched_post_worker(life->sched, job, (uint32_t)(how / 4 % PLACES));
    }
}

/* Once the scheduler ends, or if the worker was never started, the post is refused. */
static void post_and_count(struct life *life, struct mag_job *job, uint64_t how)
{
    (void)test_add(&life->accepted, 1);
    int r = post(life, job, how);

    if (r == 0)
        return;
    (void)test_add(&life->accepted, (uint64_t)-1);
    if (r != -ESHUTDOWN && r != -EINVAL)
        (void)test_add(&life->wrong, 1);
}

static void run_work(struct mag_job *job)
{
    struct work *work = (struct work *)(void *)job;
    struct life *life = work->life;

    if (work->again-- > 0)
        post_and_count(life, job, work->again);
    /* The life may be over as soon as this is counted. */
    (void)test_add(&life->ran, 1);
}

static void *post_jobs(void *arg)
{
    struct life *life = arg;
    uint64_t index = test_add(&life->over, 0x100) / 0x100 % POSTERS;
    uint64_t random = life->seed ^ (index + 1);

    for (int i = 0; i < JOBS; i++) {
        struct work *work = &life->work[index][i];

        *work = (struct work){.job = {.run = run_work},
                              .again = test_random_below(&random, 4),
                              .life = life};
        post_and_count(life, &work->job, test_random(&random));
        if (i % 256 == 0) {
            long result = 0;
            int r = fib_run(life->sched, &result, TREE);

            if (r != -ESHUTDOWN && (r != 0 || result != TREE_IS))
                (void)test_add(&life->wrong, 1);
        }
    }
    (void)test_add(&life->over, 1);
    return NULL;
}

static void *resize(void *arg)
{
    struct life *life = arg;
    uint64_t random = life->seed ^ 0x55;

    while ((test_read(&life->over) & 0xff) < POSTERS) {
        int r = mag_sched_resize(life->sched, 1 + test_random_below(&random, PLACES));

        if (r != 0 && r != -ESHUTDOWN)
            (void)test_add(&life->wrong, 1);
        for (unsigned pause = test_random_below(&random, 2000); pause > 0; pause--)
            test_pause();
    }
    return NULL;
}

static void drop(struct mag_job *job, void *arg)
{
    struct life *life = arg;

    (void)job;
    life->dropped++;
}

static void live_once(struct life *life)
{
    struct mag_sched_config config = test_sched_config(0);
    pthread_t threads[POSTERS + 1];
    uint64_t random = life->seed;

    config.workers = 1 + test_random_below(&random, PLACES);
    config.workers_max = PLACES;
    config.spin_us = test_random_below(&random, 2) * 50;
    assert_int_equal(mag_sched_start(&config, &life->sched), 0);
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_jobs, life), 0);
    assert_int_equal(pthread_create(&threads[POSTERS], NULL, resize, life), 0);
    bool early = test_random_below(&random, 2) == 0;
    if (!early) {
        for (int i = 0; i < POSTERS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
    } else {
        test_sleep_ms(test_random_below(&random, 3));
    }
    enum mag_sched_stop mode =
        test_random_below(&random, 2) == 0 ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL;
    assert_int_equal(mag_sched_stop(life->sched, mode, -1, drop, life), 0);
    for (int i = early ? 0 : POSTERS; i < POSTERS + 1; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(test_read(&life->wrong), 0);
    assert_int_equal(test_read(&life->ran) + life->dropped, test_read(&life->accepted));
    if (mode == MAG_SCHED_DRAIN)
        assert_int_equal(life->dropped, 0);
    assert_int_equal(mag_sched_destroy(life->sched), 0);
}

static void nothing_is_lost_while_the_number_of_workers_changes(void **state)
{
    uint64_t random = test_seed();
    uint32_t lives = test_rounds(LIVES);
    struct life *life = malloc(sizeof(*life));
    (void)state;

    assert_non_null(life);
    for (uint32_t i = 0; test_goes_on(i, lives); i++) {
        *life = (struct life){.seed = test_random(&random)};
        live_once(life);
    }
    free(life);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_while_the_number_of_workers_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Threads enter a scheduler as guests, compute, post, leave and end inside, with and
 * without a place of their own, while workers steal from them and a stop comes.  Each job
 * that was accepted runs once or is handed back, each result is right, and the scheduler
 * ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/forks.h"
#include "tests/support/sched/start.h"

#include <magpie/guest.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { WORKERS = 2, SPARE = 3, THREADS = 5, DEPTH = 9, DEPTH_IS = 34, BURST = 4 };

static struct {
    struct mag_sched *sched;
    uint64_t seed;
    uint32_t rounds;
    _Atomic(uint64_t) accepted, run, dropped, wrong, refused, computed, busy;
} world;

static void count(struct mag_job *job)
{
    free(job);
    (void)test_add(&world.run, 1);
}

static void drop(struct mag_job *job, void *arg)
{
    (void)arg;
    free(job);
    (void)test_add(&world.dropped, 1);
}

static void post_some(void)
{
    for (int i = 0; i < BURST; i++) {
        struct mag_job *job = malloc(sizeof(*job));

        if (job == NULL)
            return;
        *job = (struct mag_job){.run = count};
        if (mag_sched_post(world.sched, job) == 0) {
            (void)test_add(&world.accepted, 1);
        } else {
            free(job);
            (void)test_add(&world.refused, 1);
        }
    }
}

static void compute(void)
{
    long result = 0;
    int r = fib_run(world.sched, &result, DEPTH);

    if (r == 0)
        (void)test_add(&world.computed, 1);
    if (r == 0 ? result != DEPTH_IS : r != -ESHUTDOWN)
        (void)test_add(&world.wrong, 1);
}

static void act(uint64_t what)
{
    if (what % 4 == 0)
        post_some();
    if (what % 2 == 0)
        compute();
}

/* A thread that may end inside. */
static void *visit(void *arg)
{
    uint64_t what = *(uint64_t *)arg;
    struct mag_guest guest;
    int r = mag_guest_enter(world.sched, &guest);

    if (r != 0 && r != -EBUSY && r != -ESHUTDOWN)
        (void)test_add(&world.wrong, 1);
    if (r == -EBUSY)
        (void)test_add(&world.busy, 1);
    act(what);
    if (r == 0 && what % 3 == 0)
        pthread_exit(NULL);
    if (r == 0)
        mag_guest_leave(&guest);
    return NULL;
}

static void *guest(void *arg)
{
    uint64_t random = world.seed ^ ((uintptr_t)arg + 1);

    for (uint32_t i = 0; test_goes_on(i, world.rounds); i++) {
        uint64_t what = test_random(&random);
        pthread_t thread;

        if (what % 16 == 1) {
            if (pthread_create(&thread, NULL, visit, &what) == 0)
                (void)pthread_join(thread, NULL);
        } else if (what % 16 < 8) {
            uint64_t stays = what - what % 3 + 1;

            (void)visit(&stays);
        } else {
            act(what);
        }
    }
    return NULL;
}

static void guests_come_and_go_while_others_steal_and_a_stop_comes(void **state)
{
    uint32_t rounds = test_rounds(400);
    (void)state;

    world.seed = test_seed();
    for (uint32_t i = 0; test_goes_on(i, rounds); i++) {
        struct mag_sched_config config = test_sched_config(WORKERS);
        pthread_t threads[THREADS];

        config.spare = SPARE;
        world.sched = test_sched_start_as(&config);
        world.seed++;
        world.rounds = 40 + i % 100;
        for (uintptr_t j = 0; j < THREADS; j++)
            assert_int_equal(pthread_create(&threads[j], NULL, guest, (void *)j), 0);
        if (i % 2 == 0)
            test_sleep_ms(i % 4);
        assert_int_equal(mag_sched_stop(world.sched,
                                        i % 3 == 0 ? MAG_SCHED_CANCEL : MAG_SCHED_DRAIN,
                                        -1, drop, NULL),
                         0);
        for (int j = 0; j < THREADS; j++)
            assert_int_equal(pthread_join(threads[j], NULL), 0);
        assert_int_equal(mag_sched_destroy(world.sched), 0);
        assert_int_equal(test_read(&world.accepted),
                         test_read(&world.run) + test_read(&world.dropped));
    }
    print_message("%llu computations, %llu jobs run, %llu dropped, %llu refused, %llu "
                  "times busy\n",
                  (unsigned long long)test_read(&world.computed),
                  (unsigned long long)test_read(&world.run),
                  (unsigned long long)test_read(&world.dropped),
                  (unsigned long long)test_read(&world.refused),
                  (unsigned long long)test_read(&world.busy));
    assert_int_equal(test_read(&world.wrong), 0);
    assert_true(test_read(&world.computed) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests_come_and_go_while_others_steal_and_a_stop_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Jobs posted from everywhere while schedulers start, park and stop: each runs exactly
 * once, or its post is refused, or it is handed back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <errno.h>
#include <magpie/sched.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { POSTERS = 3, JOBS = 2000 };

struct token {
    struct mag_job job;
    struct storm *storm;
    _Atomic(uint32_t) runs;    /* how often it ran */
    _Atomic(uint32_t) dropped; /* how often it was handed back */
    uint32_t hops;             /* how often it will still post itself */
    uint64_t random;
};

struct storm {
    struct mag_sched *sched;
    struct token tokens[POSTERS][JOBS];
    uint32_t workers;
    unsigned handed_back; /* by the stop, on its thread */
};

static int post_somehow(struct storm *storm, struct token *token)
{
    switch (test_random(&token->random) % 4) {
    case 0:
        return mag_sched_post_any(storm->sched, &token->job);
    case 1:
        return mag_sched_post_node(storm->sched, &token->job, 0);
    case 2:
        return mag_sched_post_worker(
            storm->sched, &token->job,
            (uint32_t)(test_random(&token->random) % storm->workers));
    default:
        return mag_sched_post(storm->sched, &token->job);
    }
}

static void hop(struct mag_job *job)
{
    struct token *token = (struct token *)(void *)job;

    if (token->hops-- != 0) {
        /* Refused only while the scheduler is being canceled: then this was its last
         * run. */
        if (post_somehow(token->storm, token) == 0)
            return;
    }
    /* relaxed: read after the workers are joined. */
    (void)atomic_fetch_add_explicit(&token->runs, 1, memory_order_relaxed);
}

static void hand_back(struct mag_job *job, void *arg)
{
    struct token *token = (struct token *)(void *)job;
    struct storm *storm = arg;

    storm->handed_back++;
    /* relaxed: read by this thread. */
    (void)atomic_fetch_add_explicit(&token->dropped, 1, memory_order_relaxed);
}

struct poster {
    struct storm *storm;
    struct token *tokens;
    uint64_t random;
};

static void *post_all(void *arg)
{
    struct poster *poster = arg;

    for (unsigned i = 0; i < JOBS; i++) {
        if (post_somehow(poster->storm, &poster->tokens[i]) != 0) {
            /* relaxed: read after this thread is joined. */
            (void)atomic_fetch_add_explicit(&poster->tokens[i].dropped, 1,
                                            memory_order_relaxed);
        }
        /* Now and then waits long enough for workers to park. */
        if (test_random(&poster->random) % 512 == 0)
            (void)usleep(200);
    }
    return NULL;
}

static void prepare(struct storm *storm, uint64_t *random, uint32_t hops)
{
    for (unsigned i = 0; i < POSTERS; i++) {
        for (unsigned j = 0; j < JOBS; j++) {
            struct token *token = &storm->tokens[i][j];

            token->job.run = hop;
            token->storm = storm;
            token->hops = (uint32_t)(test_random(random) % hops);
            token->random = test_random(random) | 1;
            atomic_init(&token->runs, 0);
            atomic_init(&token->dropped, 0);
        }
    }
}

static void check(struct storm *storm, unsigned *lost)
{
    for (unsigned i = 0; i < POSTERS; i++) {
        for (unsigned j = 0; j < JOBS; j++) {
            struct token *token = &storm->tokens[i][j];
            /* relaxed: the threads are joined. */
            uint32_t runs = atomic_load_explicit(&token->runs, memory_order_relaxed);
            /* relaxed: as above. */
            uint32_t dropped =
                atomic_load_explicit(&token->dropped, memory_order_relaxed);

            *lost += runs + dropped != 1;
        }
    }
}

static void storm_once(struct storm *storm, uint64_t *random, uint32_t workers)
{
    enum mag_sched_stop mode =
        test_random(random) % 2 ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL;
    pthread_t threads[POSTERS];
    struct poster posters[POSTERS];
    unsigned lost = 0;
    struct mag_sched_config config = test_sched_config(workers);

    config.spin_us = (uint32_t)(test_random(random) % 60);
    prepare(storm, random, 8);
    storm->workers = workers;
    storm->handed_back = 0;
    assert_int_equal(mag_sched_start(&config, &storm->sched), 0);
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.storm = storm,
                                     .tokens = storm->tokens[i],
                                     .random = test_random(random) | 1};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    /* Sometimes stops in the middle of it all. */
    if (test_random(random) % 2)
        (void)usleep((useconds_t)(test_random(random) % 2000));
    else
        for (unsigned i = 0; i < POSTERS; i++)
            (void)pthread_join(threads[i], NULL), threads[i] = 0;
    assert_int_equal(mag_sched_stop(storm->sched, mode, -1, hand_back, storm), 0);
    for (unsigned i = 0; i < POSTERS; i++)
        if (threads[i] != 0)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
    check(storm, &lost);
    assert_int_equal(lost, 0);
    /* A drain runs all accepted jobs. */
    if (mode == MAG_SCHED_DRAIN)
        assert_int_equal(storm->handed_back, 0);
    mag_sched_destroy(storm->sched);
}

static void every_job_runs_once_or_is_handed_back(void **state)
{
    struct storm *storm = calloc(1, sizeof(*storm));
    uint64_t random = test_seed();
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    (void)state;

    assert_non_null(storm);
    for (uint32_t round = 0; test_goes_on(round, test_rounds(200)); round++) {
        uint32_t choices[] = {1, 2, 3, (uint32_t)cpus, 2 * (uint32_t)cpus};

        storm_once(storm, &random, choices[test_random(&random) % 5]);
    }
    free(storm);
}

static void a_scheduler_starts_and_stops_ten_thousand_times(void **state)
{
    (void)state;
    for (uint32_t round = 0; test_goes_on(round, test_rounds(10000)); round++) {
        struct mag_sched *sched;

        sched = test_sched_start(1 + round % 3);
        mag_sched_destroy(sched);
    }
}

/* Two threads from outside and parked workers.  Each post waits for the one before it, so
 * a single lost wake stops everything. */
struct pingpong {
    struct mag_job job;
    _Atomic(uint64_t) seen;
};

static void pong(struct mag_job *job)
{
    struct pingpong *self = (struct pingpong *)(void *)job;

    /* release: the job may be posted again. */
    (void)atomic_fetch_add_explicit(&self->seen, 1, memory_order_release);
}

static void no_wake_up_is_lost(void **state)
{
    struct pingpong ball = {.job = {.run = pong}};
    uint64_t random = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 4; workers++) {
        struct mag_sched *sched;
        struct mag_sched_config config = test_sched_config(workers);

        config.spin_us = 0;
        atomic_init(&ball.seen, 0);
        assert_int_equal(mag_sched_start(&config, &sched), 0);
        for (uint64_t i = 1; test_goes_on(i - 1, test_rounds(20000)); i++) {
            if (test_random(&random) % 2)
                assert_int_equal(mag_sched_post(sched, &ball.job), 0);
            else
                assert_int_equal(
                    mag_sched_post_worker(sched, &ball.job, (uint32_t)(i % workers)), 0);
            assert_true(test_spin_for(&ball.seen, i));
            for (uint64_t pause = test_random(&random) % 300; pause > 0; pause--)
                test_pause();
        }
        mag_sched_destroy(sched);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once_or_is_handed_back),
        cmocka_unit_test(a_scheduler_starts_and_stops_ten_thousand_times),
        cmocka_unit_test(no_wake_up_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

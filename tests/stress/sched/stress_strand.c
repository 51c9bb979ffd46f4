/*
 * Jobs posted to several strands from threads and from jobs, while the scheduler stops:
 * each runs exactly once, or its post is refused, or it is handed back; and two jobs of
 * one strand never run at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/strand.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { POSTERS = 3, STRANDS = 4, JOBS = 2000 };

struct lane {
    struct mag_strand strand;
    uint64_t entered; /* plain: a race on it is reported */
    _Atomic(uint32_t) inside;
    _Atomic(uint32_t) collisions;
};

struct token {
    struct mag_job job;
    struct storm *storm;
    struct lane *lane; /* where it was last posted */
    uint32_t hops;     /* how often it will still post itself */
    uint64_t random;
    _Atomic(uint32_t) ends; /* how often it ran for the last time, or was handed back */
};

struct storm {
    struct mag_sched *sched;
    struct lane lanes[STRANDS];
    struct token tokens[POSTERS][JOBS];
};

static void end(struct token *token)
{
    /* relaxed: read after all threads are joined. */
    (void)atomic_fetch_add_explicit(&token->ends, 1, memory_order_relaxed);
}

static int post_somewhere(struct token *token)
{
    token->lane = &token->storm->lanes[test_random(&token->random) % STRANDS];
    return mag_strand_post(&token->lane->strand, &token->job);
}

static void hop(struct mag_job *job)
{
    struct token *token = (struct token *)(void *)job;
    struct lane *lane = token->lane;

    /* relaxed, all: the strand itself must order them. */
    if (atomic_fetch_add_explicit(&lane->inside, 1, memory_order_relaxed) != 0) {
        /* relaxed: read after all threads are joined. */
        (void)atomic_fetch_add_explicit(&lane->collisions, 1, memory_order_relaxed);
    }
    lane->entered++;
    for (uint64_t pause = test_random(&token->random) % 100; pause > 0; pause--)
        test_pause();
    /* relaxed: as above. */
    (void)atomic_fetch_sub_explicit(&lane->inside, 1, memory_order_relaxed);
    /* Refused only while the scheduler is being canceled: then this was its last run. */
    if (token->hops-- == 0 || post_somewhere(token) != 0)
        end(token);
}

static void hand_back(struct mag_job *job, void *arg)
{
    (void)arg;
    end((struct token *)(void *)job);
}

struct poster {
    struct token *tokens;
    uint64_t random;
};

static void *post_all(void *arg)
{
    struct poster *poster = arg;

    for (unsigned i = 0; i < JOBS; i++) {
        if (post_somewhere(&poster->tokens[i]) != 0)
            end(&poster->tokens[i]);
        /* Now and then waits long enough for strands to become idle. */
        if (test_random(&poster->random) % 256 == 0)
            (void)usleep(100);
    }
    return NULL;
}

static void prepare(struct storm *storm, uint64_t *random)
{
    for (unsigned i = 0; i < POSTERS * JOBS; i++) {
        struct token *token = &storm->tokens[i / JOBS][i % JOBS];

        token->job.run = hop;
        token->storm = storm;
        token->hops = (uint32_t)(test_random(random) % 6);
        token->random = test_random(random) | 1;
        atomic_init(&token->ends, 0);
    }
    for (unsigned i = 0; i < STRANDS; i++) {
        storm->lanes[i] = (struct lane){.entered = 0};
        mag_strand_init(&storm->lanes[i].strand, storm->sched);
    }
}

static void check(struct storm *storm)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < POSTERS * JOBS; i++) {
        /* relaxed: all threads are joined. */
        wrong += atomic_load_explicit(&storm->tokens[i / JOBS][i % JOBS].ends,
                                      memory_order_relaxed) != 1;
    }
    assert_int_equal(wrong, 0);
    for (unsigned i = 0; i < STRANDS; i++) {
        /* relaxed: as above. */
        assert_int_equal(
            atomic_load_explicit(&storm->lanes[i].collisions, memory_order_relaxed), 0);
        assert_int_equal(mag_strand_fini(&storm->lanes[i].strand), 0);
    }
}

static void storm_once(struct storm *storm, uint64_t *random, uint32_t workers)
{
    enum mag_sched_stop mode =
        test_random(random) % 2 ? MAG_SCHED_DRAIN : MAG_SCHED_CANCEL;
    pthread_t threads[POSTERS];
    struct poster posters[POSTERS];
    struct mag_sched_config config = test_sched_config(workers);

    config.spin_us = (uint32_t)(test_random(random) % 60);
    assert_int_equal(mag_sched_start(&config, &storm->sched), 0);
    prepare(storm, random);
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.tokens = storm->tokens[i],
                                     .random = test_random(random) | 1};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    (void)usleep((useconds_t)(test_random(random) % 4000));
    assert_int_equal(mag_sched_stop(storm->sched, mode, -1, hand_back, NULL), 0);
    for (unsigned i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    check(storm);
    mag_sched_destroy(storm->sched);
}

static void jobs_of_strands_run_once_and_alone_or_are_handed_back(void **state)
{
    struct storm *storm = calloc(1, sizeof(*storm));
    uint64_t random = test_seed();
    (void)state;

    assert_non_null(storm);
    for (uint32_t round = 0; test_goes_on(round, test_rounds(200)); round++)
        storm_once(storm, &random, 1 + (uint32_t)(test_random(&random) % 4));
    free(storm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_of_strands_run_once_and_alone_or_are_handed_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

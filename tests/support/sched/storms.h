/*
 * storms.h - what stress tests share that run random calls from several threads at once
 * on one scheduler.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_STORMS_H
#define TESTS_SUPPORT_SCHED_STORMS_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <pthread.h>

enum { TEST_STORM_THREADS = 3, TEST_STORM_WORKERS = 4 };

/* One thread of a storm: the first member of the test's own struct. */
struct test_storm {
    struct mag_sched *sched;
    uint64_t random;
    uint32_t rounds;
    uint64_t wrong; /* what the thread found wrong */
};

/* Pauses a little; how long, depends on the number. */
static inline void test_pause_at(size_t number)
{
    for (size_t i = number * 2654435761U % 200; i > 0; i--)
        test_pause();
}

/* Runs `run` on several threads, each with its element of an array of storms of `size`
 * bytes, and asserts that nothing was wrong; then again with more workers. */
static inline void test_storms(void *(*run)(void *storm), void *storms, size_t size,
                               unsigned rounds)
{
    uint64_t random = test_seed();

    for (uint32_t workers = 1; workers <= TEST_STORM_WORKERS; workers++) {
        struct mag_sched *sched = test_sched_start(workers);
        pthread_t threads[TEST_STORM_THREADS];

        for (size_t i = 0; i < TEST_STORM_THREADS; i++) {
            struct test_storm *storm = (void *)((char *)storms + i * size);

            *storm = (struct test_storm){sched, test_random(&random) | 1,
                                         test_rounds(rounds), 0};
            assert_int_equal(pthread_create(&threads[i], NULL, run, storm), 0);
        }
        for (size_t i = 0; i < TEST_STORM_THREADS; i++) {
            const struct test_storm *storm = (const void *)((char *)storms + i * size);

            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(storm->wrong, 0);
        }
        mag_sched_destroy(sched);
    }
}

#endif

/*
 * run.h - what tests share: the seed of this run, its scale, and waiting with a limit.
 *
 * MAG_TEST_SEED   a number: repeats a run that printed it
 * MAG_TEST_SCALE  percent of the usual rounds, 1 to 10000; slow builds lower it
 * MAG_TEST_FENCES 1: owners fence, as on a kernel that refuses membarrier
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_RUN_H
#define TESTS_SUPPORT_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* gcc tells of sanitizers by macros, clang by features. */
#if defined(__SANITIZE_ADDRESS__)
#    define TEST_UNDER_ASAN 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define TEST_UNDER_ASAN 1
#    endif
#endif
#if defined(__SANITIZE_THREAD__)
#    define TEST_UNDER_TSAN 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define TEST_UNDER_TSAN 1
#    endif
#endif

/* The seed of this run; printed when it is first asked for. */
uint64_t test_seed(void);

/* A random number from `*state`, which is never 0. */
uint64_t test_random(uint64_t *state);

/* `rounds` by MAG_TEST_SCALE, at least 1. */
uint32_t test_rounds(uint32_t rounds);

/* Monotonic seconds. */
double test_now(void);

void test_sleep_ms(unsigned milliseconds);

/* Waits until `*word` is at least `wanted`, at most a minute.  False: it is not. */
bool test_wait_for(_Atomic(uint64_t) *word, uint64_t wanted);

/* A few instructions of doing nothing. */
static inline void test_pause(void)
{
    volatile unsigned char nothing = 0;

    /* Volatile: no compiler removes the loop around it. */
    (void)nothing;
}

/* CPU seconds that this process has used. */
double test_cpu_seconds(void);

#endif

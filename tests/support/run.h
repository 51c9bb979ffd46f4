/*
 * run.h - what tests share: the seed of this run, its scale, and waiting with a limit.
 *
 * MAG_TEST_SEED   a number: repeats a run that printed it
 * MAG_TEST_SCALE  percent of the usual rounds, 1 to 10000; slow builds lower it
 * MAG_TEST_SLOW   how many times slower than usual the machine is: multiplies all limits
 * MAG_TEST_FENCES 1: owners fence, as on a kernel that refuses membarrier
 *
 * No test passes or fails by how long something takes, because a machine may be busy. A
 * limit ends a test that would otherwise hang, and comes from test_limit_s.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_RUN_H
#define TESTS_SUPPORT_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* gcc reports sanitizers by macros, clang by features. */
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

/* A random number below `limit`. */
static inline unsigned test_random_below(uint64_t *state, unsigned limit)
{
    return (unsigned)(test_random(state) % limit);
}

/* `rounds` scaled by MAG_TEST_SCALE, at least 1. */
uint32_t test_rounds(uint32_t rounds);

/* How many seconds a test waits for something that must happen, before the test has
 * failed: `seconds`, or the usual limit if 0, times MAG_TEST_SLOW. */
uint32_t test_limit_s(uint32_t seconds);

/* Whether a wait that began at `since`, by test_now, has lasted for the usual limit, so
 * that the test has failed. */
bool test_gives_up(double since);

/* Whether a stress test goes on with round number `round` of `rounds`, from 0.  A program
 * that has run for minutes skips the remaining rounds, and says so once: a busy machine
 * does fewer. */
bool test_goes_on(uint64_t round, uint64_t rounds);

/* Monotonic seconds; the clock that they come from. */
double test_now(void);
int64_t test_now_ns(void);

void test_sleep_ms(unsigned milliseconds);

/* Waits until `*word` is at least `wanted`, within the usual limit.  False: it is not. */
bool test_wait_for(_Atomic(uint64_t) *word, uint64_t wanted);

/* The same for waits of less than a microsecond: at first looks again at once. */
bool test_spin_for(_Atomic(uint64_t) *word, uint64_t wanted);

/* For words that test_wait_for waits for: everything done before test_add is visible to
 * the thread that has seen the sum. */
static inline uint64_t test_add(_Atomic(uint64_t) *word, uint64_t value)
{
    /* release: see above. */
    return atomic_fetch_add_explicit(word, value, memory_order_release);
}

static inline uint64_t test_read(_Atomic(uint64_t) *word)
{
    /* acquire: pairs with test_add. */
    return atomic_load_explicit(word, memory_order_acquire);
}

/* Does nothing for a few instructions. */
static inline void test_pause(void)
{
    volatile unsigned char nothing = 0;

    /* Volatile, so that no compiler removes the loop around it. */
    (void)nothing;
}

/* Call before look number `tries` + 1 at something that another thread is about to do.
 * Spins at first, then sleeps a little, so that the other thread can run. */
void test_turn(unsigned tries);

#endif

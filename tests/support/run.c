/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/run.h"

#include "base/asym.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* The usual limit, and when a stress test has run long; ctest's limits are some minutes
 * more. */
enum { LIMIT_S = 60, LONG_S = 240 };

/* How many looks a wait makes before it sleeps between looks. */
enum { SPINS = 1000 };

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

/* When the program began, and MAG_TEST_SLOW. */
static double began, slowness = 1;

#ifdef TEST_UNDER_ASAN
/* Before each fork(): AddressSanitizer's malloc has locks that nobody gives back in the
 * child.  Gives threads that were just started the time to leave it. */
static void settle(void)
{
    test_sleep_ms(20);
}
#endif

/* Before main, because the form of the barriers is decided once for a process. */
__attribute__((constructor)) static void begin(void)
{
    const char *slow = getenv("MAG_TEST_SLOW");

    began = test_now();
    if (slow != NULL && strtod(slow, NULL) > 0)
        slowness = strtod(slow, NULL);
    if (from_environment("MAG_TEST_FENCES", 0) != 0)
        mag_asym_force_fences();
#ifdef TEST_UNDER_ASAN
    (void)pthread_atfork(settle, NULL, NULL);
#endif
}

uint64_t test_seed(void)
{
    static uint64_t seed;

    if (seed == 0) {
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        seed = from_environment("MAG_TEST_SEED",
                                (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 20) |
               1;
        (void)printf("MAG_TEST_SEED=%llu\n", (unsigned long long)seed);
        (void)fflush(stdout);
    }
    return seed;
}

uint64_t test_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dULL;
}

uint32_t test_rounds(uint32_t rounds)
{
    uint64_t scaled = rounds * from_environment("MAG_TEST_SCALE", 100) / 100;

    return scaled != 0 ? (uint32_t)scaled : 1;
}

int64_t test_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double test_now(void)
{
    return (double)test_now_ns() * 1e-9;
}

void test_sleep_ms(unsigned milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};

    while (nanosleep(&time, &time) != 0) {
        /* EINTR: sleep the rest of the time. */
    }
}

uint32_t test_limit_s(uint32_t seconds)
{
    double limit = slowness * (seconds != 0 ? seconds : LIMIT_S);

    return limit > 1 ? (uint32_t)limit : 1;
}

bool test_gives_up(double since)
{
    return test_now() - since > test_limit_s(0);
}

bool test_goes_on(uint64_t round, uint64_t rounds)
{
    static _Atomic(bool) said;

    if (round >= rounds)
        return false;
    if (round == 0 || test_now() - began < test_limit_s(LONG_S))
        return true;
    /* relaxed: only avoids a second line. */
    if (!atomic_exchange_explicit(&said, true, memory_order_relaxed))
        (void)printf("a busy machine: from round %llu of %llu on they are left out\n",
                     (unsigned long long)round, (unsigned long long)rounds);
    return false;
}

void test_turn(unsigned tries)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = 50000};

    if (tries < SPINS)
        test_pause();
    else
        (void)nanosleep(&pause, NULL);
}

bool test_wait_for(_Atomic(uint64_t) *word, uint64_t wanted)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = 50000};
    double since = test_now();

    for (;;) {
        /* acquire: everything done before the word was increased is visible. */
        if (atomic_load_explicit(word, memory_order_acquire) >= wanted)
            return true;
        if (test_gives_up(since))
            return false;
        (void)nanosleep(&pause, NULL);
    }
}

bool test_spin_for(_Atomic(uint64_t) *word, uint64_t wanted)
{
    for (unsigned tries = 0; tries < SPINS; tries++) {
        /* acquire: as in test_wait_for. */
        if (atomic_load_explicit(word, memory_order_acquire) >= wanted)
            return true;
        test_pause();
    }
    return test_wait_for(word, wanted);
}

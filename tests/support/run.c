/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/run.h"

#include "sched/asym.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_S = 60 };

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

/* Before main, because the form of the barriers is decided once per process. */
__attribute__((constructor)) static void choose_barriers(void)
{
    if (from_environment("MAG_TEST_FENCES", 0) != 0)
        mag_asym_force_fences();
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

double test_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void test_sleep_ms(unsigned milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};

    while (nanosleep(&time, &time) != 0) {
        /* EINTR: sleep the rest. */
    }
}

bool test_wait_for(_Atomic(uint64_t) *word, uint64_t wanted)
{
    double until = test_now() + LIMIT_S;
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = 50000};

    for (;;) {
        /* acquire: what was done before the word was counted up is visible. */
        if (atomic_load_explicit(word, memory_order_acquire) >= wanted)
            return true;
        if (test_now() > until)
            return false;
        (void)nanosleep(&pause, NULL);
    }
}

double test_cpu_seconds(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

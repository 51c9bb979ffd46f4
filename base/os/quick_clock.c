/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/quick_clock.h"

#include "base/os/clock.h"

#include <pthread.h>
#include <stdbool.h>

#if defined(__x86_64__)
#    include <cpuid.h>
#endif

enum {
    /* So long the rate is measured, at least. */
    MEASURED_NS = 10000000,
    /* A look at both clocks that takes more ticks was interrupted. */
    LOOK_TICKS = 5000,
    LOOKS = 10
};

struct mag_quick_clock mag_quick_clock;

/* A moment, by both clocks. */
struct moment {
    uint64_t ticks;
    int64_t ns;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* [I] after `once`. */
static struct moment began;
static bool usable;

/* Whether the counter runs at one rate, whatever the processor does. */
static bool is_steady(void)
{
#if defined(__x86_64__)
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;

    return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & 1U << 8) != 0;
#else
    return mag_os_ticks() != 0;
#endif
}

/* Looks at both clocks.  False: this thread was interrupted each time. */
static bool look(struct moment *ret_moment)
{
    for (int i = 0; i < LOOKS; i++) {
        uint64_t ticks = mag_os_ticks();

        ret_moment->ns = mag_os_now_ns();
        ret_moment->ticks = mag_os_ticks();
        if (ret_moment->ticks - ticks <= LOOK_TICKS)
            return true;
    }
    return false;
}

static void begin(void)
{
    usable = is_steady() && look(&began);
}

/* By one thread at a time. */
static void measure_rate(void)
{
    struct moment now;

    /* relaxed: written under the lock. */
    if (atomic_load_explicit(&mag_quick_clock.rate, memory_order_relaxed) != 0 ||
        !look(&now) || now.ticks <= began.ticks)
        return;
    double rate = (double)(now.ns - began.ns) / (double)(now.ticks - began.ticks);
    mag_quick_clock.ticks = now.ticks;
    mag_quick_clock.ns = now.ns;
    /* rate, release: the moment is complete. */
    atomic_store_explicit(&mag_quick_clock.rate, (uint64_t)(rate * 4294967296.0) | 1,
                          memory_order_release);
}

int64_t mag_os_quick_ns_slow(void)
{
    (void)pthread_once(&once, begin);
    int64_t now = mag_os_now_ns();

    if (usable && now - began.ns >= MEASURED_NS && pthread_mutex_trylock(&lock) == 0) {
        measure_rate();
        (void)pthread_mutex_unlock(&lock);
        now = mag_os_now_ns();
    }
    return now;
}

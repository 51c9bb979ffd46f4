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
    CLOCK_LOOKS = 10
};

struct mag_quick_clock mag_quick_clock;

/* A moment, by both clocks. */
struct clock_moment {
    uint64_t ticks;
    int64_t ns;
};

static pthread_once_t rate_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t rate_lock = PTHREAD_MUTEX_INITIALIZER;
/* [I] after `rate_once`. */
static struct clock_moment rate_began;
static bool rate_usable;

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
static bool look_at_both(struct clock_moment *ret_moment)
{
    for (int i = 0; i < CLOCK_LOOKS; i++) {
        uint64_t ticks = mag_os_ticks();

        ret_moment->ns = mag_os_now_ns();
        ret_moment->ticks = mag_os_ticks();
        if (ret_moment->ticks - ticks <= LOOK_TICKS)
            return true;
    }
    return false;
}

static void begin_rate(void)
{
    rate_usable = is_steady() && look_at_both(&rate_began);
}

/* By one thread at a time. */
static void measure_rate(void)
{
    struct clock_moment now;

    /* relaxed: written under the lock. */
    if (atomic_load_explicit(&mag_quick_clock.rate, memory_order_relaxed) != 0 ||
        !look_at_both(&now) || now.ticks <= rate_began.ticks)
        return;
    double rate =
        (double)(now.ns - rate_began.ns) / (double)(now.ticks - rate_began.ticks);
    mag_quick_clock.ticks = now.ticks;
    mag_quick_clock.ns = now.ns;
    /* rate, release: the moment is complete. */
    atomic_store_explicit(&mag_quick_clock.rate, (uint64_t)(rate * 4294967296.0) | 1,
                          memory_order_release);
}

int64_t mag_os_quick_ns_slow(void)
{
    (void)pthread_once(&rate_once, begin_rate);
    int64_t now = mag_os_now_ns();

    if (rate_usable && now - rate_began.ns >= MEASURED_NS &&
        pthread_mutex_trylock(&rate_lock) == 0) {
        measure_rate();
        (void)pthread_mutex_unlock(&rate_lock);
        now = mag_os_now_ns();
    }
    return now;
}

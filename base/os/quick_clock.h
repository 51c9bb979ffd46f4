/*
 * quick_clock.h - the time at a third of the price, for decisions that may be a little
 * wrong.  Private to the library; see base/os.h.
 *
 * The kernel's clock takes about 50 cycles, and the processor's counter about 20.  Where
 * the counter runs at one rate on all processors, its rate is measured once, against the
 * kernel's clock, while the program runs.  Until then, and on other machines, the quick
 * clock is the kernel's.
 *
 * Ownership: `rate` is written once.  Edges: release end -> acquire end : what crosses
 *   rate   measure_rate (rate) -> mag_os_quick_ns (rate) : the moment that goes with it
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_QUICK_CLOCK_H
#define BASE_OS_QUICK_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

/* A moment, by both clocks, and the counter's rate. */
struct mag_quick_clock {
    _Atomic(uint64_t) rate; /* nanoseconds in 2^32 ticks; 0: not measured */
    uint64_t ticks;
    int64_t ns;
};

extern struct mag_quick_clock mag_quick_clock;

/* As mag_os_quick_ns where the rate is not known. */
int64_t mag_os_quick_ns_slow(void);

/* The processor's counter; 0: none that could be used. */
static inline uint64_t mag_os_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    return 0;
#endif
}

/* Monotonic time for one thread, if the counter is so.  It runs as fast as mag_os_now_ns,
 * within a hundredth. */
static inline int64_t mag_os_quick_ns(void)
{
    __extension__ typedef unsigned __int128 wide;
    /* rate, acquire: the moment is complete. */
    uint64_t rate = atomic_load_explicit(&mag_quick_clock.rate, memory_order_acquire);

    if (__builtin_expect(rate == 0, 0))
        return mag_os_quick_ns_slow();
    uint64_t ticks = mag_os_ticks() - mag_quick_clock.ticks;
    return mag_quick_clock.ns + (int64_t)(uint64_t)((wide)ticks * rate >> 32);
}

#endif

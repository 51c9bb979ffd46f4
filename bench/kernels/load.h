/*
 * load.h - loads that a thread pool is put under from outside, and how it bears them: the
 * same code for Magpie and for every peer in C or C++.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_LOAD_H
#define BENCH_KERNELS_LOAD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A pool, as a load sees it. */
struct kernel_pool {
    /* Has some thread of the pool call `function(arg)`.  0, or a negative errno. */
    int (*submit)(void *context, void (*function)(void *arg), void *arg);
    void *context;
};

/* A load's outcome. */
struct kernel_load {
    uint64_t done;  /* how many of its units were done */
    double seconds; /* what was measured, for all units together */
};

/* Jobs of a burst, and the work of one: about 10 us. */
enum { KERNEL_BURST_JOBS = 100 };

/*
 * `count` bursts, one each millisecond, or as soon as the last one is over: 100 jobs of
 * 10 us are submitted, and the burst is over when all have run.  Measures the time of
 * which 99 of 100 bursts stay below, as if every burst had taken that.
 *
 *   Returns    0; a negative errno
 */
int kernel_load_bursts(const struct kernel_pool *pool, uint64_t count,
                       struct kernel_load *ret_load);

/*
 * One empty job each millisecond, `count` in all.  Measures the CPU time of the whole
 * process meanwhile.
 *
 *   Returns    as kernel_load_bursts
 */
int kernel_load_trickle(const struct kernel_pool *pool, uint64_t count,
                        struct kernel_load *ret_load);

#ifdef __cplusplus
}
#endif

#endif

/*
 * tick.h - a program that computes at each tick of a clock: a short region, then a pause
 * of 0.1 to 10 ms.  The same for Magpie and for every peer in C or C++.
 *
 * A region has KERNEL_TICK_PARTS parts of about 12 us each, which a library may divide
 * among its threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_TICK_H
#define BENCH_KERNELS_TICK_H

#include "bench/kernels/load.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { KERNEL_TICK_PARTS = 8 };

/* Which percentile a row shows. */
enum { KERNEL_TICK_MEDIAN = 50, KERNEL_TICK_BAD = 99 };

/* The number of one part, after its work. */
uint64_t kernel_tick_part(uint64_t tick, uint32_t part);

/* Computes the exclusive or of a tick's parts.  0, or a negative errno. */
typedef int (*kernel_tick_region)(void *context, uint64_t tick, uint64_t *ret_sum);

/*
 * Calls `region` for `count` ticks, each after a pause.  Measures the time of which
 * `percent` of 100 regions stay below, as if every region had taken that.  `done` is the
 * number of regions with the right sum.
 *
 *   Returns    0; -ENOMEM; the error of a region
 */
int kernel_tick(kernel_tick_region region, void *context, uint64_t count,
                unsigned percent, struct kernel_load *ret_load);

#ifdef __cplusplus
}
#endif

#endif

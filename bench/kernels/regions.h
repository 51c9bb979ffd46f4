/*
 * regions.h - the work of one leaf of a small parallel region.
 *
 * A leaf is 600 steps of a shift register, which no compiler shortens.  The steps are
 * linear over exclusive or: the exclusive or of all leaves is 600 steps from the
 * exclusive or of their seeds, so the answer is known without doing the work.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_REGIONS_H
#define BENCH_KERNELS_REGIONS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Leaves of a region, of about 1.25 us each. */
enum { KERNEL_REGION_LEAVES = 16 };

/* The number that a seed becomes. */
uint64_t kernel_region_steps(uint64_t seed);

static inline uint64_t kernel_region_seed(uint64_t region, uint32_t leaf)
{
    return region * KERNEL_REGION_LEAVES + leaf + 1;
}

/* The number of one leaf, after its work. */
static inline uint64_t kernel_region_leaf(uint64_t region, uint32_t leaf)
{
    return kernel_region_steps(kernel_region_seed(region, leaf));
}

/* The exclusive or of all leaves of a region. */
uint64_t kernel_region_serial(uint64_t region);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/regions.h"

enum { STEPS = 600 };

/* Not inlined: a compiler that sees several leaves computes them together, in vectors. */
__attribute__((noinline)) uint64_t kernel_region_steps(uint64_t seed)
{
    uint64_t x = seed;

    for (int i = 0; i < STEPS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

uint64_t kernel_region_serial(uint64_t region)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < KERNEL_REGION_LEAVES; i++)
        sum ^= kernel_region_leaf(region, i);
    return sum;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/uneven.h"

enum { LEAST = 10, MOST = 100000, EACH = 50 };

/* A step takes about a nanosecond. */
static uint64_t steps(uint64_t seed, uint64_t count)
{
    uint64_t x = seed;

    for (uint64_t i = 0; i < count; i++) {
        x = x * UINT64_C(0x9e3779b97f4a7c15) + 1;
        x ^= x >> 32;
    }
    return x;
}

uint64_t kernel_pareto(uint64_t index)
{
    uint64_t chance = (steps(index, 2) >> 32) + 1;
    uint64_t count = ((uint64_t)LEAST << 32) / chance;

    return steps(index, count < MOST ? count : MOST);
}

uint64_t kernel_triangle(uint64_t index)
{
    return steps(index, index);
}

uint64_t kernel_nested(uint64_t outer, uint64_t inner)
{
    return steps(outer * KERNEL_INNER + inner, EACH);
}

uint64_t kernel_pareto_serial(void)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < KERNEL_PARETO; i++)
        sum += kernel_pareto(i);
    return sum;
}

uint64_t kernel_triangle_serial(void)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < KERNEL_TRIANGLE; i++)
        sum += kernel_triangle(i);
    return sum;
}

uint64_t kernel_nested_serial(void)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < KERNEL_OUTER; i++) {
        for (uint64_t k = 0; k < KERNEL_INNER; k++)
            sum += kernel_nested(i, k);
    }
    return sum;
}

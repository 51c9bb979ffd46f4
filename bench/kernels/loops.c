/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/loops.h"

uint64_t kernel_loop_mix(uint64_t begin, uint64_t end)
{
    uint64_t sum = 0;

    for (uint64_t i = begin; i < end; i++)
        sum += kernel_loop_mixed(i);
    return sum;
}

uint64_t kernel_loop_count(uint64_t begin, uint64_t end)
{
    uint64_t sum = 0;

    for (uint64_t i = begin; i < end; i++) {
        sum++;
        /* Keeps the loop a loop. */
        __asm__ volatile("" : "+r"(sum));
    }
    return sum;
}

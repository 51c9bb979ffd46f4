/*
 * loops.h - loops of short iterations: with nothing to do, or about a nanosecond each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_LOOPS_H
#define BENCH_KERNELS_LOOPS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many indices the loops of each row have. */
enum {
    KERNEL_LOOP_EMPTY = 16,
    KERNEL_LOOP_1US = 1000,
    KERNEL_LOOP_10US = 10000,
    KERNEL_LOOP_100US = 100000,
    KERNEL_LOOP_1MS = 1000000
};

/* The work of an index; about a nanosecond. */
static inline uint64_t kernel_loop_mixed(uint64_t i)
{
    i = i * UINT64_C(0x9e3779b97f4a7c15) + 1;
    i ^= i >> 32;
    return i * UINT64_C(0xd1342543de82ef95);
}

/* The sum over the indices from `begin` to `end` - 1; and their number, counted one by
 * one. */
uint64_t kernel_loop_mix(uint64_t begin, uint64_t end);
uint64_t kernel_loop_count(uint64_t begin, uint64_t end);

#ifdef __cplusplus
}
#endif

#endif

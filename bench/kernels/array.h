/*
 * array.h - sums of an array of doubles, and its running sums.
 *
 * The numbers are small integers, so every sum is exact in any order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_ARRAY_H
#define BENCH_KERNELS_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kernel_array {
    double *in;
    double *out; /* the running sums; NULL: only the sum is wanted */
    uint64_t count;
};

/* NULL: out of memory.  The numbers are written. */
struct kernel_array *kernel_array_new(uint64_t count, int with_sums);
void kernel_array_free(struct kernel_array *array); /* NULL is ignored */

/* The sum of the first `count` numbers, and that of all. */
uint64_t kernel_array_total(uint64_t count);

/* `before` and the sum of the numbers from `begin` to `end` - 1. */
double kernel_array_sum(const struct kernel_array *array, size_t begin, size_t end,
                        double before);

/* The same, and writes the running sums. */
double kernel_array_scan(const struct kernel_array *array, size_t begin, size_t end,
                         double before);

/* Forgets the running sums. */
void kernel_array_clear(struct kernel_array *array);

/* How many of the running sums are right. */
uint64_t kernel_array_answer(const struct kernel_array *array);

#ifdef __cplusplus
}
#endif

#endif

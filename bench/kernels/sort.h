/*
 * sort.h - the pieces of cilksort and of the rows sort-...: their numbers, the plain
 * sort and merge of cilksort's leaves, that sort done serially, and the check of the
 * order.
 *
 * The numbers are a scrambled 0, 1, 2 ... without repetition, so that the result can be
 * checked without a second sort.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_SORT_H
#define BENCH_KERNELS_SORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Up to so many numbers a plain sort and a plain merge are faster. */
enum { KERNEL_SORT_GRAIN = 2048, KERNEL_MERGE_GRAIN = 2048 };

struct kernel_sort {
    uint32_t *values;
    uint32_t *spare; /* the merges write here by turns */
    uint64_t count;
};

/* NULL: out of memory. */
struct kernel_sort *kernel_sort_new(uint64_t count);
void kernel_sort_free(struct kernel_sort *sort); /* NULL is ignored */

/* Writes the numbers in their scrambled order. */
void kernel_sort_fill(struct kernel_sort *sort);

/* How many numbers are in order; 0 if they are not the original ones. */
uint64_t kernel_sort_answer(const struct kernel_sort *sort);

/* Writes the numbers from 0 on in order, but for one in a hundred, which is exchanged
 * with another; and how many are in order. */
void kernel_sort_fill_nearly(struct kernel_sort *sort);
uint64_t kernel_sort_answer_nearly(const struct kernel_sort *sort);

/* Sorts in place. */
void kernel_sort_plain(uint32_t *values, size_t count);

/* Merges two sorted sequences. */
void kernel_merge_plain(const uint32_t *a, size_t a_count, const uint32_t *b,
                        size_t b_count, uint32_t *into);

/* How many of the sorted values are less than `limit`. */
size_t kernel_count_below(const uint32_t *values, size_t count, uint32_t limit);

/* Sorts quarters and merges them, one after the other. */
void kernel_sort_serial(uint32_t *values, uint32_t *spare, size_t count);

#ifdef __cplusplus
}
#endif

#endif

/*
 * nqueens.h - one row of the n queens problem at a time.
 *
 * A board is three sets of columns: those taken, and those that the rising and the
 * falling diagonals attack in the next row.  `full` is the set of all columns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_NQUEENS_H
#define BENCH_KERNELS_NQUEENS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { KERNEL_QUEENS_MAX = 20 };

/* All columns of a board of n x n. */
static inline uint32_t kernel_queens_full(uint64_t n)
{
    return (UINT32_C(1) << n) - 1;
}

/* The columns of the next row that no queen attacks. */
static inline uint32_t kernel_queens_free(uint32_t full, uint32_t taken, uint32_t rising,
                                          uint32_t falling)
{
    return full & ~(taken | rising | falling);
}

/* The first of the free columns, as a set of one; and the others. */
static inline uint32_t kernel_queens_first(uint32_t free)
{
    return free & -free;
}

static inline uint32_t kernel_queens_rest(uint32_t free)
{
    return free & (free - 1);
}

/* The diagonals that are attacked in the row after one with `queen`. */
static inline uint32_t kernel_queens_rising(uint32_t rising, uint32_t queen)
{
    return (rising | queen) << 1;
}

static inline uint32_t kernel_queens_falling(uint32_t falling, uint32_t queen)
{
    return (falling | queen) >> 1;
}

/* The number of ways to complete a board. */
uint64_t kernel_queens_serial(uint32_t full, uint32_t taken, uint32_t rising,
                              uint32_t falling);

#ifdef __cplusplus
}
#endif

#endif

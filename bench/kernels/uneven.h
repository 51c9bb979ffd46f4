/*
 * uneven.h - loops whose indices take different times: with a heavy tail, growing, and
 * loops inside a loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_UNEVEN_H
#define BENCH_KERNELS_UNEVEN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    KERNEL_PARETO = 20000,  /* indices */
    KERNEL_TRIANGLE = 2000, /* indices */
    KERNEL_OUTER = 40,
    KERNEL_INNER = 1000 /* indices of each inner loop */
};

/* The work of an index, which gives a number.  A Pareto distribution: half of the indices
 * take at most 20 steps, one in a hundred 1000 and more, one in ten thousand 100000. */
uint64_t kernel_pareto(uint64_t index);
/* Index i takes i steps. */
uint64_t kernel_triangle(uint64_t index);
/* 50 steps. */
uint64_t kernel_nested(uint64_t outer, uint64_t inner);

/* The sum over all indices. */
uint64_t kernel_pareto_serial(void);
uint64_t kernel_triangle_serial(void);
uint64_t kernel_nested_serial(void);

#ifdef __cplusplus
}
#endif

#endif

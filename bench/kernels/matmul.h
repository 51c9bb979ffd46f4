/*
 * matmul.h - square matrices of doubles, multiplied tile by tile.
 *
 * Matrices are stored tile by tile, so that a tile lies together in memory whatever the
 * size.  The entries are small integers, so every sum is exact in any order.  The answer
 * is x' C y for two fixed vectors, which is known as (x' A) (B y) without multiplying.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_MATMUL_H
#define BENCH_KERNELS_MATMUL_H

#include "bench/kernels/tile.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kernel_matmul {
    kernel_tile_fn tile_add; /* with the widest vectors that this processor has */
    uint32_t rows;
    uint32_t tiles; /* in a row of tiles */
    double *a;
    double *b;
    double *c;
};

/* A cube of the computation, counted in tiles: C[row..][column..] is to receive what
 * A[row..][inner..] B[inner..][column..] adds, for `span` tiles each way. */
struct kernel_cube {
    uint32_t row;
    uint32_t column;
    uint32_t inner;
    uint32_t span;
};

/* A and B are filled in, C is not.  `rows` is KERNEL_TILE times a power of two.
 * NULL: out of memory. */
struct kernel_matmul *kernel_matmul_new(uint32_t rows);
void kernel_matmul_free(struct kernel_matmul *m); /* NULL is ignored */

/* Sets C to zero. */
void kernel_matmul_clear(const struct kernel_matmul *m);

/* x' C y, and what that is to be. */
uint64_t kernel_matmul_answer(const struct kernel_matmul *m);
uint64_t kernel_matmul_expected(uint64_t rows);

/* The whole computation. */
static inline struct kernel_cube kernel_matmul_cube(const struct kernel_matmul *m)
{
    struct kernel_cube all = {0, 0, 0, m->tiles};

    return all;
}

/* One of the eight parts of a cube; each of `down`, `right` and `in` is 0 or 1. */
static inline struct kernel_cube
kernel_cube_octant(struct kernel_cube cube, uint32_t down, uint32_t right, uint32_t in)
{
    uint32_t half = cube.span / 2;
    struct kernel_cube octant = {cube.row + down * half, cube.column + right * half,
                                 cube.inner + in * half, half};

    return octant;
}

static inline double *kernel_matmul_tile(const struct kernel_matmul *m, double *matrix,
                                         uint32_t row, uint32_t column)
{
    return matrix + ((size_t)row * m->tiles + column) * KERNEL_TILE_CELLS;
}

/* Computes a cube of one tile: the leaf. */
static inline void kernel_matmul_leaf(const struct kernel_matmul *m,
                                      struct kernel_cube cube)
{
    m->tile_add(kernel_matmul_tile(m, m->a, cube.row, cube.inner),
                kernel_matmul_tile(m, m->b, cube.inner, cube.column),
                kernel_matmul_tile(m, m->c, cube.row, cube.column));
}

/* Computes a cube, one leaf after the other. */
void kernel_matmul_serial(const struct kernel_matmul *m, struct kernel_cube cube);

#ifdef __cplusplus
}
#endif

#endif

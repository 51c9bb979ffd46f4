/*
 * tile.h - the product of two tiles of doubles, written once and compiled for the vectors
 * of each kind of processor.
 *
 * A tile is stored row by row.  Each form of the function is the same source
 * (tile_add.inc) with another width: a vector that is wider than the processor's is taken
 * apart by the compiler, and then spilled to memory at every step.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_TILE_H
#define BENCH_KERNELS_TILE_H

#ifdef __cplusplus
extern "C" {
#endif

/* Rows and columns of a tile. */
enum { KERNEL_TILE = 64, KERNEL_TILE_CELLS = KERNEL_TILE * KERNEL_TILE };

/* c += a b.  C overlaps neither A nor B. */
typedef void (*kernel_tile_fn)(const double *a, const double *b, double *c);

struct kernel_tile_form {
    const char *name; /* of the instructions that it is compiled for */
    kernel_tile_fn add;
};

/* Form `index` of those that this processor can run, the widest first.  NULL: there are
 * no more. */
const struct kernel_tile_form *kernel_tile_form_at(unsigned index);

/* The widest form that this processor can run. */
static inline const struct kernel_tile_form *kernel_tile_form(void)
{
    return kernel_tile_form_at(0);
}

#ifdef __cplusplus
}
#endif

#endif

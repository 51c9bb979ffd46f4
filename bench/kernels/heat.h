/*
 * heat.h - heat spreading over a square plate: each step every cell becomes the mean of
 * its four neighbours.
 *
 * The plate starts as half a sine wave each way with cold edges.  A step multiplies that
 * shape by cos(pi / (n + 1)) and changes nothing else, so every cell is known after any
 * number of steps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_HEAT_H
#define BENCH_KERNELS_HEAT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An even number, so that the result is in `now`. */
enum { KERNEL_HEAT_STEPS = 50 };

struct kernel_heat {
    uint32_t width;  /* of the plate; around it lies an edge of one cell */
    uint32_t stride; /* from row to row; also the number of rows */
    double *wave;    /* sin(pi i / (n + 1)) */
    double *now;     /* where the first step reads, and where the last one writes */
    double *next;
};

/* NULL: out of memory.  No cell of the plate is touched. */
struct kernel_heat *kernel_heat_new(uint32_t width);
void kernel_heat_free(struct kernel_heat *heat); /* NULL is ignored */

/* Writes the rows `from` to `to` - 1 as they are before the first step. */
void kernel_heat_start(const struct kernel_heat *heat, uint32_t from, uint32_t to);

/* One step of the rows `from` to `to` - 1. */
void kernel_heat_step(const struct kernel_heat *heat, const double *now, double *next,
                      uint32_t from, uint32_t to);

/* All steps, one row after the other. */
void kernel_heat_serial(const struct kernel_heat *heat);

/* How many cells are right after all steps. */
uint64_t kernel_heat_answer(const struct kernel_heat *heat);

#ifdef __cplusplus
}
#endif

#endif

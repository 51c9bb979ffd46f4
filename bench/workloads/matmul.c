/*
 * matmul.c - C = A B for square matrices of doubles, divided until one tile is left.
 *
 * Matrices are stored tile by tile, so that a tile lies together in memory whatever the
 * size; twin and Magpie's version share the kernel that multiplies two tiles, with the
 * vectors that this processor has, and differ in the recursion alone.
 *
 * The entries are small integers, so every sum is exact in any order.  The answer is
 * x' C y for two fixed vectors, which is known as (x' A) (B y) without multiplying.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/fork.h>
#include <stdlib.h>
#include <string.h>

enum {
    TILE = 64,
    TILE_CELLS = TILE * TILE,
    LANES = 8,               /* doubles in a vector */
    ROWS = 4,                /* of a block that is summed up in registers... */
    VECTORS = 2,             /* ...and its width in vectors, */
    WIDTH = VECTORS * LANES, /* and in doubles */
};

typedef double vector __attribute__((vector_size(LANES * sizeof(double))));
typedef void (*kernel_fn)(const double *a, const double *b, double *c);

struct matmul {
    kernel_fn kernel;
    uint32_t tiles; /* in a row of tiles */
    double *a;
    double *b;
    double *c;
};

/* A cube of the computation, counted in tiles: C[row..][column..] is to receive what
 * A[row..][inner..] B[inner..][column..] adds, for `span` tiles each way. */
struct cube {
    uint32_t row;
    uint32_t column;
    uint32_t inner;
    uint32_t span;
};

/* --------------------------------------------------------------- the kernel */

/* Adds to ROWS x VECTORS of C the product of those rows of A and columns of B.  Unrolled,
 * because only then gcc keeps the sums in registers; products and sums are fused where
 * the processor can, which the build allows for this file. */
static inline __attribute__((always_inline)) void block_add(const double *a,
                                                            const double *b, double *c)
{
    vector sum[ROWS][VECTORS];

#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
        for (size_t v = 0; v < VECTORS; v++)
            memcpy(&sum[i][v], c + i * TILE + v * LANES, sizeof(vector));
    }
    for (size_t k = 0; k < TILE; k++) {
        vector row[VECTORS];

#pragma GCC unroll 8
        for (size_t v = 0; v < VECTORS; v++)
            memcpy(&row[v], b + k * TILE + v * LANES, sizeof(vector));
#pragma GCC unroll 8
        for (size_t i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
            for (size_t v = 0; v < VECTORS; v++)
                sum[i][v] += a[i * TILE + k] * row[v];
        }
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
#pragma GCC unroll 8
        for (size_t v = 0; v < VECTORS; v++)
            memcpy(c + i * TILE + v * LANES, &sum[i][v], sizeof(vector));
    }
}

static inline __attribute__((always_inline)) void tile_add(const double *a,
                                                           const double *b, double *c)
{
    for (size_t i = 0; i < TILE; i += ROWS) {
        for (size_t j = 0; j < TILE; j += WIDTH)
            block_add(a + i * TILE, b + j, c + i * TILE + j);
    }
}

static void tile_add_plain(const double *a, const double *b, double *c)
{
    tile_add(a, b, c);
}

#ifdef __x86_64__

__attribute__((target("avx2,fma"))) static void tile_add_avx2(const double *a,
                                                              const double *b, double *c)
{
    tile_add(a, b, c);
}

__attribute__((target("avx512f"))) static void tile_add_avx512(const double *a,
                                                               const double *b, double *c)
{
    tile_add(a, b, c);
}

static kernel_fn kernel_for_this_processor(void)
{
    if (__builtin_cpu_supports("avx512f"))
        return tile_add_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return tile_add_avx2;
    return tile_add_plain;
}

#else

static kernel_fn kernel_for_this_processor(void)
{
    return tile_add_plain;
}

#endif

static double *tile_at(const struct matmul *m, double *matrix, uint32_t row,
                       uint32_t column)
{
    return matrix + ((size_t)row * m->tiles + column) * TILE_CELLS;
}

static void cube_of_one(const struct matmul *m, struct cube cube)
{
    m->kernel(tile_at(m, m->a, cube.row, cube.inner),
              tile_at(m, m->b, cube.inner, cube.column),
              tile_at(m, m->c, cube.row, cube.column));
}

/* One of the eight halves-in-each-direction of a cube. */
static struct cube octant(struct cube cube, uint32_t down, uint32_t right, uint32_t in)
{
    uint32_t half = cube.span / 2;

    return (struct cube){cube.row + down * half, cube.column + right * half,
                         cube.inner + in * half, half};
}

/* ---------------------------------------------------------- the serial twin */

static void multiply_serial(const struct matmul *m, struct cube cube)
{
    if (cube.span == 1) {
        cube_of_one(m, cube);
        return;
    }
    for (uint32_t in = 0; in < 2; in++) {
        multiply_serial(m, octant(cube, 0, 0, in));
        multiply_serial(m, octant(cube, 0, 1, in));
        multiply_serial(m, octant(cube, 1, 0, in));
        multiply_serial(m, octant(cube, 1, 1, in));
    }
}

/* --------------------------------------------------------------- on Magpie */

MAG_FORKABLE_VOID(multiply, const struct matmul *, m, struct cube, cube)

static void multiply(mag_fork w, const struct matmul *m, struct cube cube)
{
    if (cube.span == 1) {
        cube_of_one(m, cube);
        return;
    }
    /* The two halves of the sum go to the same place, so they follow each other. */
    for (uint32_t in = 0; in < 2; in++) {
        struct multiply_child first = multiply_fork(&w, m, octant(cube, 0, 0, in));
        struct multiply_child second = multiply_fork(&w, m, octant(cube, 0, 1, in));
        struct multiply_child third = multiply_fork(&w, m, octant(cube, 1, 0, in));

        multiply(w, m, octant(cube, 1, 1, in));
        multiply_join(&w, third);
        multiply_join(&w, second);
        multiply_join(&w, first);
    }
}

/* ------------------------------------------------------------ the workload */

/* Entry (i, j) of a matrix: a number from -4 to 4. */
static int64_t entry(uint64_t i, uint64_t j, uint64_t salt)
{
    uint64_t x = (i * UINT64_C(0x9e3779b97f4a7c15)) ^ (j + salt);

    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 29;
    return (int64_t)(x * UINT64_C(0x94d049bb133111eb) >> 33) % 5 - (int64_t)(x >> 40) % 5;
}

enum { SALT_A = 1, SALT_B = 1000003 };

/* The vectors x and y. */
static int64_t weight_row(uint64_t i)
{
    return (int64_t)(i % 13) - 6;
}

static int64_t weight_column(uint64_t j)
{
    return (int64_t)(j % 11) - 5;
}

static uint64_t expected(uint64_t size)
{
    int64_t sum = 0;

    for (uint64_t k = 0; k < size; k++) {
        int64_t left = 0;
        int64_t right = 0;

        for (uint64_t i = 0; i < size; i++) {
            left += weight_row(i) * entry(i, k, SALT_A);
            right += entry(k, i, SALT_B) * weight_column(i);
        }
        sum += left * right;
    }
    return (uint64_t)sum;
}

static double *cell(const struct matmul *m, double *matrix, uint32_t i, uint32_t j)
{
    return tile_at(m, matrix, i / TILE, j / TILE) + (size_t)(i % TILE) * TILE + j % TILE;
}

static int prepare(struct bench_run *run)
{
    struct matmul *m = calloc(1, sizeof(*m));
    size_t bytes = run->size * run->size * sizeof(double);

    run->data = m;
    if (m == NULL)
        return -ENOMEM;
    m->kernel = kernel_for_this_processor();
    m->tiles = (uint32_t)run->size / TILE;
    m->a = aligned_alloc(TILE, bytes);
    m->b = aligned_alloc(TILE, bytes);
    m->c = aligned_alloc(TILE, bytes);
    if (m->a == NULL || m->b == NULL || m->c == NULL)
        return -ENOMEM;

    for (uint32_t i = 0; i < run->size; i++) {
        for (uint32_t j = 0; j < run->size; j++) {
            *cell(m, m->a, i, j) = (double)entry(i, j, SALT_A);
            *cell(m, m->b, i, j) = (double)entry(i, j, SALT_B);
        }
    }
    return 0;
}

static int reset(struct bench_run *run)
{
    struct matmul *m = run->data;

    memset(m->c, 0, run->size * run->size * sizeof(double));
    return 0;
}

static int run_twin(struct bench_run *run)
{
    const struct matmul *m = run->data;

    multiply_serial(m, (struct cube){0, 0, 0, m->tiles});
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    const struct matmul *m = run->data;

    return multiply_run(run->sched, m, (struct cube){0, 0, 0, m->tiles});
}

static void check(struct bench_run *run)
{
    const struct matmul *m = run->data;
    int64_t sum = 0;

    for (uint32_t i = 0; i < run->size; i++) {
        int64_t row = 0;

        for (uint32_t j = 0; j < run->size; j++)
            row += (int64_t)*cell(m, m->c, i, j) * weight_column(j);
        sum += weight_row(i) * row;
    }
    run->answer = (uint64_t)sum;
}

static void cleanup(struct bench_run *run)
{
    struct matmul *m = run->data;

    if (m == NULL)
        return;
    free(m->a);
    free(m->b);
    free(m->c);
    free(m);
}

/* TILE times a power of two, so that halves are whole tiles. */
static bool is_dividable(uint64_t size)
{
    uint64_t tiles = size / TILE;

    return size % TILE == 0 && (tiles & (tiles - 1)) == 0;
}

const struct bench_workload bench_matmul = {
    .group = "matmul",
    .name = "matmul",
    .summary = "product of two matrices of doubles: arithmetic, and large leaves",
    .size_is = "rows, 64 times a power of two",
    .sizes = {1024},
    .size_min = TILE,
    .size_max = 16384,
    .size_fits = is_dividable,
    .twin = "serial",
    .expected = expected,
    .prepare = prepare,
    .reset = reset,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
    .check = check,
    .cleanup = cleanup,
};

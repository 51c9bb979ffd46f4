/*
 * matmul.c - tiles of matrices, their product, and the check of it: what the leaves of
 * the workload do.  Sums are exact, because the entries are small integers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <common/peer.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    TILE = PEER_TILE,
    LANES = 8,               /* doubles in a vector */
    ROWS = 4,                /* of a block that is summed up in registers... */
    VECTORS = 2,             /* ...and its width in vectors, */
    WIDTH = VECTORS * LANES, /* and in doubles */
};

typedef double vector __attribute__((vector_size(LANES * sizeof(double))));
typedef void (*kernel_fn)(const double *a, const double *b, double *c);

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

static double *tile_at(const struct peer_matmul *m, double *matrix, uint32_t row,
                       uint32_t column)
{
    return matrix + ((size_t)row * m->tiles + column) * PEER_TILE_CELLS;
}

void peer_matmul_tile(const struct peer_matmul *m, struct peer_cube cube)
{
    m->kernel(tile_at(m, m->a, cube.row, cube.inner),
              tile_at(m, m->b, cube.inner, cube.column),
              tile_at(m, m->c, cube.row, cube.column));
}

struct peer_cube peer_matmul_octant(struct peer_cube cube, uint32_t down, uint32_t right,
                                    uint32_t in)
{
    uint32_t half = cube.span / 2;

    return (struct peer_cube){cube.row + down * half, cube.column + right * half,
                              cube.inner + in * half, half};
}

/* ----------------------------------------------------------------- the data */

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

static double *cell(const struct peer_matmul *m, double *matrix, uint32_t i, uint32_t j)
{
    return tile_at(m, matrix, i / TILE, j / TILE) + (size_t)(i % TILE) * TILE + j % TILE;
}

int peer_matmul_prepare(struct peer_run *run)
{
    struct peer_matmul *m = calloc(1, sizeof(*m));
    size_t bytes = run->size * run->size * sizeof(double);

    run->data = m;
    if (m == NULL)
        return ENOMEM;
    m->kernel = kernel_for_this_processor();
    m->tiles = (uint32_t)run->size / TILE;
    m->a = aligned_alloc(TILE, bytes);
    m->b = aligned_alloc(TILE, bytes);
    m->c = aligned_alloc(TILE, bytes);
    if (m->a == NULL || m->b == NULL || m->c == NULL)
        return ENOMEM;

    for (uint32_t i = 0; i < run->size; i++) {
        for (uint32_t j = 0; j < run->size; j++) {
            *cell(m, m->a, i, j) = (double)entry(i, j, SALT_A);
            *cell(m, m->b, i, j) = (double)entry(i, j, SALT_B);
        }
    }
    return 0;
}

void peer_matmul_reset(struct peer_run *run)
{
    struct peer_matmul *m = run->data;

    memset(m->c, 0, run->size * run->size * sizeof(double));
}

/* x' C y, for the two vectors. */
void peer_matmul_check(struct peer_run *run)
{
    const struct peer_matmul *m = run->data;
    int64_t sum = 0;

    for (uint32_t i = 0; i < run->size; i++) {
        int64_t row = 0;

        for (uint32_t j = 0; j < run->size; j++)
            row += (int64_t)*cell(m, m->c, i, j) * weight_column(j);
        sum += weight_row(i) * row;
    }
    run->answer = (uint64_t)sum;
}

void peer_matmul_cleanup(struct peer_run *run)
{
    struct peer_matmul *m = run->data;

    free(m->a);
    free(m->b);
    free(m->c);
    free(m);
}

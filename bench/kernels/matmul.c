/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/matmul.h"

#include <stdlib.h>
#include <string.h>

enum { TILE = KERNEL_TILE };

void kernel_matmul_serial(const struct kernel_matmul *m, struct kernel_cube cube)
{
    if (cube.span == 1) {
        kernel_matmul_leaf(m, cube);
        return;
    }
    for (uint32_t in = 0; in < 2; in++) {
        kernel_matmul_serial(m, kernel_cube_octant(cube, 0, 0, in));
        kernel_matmul_serial(m, kernel_cube_octant(cube, 0, 1, in));
        kernel_matmul_serial(m, kernel_cube_octant(cube, 1, 0, in));
        kernel_matmul_serial(m, kernel_cube_octant(cube, 1, 1, in));
    }
}

/* -------------------------------------------------------------- the matrices */

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

uint64_t kernel_matmul_expected(uint64_t rows)
{
    int64_t sum = 0;

    for (uint64_t k = 0; k < rows; k++) {
        int64_t left = 0;
        int64_t right = 0;

        for (uint64_t i = 0; i < rows; i++) {
            left += weight_row(i) * entry(i, k, SALT_A);
            right += entry(k, i, SALT_B) * weight_column(i);
        }
        sum += left * right;
    }
    return (uint64_t)sum;
}

static double *cell(const struct kernel_matmul *m, double *matrix, uint32_t i, uint32_t j)
{
    return kernel_matmul_tile(m, matrix, i / TILE, j / TILE) + (size_t)(i % TILE) * TILE +
           j % TILE;
}

struct kernel_matmul *kernel_matmul_new(uint32_t rows)
{
    struct kernel_matmul *m = calloc(1, sizeof(*m));
    size_t bytes = (size_t)rows * rows * sizeof(double);

    if (m == NULL)
        return NULL;
    m->tile_add = kernel_tile_form()->add;
    m->rows = rows;
    m->tiles = rows / TILE;
    m->a = aligned_alloc(TILE, bytes);
    m->b = aligned_alloc(TILE, bytes);
    m->c = aligned_alloc(TILE, bytes);
    if (m->a == NULL || m->b == NULL || m->c == NULL) {
        kernel_matmul_free(m);
        return NULL;
    }
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t j = 0; j < rows; j++) {
            *cell(m, m->a, i, j) = (double)entry(i, j, SALT_A);
            *cell(m, m->b, i, j) = (double)entry(i, j, SALT_B);
        }
    }
    return m;
}

void kernel_matmul_free(struct kernel_matmul *m)
{
    if (m == NULL)
        return;
    free(m->a);
    free(m->b);
    free(m->c);
    free(m);
}

void kernel_matmul_clear(const struct kernel_matmul *m)
{
    memset(m->c, 0, (size_t)m->rows * m->rows * sizeof(double));
}

uint64_t kernel_matmul_answer(const struct kernel_matmul *m)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < m->rows; i++) {
        int64_t row = 0;

        for (uint32_t j = 0; j < m->rows; j++)
            row += (int64_t)*cell(m, m->c, i, j) * weight_column(j);
        sum += weight_row(i) * row;
    }
    return (uint64_t)sum;
}

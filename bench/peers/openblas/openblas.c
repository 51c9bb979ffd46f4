/*
 * openblas.c - the product of matrices as OpenBLAS computes it: what a processor can do
 * at most, not how a scheduler divides it.
 *
 * The matrices are those of the kernels, stored row by row instead of tile by tile.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/matmul.h"
#include "bench/peers/common/peer.h"

#include <cblas.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct product {
    struct kernel_matmul *tiled;
    double *a;
    double *b;
    double *c;
};

void peer_start(unsigned workers)
{
    openblas_set_num_threads((int)workers);
}

/* Row `i` of tile (row, column) of a matrix stored tile by tile, and of one stored row by
 * row. */
struct line {
    double *tiled;
    double *plain;
};

static struct line line_of(const struct product *product, double *tiled, double *plain,
                           size_t line)
{
    size_t rows = product->tiled->rows;
    uint32_t column = (uint32_t)(line / rows);
    size_t row = line % rows;
    double *tile =
        kernel_matmul_tile(product->tiled, tiled, (uint32_t)(row / KERNEL_TILE), column);
    struct line found = {tile + row % KERNEL_TILE * KERNEL_TILE,
                         plain + row * rows + (size_t)column * KERNEL_TILE};

    return found;
}

static size_t lines(const struct product *product)
{
    return (size_t)product->tiled->rows * product->tiled->tiles;
}

static void to_plain(const struct product *product, double *tiled, double *plain)
{
    for (size_t i = 0; i < lines(product); i++) {
        struct line line = line_of(product, tiled, plain, i);

        memcpy(line.plain, line.tiled, KERNEL_TILE * sizeof(double));
    }
}

static void to_tiled(const struct product *product, double *tiled, double *plain)
{
    for (size_t i = 0; i < lines(product); i++) {
        struct line line = line_of(product, tiled, plain, i);

        memcpy(line.tiled, line.plain, KERNEL_TILE * sizeof(double));
    }
}

static void cleanup(struct peer_run *run)
{
    struct product *product = run->data;

    kernel_matmul_free(product->tiled);
    free(product->a);
    free(product->b);
    free(product->c);
    free(product);
}

static int prepare(struct peer_run *run)
{
    struct product *product = calloc(1, sizeof(*product));
    size_t bytes = run->size * run->size * sizeof(double);

    if (product == NULL)
        return -ENOMEM;
    run->data = product;
    product->tiled = kernel_matmul_new((uint32_t)run->size);
    product->a = malloc(bytes);
    product->b = malloc(bytes);
    product->c = malloc(bytes);
    if (product->tiled == NULL || product->a == NULL || product->b == NULL ||
        product->c == NULL) {
        cleanup(run);
        return -ENOMEM;
    }
    to_plain(product, product->tiled->a, product->a);
    to_plain(product, product->tiled->b, product->b);
    return 0;
}

static void reset(struct peer_run *run)
{
    const struct product *product = run->data;

    memset(product->c, 0, run->size * run->size * sizeof(double));
}

static void multiply(struct peer_run *run)
{
    const struct product *product = run->data;
    blasint rows = (blasint)run->size;

    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, rows, rows, 1,
                product->a, rows, product->b, rows, 1, product->c, rows);
}

static void check(struct peer_run *run)
{
    const struct product *product = run->data;

    to_tiled(product, product->tiled->c, product->c);
    run->answer = kernel_matmul_answer(product->tiled);
}

const struct peer_workload peer_workloads[] = {
    {.name = "matmul",
     .prepare = prepare,
     .reset = reset,
     .run = multiply,
     .check = check,
     .cleanup = cleanup},
    {0},
};

/*
 * loop_2d.c - transposes a matrix block by block: what a block reads and what it writes
 * stay in the cache together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 1500, COLUMNS = 1100 };

/* tbb::parallel_for(tbb::blocked_range2d(0, ROWS, 0, COLUMNS), ...) */
MAG_LOOP_2D(transpose, const float *, from, float *, to)

static int transpose(struct mag_block block, uint32_t slot, const float *from, float *to)
{
    (void)slot;
    for (size_t row = block.rows.begin; row < block.rows.end; row++) {
        for (size_t column = block.columns.begin; column < block.columns.end; column++)
            to[column * ROWS + row] = from[row * COLUMNS + column];
    }
    return 0;
}

static size_t wrong_ones(const float *from, const float *to)
{
    size_t wrong = 0;

    for (size_t row = 0; row < ROWS; row++) {
        for (size_t column = 0; column < COLUMNS; column++)
            wrong += from[row * COLUMNS + column] != to[column * ROWS + row];
    }
    return wrong;
}

int main(void)
{
    float *from = (float *)malloc(sizeof(*from) * ROWS * COLUMNS);
    float *to = (float *)malloc(sizeof(*to) * ROWS * COLUMNS);
    int failed = 1;

    for (size_t i = 0; from != NULL && i < (size_t)ROWS * COLUMNS; i++)
        from[i] = (float)i;
    if (from != NULL && to != NULL) {
        int error = transpose_for(NULL, ROWS, COLUMNS, from, to);

        if (error != 0)
            (void)fprintf(stderr, "loop_2d: %s\n", mag_error_text(error));
        failed = error != 0 || wrong_ones(from, to) != 0;
    }
    printf("%s\n", failed ? "wrong" : "transposed");
    free(from);
    free(to);
    return failed;
}

/*
 * tile_add.h - the source of one form of the product of two tiles.
 *
 * Included once for each form, after these are defined:
 *
 *     FORM      the function's name
 *     LANES     doubles in a vector
 *     ROWS      of a block whose sums stay in registers...
 *     VECTORS   ...and its width in vectors
 *
 * ROWS x VECTORS sums, VECTORS of B and one number of A fill the registers without going
 * over.  At least eight sums are needed: two units, each with four additions under way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

static void FORM(const double *restrict a, const double *restrict b, double *restrict c)
{
    typedef double vector __attribute__((vector_size(LANES * sizeof(double))));
    vector sum[ROWS][VECTORS];
    vector row[VECTORS];

    for (size_t block = 0; block < TILE * TILE / (ROWS * VECTORS * LANES); block++) {
        size_t i = block / (TILE / (VECTORS * LANES)) * ROWS;
        size_t j = block % (TILE / (VECTORS * LANES)) * (VECTORS * LANES);

        /* Unrolled, because only then the compiler keeps the sums in registers. */
#pragma GCC unroll 16
        for (size_t s = 0; s < ROWS * VECTORS; s++)
            memcpy(&sum[s / VECTORS][s % VECTORS],
                   c + (i + s / VECTORS) * TILE + j + s % VECTORS * LANES,
                   sizeof(vector));
        for (size_t k = 0; k < TILE; k++) {
#pragma GCC unroll 16
            for (size_t v = 0; v < VECTORS; v++)
                memcpy(&row[v], b + k * TILE + j + v * LANES, sizeof(vector));
#pragma GCC unroll 16
            for (size_t s = 0; s < ROWS * VECTORS; s++)
                sum[s / VECTORS][s % VECTORS] +=
                    a[(i + s / VECTORS) * TILE + k] * row[s % VECTORS];
        }
#pragma GCC unroll 16
        for (size_t s = 0; s < ROWS * VECTORS; s++)
            memcpy(c + (i + s / VECTORS) * TILE + j + s % VECTORS * LANES,
                   &sum[s / VECTORS][s % VECTORS], sizeof(vector));
    }
}

#undef FORM
#undef LANES
#undef ROWS
#undef VECTORS

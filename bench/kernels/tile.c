/*
 * tile.c - the forms of the product of two tiles, and which of them this processor has.
 *
 * Products and sums are fused where the processor can, which the build allows for this
 * file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/tile.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { TILE = KERNEL_TILE };

#ifdef __x86_64__

__attribute__((target("avx512f"))) static void
tile_add_avx512(const double *a, const double *b, double *c);
__attribute__((target("avx2,fma"))) static void tile_add_avx2(const double *a,
                                                              const double *b, double *c);

/* 32 registers of eight doubles. */
#    define FORM    tile_add_avx512
#    define LANES   8
#    define ROWS    4
#    define VECTORS 4
#    include "bench/kernels/tile_add.inc"

/* 16 registers of four doubles. */
#    define FORM    tile_add_avx2
#    define LANES   4
#    define ROWS    2
#    define VECTORS 4
#    include "bench/kernels/tile_add.inc"

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

#endif

/* What each processor has: SSE2's, NEON's or VSX's vectors, or two doubles one by one. */
#define FORM    tile_add_two
#define LANES   2
#define ROWS    2
#define VECTORS 4
#include "bench/kernels/tile_add.inc"

static bool has_two(void)
{
    return true;
}

static const struct {
    struct kernel_tile_form form;
    bool (*is_there)(void);
} forms[] = {
#ifdef __x86_64__
    {{"AVX-512", tile_add_avx512}, has_avx512},
    {{"AVX2 and FMA", tile_add_avx2}, has_avx2},
#endif
    {{"two doubles", tile_add_two}, has_two},
};

const struct kernel_tile_form *kernel_tile_form_at(unsigned index)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (forms[i].is_there() && index-- == 0)
            return &forms[i].form;
    }
    return NULL;
}

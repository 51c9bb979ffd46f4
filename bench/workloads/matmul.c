/*
 * matmul.c - C = A B for square matrices of doubles, divided until one tile is left.
 *
 * Twin and Magpie's version share the leaf, and differ in the recursion alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/matmul.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/fork.h>

MAG_FORKABLE_VOID(multiply, const struct kernel_matmul *, m, struct kernel_cube, cube)

static void multiply(mag_fork w, const struct kernel_matmul *m, struct kernel_cube cube)
{
    if (cube.span == 1) {
        kernel_matmul_leaf(m, cube);
        return;
    }
    /* The two halves of the sum go to the same place, so they follow each other. */
    for (uint32_t in = 0; in < 2; in++) {
        struct multiply_child first =
            multiply_fork(&w, m, kernel_cube_octant(cube, 0, 0, in));
        struct multiply_child second =
            multiply_fork(&w, m, kernel_cube_octant(cube, 0, 1, in));
        struct multiply_child third =
            multiply_fork(&w, m, kernel_cube_octant(cube, 1, 0, in));

        multiply(w, m, kernel_cube_octant(cube, 1, 1, in));
        multiply_join(&w, third);
        multiply_join(&w, second);
        multiply_join(&w, first);
    }
}

/* ------------------------------------------------------------ the workload */

static int prepare(struct bench_run *run)
{
    run->data = kernel_matmul_new((uint32_t)run->size);
    return run->data != NULL ? 0 : -ENOMEM;
}

static int reset(struct bench_run *run)
{
    kernel_matmul_clear(run->data);
    return 0;
}

static int run_twin(struct bench_run *run)
{
    const struct kernel_matmul *m = run->data;

    kernel_matmul_serial(m, kernel_matmul_cube(m));
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    const struct kernel_matmul *m = run->data;

    return multiply_run(run->sched, m, kernel_matmul_cube(m));
}

static void check(struct bench_run *run)
{
    run->answer = kernel_matmul_answer(run->data);
}

static void cleanup(struct bench_run *run)
{
    kernel_matmul_free(run->data);
}

/* A tile times a power of two, so that halves are whole tiles. */
static bool is_dividable(uint64_t size)
{
    uint64_t tiles = size / KERNEL_TILE;

    return size % KERNEL_TILE == 0 && (tiles & (tiles - 1)) == 0;
}

const struct bench_workload bench_matmul = {
    .group = "matmul",
    .name = "matmul",
    .summary = "product of two matrices of doubles",
    .shows = "how arithmetic scales when the leaves are large and forks are few",
    .size_is = "rows, 64 times a power of two",
    .sizes = {1024},
    .size_min = KERNEL_TILE,
    .size_max = 16384,
    .size_fits = is_dividable,
    .twin = "serial",
    .workers_only = true,
    .expected = kernel_matmul_expected,
    .prepare = prepare,
    .reset = reset,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
    .check = check,
    .cleanup = cleanup,
};

/*
 * heat.c - heat spreading over a square plate: each step every cell becomes the mean of
 * its four neighbours.  Little arithmetic, much memory, and a join after every step.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/heat.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/fork.h>

MAG_FORKABLE_VOID(start, const struct kernel_heat *, heat, uint32_t, from, uint32_t, to)
MAG_FORKABLE_VOID(step, const struct kernel_heat *, heat, const double *, now, double *,
                  next, uint32_t, from, uint32_t, to)
MAG_FORKABLE_VOID(all_steps, const struct kernel_heat *, heat)

/* The first touch of the rows, divided as in the steps. */
static void start(mag_fork w, const struct kernel_heat *heat, uint32_t from, uint32_t to)
{
    if (to - from <= heat->grain) {
        kernel_heat_start(heat, from, to);
        return;
    }

    uint32_t middle = from + (to - from) / 2;
    struct start_child low = start_fork(&w, heat, from, middle);

    start(w, heat, middle, to);
    start_join(&w, low);
}

static void step(mag_fork w, const struct kernel_heat *heat, const double *now,
                 double *next, uint32_t from, uint32_t to)
{
    if (to - from <= heat->grain) {
        kernel_heat_step(heat, now, next, from, to);
        return;
    }

    uint32_t middle = from + (to - from) / 2;
    struct step_child low = step_fork(&w, heat, now, next, from, middle);

    step(w, heat, now, next, middle, to);
    step_join(&w, low);
}

static void all_steps(mag_fork w, const struct kernel_heat *heat)
{
    for (int i = 0; i < KERNEL_HEAT_STEPS; i += 2) {
        step(w, heat, heat->now, heat->next, 1, heat->width + 1);
        step(w, heat, heat->next, heat->now, 1, heat->width + 1);
    }
}

/* ------------------------------------------------------------ the workload */

static int prepare(struct bench_run *run)
{
    run->data = kernel_heat_new((uint32_t)run->size);
    return run->data != NULL ? 0 : -ENOMEM;
}

static int reset(struct bench_run *run)
{
    const struct kernel_heat *heat = run->data;

    if (run->sched != NULL)
        return start_run(run->sched, heat, 0, heat->stride);
    kernel_heat_start(heat, 0, heat->stride);
    return 0;
}

static int run_twin(struct bench_run *run)
{
    kernel_heat_serial(run->data);
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    return all_steps_run(run->sched, run->data);
}

static void check(struct bench_run *run)
{
    run->answer = kernel_heat_answer(run->data);
}

static uint64_t expected(uint64_t size)
{
    return size * size;
}

static void cleanup(struct bench_run *run)
{
    kernel_heat_free(run->data);
}

const struct bench_workload bench_heat = {
    .group = "heat",
    .name = "heat",
    .summary = "stencil over a square plate, 50 steps",
    .shows = "how memory-bound loops scale with a join after every step",
    .size_is = "cells along an edge of the plate",
    .sizes = {2048},
    .size_min = 8,
    .size_max = 32768,
    .twin = "serial",
    .workers_only = true,
    .weight = 3,
    .expected = expected,
    .prepare = prepare,
    .reset = reset,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
    .check = check,
    .cleanup = cleanup,
};

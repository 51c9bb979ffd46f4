/*
 * heat.c - heat spreading over a square plate: each step every cell becomes the mean of
 * its four neighbours.  Little arithmetic, much memory, and a barrier after every step.
 *
 * A team with one member for each worker takes all steps.  Each member keeps its rows, so
 * what it wrote in one step is in its cache, or on its node, in the next.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/heat.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/team.h>

/* Where the rows of a member begin, of those from `first` to `end` - 1. */
static uint32_t begin_of(uint32_t first, uint32_t end, uint32_t member, uint32_t members)
{
    return first + (uint32_t)((uint64_t)(end - first) * member / members);
}

/* The first touch of the rows, divided as in the steps. */
static void start(struct mag_team *team, uint32_t member, void *arg)
{
    const struct kernel_heat *heat = (const struct kernel_heat *)arg;
    uint32_t members = mag_team_members(team);

    kernel_heat_start(heat, begin_of(0, heat->stride, member, members),
                      begin_of(0, heat->stride, member + 1, members));
}

static void all_steps(struct mag_team *team, uint32_t member, void *arg)
{
    const struct kernel_heat *heat = (const struct kernel_heat *)arg;
    uint32_t members = mag_team_members(team);
    uint32_t from = begin_of(1, heat->width + 1, member, members);
    uint32_t to = begin_of(1, heat->width + 1, member + 1, members);

    for (int i = 0; i < KERNEL_HEAT_STEPS; i += 2) {
        kernel_heat_step(heat, heat->now, heat->next, from, to);
        mag_team_barrier(team);
        kernel_heat_step(heat, heat->next, heat->now, from, to);
        mag_team_barrier(team);
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
        return mag_team_run(run->sched, run->workers, 0, start, run->data);
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
    return mag_team_run(run->sched, run->workers, 0, all_steps, run->data);
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
    .shows = "how loops over memory scale with a barrier after every step",
    .size_is = "cells along an edge of the plate",
    .sizes = {256, 2048},
    .size_min = 8,
    .size_max = 32768,
    .twin = "serial",
    .caller_works = true,
    .weight = 3,
    .expected = expected,
    .prepare = prepare,
    .reset = reset,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
    .check = check,
    .cleanup = cleanup,
};

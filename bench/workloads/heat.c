/*
 * heat.c - heat spreading over a square plate: each step every cell becomes the mean of
 * its four neighbours.  Little arithmetic, much memory, and a join after every step.
 *
 * The plate starts as half a sine wave each way with cold edges.  A step multiplies that
 * shape by cos(pi / (n + 1)) and changes nothing else, so every cell is known after any
 * number of steps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/fork.h>
#include <math.h>
#include <stdlib.h>

enum {
    STEPS = 50,
    GRAIN = 16384, /* cells that are worth a fork */
};

struct heat {
    uint32_t width;  /* of the plate; around it lies an edge of one cell */
    uint32_t stride; /* from row to row */
    uint32_t grain;  /* rows that are worth a fork */
    double *wave;    /* sin(pi i / (n + 1)) */
    double *now;     /* where a step reads; after an even number of steps, the result */
    double *next;    /* where it writes */
};

static double *row_of(const struct heat *heat, double *plate, uint32_t row)
{
    return plate + (size_t)row * heat->stride;
}

/* One step for the rows `from` to `to` - 1. */
static void rows_step(const struct heat *heat, double *now, double *next, uint32_t from,
                      uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const double *above = row_of(heat, now, i - 1);
        const double *here = row_of(heat, now, i);
        const double *below = row_of(heat, now, i + 1);
        double *into = row_of(heat, next, i);

        for (uint32_t j = 1; j <= heat->width; j++)
            into[j] = 0.25 * (above[j] + below[j] + here[j - 1] + here[j + 1]);
    }
}

static void rows_start(const struct heat *heat, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        double *now = row_of(heat, heat->now, i);
        double *next = row_of(heat, heat->next, i);

        for (uint32_t j = 0; j <= heat->width + 1; j++) {
            now[j] = heat->wave[i] * heat->wave[j];
            next[j] = 0;
        }
    }
}

/* --------------------------------------------------------------- on Magpie */

MAG_FORKABLE_VOID(start, const struct heat *, heat, uint32_t, from, uint32_t, to)
MAG_FORKABLE_VOID(step, const struct heat *, heat, double *, now, double *, next,
                  uint32_t, from, uint32_t, to)
MAG_FORKABLE_VOID(all_steps, const struct heat *, heat)

/* The first touch of the rows, divided as in the steps. */
static void start(mag_fork w, const struct heat *heat, uint32_t from, uint32_t to)
{
    if (to - from <= heat->grain) {
        rows_start(heat, from, to);
        return;
    }

    uint32_t middle = from + (to - from) / 2;
    struct start_child low = start_fork(&w, heat, from, middle);

    start(w, heat, middle, to);
    start_join(&w, low);
}

static void step(mag_fork w, const struct heat *heat, double *now, double *next,
                 uint32_t from, uint32_t to)
{
    if (to - from <= heat->grain) {
        rows_step(heat, now, next, from, to);
        return;
    }

    uint32_t middle = from + (to - from) / 2;
    struct step_child low = step_fork(&w, heat, now, next, from, middle);

    step(w, heat, now, next, middle, to);
    step_join(&w, low);
}

static void all_steps(mag_fork w, const struct heat *heat)
{
    for (int i = 0; i < STEPS; i += 2) {
        step(w, heat, heat->now, heat->next, 1, heat->width + 1);
        step(w, heat, heat->next, heat->now, 1, heat->width + 1);
    }
}

/* ------------------------------------------------------------ the workload */

static int prepare(struct bench_run *run)
{
    struct heat *heat = calloc(1, sizeof(*heat));
    uint32_t width = (uint32_t)run->size;

    run->data = heat;
    if (heat == NULL)
        return -ENOMEM;
    heat->width = width;
    heat->stride = width + 2;
    heat->grain = GRAIN / width + 1;

    size_t bytes = (size_t)heat->stride * heat->stride * sizeof(double);

    heat->wave = malloc(heat->stride * sizeof(double));
    heat->now = malloc(bytes);
    heat->next = malloc(bytes);
    if (heat->wave == NULL || heat->now == NULL || heat->next == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i <= width; i++)
        heat->wave[i] = sin(M_PI * i / (width + 1));
    heat->wave[width + 1] = 0;
    return 0;
}

static int reset(struct bench_run *run)
{
    const struct heat *heat = run->data;

    if (run->sched != NULL)
        return start_run(run->sched, heat, 0, heat->stride);
    rows_start(heat, 0, heat->stride);
    return 0;
}

static int run_twin(struct bench_run *run)
{
    const struct heat *heat = run->data;

    for (int i = 0; i < STEPS; i += 2) {
        rows_step(heat, heat->now, heat->next, 1, heat->width + 1);
        rows_step(heat, heat->next, heat->now, 1, heat->width + 1);
    }
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    return all_steps_run(run->sched, run->data);
}

/* Counts the cells that are right; one step changes a cell by far more than this. */
static void check(struct bench_run *run)
{
    const struct heat *heat = run->data;
    double faded = pow(cos(M_PI / (heat->width + 1)), STEPS);
    double step_changes = 1 - cos(M_PI / (heat->width + 1));

    run->answer = 0;
    for (uint32_t i = 1; i <= heat->width; i++) {
        const double *row = row_of(heat, heat->now, i);

        for (uint32_t j = 1; j <= heat->width; j++) {
            double wanted = heat->wave[i] * heat->wave[j] * faded;
            run->answer += fabs(row[j] - wanted) < 0.01 * step_changes * wanted;
        }
    }
}

static uint64_t expected(uint64_t size)
{
    return size * size;
}

static void cleanup(struct bench_run *run)
{
    struct heat *heat = run->data;

    if (heat == NULL)
        return;
    free(heat->wave);
    free(heat->now);
    free(heat->next);
    free(heat);
}

const struct bench_workload bench_heat = {
    .group = "heat",
    .name = "heat",
    .summary = "stencil over a square plate, 50 steps: memory, and many joins",
    .size_is = "cells along an edge of the plate",
    .sizes = {2048},
    .size_min = 8,
    .size_max = 32768,
    .twin = "serial",
    .weight = 3,
    .expected = expected,
    .prepare = prepare,
    .reset = reset,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
    .check = check,
    .cleanup = cleanup,
};

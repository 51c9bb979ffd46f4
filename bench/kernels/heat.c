/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/heat.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

enum { GRAIN = 16384 /* cells that are worth a fork */ };

struct kernel_heat *kernel_heat_new(uint32_t width)
{
    struct kernel_heat *heat = calloc(1, sizeof(*heat));

    if (heat == NULL)
        return NULL;
    heat->width = width;
    heat->stride = width + 2;
    heat->grain = GRAIN / width + 1;

    size_t bytes = (size_t)heat->stride * heat->stride * sizeof(double);

    heat->wave = malloc(heat->stride * sizeof(double));
    heat->now = malloc(bytes);
    heat->next = malloc(bytes);
    if (heat->wave == NULL || heat->now == NULL || heat->next == NULL) {
        kernel_heat_free(heat);
        return NULL;
    }
    for (uint32_t i = 0; i <= width; i++)
        heat->wave[i] = sin(M_PI * i / (width + 1));
    heat->wave[width + 1] = 0;
    return heat;
}

void kernel_heat_free(struct kernel_heat *heat)
{
    if (heat == NULL)
        return;
    free(heat->wave);
    free(heat->now);
    free(heat->next);
    free(heat);
}

void kernel_heat_start(const struct kernel_heat *heat, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        double *now = heat->now + (size_t)i * heat->stride;
        double *next = heat->next + (size_t)i * heat->stride;

        for (uint32_t j = 0; j <= heat->width + 1; j++) {
            now[j] = heat->wave[i] * heat->wave[j];
            next[j] = 0;
        }
    }
}

void kernel_heat_step(const struct kernel_heat *heat, const double *now, double *next,
                      uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const double *above = now + (size_t)(i - 1) * heat->stride;
        const double *here = now + (size_t)i * heat->stride;
        const double *below = now + (size_t)(i + 1) * heat->stride;
        double *into = next + (size_t)i * heat->stride;

        for (uint32_t j = 1; j <= heat->width; j++)
            into[j] = 0.25 * (above[j] + below[j] + here[j - 1] + here[j + 1]);
    }
}

void kernel_heat_serial(const struct kernel_heat *heat)
{
    for (int i = 0; i < KERNEL_HEAT_STEPS; i += 2) {
        kernel_heat_step(heat, heat->now, heat->next, 1, heat->width + 1);
        kernel_heat_step(heat, heat->next, heat->now, 1, heat->width + 1);
    }
}

/* One step changes a cell by far more than what is allowed here. */
uint64_t kernel_heat_answer(const struct kernel_heat *heat)
{
    double faded = pow(cos(M_PI / (heat->width + 1)), KERNEL_HEAT_STEPS);
    double step_changes = 1 - cos(M_PI / (heat->width + 1));
    uint64_t right = 0;

    for (uint32_t i = 1; i <= heat->width; i++) {
        const double *row = heat->now + (size_t)i * heat->stride;

        for (uint32_t j = 1; j <= heat->width; j++) {
            double wanted = heat->wave[i] * heat->wave[j] * faded;
            right += fabs(row[j] - wanted) < 0.01 * step_changes * wanted;
        }
    }
    return right;
}

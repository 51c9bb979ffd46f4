/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/heat.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAIR = 2, /* doubles in the vectors that each processor has */

    /* Doubles between the two plates, beyond whole pages.  If a cell and its successor
     * lay at the same place of their pages, a processor would take each load for one of
     * what was stored last, and wait for that. */
    APART = 256 + 8,
    PAGE = 512,
};

typedef double pair __attribute__((vector_size(PAIR * sizeof(double))));

struct kernel_heat *kernel_heat_new(uint32_t width)
{
    struct kernel_heat *heat = calloc(1, sizeof(*heat));

    if (heat == NULL)
        return NULL;
    heat->width = width;
    heat->stride = width + 2;

    size_t cells = (size_t)heat->stride * heat->stride;
    size_t to_next = (cells + PAGE - 1) / PAGE * PAGE + APART;

    heat->wave = malloc(heat->stride * sizeof(double));
    heat->now = malloc((to_next + cells) * sizeof(double));
    if (heat->wave == NULL || heat->now == NULL) {
        kernel_heat_free(heat);
        return NULL;
    }
    heat->next = heat->now + to_next;
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

/* The means of a pair of cells. */
static inline pair mean_of(const double *above, const double *below, const double *here)
{
    pair from[4];

    memcpy(&from[0], above, sizeof(pair));
    memcpy(&from[1], below, sizeof(pair));
    memcpy(&from[2], here - 1, sizeof(pair));
    memcpy(&from[3], here + 1, sizeof(pair));
    return 0.25 * (from[0] + from[1] + from[2] + from[3]);
}

/* Pairs by hand: some compilers make vectors of such a loop, others do not. */
static void step_row(const double *above, const double *here, const double *below,
                     double *restrict into, uint32_t width)
{
    uint32_t j = 1;

    for (; j + 1 <= width; j += PAIR) {
        pair mean = mean_of(above + j, below + j, here + j);

        memcpy(into + j, &mean, sizeof(mean));
    }
    if (j <= width)
        into[j] = 0.25 * (above[j] + below[j] + here[j - 1] + here[j + 1]);
}

void kernel_heat_step(const struct kernel_heat *heat, const double *now, double *next,
                      uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const double *here = now + (size_t)i * heat->stride;

        step_row(here - heat->stride, here, here + heat->stride,
                 next + (size_t)i * heat->stride, heat->width);
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

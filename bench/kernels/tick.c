/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/tick.h"

#include "bench/kernels/regions.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { LEAVES_OF_A_PART = 10 };

static uint64_t leaf_seed(uint64_t tick, uint32_t part, uint32_t leaf)
{
    return (tick * KERNEL_TICK_PARTS + part) * LEAVES_OF_A_PART + leaf + 1;
}

uint64_t kernel_tick_part(uint64_t tick, uint32_t part)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < LEAVES_OF_A_PART; i++)
        sum ^= kernel_region_steps(leaf_seed(tick, part, i));
    return sum;
}

/* The steps of a leaf are linear: see regions.h. */
static uint64_t right_sum(uint64_t tick)
{
    uint64_t seeds = 0;

    for (uint32_t part = 0; part < KERNEL_TICK_PARTS; part++) {
        for (uint32_t i = 0; i < LEAVES_OF_A_PART; i++)
            seeds ^= leaf_seed(tick, part, i);
    }
    return kernel_region_steps(seeds);
}

static int64_t clock_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void pause_a_while(uint64_t tick)
{
    static const long pauses[] = {100000, 300000, 1000000, 3000000, 10000000};
    const struct timespec pause = {.tv_nsec = pauses[tick % 5]};

    (void)nanosleep(&pause, NULL);
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

int kernel_tick(kernel_tick_region region, void *context, uint64_t count,
                unsigned percent, struct kernel_load *ret_load)
{
    int64_t *took = malloc((count + 1) * sizeof(*took));
    int r = 0;

    if (took == NULL)
        return -ENOMEM;
    ret_load->done = 0;
    for (uint64_t tick = 0; tick < count && r == 0; tick++) {
        uint64_t sum = 0;

        pause_a_while(tick);
        int64_t from = clock_ns();
        r = region(context, tick, &sum);
        took[tick] = clock_ns() - from;
        ret_load->done += r == 0 && sum == right_sum(tick);
    }
    if (r == 0 && count != 0) {
        uint64_t shown = count * percent / 100;

        qsort(took, count, sizeof(*took), by_value);
        ret_load->seconds = (double)took[shown] * 1e-9 * (double)count;
    }
    free(took);
    return r;
}

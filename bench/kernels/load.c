/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernels/load.h"

#include "bench/kernels/regions.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

enum { MILLISECOND_NS = 1000000, LEAVES_OF_A_JOB = 8 };

/*
 * Edges: release end -> acquire end : what crosses
 *   ran    run_job -> wait_for : nothing but the count
 */
struct burst {
    _Atomic(uint32_t) left; /* jobs that have not run */
    _Atomic(uint64_t) sum;  /* of what the jobs computed, so that they must */
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_until(int64_t until_ns)
{
    const struct timespec until = {.tv_sec = until_ns / 1000000000,
                                   .tv_nsec = until_ns % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
        /* Sleeps on. */
    }
}

static bool is_over(struct burst *burst)
{
    /* ran, acquire. */
    return atomic_load_explicit(&burst->left, memory_order_acquire) == 0;
}

/* In short sleeps: the thread that looks takes no CPU from the pool. */
static void wait_for(struct burst *burst)
{
    while (!is_over(burst))
        sleep_until(clock_ns(CLOCK_MONOTONIC) + 20000);
}

static void count_down(struct burst *burst)
{
    /* ran, release. */
    (void)atomic_fetch_sub_explicit(&burst->left, 1, memory_order_release);
}

static void run_job(void *arg)
{
    struct burst *burst = arg;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < LEAVES_OF_A_JOB; i++)
        sum ^= kernel_region_leaf(i, i);
    /* relaxed: only a sum. */
    (void)atomic_fetch_add_explicit(&burst->sum, sum, memory_order_relaxed);
    count_down(burst);
}

static int submit_all(const struct kernel_pool *pool, struct burst *burst)
{
    int r = 0;

    /* relaxed: the submits publish it. */
    atomic_store_explicit(&burst->left, KERNEL_BURST_JOBS, memory_order_relaxed);
    for (int i = 0; i < KERNEL_BURST_JOBS && r == 0; i++)
        r = pool->submit(pool->context, run_job, burst);
    return r;
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

int kernel_load_bursts(const struct kernel_pool *pool, uint64_t count,
                       struct kernel_load *ret_load)
{
    struct burst burst = {0};
    int64_t *took = malloc(count * sizeof(*took));
    int64_t next = clock_ns(CLOCK_MONOTONIC);
    int r = 0;

    if (took == NULL)
        return -ENOMEM;
    for (uint64_t i = 0; i < count && r == 0; i++) {
        sleep_until(next);
        int64_t from = clock_ns(CLOCK_MONOTONIC);

        r = submit_all(pool, &burst);
        if (r == 0)
            wait_for(&burst);
        took[i] = clock_ns(CLOCK_MONOTONIC) - from;
        next = from + MILLISECOND_NS;
    }
    if (r == 0) {
        qsort(took, count, sizeof(*took), by_value);
        ret_load->done = count;
        uint64_t bad = count * 99 / 100;

        ret_load->seconds = (double)took[bad] * 1e-9 * (double)count;
    }
    free(took);
    return r;
}

static void run_empty(void *arg)
{
    count_down(arg);
}

int kernel_load_trickle(const struct kernel_pool *pool, uint64_t count,
                        struct kernel_load *ret_load)
{
    struct burst burst = {0};
    int64_t next = clock_ns(CLOCK_MONOTONIC);
    int64_t before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    int r = 0;

    /* relaxed: as above. */
    atomic_store_explicit(&burst.left, (uint32_t)count, memory_order_relaxed);
    for (uint64_t i = 0; i < count && r == 0; i++) {
        sleep_until(next);
        next += MILLISECOND_NS;
        r = pool->submit(pool->context, run_empty, &burst);
    }
    if (r == 0) {
        wait_for(&burst);
        ret_load->done = count;
        ret_load->seconds = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before) * 1e-9;
    }
    return r;
}

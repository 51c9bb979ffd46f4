/*
 * forks.h - small computations that several tests run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_SCHED_FORKS_H
#define TESTS_SUPPORT_SCHED_FORKS_H

#include <magpie/fork.h>

MAG_FORKABLE(long, fib, int, n)
static inline long fib(mag_fork w, int n)
{
    if (n < 2)
        return n;
    struct fib_child child = fib_fork(&w, n - 1);
    long b = fib(w, n - 2);
    return fib_join(&w, child) + b;
}

MAG_FORKABLE(uint64_t, flat, uint64_t, number)
static inline uint64_t flat(mag_fork w, uint64_t number)
{
    (void)w;
    return number;
}

/* The sum of the numbers 1 to `children`; all children wait at the same time. */
MAG_FORKABLE(uint64_t, flat_sum, uint64_t, children)
static inline uint64_t flat_sum(mag_fork w, uint64_t children)
{
    struct flat_child child = {0};
    uint64_t sum = 0;

    for (uint64_t i = 1; i <= children; i++)
        child = flat_fork(&w, i);
    for (uint64_t i = 1; i <= children; i++)
        sum += flat_join(&w, child);
    return sum;
}

static inline bool flat_sums_up(struct mag_sched *sched, uint64_t children)
{
    uint64_t sum = 0;

    return flat_sum_run(sched, &sum, children) == 0 &&
           sum == children * (children + 1) / 2;
}

/* A deep recursion with a waiting child at each level. */
MAG_FORKABLE(uint64_t, stairs, unsigned, depth)
static inline uint64_t stairs(mag_fork w, unsigned depth)
{
    if (depth == 0)
        return 1;
    struct stairs_child left = stairs_fork(&w, depth - 1);
    uint64_t right = depth > 1 ? stairs(w, depth - 2) : 1;
    return stairs_join(&w, left) + right;
}

/* The words of arguments and results that do not fit into a child's slot. */
enum { BULK_WORDS = 40 };

struct bulk {
    uint64_t words[BULK_WORDS];
};

/* `value` times 2 to the power of `depth`. */
MAG_FORKABLE(struct bulk, bulk_sum, struct bulk, value, unsigned, depth)
static inline struct bulk bulk_sum(mag_fork w, struct bulk value, unsigned depth)
{
    if (depth == 0)
        return value;
    struct bulk_sum_child child = bulk_sum_fork(&w, value, depth - 1);
    struct bulk right = bulk_sum(w, value, depth - 1);
    struct bulk sum = bulk_sum_join(&w, child);
    for (unsigned i = 0; i < BULK_WORDS; i++)
        sum.words[i] += right.words[i];
    return sum;
}

#endif

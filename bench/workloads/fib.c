/*
 * fib.c - the Fibonacci numbers by their definition: nothing but calls, so that the time
 * is the price of a fork.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/kernels/fib.h"
#include "bench/workloads/workload.h"

#include <magpie/fork.h>

MAG_FORKABLE(uint64_t, fib, int, n)

static uint64_t fib(mag_fork w, int n)
{
    if (n < 2)
        return (uint64_t)n;

    /* The order of the twin: the second summand waits until the first is there. */
    struct fib_child second = fib_fork(&w, n - 2);
    uint64_t first = fib(w, n - 1);

    return first + fib_join(&w, second);
}

static uint64_t expected(uint64_t size)
{
    uint64_t a = 0;
    uint64_t b = 1;

    for (uint64_t i = 0; i < size; i++) {
        uint64_t next = a + b;
        a = b;
        b = next;
    }
    return a;
}

static int run_twin(struct bench_run *run)
{
    run->answer = kernel_fib_serial((int)run->size);
    return 0;
}

static int run_magpie(struct bench_run *run)
{
    return fib_run(run->sched, &run->answer, (int)run->size);
}

const struct bench_workload bench_fib = {
    .group = "fib",
    .name = "fib",
    .summary = "Fibonacci numbers by recursion",
    .shows = "the cost of a fork and its join",
    .size_is = "n of fib(n)",
    .sizes = {39},
    .size_min = 1,
    .size_max = 60,
    .twin = "serial",
    .workers_only = true,
    .weight = 2,
    .expected = expected,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
};

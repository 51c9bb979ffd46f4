/*
 * bench_pool.h - what a pool costs, beside malloc in the same run.
 *
 * Each function measures once and returns nanoseconds per object, or a negative number
 * where memory or a thread is refused.  Take the median of several calls, alternating.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_BENCH_POOL_H
#define BENCH_BENCH_POOL_H

#include <stdint.h>

/* One thread takes an object, writes to it and gives it back, `pairs` times. */
double mag_bench_pool_pair_ns(uint64_t pairs);
double mag_bench_malloc_pair_ns(uint64_t pairs);

/* One thread takes objects and fills them in; another reads them and gives them back.
 * Between the two a ring of 1024 pointers. */
double mag_bench_pool_handoff_ns(uint64_t objects);
double mag_bench_malloc_handoff_ns(uint64_t objects);

#endif

/*
 * pool_pairs.h - what a pool costs, beside malloc in the same run.
 *
 * Each function measures once and returns nanoseconds per object, or a negative number
 * where memory or a thread is refused.  Take the median of several calls, alternating.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_WORKLOADS_POOL_PAIRS_H
#define BENCH_WORKLOADS_POOL_PAIRS_H

#include <stdint.h>

/* One thread takes an object, writes to it and gives it back, `pairs` times. */
double bench_pool_pair_ns(uint64_t pairs);
double bench_malloc_pair_ns(uint64_t pairs);

/* One thread takes objects and fills them in; another reads them and gives them back.
 * Between the two a ring of 1024 pointers. */
double bench_pool_handoff_ns(uint64_t objects);
double bench_malloc_handoff_ns(uint64_t objects);

#endif

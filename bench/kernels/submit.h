/*
 * submit.h - empty functions submitted to a thread pool by threads from outside: the same
 * code for every peer in C or C++, and the same counting and limit as in Magpie's rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_SUBMIT_H
#define BENCH_KERNELS_SUBMIT_H

#include "bench/kernels/load.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * `count` calls by one thread, or by eight.  Measures nothing: the caller's clock counts.
 *
 *   Returns    0; a negative errno
 */
int kernel_submit_one(const struct kernel_pool *pool, uint64_t count,
                      struct kernel_load *ret_load);
int kernel_submit_eight(const struct kernel_pool *pool, uint64_t count,
                        struct kernel_load *ret_load);

#ifdef __cplusplus
}
#endif

#endif

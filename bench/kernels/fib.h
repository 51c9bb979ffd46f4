/*
 * fib.h - the Fibonacci numbers by their definition, serially.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_FIB_H
#define BENCH_KERNELS_FIB_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

uint64_t kernel_fib_serial(int n);

#ifdef __cplusplus
}
#endif

#endif

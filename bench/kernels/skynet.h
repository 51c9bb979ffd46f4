/*
 * skynet.h - a tree of ten children a node: the leaves return their numbers, the root
 * returns the sum.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_KERNELS_SKYNET_H
#define BENCH_KERNELS_SKYNET_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Children of a node. */
enum { KERNEL_SKYNET_WIDTH = 10 };

/* The sum of `leaves` numbers from `first` on; `leaves` is a power of ten. */
uint64_t kernel_skynet_serial(uint64_t first, uint64_t leaves);

#ifdef __cplusplus
}
#endif

#endif

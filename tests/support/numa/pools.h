/*
 * pools.h - whether all that was taken from pools has been given back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_POOLS_H
#define TESTS_SUPPORT_NUMA_POOLS_H

#include <stdbool.h>
#include <stdint.h>

/* Waits until exactly `kept` objects of all pools that there are have not been given
 * back, as a thread may be about to; says of which pools they are if it does not come to
 * that.  Nobody else may be using pools in earnest. */
bool test_pools_balance(uint64_t kept);

#endif

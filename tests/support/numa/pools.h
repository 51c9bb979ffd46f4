/*
 * pools.h - checks that all objects taken from pools have been given back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_NUMA_POOLS_H
#define TESTS_SUPPORT_NUMA_POOLS_H

#include <stdbool.h>
#include <stdint.h>

/* Waits until exactly `kept` objects of all pools have not been given back; a thread may
 * be about to give one back.  If that does not happen, prints the pools that miss
 * objects.  No other thread may be using pools otherwise. */
bool test_pools_balance(uint64_t kept);

#endif

/*
 * fault.h - makes allocations and thread creations fail, and counts what is live.
 *
 * The tests are linked so that these functions stand in for malloc, calloc, realloc,
 * aligned_alloc, free, mmap, mprotect and pthread_create wherever our own code calls
 * them; what hwloc and the C library take for themselves is not touched.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_FAULT_H
#define TESTS_SUPPORT_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* The `nth` allocation from now (1 is the next) fails, once; 0: none does.  A mapping and
 * an mprotect count as one. */
void test_fail_allocation(uint32_t nth);

/* The same for pthread_create. */
void test_fail_thread(uint32_t nth);

/* Whether the failure that was asked for has happened. */
bool test_has_failed(void);

/* Allocations that have not been freed, mappings apart; and all that were ever made, with
 * mappings: a pool grows by those. */
int64_t test_live_allocations(void);
uint64_t test_allocations(void);

#endif

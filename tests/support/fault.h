/*
 * fault.h - makes allocations and thread creations fail, and counts live allocations.
 *
 * The tests are linked so that functions of fault.c replace malloc, calloc, realloc,
 * aligned_alloc, free, mmap, mprotect and pthread_create wherever the library or a test
 * calls them.  Allocations by hwloc and by the C library itself are not touched.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_FAULT_H
#define TESTS_SUPPORT_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/* Makes the `nth` allocation from now (1 is the next) fail, once; 0: none fails.  A
 * mapping counts as an allocation, and so does an mprotect. */
void test_fail_allocation(uint32_t nth);

/* The same for pthread_create. */
void test_fail_thread(uint32_t nth);

/* Whether the requested failure has happened. */
bool test_has_failed(void);

/* The number of allocations that are not freed, without mappings.  test_allocations: all
 * that were ever made, with mappings, by which a pool grows. */
int64_t test_live_allocations(void);
uint64_t test_allocations(void);

#endif

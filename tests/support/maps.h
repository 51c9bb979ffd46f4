/*
 * maps.h - the memory of this process as the kernel counts it (/proc/self/smaps), and
 * limits to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_MAPS_H
#define TESTS_SUPPORT_MAPS_H

#include <stdbool.h>
#include <stddef.h>

struct test_maps {
    size_t all;      /* bytes of address space: RLIMIT_AS */
    size_t writable; /* private and writable: RLIMIT_DATA, strict accounting */
    size_t dumped;   /* accessible, and not left out of core files */
    size_t count;    /* mappings */
};

void test_maps_read(struct test_maps *ret_maps);

/* Whether a core file contains the page of this address. */
bool test_maps_dumps(const void *address);

/* Sets RLIMIT_AS or RLIMIT_DATA to what this process has now, plus `more`. */
bool test_limit_more(int resource, size_t more);

/* Sets RLIMIT_AS to `bytes`.  Does nothing under AddressSanitizer, whose shadow alone is
 * larger. */
bool test_limit_space(size_t bytes);

/* Skips the test under a sanitizer, which has memory of its own. */
void test_skip_under_sanitizers(void);

#endif

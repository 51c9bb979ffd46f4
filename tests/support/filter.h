/*
 * filter.h - makes the kernel refuse system calls, as in a container.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_FILTER_H
#define TESTS_SUPPORT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From here on the kernel refuses the given system calls with `error`, or kills the
 * process at the first of them if `error` is 0.  For child processes: a filter cannot be
 * removed.
 *
 *   Returns    false: no filter can be installed here, or there is none for this
 *              processor
 */
bool test_filter(const long *calls, size_t count, int error);

#endif

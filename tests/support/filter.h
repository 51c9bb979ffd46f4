/*
 * filter.h - system calls that are refused from here on, as in a container.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_FILTER_H
#define TESTS_SUPPORT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Refuses the given system calls with `error`, or kills the process at the first of them
 * where `error` is 0.  For children: a filter cannot be taken back.
 *
 *   Returns    false: no filter can be installed here, or none is written for this
 *              processor
 */
bool test_filter(const long *calls, size_t count, int error);

#endif

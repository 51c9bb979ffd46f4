/*
 * emulated.h - programs for another processor, which qemu runs without a kernel of their
 * own (qemu-user).  It passes most of their system calls on to this machine's kernel.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_EMULATED_H
#define TESTS_SUPPORT_EMULATED_H

#include <stdbool.h>

/* Whether it is so: MAG_TEST_EMULATED, which cmake/cross.cmake sets. */
bool test_is_emulated(void);

/* Skips the calling test if it is so, because of what qemu does not do: "qemu <what>". */
void test_skip_emulated(const char *what);

#endif

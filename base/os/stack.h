/*
 * stack.h - how much of its C stack a thread has left.  Private to the library; see
 * base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_STACK_H
#define BASE_OS_STACK_H

#include <stddef.h>

/* The bytes below the caller's frame on the calling thread's C stack; 0: unknown, or the
 * thread runs on another stack.  The first call of a thread asks the system, which may
 * take some microseconds. */
size_t mag_os_stack_left(void);

#endif

/*
 * stack.h - how much of its C stack a thread has left.  Private to the library; see
 * base/os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_STACK_H
#define BASE_OS_STACK_H

#include <stddef.h>
#include <stdint.h>

/* The bytes below the caller's frame on the calling thread's C stack; 0: unknown, or the
 * thread runs on another stack.  The first call of a thread asks the system, which may
 * take some microseconds. */
size_t mag_os_stack_left(void);

/* Moves the used pages of the calling thread's C stack to a node, given by the system's
 * number; with them its thread-local variables, which lie there too.  Another thread has
 * written these when it made this one, and the stack may be that of a thread that has
 * ended.  For a thread at its beginning. */
void mag_os_stack_bring(uint32_t os_node);

#endif

/*
 * map.h - the memory of fork stacks.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_MAP_H
#define SCHED_FORK_MAP_H

#include "sched/fork/stack.h"

#include <stddef.h>

/* Zeroed memory for a stack of `*bytes`; where there is not so much, half as
 * much and so on, but not less than `least`.  Both are sizes that are rounded.
 * 0; -ENOMEM. */
int mag_fork_stack_map(size_t least, size_t *bytes, void **ret_memory);
void mag_fork_stack_unmap(void *memory, size_t bytes);

/* The next size that a stack can have. */
size_t mag_fork_stack_round(size_t bytes);

/* Around a fork() by the worker of `stack`, in this thread: the child gets a
 * copy of what the jobs of the worker have on it. */
void mag_fork_stack_before_fork(struct mag_fork_stack *stack);
void mag_fork_stack_after_fork_in_parent(void);
void mag_fork_stack_after_fork_in_child(void);

#endif

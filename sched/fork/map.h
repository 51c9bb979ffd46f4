/*
 * map.h - the memory of fork stacks.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_MAP_H
#define SCHED_FORK_MAP_H

#include "sched/fork/stack.h"

#include <stddef.h>

/* Zeroed memory for a stack of `*bytes`.  If there is not so much, tries half of that and
 * so on, but not less than `least`.  Both are sizes from mag_fork_stack_round.  0;
 * -ENOMEM. */
int mag_fork_stack_map(size_t least, size_t *bytes, void **ret_memory);
void mag_fork_stack_unmap(void *memory, size_t bytes);

/* Rounds up to a size that a stack can have. */
size_t mag_fork_stack_round(size_t bytes);

/* Called around a fork(), in this thread, if it is the worker of `stack`: the child of
 * the fork gets a copy of the forked children on this stack. */
void mag_fork_stack_before_fork(struct mag_fork_stack *stack);
void mag_fork_stack_after_fork_in_parent(void);
void mag_fork_stack_after_fork_in_child(void);

#endif

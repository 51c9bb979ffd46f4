/*
 * join.h - the runs on a fork stack, and the waits of its joins.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_JOIN_H
#define SCHED_FORK_JOIN_H

#include "sched/fork/stack.h"

/* Where the children end that begin at `slot`: each slot that waits has a
 * body, and the first that has none is the top, wherever the owner's `w` has gone. */
struct mag_fork_slot *mag_fork_top_from(struct mag_fork_slot *slot);

/* Answers the owner of a stolen child: the last touch of its slot. */
void mag_fork_complete(struct mag_fork_slot *child);

/* The worker of `stack`.  Runs a stolen child at `at` and tells its owner. */
void mag_fork_stack_run(struct mag_fork_stack *stack, const struct mag_fork_taken *taken,
                        struct mag_fork_slot *at);

/* The worker of `stack`.  Runs a root where the stack is free. */
void mag_fork_stack_root(struct mag_fork_stack *stack, mag_fork_body body, void *payload);

#endif

/*
 * join.h - the runs on a fork stack, and the waits of its joins.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_JOIN_H
#define SCHED_FORK_JOIN_H

#include "sched/fork/stack.h"

/* The top of the children that begin at `slot`.  Each slot with a waiting child has a
 * body, and the first slot without a body is the top, whatever `w` the owner's functions
 * hold. */
struct mag_fork_slot *mag_fork_top_from(struct mag_fork_slot *slot);

/* Tells the owner of a stolen child that the child is done.  This is the last touch of
 * the child's slot. */
void mag_fork_complete(struct mag_fork_slot *child);

/* The worker of `stack`.  Runs a stolen child at `at` and tells the child's owner. */
void mag_fork_stack_run(struct mag_fork_stack *stack, const struct mag_fork_taken *taken,
                        struct mag_fork_slot *at);

/* The owner.  Waits for the child in this slot, which a thief has taken, and frees the
 * slot.  Meanwhile it runs descendants of the child. */
void mag_fork_join_taken(struct mag_fork_stack *stack, struct mag_fork_slot *slot);

/* The worker of `stack`.  Runs a root above the slots in use. */
void mag_fork_stack_root(struct mag_fork_stack *stack, mag_fork_body body, void *payload);

#endif

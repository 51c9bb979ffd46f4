/*
 * deque.h - the deque under fork-join, as its joins see it: fork/deque.c has the
 * words that the lock protects, fork/join.c the runs and the waits.  Private to these.
 * fork/stack.h has the protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_DEQUE_H
#define SCHED_FORK_DEQUE_H

#include "sched/fork/stack.h"

/* A slot's claim: none, or the slot's address and one of these; WAITING, that the owner
 * sleeps, goes with TAKEN. */
#define MAG_CLAIM_NONE    ((uintptr_t)0)
#define MAG_CLAIM_SHARED  ((uintptr_t)1)
#define MAG_CLAIM_TAKEN   ((uintptr_t)2)
#define MAG_CLAIM_DONE    ((uintptr_t)4)
#define MAG_CLAIM_WAITING ((uintptr_t)8)
#define MAG_CLAIM_FLAGS   ((uintptr_t)63)

static inline uintptr_t mag_fork_claim_of(const struct mag_fork_slot *slot,
                                          uintptr_t flags)
{
    return (uintptr_t)slot | flags;
}

/* The joiner of a taken child: where its thief runs it. */
static inline struct mag_fork_slot *
mag_fork_where_begun(const struct mag_fork_slot *joined,
                     const struct mag_fork_stack *stack)
{
    return stack->begun[joined - stack->slots];
}

/* fork/join.c - where the children end that begin at `slot`: each slot that waits has a
 * body, and the first that has none is the top, wherever the owner's `w` has gone. */
struct mag_fork_slot *mag_fork_top_from(struct mag_fork_slot *slot);

/* fork/join.c - answers the owner of a stolen child: the last touch of its slot. */
void mag_fork_complete(struct mag_fork_slot *child);

/* The owner.  A run begins at `at`: thieves may take what will be forked there first,
 * unless older children wait below, of whoever called this.  `modes` has the `fp` of the
 * run, and room for the rest until the run ends. */
void mag_fork_deque_begin(struct mag_fork_stack *stack, struct mag_fork_slot *at,
                          struct mag_fork_modes *modes);

/* The owner.  That run ends; its children have been joined. */
void mag_fork_deque_end(struct mag_fork_stack *stack, struct mag_fork_modes *modes);

/* The owner, about to pop a slot with a claim whose body it has cleared.  Whether the
 * child is the owner's; else it has been taken. */
bool mag_fork_deque_keep(struct mag_fork_stack *stack, struct mag_fork_slot *slot);

/* The owner, after the join of a taken child: its slot is free, and the next ones are
 * shared. */
void mag_fork_deque_reopen(struct mag_fork_stack *stack, struct mag_fork_slot *slot);

#endif

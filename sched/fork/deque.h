/*
 * deque.h - the deque under fork-join: the words that the lock of a fork stack protects,
 * for its owner and for thieves.  Private to sched/.  stack.h has the protocol.
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

/* Prepares a stack in such memory.  With fences thieves see the first `depth` children,
 * whose claims are set here; else all. */
struct mag_fork_stack *mag_fork_stack_init(void *memory, size_t bytes, uint32_t depth,
                                           bool fenced);

/*
 * Any thread.  Takes the oldest child of `victim`, which is to run at `at` on the taker's
 * own stack.  `joined` is NULL, or the stolen child, run by `victim`, that the taker
 * waits for: then only a descendant of that one is taken, and none when it has ended.
 */
enum mag_fork_steal mag_fork_stack_steal(struct mag_fork_stack *victim,
                                         struct mag_fork_slot *joined,
                                         struct mag_fork_slot *at,
                                         struct mag_fork_taken *ret_taken);

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

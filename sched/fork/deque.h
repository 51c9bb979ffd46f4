/*
 * deque.h - the deque under fork-join: the words that the lock of a fork stack protects,
 * for its owner and for thieves.  Private to sched/.  stack.h has the protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_DEQUE_H
#define SCHED_FORK_DEQUE_H

#include "sched/fork/stack.h"

/* A slot's tag: NONE, or the slot's address and one of the flags.  WAITING means that
 * the owner sleeps, and goes with TAKEN. */
#define MAG_TAG_NONE    ((uintptr_t)0)
#define MAG_TAG_SHARED  ((uintptr_t)1)
#define MAG_TAG_TAKEN   ((uintptr_t)2)
#define MAG_TAG_DONE    ((uintptr_t)4)
#define MAG_TAG_WAITING ((uintptr_t)8)
#define MAG_TAG_FLAGS   ((uintptr_t)63)

static inline uintptr_t mag_fork_tag_of(const struct mag_fork_slot *slot, uintptr_t flags)
{
    return (uintptr_t)slot | flags;
}

/* The slot of a tag that is not NONE. */
static inline struct mag_fork_slot *mag_fork_slot_of(uintptr_t tag)
{
    return (struct mag_fork_slot *)(tag & ~MAG_TAG_FLAGS);
}

/* The owner.  Whether a thief has taken the child in this slot, which waits for its join:
 * a hint, as one may take it at any time. */
static inline bool mag_fork_is_taken(const struct mag_fork_slot *slot)
{
    /* relaxed: the owner reads nothing of the child because of it. */
    uintptr_t tag = atomic_load_explicit(&slot->tag, memory_order_relaxed);

    return (tag & (MAG_TAG_TAKEN | MAG_TAG_DONE)) != 0;
}

/* For the joiner of a taken child: the slot at which the thief runs the child. */
static inline struct mag_fork_slot *
mag_fork_where_begun(const struct mag_fork_slot *joined,
                     const struct mag_fork_stack *stack)
{
    return stack->begun[joined - stack->slots];
}

/* Prepares a stack in memory from mag_fork_stack_map.  With fences, thieves see only the
 * first `depth` children, whose tags are set here; without fences they see all. */
struct mag_fork_stack *mag_fork_stack_init(void *memory, size_t bytes, uint32_t depth,
                                           bool fenced);

/*
 * Any thread.  Takes the oldest child of `victim`, which is to run at `at` on the
 * caller's own stack.  `joined` is NULL, or a stolen child that `victim` runs and the
 * caller waits for.  Then only a descendant of that child is taken, and none once the
 * child has ended.
 */
enum mag_fork_steal mag_fork_stack_steal(struct mag_fork_stack *victim,
                                         struct mag_fork_slot *joined,
                                         struct mag_fork_slot *at,
                                         struct mag_fork_taken *ret_taken);

/* The owner.  Begins a run at `at`: thieves may take what is forked there first, unless
 * older children of the functions below still wait.  `modes` has the `fp` of the run, and
 * must stay in place until mag_fork_deque_end. */
void mag_fork_deque_begin(struct mag_fork_stack *stack, struct mag_fork_slot *at,
                          struct mag_fork_modes *modes);

/* The owner.  Ends that run; the run's children have been joined. */
void mag_fork_deque_end(struct mag_fork_stack *stack, struct mag_fork_modes *modes);

/* The owner, while it pops a slot that has a tag and whose body it has cleared.  True:
 * the child belongs to the owner.  False: a thief has taken the child. */
bool mag_fork_deque_keep(struct mag_fork_stack *stack, struct mag_fork_slot *slot);

/* The owner, after the join of a taken child: frees the child's slot and shares the next
 * ones. */
void mag_fork_deque_reopen(struct mag_fork_stack *stack, struct mag_fork_slot *slot);

#endif

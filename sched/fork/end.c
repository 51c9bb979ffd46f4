/*
 * end.c - cleans up the fork stack of a thread that ends in the middle of its work: the
 * children that it forked, and the children of other workers that it ran.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/fork/end.h"

#include "base/os.h"
#include "sched/fork/deque.h"
#include "sched/fork/join.h"

/* The nap between two looks at a child that a thief runs. */
enum { CHILD_NAP_NS = 50000 };

/* ------------------------------------------------------ by a thread that ends */

/* As mag_fork_pop, but does not help the thief meanwhile.  A child run here would
 * overwrite the stack frames of the functions that forked. */
static void drop_child(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    /* owner-or-thief (1), relaxed: ordered before (2) by the thief's heavy barrier. */
    atomic_store_explicit(&slot->body, NULL, memory_order_relaxed);
    MAG_OWNER_FENCE();
    /* owner-or-thief (2), relaxed: nothing is read of a child that no thief took. */
    if (atomic_load_explicit(&slot->tag, memory_order_relaxed) == 0 ||
        mag_fork_deque_keep(stack, slot))
        return;
    /* done, acquire: the thief's last touch is over. */
    while (!(atomic_load_explicit(&slot->tag, memory_order_acquire) & MAG_TAG_DONE))
        mag_os_nap(CHILD_NAP_NS);
    mag_fork_deque_reopen(stack, slot);
}

/* Under the lock of `owner`: where the child of that owner runs, if it runs on `stack`
 * above `highest`; else NULL. */
static struct mag_fork_slot *run_above(struct mag_fork_stack *owner,
                                       struct mag_fork_slot *slot,
                                       struct mag_fork_stack *stack,
                                       struct mag_fork_slot *highest)
{
    /* relaxed: ordered by the lock; a child that this thread runs is not done. */
    uintptr_t tag = atomic_load_explicit(&slot->tag, memory_order_relaxed);
    struct mag_fork_slot *at;

    if (!(tag & MAG_TAG_TAKEN) || (tag & MAG_TAG_DONE))
        return NULL;
    at = mag_fork_where_begun(slot, owner);
    return mag_fork_stack_of(at) == stack && at > highest ? at : NULL;
}

/* Finds the child of `owner` that runs highest up on `stack`, above `*at`. */
static void find_among(struct mag_fork_stack *owner, struct mag_fork_stack *stack,
                       struct mag_fork_slot **found, struct mag_fork_slot **at)
{
    mag_spin_lock(&owner->lock);
    /* relaxed: ordered by the lock; taken children lie below `base`. */
    struct mag_fork_slot *base = atomic_load_explicit(&owner->base, memory_order_relaxed);
    for (struct mag_fork_slot *slot = owner->slots; slot < base; slot++) {
        struct mag_fork_slot *above = run_above(owner, slot, stack, *at);

        if (above != NULL) {
            *found = slot;
            *at = above;
        }
    }
    mag_spin_unlock(&owner->lock);
}

/* The child of another worker that runs highest up on `stack`; NULL: there is none. */
static struct mag_fork_slot *find_stolen(const struct mag_fork_family *family,
                                         struct mag_fork_stack *stack,
                                         struct mag_fork_slot **ret_at)
{
    struct mag_fork_slot *found = NULL;

    *ret_at = NULL;
    for (uint32_t i = 0; i < family->count; i++) {
        struct mag_fork_stack *owner = family->at(family->arg, i);

        if (owner != NULL && owner != stack)
            find_among(owner, stack, &found, ret_at);
    }
    return found;
}

void mag_fork_stack_end(struct mag_fork_stack *stack,
                        const struct mag_fork_family *family)
{
    struct mag_fork_slot *top = mag_fork_top_from(stack->slots);
    struct mag_fork_slot *child;
    struct mag_fork_slot *at;

    /* Drops a run's own children before it answers for the run: the worker that waits for
     * the answer may be running children of that run. */
    do {
        child = find_stolen(family, stack, &at);
        for (; top > (child != NULL ? at : stack->slots); top--)
            drop_child(stack, top - 1);
        if (child != NULL)
            mag_fork_complete(child);
    } while (child != NULL);
    /* The records of the runs lie in the stack frames of functions that never return. */
    mag_spin_lock(&stack->lock);
    stack->modes = &stack->own;
    mag_spin_unlock(&stack->lock);
    stack->entry = stack->slots;
    stack->child = NULL;
    stack->stolen = 0;
    stack->spill = stack->blocks;
}

/*
 * fork_end.c - children that will not be joined: those of a function that is left on
 * another way than by returning, and those of a thread that ends in the middle of it.
 *
 * The slots tell what waits: from the first slot of a stack to its top each has a body,
 * and the first one that has none is the top, wherever the owner's `w` has gone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/core.h"
#include "sched/fork_deque.h"

/* Between two looks at a child that a thief runs. */
enum { CHILD_NAP_NS = 50000 };

static bool has_child(struct mag_fork_slot *slot)
{
    /* relaxed: the owner wrote it. */
    return atomic_load_explicit(&slot->body, memory_order_relaxed) != NULL;
}

static struct mag_fork_slot *top_from(struct mag_fork_slot *slot)
{
    while (has_child(slot))
        slot++;
    return slot;
}

/* ------------------------------------------------------------ by a function's choice */

struct mag_fork_mark mag_fork_mark_of(mag_fork w)
{
    return (struct mag_fork_mark){.w = w, .block = mag_fork_stack_of(w.top)->spill};
}

mag_fork mag_fork_drop(const struct mag_fork_mark *mark)
{
    mag_fork w = {.top = top_from(mark->w.top)};

    while (w.top > mark->w.top)
        (void)mag_fork_pop(&w);
    mag_fork_stack_of(w.top)->spill = mark->block;
    return w;
}

/* ------------------------------------------------------------- by a thread that ends */

/* As mag_fork_pop.  Nothing is run meanwhile: the functions that forked lie where its
 * stack would be. */
static void drop_child(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    /* owner-or-thief (1), relaxed: ordered before (2) by the thief's heavy barrier. */
    atomic_store_explicit(&slot->body, NULL, memory_order_relaxed);
    MAG_OWNER_FENCE();
    /* owner-or-thief (2), relaxed: of a child that nobody took nothing is read. */
    if (atomic_load_explicit(&slot->claim, memory_order_relaxed) == 0 ||
        mag_fork_deque_keep(stack, slot))
        return;
    /* done, acquire: the thief's last touch is over. */
    while (!(atomic_load_explicit(&slot->claim, memory_order_acquire) & MAG_CLAIM_DONE))
        mag_os_nap(CHILD_NAP_NS);
    mag_fork_deque_reopen(stack, slot);
}

/* Under the lock of `owner`: where the child runs, if that is on `stack` and higher up
 * than `highest`. */
static struct mag_fork_slot *run_above(struct mag_fork_stack *owner,
                                       struct mag_fork_slot *slot,
                                       struct mag_fork_stack *stack,
                                       struct mag_fork_slot *highest)
{
    /* relaxed: ordered by the lock; a child of this thread's is not done. */
    uintptr_t claim = atomic_load_explicit(&slot->claim, memory_order_relaxed);
    struct mag_fork_slot *at;

    if (!(claim & MAG_CLAIM_TAKEN) || (claim & MAG_CLAIM_DONE))
        return NULL;
    at = mag_fork_where_begun(slot, owner);
    return mag_fork_stack_of(at) == stack && at > highest ? at : NULL;
}

/* The child of another worker that runs highest up on `stack`; NULL: none does. */
static struct mag_fork_slot *find_stolen(struct mag_sched *sched,
                                         struct mag_fork_stack *stack,
                                         struct mag_fork_slot **ret_at)
{
    struct mag_fork_slot *found = NULL;

    *ret_at = NULL;
    for (uint32_t i = 0; i < sched->worker_count; i++) {
        struct mag_fork_stack *owner = mag_sched_at(sched, i)->forks;

        if (owner == stack)
            continue;
        mag_spin_lock(&owner->lock);
        /* relaxed: ordered by the lock; what was taken lies below. */
        struct mag_fork_slot *base =
            atomic_load_explicit(&owner->base, memory_order_relaxed);
        for (struct mag_fork_slot *slot = owner->slots; slot < base; slot++) {
            struct mag_fork_slot *at = run_above(owner, slot, stack, *ret_at);

            if (at != NULL) {
                found = slot;
                *ret_at = at;
            }
        }
        mag_spin_unlock(&owner->lock);
    }
    return found;
}

void mag_fork_end(struct mag_worker *worker)
{
    struct mag_fork_stack *stack = worker->forks;
    struct mag_fork_slot *top = top_from(stack->slots);
    struct mag_fork_slot *child;
    struct mag_fork_slot *at;

    /* Each run's own children before its answer: whoever waits for that may be running
     * older ones. */
    do {
        child = find_stolen(worker->sched, stack, &at);
        for (; top > (child != NULL ? at : stack->slots); top--)
            drop_child(stack, top - 1);
        if (child != NULL)
            mag_fork_complete(child);
    } while (child != NULL);
    stack->entry = stack->slots;
    stack->child = NULL;
    stack->spill = stack->blocks;
}

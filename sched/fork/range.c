/*
 * range.c - ranges of forked children: how the owner of a range and the thief that takes
 * the rest of it agree where to cut.  docs/design/wide-forks.md has the proof.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/fork_range.h>

#include "sched/fork/deque.h"
#include "sched/fork/join.h"

#include <stdatomic.h>

static struct mag_fork_range *range_of(struct mag_fork_slot *slot)
{
    return MAG_FORK_RANGE_AT((void *)slot->payload);
}

static size_t next_of(const struct mag_fork_range *range)
{
    /* (4), relaxed: ordered by the heavy barrier that shared the slot; or the owner's
     * own. */
    return atomic_load_explicit(&range->next, memory_order_relaxed);
}

static size_t end_of(const struct mag_fork_range *range)
{
    /* relaxed: ordered by the lock. */
    return atomic_load_explicit(&range->end, memory_order_relaxed);
}

/* ------------------------------------------------------------------------ thieves */

/* Under the lock of the range's owner. */
static struct mag_fork_part cut_half(struct mag_fork_range *range)
{
    struct mag_fork_part part = {next_of(range), end_of(range)};

    /* relaxed: ordered by the lock. */
    atomic_store_explicit(&range->end, part.begin, memory_order_relaxed);
    return part;
}

struct mag_fork_part mag_fork_range_cut(mag_fork w, void *payload)
{
    struct mag_fork_slot *child = mag_fork_stack_of(w.top)->child;

    /* A scope's join runs a copy of a child that its function has left there. */
    if (child == NULL || payload != child->payload)
        return cut_half(MAG_FORK_RANGE_AT(payload));

    struct mag_spin *lock = &mag_fork_stack_of(child)->lock;
    mag_spin_lock(lock);
    struct mag_fork_part part = cut_half(range_of(child));
    mag_spin_unlock(lock);
    return part;
}

/* -------------------------------------------------------------------------- owner */

/* The owner, which has claimed the index by its store, in a slot that a thief has taken.
 * Whether the thief has left it the index.  If the thief has not cut the range yet, it
 * gets the index. */
static bool is_left(struct mag_fork_stack *stack, struct mag_fork_range *range,
                    size_t index)
{
    mag_spin_lock(&stack->lock);
    size_t end = end_of(range);
    bool is_cut = end <= next_of(range);
    if (!is_cut) {
        /* relaxed: ordered by the lock. */
        atomic_store_explicit(&range->next, index, memory_order_relaxed);
    }
    mag_spin_unlock(&stack->lock);
    return is_cut && index < end;
}

bool mag_fork_range_claim_slow(uintptr_t tag, size_t index)
{
    struct mag_fork_slot *slot = mag_fork_slot_of(tag);
    struct mag_fork_stack *stack = mag_fork_stack_of(slot);

    if (mag_fork_deque_keep(stack, slot) || is_left(stack, range_of(slot), index))
        return true;
    mag_fork_join_taken(stack, slot);
    return false;
}

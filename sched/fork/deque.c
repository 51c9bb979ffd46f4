/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/fork/deque.h"

#include "base/asym.h"
#include "sched/policy/share.h"

#include <assert.h>
#include <magpie/barrier.h>

static_assert(sizeof(struct mag_fork_slot) == 64, "a child is a cache line");
static_assert(sizeof(struct mag_fork_stack) <= MAG_FORK_SLOTS_AT, "nothing overlaps");
static_assert(offsetof(struct mag_fork_stack, ground) == 0, "found from every slot");

static uintptr_t least_of(uintptr_t a, uintptr_t b)
{
    return a < b ? a : b;
}

/* The limit that mag_fork_is_full sets to loops.  Functions called at that limit need the
 * rest of the room. */
static uintptr_t most_in(size_t bytes)
{
    return least_of(mag_fork_slots_in(bytes) / 4 * 3, MAG_FORK_WAITING_MAX);
}

struct mag_fork_stack *mag_fork_stack_init(void *memory, size_t bytes, uint32_t depth,
                                           bool fenced)
{
    struct mag_fork_stack *stack = memory;
    uintptr_t seen = least_of(mag_fork_slots_in(bytes), fenced ? depth : UINTPTR_MAX);
    uintptr_t open = mag_fork_opened_in(bytes) - MAG_FORK_SLOTS_AT;

    mag_spin_init(&stack->lock);
    stack->slots = (struct mag_fork_slot *)(void *)((char *)memory + MAG_FORK_SLOTS_AT);
    atomic_init(&stack->base, stack->slots);
    atomic_init(&stack->split, stack->slots);
    atomic_init(&stack->wake, 0);
    stack->own =
        (struct mag_fork_modes){.fp = mag_fp_read(), .from = stack->slots, .outer = NULL};
    stack->modes = &stack->own;
    stack->patience = 0;
    stack->begun =
        (struct mag_fork_slot **)(void *)((char *)memory + mag_fork_begun_at(bytes));
    stack->end = stack->slots + seen;
    stack->most = stack->slots + least_of(most_in(bytes), seen);
    stack->ground.full =
        stack->slots +
        least_of(most_in(bytes), least_of(seen, open / sizeof(struct mag_fork_slot)));
    stack->entry = stack->slots;
    stack->child = NULL;
    stack->stolen = 0;
    stack->blocks = (char *)memory + mag_fork_blocks_at(bytes);
    stack->blocks_open = stack->blocks;
    stack->blocks_end = (char *)memory + mag_fork_blocks_end(bytes);
    stack->spill = stack->blocks;
    stack->bytes = bytes;
    stack->fenced = fenced;
    stack->node = 0;
    stack->on_steal = NULL;
    stack->on_ran = NULL;
    stack->on_sleep = NULL;
    stack->arg = NULL;
    for (uintptr_t i = 0; fenced && i < seen; i++)
        atomic_init(&stack->slots[i].tag,
                    mag_fork_tag_of(&stack->slots[i], MAG_TAG_SHARED));
    return stack;
}

/* ------------------------------------------------- words under the stack's lock */

static struct mag_fork_slot *base_of(struct mag_fork_stack *stack)
{
    /* relaxed: ordered by the lock. */
    return atomic_load_explicit(&stack->base, memory_order_relaxed);
}

static struct mag_fork_slot *split_of(struct mag_fork_stack *stack)
{
    /* relaxed: ordered by the lock. */
    return atomic_load_explicit(&stack->split, memory_order_relaxed);
}

static void set_base(struct mag_fork_stack *stack, struct mag_fork_slot *base)
{
    /* relaxed: ordered by the lock; a thread without the lock reads it as a hint. */
    atomic_store_explicit(&stack->base, base, memory_order_relaxed);
}

static void set_split(struct mag_fork_stack *stack, struct mag_fork_slot *split)
{
    /* relaxed: ordered by the lock, and before (4) by the heavy barrier. */
    atomic_store_explicit(&stack->split, split, memory_order_relaxed);
}

/* Moves split up. */
static void share(struct mag_fork_stack *stack, struct mag_fork_slot *split)
{
    for (struct mag_fork_slot *slot = split_of(stack); !stack->fenced && slot < split;
         slot++) {
        /* (3), relaxed: ordered before (4) by the heavy barrier, or the slots are the
         * caller's own. */
        atomic_store_explicit(&slot->tag, mag_fork_tag_of(slot, MAG_TAG_SHARED),
                              memory_order_relaxed);
    }
    set_split(stack, split);
}

/* Moves split down, not below base. */
static void withdraw(struct mag_fork_stack *stack, struct mag_fork_slot *split)
{
    for (struct mag_fork_slot *slot = split; !stack->fenced && slot < split_of(stack);
         slot++) {
        /* relaxed: the withdrawing thread has read nothing of the slot but its atomic
         * body. */
        atomic_store_explicit(&slot->tag, MAG_TAG_NONE, memory_order_relaxed);
    }
    set_split(stack, split);
}

/* Counts the children in a row from `slot` on, at most `most`. */
static uint32_t count_children(const struct mag_fork_stack *stack,
                               struct mag_fork_slot *slot, uint32_t most)
{
    uint32_t count = 0;

    /* (4), relaxed: the thread that takes a child reads its body again. */
    while (count < most && slot + count < stack->end &&
           atomic_load_explicit(&slot[count].body, memory_order_relaxed) != NULL)
        count++;
    return count;
}

/* --------------------------------------------------------------------- thieves */

/* Under the lock, by a thief: shares the older half of the first few private children.
 * On return `split` equals `base` again if there were none.  If the kernel has begun to
 * refuse membarrier, the thief sleeps until no processor can still hold back (1). */
static void share_as_thief(struct mag_fork_stack *victim)
{
    struct mag_fork_slot *base = base_of(victim);
    uint32_t waiting = count_children(victim, base, MAG_SHARE_LOOK_MAX);

    if (waiting == 0)
        return;

    uint32_t wanted = mag_share_by_thief(waiting);
    share(victim, base + wanted);
    mag_barrier_heavy();
    uint32_t shared = count_children(victim, base, wanted);
    if (shared < wanted)
        withdraw(victim, base + shared);
}

/* Under the lock: the floating-point modes of the run that the child at `base` belongs
 * to. */
static mag_fp modes_at(const struct mag_fork_stack *victim,
                       const struct mag_fork_slot *base)
{
    const struct mag_fork_modes *modes = victim->modes;

    while (modes->from > base)
        modes = modes->outer;
    return modes->fp;
}

/* Under the lock: takes the child at `base`, unless its owner is about to pop it. */
static bool take(struct mag_fork_stack *victim, struct mag_fork_slot *base,
                 struct mag_fork_slot *at, struct mag_fork_taken *ret_taken)
{
    /* child, acquire: the payload is visible. */
    mag_fork_body body = atomic_load_explicit(&base->body, memory_order_acquire);

    if (body == NULL)
        return false;
    /* relaxed: the owner reads it under the lock, after base has passed the slot. */
    atomic_store_explicit(&base->tag, mag_fork_tag_of(base, MAG_TAG_TAKEN),
                          memory_order_relaxed);
    victim->begun[base - victim->slots] = at;
    set_base(victim, base + 1);
    *ret_taken =
        (struct mag_fork_taken){.slot = base, .body = body, .fp = modes_at(victim, base)};
    return true;
}

/* Under the lock: whether the child at `base` descends from the child in `joined`.  It
 * does if the latter still runs where it was begun.  If that child ends right now, its
 * thief must take this lock before it forks anything else. */
static bool descends_from(const struct mag_fork_slot *base, struct mag_fork_slot *joined)
{
    /* relaxed: nothing of the child is read. */
    uintptr_t tag = atomic_load_explicit(&joined->tag, memory_order_relaxed);

    return !(tag & MAG_TAG_DONE) &&
           base >= mag_fork_where_begun(joined, mag_fork_stack_of(joined));
}

enum mag_fork_steal mag_fork_stack_steal(struct mag_fork_stack *victim,
                                         struct mag_fork_slot *joined,
                                         struct mag_fork_slot *at,
                                         struct mag_fork_taken *ret_taken)
{
    enum mag_fork_steal result = MAG_FORK_EMPTY;

    if (!mag_fork_stack_waiting(victim))
        return MAG_FORK_EMPTY;
    if (!mag_spin_try_lock(&victim->lock))
        return MAG_FORK_LOST;
    struct mag_fork_slot *base = base_of(victim);
    if (joined == NULL || descends_from(base, joined)) {
        if (base == split_of(victim))
            share_as_thief(victim);
        if (base != split_of(victim) && take(victim, base, at, ret_taken))
            result = MAG_FORK_STOLEN;
    }
    mag_spin_unlock(&victim->lock);
    return result;
}

/* ----------------------------------------------------------------------- owner */

/* Under the lock, by the owner: no child waits from `at` on.  Shares the first free slots
 * there, so that thieves may take what is forked into them. */
static void open_zone(struct mag_fork_stack *stack, struct mag_fork_slot *at)
{
    if (at >= stack->end)
        return;
    struct mag_fork_slot *split = at + mag_share_by_owner((uintptr_t)(stack->end - at));
    set_base(stack, at);
    if (split > split_of(stack))
        share(stack, split);
    else
        withdraw(stack, split);
    stack->patience = MAG_SHARE_PATIENCE;
}

void mag_fork_deque_begin(struct mag_fork_stack *stack, struct mag_fork_slot *at,
                          struct mag_fork_modes *modes)
{
    mag_spin_lock(&stack->lock);
    if (modes->fp != stack->modes->fp) {
        modes->from = at;
        modes->outer = stack->modes;
        stack->modes = modes;
    }
    if (base_of(stack) == at)
        open_zone(stack, at);
    mag_spin_unlock(&stack->lock);
}

void mag_fork_deque_end(struct mag_fork_stack *stack, struct mag_fork_modes *modes)
{
    /* Read without the lock: only the owner writes it. */
    if (stack->modes != modes)
        return;
    mag_spin_lock(&stack->lock);
    stack->modes = modes->outer;
    mag_spin_unlock(&stack->lock);
}

void mag_fork_deque_reopen(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    mag_spin_lock(&stack->lock);
    /* relaxed, both: the slot is free again; thieves look under the lock. */
    atomic_store_explicit(&slot->tag, mag_fork_tag_of(slot, MAG_TAG_SHARED),
                          memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&slot->body, NULL, memory_order_relaxed);
    open_zone(stack, slot);
    mag_spin_unlock(&stack->lock);
}

/* Under the lock: a shared slot that no thief took stays shared while patience lasts. */
static void keep_or_withdraw(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    if (slot >= split_of(stack))
        return;
    if (mag_share_goes_on(stack->patience))
        stack->patience--;
    else
        withdraw(stack, slot);
}

bool mag_fork_deque_keep(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    if (stack->fenced) {
        mag_asym_light(true);
        /* (2), relaxed: ordered after (1) by the fence. */
        if (slot >= atomic_load_explicit(&stack->split, memory_order_relaxed))
            return true;
    }
    mag_spin_lock(&stack->lock);
    bool ours = slot >= base_of(stack);
    if (ours)
        keep_or_withdraw(stack, slot);
    mag_spin_unlock(&stack->lock);
    return ours;
}

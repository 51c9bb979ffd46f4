/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/fork_stack.h"

#include "sched/asym.h"

#include <assert.h>

/* Children looked at when a thief shares; half of them are shared. */
enum { SHARE_MAX = 16 };

/* Slots that an owner shares where a run begins, and pops of them that found nobody. */
enum { ZONE = 3, PATIENCE = 64 };

/* Looks at a waiting join's child before its owner sleeps (a model wants fewer), and the
 * naps it takes then: the thief may fork something that the owner could help with. */
#ifndef MAG_FORK_JOIN_SPINS
#    define MAG_FORK_JOIN_SPINS 256
#endif
enum { JOIN_NAP_NS = 200000 };

/* A slot's claim: none, or the slot's address and one of these; WAITING, that the owner
 * sleeps, goes with TAKEN. */
#define CLAIM_NONE    ((uintptr_t)0)
#define CLAIM_SHARED  ((uintptr_t)1)
#define CLAIM_TAKEN   ((uintptr_t)2)
#define CLAIM_DONE    ((uintptr_t)4)
#define CLAIM_WAITING ((uintptr_t)8)
#define CLAIM_FLAGS   ((uintptr_t)63)

static_assert(sizeof(struct mag_fork_slot) == 64, "a child is a cache line");
static_assert(sizeof(struct mag_fork_stack) <= MAG_FORK_SLOTS_AT, "nothing overlaps");
static_assert(MAG_SCHED_FORKS_MAX <= MAG_FORK_WAITING_MAX, "they are in every stack");

static uintptr_t claim_of(const struct mag_fork_slot *slot, uintptr_t flags)
{
    return (uintptr_t)slot | flags;
}

struct mag_fork_stack *mag_fork_stack_init(void *memory, size_t bytes, uint32_t depth,
                                           bool fenced)
{
    struct mag_fork_stack *stack = memory;

    mag_spin_init(&stack->lock);
    stack->slots = (struct mag_fork_slot *)(void *)((char *)memory + MAG_FORK_SLOTS_AT);
    atomic_init(&stack->base, stack->slots);
    atomic_init(&stack->split, stack->slots);
    atomic_init(&stack->wake, 0);
    stack->patience = 0;
    stack->begun =
        (struct mag_fork_slot **)(void *)((char *)memory + mag_fork_begun_at(bytes));
    stack->end = stack->slots + (fenced ? depth : mag_fork_slots_in(bytes));
    stack->full = stack->slots + (fenced ? depth : MAG_FORK_WAITING_MAX);
    stack->entry = stack->slots;
    stack->child = NULL;
    stack->blocks = (char *)memory + mag_fork_blocks_at(bytes);
    stack->blocks_end = (char *)memory + mag_fork_blocks_end(bytes);
    stack->spill = stack->blocks;
    stack->fenced = fenced;
    stack->node = 0;
    stack->on_steal = NULL;
    stack->arg = NULL;
    for (uint32_t i = 0; fenced && i < depth; i++)
        atomic_init(&stack->slots[i].claim, claim_of(&stack->slots[i], CLAIM_SHARED));
    return stack;
}

/* Stands in a slot whose child is run elsewhere: the slot is not free. */
static void elsewhere(mag_fork w, void *payload)
{
    (void)w;
    (void)payload;
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
    /* relaxed: ordered by the lock; to those who peek it is a hint. */
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
        /* (3), relaxed: ordered before (4) by the heavy barrier, or by being the owner's
         * own. */
        atomic_store_explicit(&slot->claim, claim_of(slot, CLAIM_SHARED),
                              memory_order_relaxed);
    }
    set_split(stack, split);
}

/* Moves split down, not below base. */
static void withdraw(struct mag_fork_stack *stack, struct mag_fork_slot *split)
{
    for (struct mag_fork_slot *slot = split; !stack->fenced && slot < split_of(stack);
         slot++) {
        /* relaxed: who withdraws has read nothing but the atomic body of the slot. */
        atomic_store_explicit(&slot->claim, CLAIM_NONE, memory_order_relaxed);
    }
    set_split(stack, split);
}

/* Children in a row from `slot` on, at most `most`. */
static uint32_t count_children(const struct mag_fork_stack *stack,
                               struct mag_fork_slot *slot, uint32_t most)
{
    uint32_t count = 0;

    /* (4), relaxed: whoever takes a child reads its body again. */
    while (count < most && slot + count < stack->end &&
           atomic_load_explicit(&slot[count].body, memory_order_relaxed) != NULL)
        count++;
    return count;
}

/* --------------------------------------------------------------------- thieves */

/* Under the lock, by a thief: shares the older half of the first few private children.
 * On return split is base again if there were none. */
static void share_as_thief(struct mag_fork_stack *victim)
{
    struct mag_fork_slot *base = base_of(victim);
    uint32_t waiting = count_children(victim, base, SHARE_MAX);

    if (waiting == 0)
        return;

    uint32_t wanted = (waiting + 1) / 2;
    share(victim, base + wanted);
    uint32_t shared = mag_asym_heavy() ? count_children(victim, base, wanted) : 0;
    if (shared < wanted)
        withdraw(victim, base + shared);
}

/* Under the lock: the child at `base`, unless its owner is about to pop it. */
static bool take(struct mag_fork_stack *victim, struct mag_fork_slot *base,
                 struct mag_fork_slot *at, struct mag_fork_taken *ret_taken)
{
    /* child, acquire: the payload is visible. */
    mag_fork_body body = atomic_load_explicit(&base->body, memory_order_acquire);

    if (body == NULL)
        return false;
    /* relaxed: the owner reads it under the lock, after base has passed the slot. */
    atomic_store_explicit(&base->claim, claim_of(base, CLAIM_TAKEN),
                          memory_order_relaxed);
    victim->begun[base - victim->slots] = at;
    set_base(victim, base + 1);
    *ret_taken = (struct mag_fork_taken){.slot = base, .body = body};
    return true;
}

/* The joiner of a taken child: where its thief runs it. */
static struct mag_fork_slot *where_begun(const struct mag_fork_slot *joined,
                                         const struct mag_fork_stack *stack)
{
    return stack->begun[joined - stack->slots];
}

/* Under the lock: whether the child at `base` descends from the one in `joined`: that one
 * still runs where it was begun.  Should it end now, its thief must ask for the lock
 * before it forks anything else. */
static bool descends_from(const struct mag_fork_slot *base, struct mag_fork_slot *joined)
{
    /* relaxed: nothing of the child is read. */
    uintptr_t claim = atomic_load_explicit(&joined->claim, memory_order_relaxed);

    return !(claim & CLAIM_DONE) &&
           base >= where_begun(joined, mag_fork_stack_of(joined));
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

/* The last touch of the child's slot; then, if its owner sleeps, of the owner's word. */
static void complete(struct mag_fork_slot *child)
{
    struct mag_fork_stack *owner = mag_fork_stack_of(child);
    /* Both halves:
     *   done, release: the result precedes DONE;
     *   acquire: the owner has reset its wake word before it set WAITING. */
    uintptr_t claim = atomic_exchange_explicit(&child->claim, claim_of(child, CLAIM_DONE),
                                               memory_order_acq_rel);

    if (claim & CLAIM_WAITING) {
        /* wake, release: a sleeper that resets it sees DONE. */
        atomic_store_explicit(&owner->wake, 1, memory_order_release);
        mag_os_wake(&owner->wake, 1);
    }
}

/* ------------------------------------------------------------------------ runs */

/* Under the lock, by the owner: nothing waits from `at` on, and thieves may take what
 * will be forked there first. */
static void open_zone(struct mag_fork_stack *stack, struct mag_fork_slot *at)
{
    struct mag_fork_slot *split = at + ZONE < stack->end ? at + ZONE : stack->end;

    if (at >= stack->end)
        return;
    set_base(stack, at);
    if (split > split_of(stack))
        share(stack, split);
    else
        withdraw(stack, split);
    stack->patience = PATIENCE;
}

/* Runs a stolen child, or a root: then `child` is NULL, and nobody is answered. */
static void run_body(struct mag_fork_stack *stack, mag_fork_body body, void *payload,
                     struct mag_fork_slot *at, struct mag_fork_slot *child)
{
    struct mag_fork_slot *entry = stack->entry;
    struct mag_fork_slot *before = stack->child;

    mag_spin_lock(&stack->lock);
    /* Unless older children wait below, of whoever called this. */
    if (base_of(stack) == at)
        open_zone(stack, at);
    mag_spin_unlock(&stack->lock);
    stack->entry = at;
    stack->child = child;
    body((mag_fork){.top = at}, payload);
    if (stack->child != NULL)
        complete(stack->child);
    stack->child = before;
    stack->entry = entry;
}

void mag_fork_stack_run(struct mag_fork_stack *stack, const struct mag_fork_taken *taken,
                        struct mag_fork_slot *at)
{
    run_body(stack, taken->body, taken->slot->payload, at, taken->slot);
}

bool mag_fork_is_stolen(mag_fork w, const void *payload)
{
    const struct mag_fork_slot *child = mag_fork_stack_of(w.top)->child;

    return child != NULL && payload == child->payload;
}

void mag_fork_answer(mag_fork w)
{
    struct mag_fork_stack *stack = mag_fork_stack_of(w.top);

    if (stack->child == NULL)
        return;
    /* Locked: who helps with the child has taken what it found, or sees that it is done
     * and leaves what is forked from here on. */
    mag_spin_lock(&stack->lock);
    complete(stack->child);
    mag_spin_unlock(&stack->lock);
    stack->child = NULL;
}

void mag_fork_stack_root(struct mag_fork_stack *stack, mag_fork_body body, void *payload)
{
    struct mag_fork_slot *at = stack->entry;

    /* A root inside a forked function: the slots of its callers are in use, and those
     * above them are free.  relaxed: the owner wrote them. */
    while (atomic_load_explicit(&at->body, memory_order_relaxed) != NULL)
        at++;
    run_body(stack, body, payload, at, NULL);
}

/* ----------------------------------------------------------------------- joins */

/* Runs a descendant of a stolen child, if its thief has one to spare. */
static bool help(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    struct mag_fork_stack *thief = mag_fork_stack_of(where_begun(slot, stack));
    struct mag_fork_taken taken;

    if (mag_fork_stack_steal(thief, slot, slot + 1, &taken) != MAG_FORK_STOLEN)
        return false;
    if (stack->on_steal != NULL)
        stack->on_steal(stack->arg, thief->node != stack->node);
    mag_fork_stack_run(stack, &taken, slot + 1);
    return true;
}

static void sleep_on(struct mag_fork_stack *stack, struct mag_fork_slot *slot,
                     uintptr_t claim)
{
    /* wake, acquire: if it was set the claim says DONE, here or in a join below. */
    if (atomic_exchange_explicit(&stack->wake, 0, memory_order_acquire) != 0)
        return;
    /* release: the reset precedes the thief's sight of WAITING.
     * On failure relaxed: the child is done. */
    if (!(claim & CLAIM_WAITING) && !atomic_compare_exchange_strong_explicit(
                                        &slot->claim, &claim, claim | CLAIM_WAITING,
                                        memory_order_release, memory_order_relaxed))
        return;
    mag_os_wait(&stack->wake, 0, JOIN_NAP_NS);
}

/* Waits for a stolen child, running its descendants meanwhile. */
static void join_stolen(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    for (unsigned spins = 0;; spins++) {
        /* done, acquire: the result is visible. */
        uintptr_t claim = atomic_load_explicit(&slot->claim, memory_order_acquire);

        if (claim & CLAIM_DONE)
            return;
        if (help(stack, slot))
            spins = 0;
        else if (spins < MAG_FORK_JOIN_SPINS)
            mag_os_pause();
        else
            sleep_on(stack, slot, claim);
    }
}

/* After the join of a stolen child: its slot is free, and the next ones are shared. */
static void reopen(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    mag_spin_lock(&stack->lock);
    /* relaxed, both: free again; thieves look under the lock. */
    atomic_store_explicit(&slot->claim, claim_of(slot, CLAIM_SHARED),
                          memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&slot->body, NULL, memory_order_relaxed);
    open_zone(stack, slot);
    mag_spin_unlock(&stack->lock);
}

/* Under the lock: a shared slot that nobody took stays shared while there is patience. */
static void keep_or_withdraw(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    if (slot >= split_of(stack))
        return;
    if (stack->patience == 0)
        withdraw(stack, slot);
    else
        stack->patience--;
}

bool mag_fork_pop_slow(uintptr_t claim)
{
    struct mag_fork_slot *slot = (struct mag_fork_slot *)(claim & ~CLAIM_FLAGS);
    struct mag_fork_stack *stack = mag_fork_stack_of(slot);

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
    if (ours)
        return true;

    /* relaxed: keeps the slot from looking free to a root below; owner only. */
    atomic_store_explicit(&slot->body, elsewhere, memory_order_relaxed);
    join_stolen(stack, slot);
    reopen(stack, slot);
    return false;
}

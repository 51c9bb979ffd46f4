/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/fork_stack.h"

#include "sched/asym.h"

#include <assert.h>

/* Children looked at when a thief shares; half of them are shared. */
enum { SHARE_MAX = 16 };

/* Looks at a waiting join's child before its owner sleeps, and the naps it takes then:
 * the thief may fork something that the owner could help with. */
enum { JOIN_SPINS = 256 };
enum { JOIN_NAP_NS = 200000 };

/* A slot's state: where the thief runs the child, and flags in the bits below. */
#define STATE_DONE    ((uintptr_t)1)
#define STATE_WAITING ((uintptr_t)2)
#define STATE_FLAGS   ((uintptr_t)63)

/* Above every slot: each pop is slow. */
#define SPLIT_FENCED ((struct mag_fork_slot *)UINTPTR_MAX)

static_assert(sizeof(struct mag_fork_slot) == 64, "a child is a cache line");

uint32_t mag_fork_stack_depth_max(void)
{
    return (uint32_t)((MAG_FORK_STACK_BYTES - sizeof(struct mag_fork_stack)) /
                      sizeof(struct mag_fork_slot)) -
           1;
}

struct mag_fork_stack *mag_fork_stack_init(void *memory, uint32_t depth, bool fenced)
{
    struct mag_fork_stack *stack = memory;

    atomic_init(&stack->head.limit, stack->slots + depth);
    atomic_init(&stack->head.split, fenced ? SPLIT_FENCED : stack->slots);
    mag_spin_init(&stack->lock);
    atomic_init(&stack->base, stack->slots);
    atomic_init(&stack->real_split, stack->slots);
    atomic_init(&stack->active, 0);
    atomic_init(&stack->wake, 0);
    stack->end = stack->slots + depth;
    stack->entry = stack->slots;
    stack->fenced = fenced;
    stack->on_share = NULL;
    stack->on_steal = NULL;
    stack->arg = NULL;
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
    return atomic_load_explicit(&stack->real_split, memory_order_relaxed);
}

static void set_base(struct mag_fork_stack *stack, struct mag_fork_slot *base)
{
    /* relaxed: ordered by the lock; to those who peek it is a hint. */
    atomic_store_explicit(&stack->base, base, memory_order_relaxed);
}

static void set_split(struct mag_fork_stack *stack, struct mag_fork_slot *split)
{
    /* (3), relaxed: ordered before (4) by the heavy barrier. */
    atomic_store_explicit(&stack->real_split, split, memory_order_relaxed);
    if (!stack->fenced) {
        /* (3), release: when it is lowered, the owner that reads it pops children that
         * this thief has looked at; it has let go of them. */
        atomic_store_explicit(&stack->head.split, split, memory_order_release);
    }
}

/* Children in a row from `slot` on, at most `most`. */
static uint32_t count_children(struct mag_fork_slot *slot, uint32_t most)
{
    uint32_t count = 0;

    /* (4); child, acquire: the payload is visible to whoever takes it. */
    while (count < most &&
           atomic_load_explicit(&slot[count].body, memory_order_acquire) != NULL)
        count++;
    return count;
}

/* --------------------------------------------------------------------- thieves */

/* Under the lock, by a thief: shares the older half of the first few private children.
 * On return split is base again if there were none. */
static void share_as_thief(struct mag_fork_stack *victim)
{
    struct mag_fork_slot *base = base_of(victim);
    uint32_t waiting = count_children(base, SHARE_MAX);

    if (waiting == 0)
        return;

    uint32_t wanted = (waiting + 1) / 2;
    set_split(victim, base + wanted);
    uint32_t shared = mag_asym_heavy() ? count_children(base, wanted) : 0;
    if (shared < wanted)
        set_split(victim, base + shared);
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
    atomic_store_explicit(&base->state, (uintptr_t)at, memory_order_relaxed);
    set_base(victim, base + 1);
    *ret_taken = (struct mag_fork_taken){.slot = base, .body = body};
    return true;
}

enum mag_fork_steal mag_fork_stack_steal(struct mag_fork_stack *victim,
                                         const struct mag_fork_slot *oldest,
                                         struct mag_fork_slot *at,
                                         struct mag_fork_taken *ret_taken)
{
    enum mag_fork_steal result = MAG_FORK_EMPTY;

    if (!mag_fork_stack_waiting(victim))
        return MAG_FORK_EMPTY;
    if (!mag_spin_try_lock(&victim->lock))
        return MAG_FORK_LOST;
    struct mag_fork_slot *base = base_of(victim);
    if (base >= oldest && base == split_of(victim))
        share_as_thief(victim);
    if (base >= oldest && base != split_of(victim) && take(victim, base, at, ret_taken))
        result = MAG_FORK_STOLEN;
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
    uintptr_t state =
        atomic_exchange_explicit(&child->state, STATE_DONE, memory_order_acq_rel);

    if (state & STATE_WAITING) {
        /* relaxed: the sleeper reads `state` again. */
        atomic_store_explicit(&owner->wake, 1, memory_order_relaxed);
        mag_os_wake(&owner->wake, 1);
    }
}

static void set_active(struct mag_fork_stack *stack, uint32_t change)
{
    /* relaxed, both: written by the owner only, a hint to others. */
    uint32_t active = atomic_load_explicit(&stack->active, memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&stack->active, active + change, memory_order_relaxed);
}

static void run_body(struct mag_fork_stack *stack, mag_fork_body body, void *payload,
                     struct mag_fork_slot *at)
{
    struct mag_fork_slot *entry = stack->entry;

    stack->entry = at;
    set_active(stack, 1);
    body((mag_fork){.top = at}, payload);
    set_active(stack, UINT32_MAX);
    stack->entry = entry;
}

void mag_fork_stack_run(struct mag_fork_stack *stack, const struct mag_fork_taken *taken,
                        struct mag_fork_slot *at)
{
    run_body(stack, taken->body, taken->slot->payload, at);
    complete(taken->slot);
}

void mag_fork_stack_root(struct mag_fork_stack *stack, mag_fork_body body, void *payload)
{
    struct mag_fork_slot *at = stack->entry;

    /* A root inside a forked function: the slots of its callers are in use, and those
     * above them are free.  relaxed: the owner wrote them. */
    while (at < stack->end &&
           atomic_load_explicit(&at->body, memory_order_relaxed) != NULL)
        at++;
    run_body(stack, body, payload, at);
}

/* ----------------------------------------------------------------------- owner */

/* Shares the older half of what the owner has forked and kept; `top` is free. */
static void share_as_owner(struct mag_fork_stack *stack, struct mag_fork_slot *top)
{
    mag_spin_lock(&stack->lock);
    struct mag_fork_slot *split = split_of(stack);
    if (top > split)
        set_split(stack, split + (top - split + 1) / 2);
    mag_spin_unlock(&stack->lock);
}

struct mag_fork_slot *mag_fork_push_slow(struct mag_fork_slot *slot, mag_fork_body body)
{
    struct mag_fork_stack *stack = mag_fork_stack_of(slot);

    /* Full: the child stays with the caller, whose join finds it there and runs it. */
    if (slot == stack->end)
        return slot;
    /* relaxed: the request is being answered. */
    atomic_store_explicit(&stack->head.limit, stack->end, memory_order_relaxed);
    /* child, release: as in mag_fork_push. */
    atomic_store_explicit(&slot->body, body, memory_order_release);
    share_as_owner(stack, slot + 1);
    if (stack->on_share != NULL)
        stack->on_share(stack->arg);
    return slot + 1;
}

/* Runs a descendant of a stolen child, if its thief has one to spare. */
static bool help(struct mag_fork_stack *stack, struct mag_fork_slot *slot,
                 uintptr_t state)
{
    struct mag_fork_slot *began = (struct mag_fork_slot *)(state & ~STATE_FLAGS);
    struct mag_fork_taken taken;

    if (mag_fork_stack_steal(mag_fork_stack_of(began), began, slot + 1, &taken) !=
        MAG_FORK_STOLEN)
        return false;
    if (stack->on_steal != NULL)
        stack->on_steal(stack->arg);
    mag_fork_stack_run(stack, &taken, slot + 1);
    return true;
}

static void sleep_on(struct mag_fork_stack *stack, struct mag_fork_slot *slot,
                     uintptr_t state)
{
    /* relaxed: the thief sets it only after it has seen WAITING below. */
    atomic_store_explicit(&stack->wake, 0, memory_order_relaxed);
    /* release: the reset precedes the thief's sight of WAITING.
     * On failure relaxed: the child is done, or the flag stands already. */
    if (!(state & STATE_WAITING) && !atomic_compare_exchange_strong_explicit(
                                        &slot->state, &state, state | STATE_WAITING,
                                        memory_order_release, memory_order_relaxed))
        return;
    mag_os_wait(&stack->wake, 0, JOIN_NAP_NS);
}

/* Waits for a stolen child, running its descendants meanwhile. */
static void join_stolen(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    for (unsigned spins = 0;; spins++) {
        /* done, acquire: the result is visible. */
        uintptr_t state = atomic_load_explicit(&slot->state, memory_order_acquire);

        if (state == STATE_DONE)
            return;
        if (help(stack, slot, state))
            spins = 0;
        else if (spins < JOIN_SPINS)
            mag_os_pause();
        else
            sleep_on(stack, slot, state);
    }
}

/* Under the lock: everything from `slot` on is free or the owner's. */
static void reset_from(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    set_base(stack, slot);
    set_split(stack, slot);
}

bool mag_fork_pop_slow(struct mag_fork_slot *slot)
{
    struct mag_fork_stack *stack = mag_fork_stack_of(slot);

    if (stack->fenced) {
        mag_asym_light(true);
        /* (2), acquire: as in mag_fork_pop. */
        if (slot >= atomic_load_explicit(&stack->real_split, memory_order_acquire))
            return true;
    }
    mag_spin_lock(&stack->lock);
    bool ours = slot >= base_of(stack);
    if (ours) {
        /* A thief may have lowered split meanwhile; it never stands above a free slot. */
        if (slot < split_of(stack))
            set_split(stack, slot);
    } else {
        /* While its child runs elsewhere the owner forks above it. */
        reset_from(stack, slot + 1);
    }
    mag_spin_unlock(&stack->lock);
    if (ours)
        return true;

    /* relaxed: keeps the slot from looking free to a root below; owner only. */
    atomic_store_explicit(&slot->body, elsewhere, memory_order_relaxed);
    join_stolen(stack, slot);
    /* relaxed: free again; thieves look at base, which stands above. */
    atomic_store_explicit(&slot->body, NULL, memory_order_relaxed);
    mag_spin_lock(&stack->lock);
    reset_from(stack, slot);
    mag_spin_unlock(&stack->lock);
    return false;
}

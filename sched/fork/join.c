/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/fork/join.h"

#include "sched/fork/deque.h"

/* How often a waiting join looks at its child before it yields between looks, how often
 * it does that before its owner sleeps (a model wants fewer looks), and how long its naps
 * are then.  All looks together take about as long as to fall asleep and be woken.  It
 * naps, because the thief may fork something that the owner could help with. */
#ifndef MAG_FORK_JOIN_SPINS
#    define MAG_FORK_JOIN_SPINS  256
#    define MAG_FORK_JOIN_YIELDS 128
#endif
enum { JOIN_NAP_NS = 200000 };

/* Stands in a slot whose child runs on another worker, so that the slot is not free. */
static void elsewhere(mag_fork w, void *payload)
{
    (void)w;
    (void)payload;
}

/* ------------------------------------------------------------- dropped children */

static bool has_child(struct mag_fork_slot *slot)
{
    /* relaxed: the owner wrote it. */
    return atomic_load_explicit(&slot->body, memory_order_relaxed) != NULL;
}

struct mag_fork_slot *mag_fork_top_from(struct mag_fork_slot *slot)
{
    while (has_child(slot))
        slot++;
    return slot;
}

struct mag_fork_mark mag_fork_mark_of(mag_fork w)
{
    struct mag_fork_mark mark = {w, mag_fork_stack_of(w.top)->spill};

    return mark;
}

mag_fork mag_fork_drop(const struct mag_fork_mark *mark)
{
    mag_fork w = {mag_fork_top_from(mark->w.top)};

    while (w.top > mark->w.top)
        (void)mag_fork_pop(&w);
    mag_fork_stack_of(w.top)->spill = (char *)mark->block;
    return w;
}

/* ------------------------------------------------------------------------ runs */

/* The last touch of the child's slot.  If the owner sleeps, its wake word is touched
 * next. */
void mag_fork_complete(struct mag_fork_slot *child)
{
    struct mag_fork_stack *owner = mag_fork_stack_of(child);
    /* Both halves:
     *   done, release: the result precedes DONE;
     *   acquire: the owner reset its wake word before it set WAITING. */
    uintptr_t tag = atomic_exchange_explicit(
        &child->tag, mag_fork_tag_of(child, MAG_TAG_DONE), memory_order_acq_rel);

    if (tag & MAG_TAG_WAITING) {
        /* wake, release: a sleeper that resets the word sees DONE. */
        atomic_store_explicit(&owner->wake, 1, memory_order_release);
        mag_os_wake(&owner->wake, 1);
    }
}

/* Runs a stolen child or a root.  A root has no slot, so no owner is told of its end.
 * This thread has already set the floating-point modes of the run. */
static void run_body(struct mag_fork_stack *stack, const struct mag_fork_taken *taken,
                     void *payload, struct mag_fork_slot *at)
{
    struct mag_fork_modes modes = {.fp = taken->fp};
    struct mag_fork_slot *entry = stack->entry;
    struct mag_fork_slot *before = stack->child;
    struct mag_fork_mark mark = {{at}, stack->spill};

    mag_fork_deque_begin(stack, at, &modes);
    stack->entry = at;
    stack->child = taken->slot;
    stack->stolen += taken->slot != NULL;
    taken->body(mark.w, payload);
    /* If children were left there, thieves would see work there for ever. */
    if (MAG_UNLIKELY(has_child(at)))
        (void)mag_fork_drop(&mark);
    if (stack->child != NULL)
        mag_fork_complete(stack->child);
    stack->child = before;
    stack->entry = entry;
    stack->stolen -= taken->slot != NULL;
    mag_fork_deque_end(stack, &modes);
}

void mag_fork_stack_run(struct mag_fork_stack *stack, const struct mag_fork_taken *taken,
                        struct mag_fork_slot *at)
{
    mag_fp mine = mag_fp_read();

    if (MAG_UNLIKELY(mine != taken->fp))
        mag_fp_write(taken->fp);
    run_body(stack, taken, taken->slot->payload, at);
    /* A join may be waiting in this function; it continues with the modes it had. */
    mag_fp_keep(mine);
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
    /* Under the lock: a worker that helps with the child has already taken what it found,
     * or sees that the child is done and leaves alone what is forked from here on. */
    mag_spin_lock(&stack->lock);
    mag_fork_complete(stack->child);
    mag_spin_unlock(&stack->lock);
    stack->child = NULL;
}

void mag_fork_stack_root(struct mag_fork_stack *stack, mag_fork_body body, void *payload)
{
    struct mag_fork_slot *at = stack->entry;

    /* This root may run inside a forked function: then the slots of the callers are in
     * use, and the slots above them are free.  relaxed: the owner wrote them. */
    while (atomic_load_explicit(&at->body, memory_order_relaxed) != NULL)
        at++;
    struct mag_fork_taken root = {.body = body, .fp = mag_fp_read()};
    run_body(stack, &root, payload, at);
}

/* ----------------------------------------------------------------------- joins */

/* Runs a descendant of a stolen child, if the thief of that child has one to spare. */
static bool help(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    struct mag_fork_stack *thief = mag_fork_stack_of(mag_fork_where_begun(slot, stack));
    struct mag_fork_taken taken;

    if (mag_fork_stack_steal(thief, slot, slot + 1, &taken) != MAG_FORK_STOLEN)
        return false;
    if (stack->on_steal != NULL)
        stack->on_steal(stack->arg, thief, taken.body);
    mag_fork_stack_run(stack, &taken, slot + 1);
    if (stack->on_ran != NULL)
        stack->on_ran(stack->arg);
    return true;
}

static void sleep_on(struct mag_fork_stack *stack, struct mag_fork_slot *slot,
                     uintptr_t tag)
{
    /* wake, acquire: if the word was set, a tag says DONE: this one, or one of a join
     * below. */
    if (atomic_exchange_explicit(&stack->wake, 0, memory_order_acquire) != 0)
        return;
    /* release: the reset comes before the thief can see WAITING.
     * On failure relaxed: the child is done. */
    if (!(tag & MAG_TAG_WAITING) && !atomic_compare_exchange_strong_explicit(
                                        &slot->tag, &tag, tag | MAG_TAG_WAITING,
                                        memory_order_release, memory_order_relaxed))
        return;
    if (stack->on_sleep != NULL)
        stack->on_sleep(stack->arg, true);
    mag_os_wait(&stack->wake, 0, JOIN_NAP_NS);
    if (stack->on_sleep != NULL)
        stack->on_sleep(stack->arg, false);
}

/* Waits for a stolen child and meanwhile runs its descendants. */
static void join_stolen(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    for (unsigned spins = 0;; spins++) {
        /* done, acquire: the result is visible. */
        uintptr_t tag = atomic_load_explicit(&slot->tag, memory_order_acquire);

        if (tag & MAG_TAG_DONE)
            return;
        if (help(stack, slot))
            spins = 0;
        else if (spins < MAG_FORK_JOIN_SPINS)
            mag_os_pause();
        else if (spins < MAG_FORK_JOIN_SPINS + MAG_FORK_JOIN_YIELDS)
            mag_os_yield();
        else
            sleep_on(stack, slot, tag);
    }
}

void mag_fork_join_taken(struct mag_fork_stack *stack, struct mag_fork_slot *slot)
{
    /* relaxed: the slot must not look free to a root that runs above it; owner only. */
    atomic_store_explicit(&slot->body, elsewhere, memory_order_relaxed);
    join_stolen(stack, slot);
    mag_fork_deque_reopen(stack, slot);
}

bool mag_fork_pop_slow(uintptr_t tag)
{
    struct mag_fork_slot *slot = mag_fork_slot_of(tag);
    struct mag_fork_stack *stack = mag_fork_stack_of(slot);

    if (mag_fork_deque_keep(stack, slot))
        return true;
    mag_fork_join_taken(stack, slot);
    return false;
}

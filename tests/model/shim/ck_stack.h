/*
 * ck_stack.h - ck's stack for a model checker.  The checker does not know a link's
 * `next`, which is a plain word: ck's own fences order it, and model_pool.cpp proves
 * that.  The swaps are relaxed, as ck's may be, so that only the fences of a link's user
 * order what crosses with the link.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_CK_STACK_H
#define TESTS_MODEL_SHIM_CK_STACK_H

#include <stdatomic.h>

#include <stdint.h>

#define CK_F_STACK_POP_MPMC

struct ck_stack_entry {
    ck_stack_entry *next;
};

/* The head in the low half and the generation in the high half, as the double-width swap
 * sees them. */
struct ck_stack {
    _Atomic(uint64_t) top;
};

enum { CK_SHIM_HEAD_BITS = 48 };

static inline ck_stack_entry *ck_shim_head(uint64_t top)
{
    return (ck_stack_entry *)(top << 16 >> 16);
}

static inline void ck_stack_init(ck_stack *stack)
{
    atomic_init(&stack->top, 0);
}

static inline void ck_stack_push_mpmc(ck_stack *stack, ck_stack_entry *entry)
{
    /* relaxed: as ck's may be. */
    uint64_t top = atomic_load_explicit(&stack->top, memory_order_relaxed);

    do {
        entry->next = ck_shim_head(top);
        /* relaxed, both: as above. */
    } while (!atomic_compare_exchange_strong_explicit(
        &stack->top, &top,
        top >> CK_SHIM_HEAD_BITS << CK_SHIM_HEAD_BITS | (uint64_t)entry,
        memory_order_relaxed, memory_order_relaxed));
}

static inline ck_stack_entry *ck_stack_pop_mpmc(ck_stack *stack)
{
    /* relaxed: as ck's may be. */
    uint64_t top = atomic_load_explicit(&stack->top, memory_order_relaxed);
    ck_stack_entry *entry;

    do {
        entry = ck_shim_head(top);
        if (entry == NULL)
            return NULL;
        /* relaxed, both: as above. */
    } while (!atomic_compare_exchange_strong_explicit(
        &stack->top, &top,
        ((top >> CK_SHIM_HEAD_BITS) + 1) << CK_SHIM_HEAD_BITS | (uint64_t)entry->next,
        memory_order_relaxed, memory_order_relaxed));
    return entry;
}

#endif

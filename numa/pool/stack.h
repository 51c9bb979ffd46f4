/*
 * stack.h - the stack of free chains that each node of a pool has.  Private to numa/.
 *
 * Any thread pushes, any thread pops.  A link lies in memory that stays mapped while the
 * stack exists, and only this file touches a link while it is on the stack.
 *
 * With ck (the rule).  ck_stack_push_mpmc and ck_stack_pop_mpmc, and nothing else:
 *   - pop swaps head and generation together (double width), and every pop advances the
 *     generation.  Therefore, if a link leaves the stack and comes back between a pop's
 *     read of `next` and its swap, the swap fails: no ABA.
 *   - push compares the head alone.  Push never follows the head, so ABA does no harm.
 *   - ck_stack_batch_pop_mpmc must not be used here: in released versions of ck it takes
 *     the whole stack without advancing the generation, so a concurrent pop can hand out
 *     a link that is already taken.
 *   - a pop may read `next` of a link that another thread has taken meanwhile.  The pop
 *     discards the value, for its swap fails.  The read is harmless because links are
 *     never unmapped and never lie in an object that a user writes.
 *
 * Without ck (MAG_POOL_WITHOUT_CK, and processors for which ck has no double-width swap).
 * Push is the same single-width swap in C11.  Pops exclude one another by a lock, so no
 * link can leave the stack, let alone come back, between a pop's read of `next` and its
 * swap: no ABA, and no stale read either.
 *
 * Ownership
 *   [A] any thread, atomics (or ck)   [P] the thread that holds `popping`
 *   [H] the holder of the link: plain before push and after pop
 *
 * Edges: release end -> acquire end : what crosses
 *   hand-over  mag_pool_stack_push -> mag_pool_stack_pop : the link, its chain's cells,
 *              and everything the last owners of the chain's objects did with them
 *   next-pop   a pop's end -> the next pop's begin (without ck) : nothing but exclusion
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_POOL_STACK_H
#define NUMA_POOL_STACK_H

#include <magpie/detail/base.h>

#include <stdalign.h>
#include <stdatomic.h>

#ifndef MAG_POOL_WITHOUT_CK
#    include <ck_stack.h>
#    ifndef CK_F_STACK_POP_MPMC
#        define MAG_POOL_WITHOUT_CK
#    endif
#endif

#ifndef MAG_POOL_WITHOUT_CK

#    if defined(__SANITIZE_THREAD__)
#        define POOL_STACK_TSAN 1
#    elif defined(__has_feature)
#        if __has_feature(thread_sanitizer)
#            define POOL_STACK_TSAN 1
#        endif
#    endif

typedef struct ck_stack_entry mag_pool_link; /* [H] */

struct mag_pool_stack {
    alignas(MAG_CACHE_LINE) struct ck_stack top; /* [A] aligned for the double width */
};

static inline void mag_pool_stack_init(struct mag_pool_stack *stack)
{
    ck_stack_init(&stack->top);
}

#    ifdef POOL_STACK_TSAN
/*
 * ThreadSanitizer does not see ck's inline assembly, so the code tells it of the
 * hand-over and makes it ignore accesses to `next`: push writes `next` after the release
 * announced here, and pop may read `next` although its swap fails and the value is
 * discarded.
 */
void __tsan_release(void *address);
void __tsan_acquire(void *address);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

static inline void mag_pool_stack_push(struct mag_pool_stack *stack, mag_pool_link *link)
{
    __tsan_release(link);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    ck_stack_push_mpmc(&stack->top, link);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

static inline mag_pool_link *mag_pool_stack_pop(struct mag_pool_stack *stack)
{
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    mag_pool_link *link = ck_stack_pop_mpmc(&stack->top);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);

    if (link != NULL)
        __tsan_acquire(link);
    return link;
}

#    else

static inline void mag_pool_stack_push(struct mag_pool_stack *stack, mag_pool_link *link)
{
    /* hand-over, release: ck orders only its stores before the swap; the last owner's
     * reads of the objects must come before the swap too.  No instruction on x86. */
    atomic_thread_fence(memory_order_release);
    ck_stack_push_mpmc(&stack->top, link);
}

static inline mag_pool_link *mag_pool_stack_pop(struct mag_pool_stack *stack)
{
    mag_pool_link *link = ck_stack_pop_mpmc(&stack->top);

    /* hand-over, acquire: ck's swap may be relaxed.  No instruction on x86. */
    atomic_thread_fence(memory_order_acquire);
    return link;
}

#    endif

#else

#    include "base/turns.h"

typedef struct mag_pool_link {
    struct mag_pool_link *next; /* [H] */
} mag_pool_link;

struct mag_pool_stack {
    alignas(MAG_CACHE_LINE) _Atomic(mag_pool_link *) head; /* [A] */
    _Atomic(uint32_t) popping;                             /* [A] 1: a pop is under way */
};

static inline void mag_pool_stack_init(struct mag_pool_stack *stack)
{
    atomic_init(&stack->head, NULL);
    atomic_init(&stack->popping, 0);
}

static inline void mag_pool_stack_push(struct mag_pool_stack *stack, mag_pool_link *link)
{
    /* relaxed: a guess that is never followed; the swap below checks it. */
    mag_pool_link *head = atomic_load_explicit(&stack->head, memory_order_relaxed);

    do {
        link->next = head;
        /* hand-over, release: the chain, and its owners' last accesses, precede its
         * publication.  On failure relaxed: `head` is again only a guess. */
    } while (!atomic_compare_exchange_weak_explicit(
        &stack->head, &head, link, memory_order_release, memory_order_relaxed));
}

static inline mag_pool_link *mag_pool_stack_pop(struct mag_pool_stack *stack)
{
    /* relaxed: a hint that avoids the lock; if it says empty, that was true at this
     * load. */
    if (atomic_load_explicit(&stack->head, memory_order_relaxed) == NULL)
        return NULL;

    unsigned tries = 0;
    /* next-pop, acquire: the links that the last pop read cannot change before this pop
     * reads. */
    while (atomic_exchange_explicit(&stack->popping, 1, memory_order_acquire) != 0)
        mag_give_way(tries++);

    /* hand-over, acquire: `next` is read below.  Every write of `head` is a
     * read-modify-write, so each push below the top heads a release sequence too. */
    mag_pool_link *link = atomic_load_explicit(&stack->head, memory_order_acquire);

    /* hand-over, acquire: as above, for the chain that is taken.  On failure acquire:
     * `next` of the new top is read. */
    while (link != NULL && !atomic_compare_exchange_weak_explicit(
                               &stack->head, &link, link->next, memory_order_acquire,
                               memory_order_acquire)) {
        /* A push was faster: `link` is the new top. */
    }
    /* next-pop, release: this pop has finished reading `next`. */
    atomic_store_explicit(&stack->popping, 0, memory_order_release);
    return link;
}

#endif

#endif

/*
 * fork_stack.h - one worker's forked children, and how thieves take the oldest of them.
 * Private to sched/.  The owner's fast halves are inline in <magpie/fork.h>.
 *
 * The shape.  Slots in a row, the oldest child lowest:
 *
 *     slots        base            split              top (in the owner's hands)
 *       | taken ... |  shared ...    |   private ...    |   free
 *
 * The owner pushes and pops at the top without telling anybody: a slot's `body` says
 * whether a child is there.  Thieves take at `base`, under the stack's lock, and only
 * below `split`; a thief that finds nothing shared moves `split` up first.  The owner
 * pops a child at or above `split` by a plain store and a plain load, one below it under
 * the lock.
 *
 * Ownership
 *   [I] immutable   [W] owning worker, plain   [L] under `lock`, peeked at as a hint
 *   [A] any thread  [H] whoever has the child: the owner, then perhaps one thief
 *
 * Edges: release end -> acquire end : what crosses
 *   child   mag_fork_push (body) -> count_children (body) : the payload
 *   lock    spin.h : base, the real split, a taken child's state
 *   done    mag_fork_complete (state) -> mag_fork_join_stolen (state) : the result
 *
 * Owner or thief.  For each slot the two are Dekker's sides (asym.h):
 *
 *     owner, popping slot s             thief, moving split from a to b, a <= s < b
 *     (1) s.body <- NULL                (3) split <- b
 *     (2) read split                    (4) read s.body
 *
 * If the owner read a split <= s at (2), the thief reads NULL at (4) and lowers `split`
 * to s again: the child was the owner's.  (Or it reads a child that was forked into s
 * since; that one is popped after the thief's barrier and meets split = b.)  If the owner
 * read b it goes through the lock, and finds out whether base has passed s.  A thief that
 * finds a shared slot cleared leaves it: its owner stands before the lock.
 *
 * With fences in place of membarrier `split` stays above every slot, so that each pop
 * takes the slow path, fences there and reads `real_split`.
 *
 * Invariants, under the lock: slots <= base <= real_split <= end; children below base are
 * taken; a child at or above real_split is the owner's.
 *
 * The last touch.  A thief that has run a child swaps `state` to DONE and does not touch
 * the slot again; if the owner sleeps it is woken through its stack's own word, which
 * outlives every child.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_STACK_H
#define SCHED_FORK_STACK_H

#include "sched/spin.h"

#include <magpie/fork.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_fork_stack {
    struct mag_fork_head head; /* [A] the words of the fast halves; read by the owner */

    _Alignas(MAG_CACHE_LINE) struct mag_spin lock; /* [A] */
    _Atomic(struct mag_fork_slot *) base;          /* [L] oldest child not taken */
    _Atomic(struct mag_fork_slot *) real_split;    /* [L] */
    _Atomic(uint32_t) active;                      /* [W] roots or stolen children */
    _Atomic(uint32_t) wake;                        /* [A] the owner's joins sleep here */

    _Alignas(
        MAG_CACHE_LINE) struct mag_fork_slot *end; /* [I] one empty slot behind all */
    struct mag_fork_slot *entry;                   /* [W] where the last run began */
    bool fenced;                                   /* [I] see asym.h */
    void (*on_share)(void *arg);                   /* [I] the owner has shared work */
    void (*on_steal)(void *arg);                   /* [I] a waiting owner has stolen */
    void *arg;                                     /* [I] of both */

    _Alignas(MAG_CACHE_LINE) struct mag_fork_slot slots[];
};

/* A child that a thief has taken.  Its body was read at the theft: the owner, about to
 * join, may clear the slot's at any time. */
struct mag_fork_taken {
    struct mag_fork_slot *slot;
    mag_fork_body body;
};

enum mag_fork_steal { MAG_FORK_STOLEN, MAG_FORK_EMPTY, MAG_FORK_LOST };

/* Prepares `memory`, MAG_FORK_STACK_BYTES at a multiple of that, for `depth` children. */
struct mag_fork_stack *mag_fork_stack_init(void *memory, uint32_t depth, bool fenced);

/* The most children that MAG_FORK_STACK_BYTES can hold. */
uint32_t mag_fork_stack_depth_max(void);

static inline struct mag_fork_stack *mag_fork_stack_of(struct mag_fork_slot *slot)
{
    return (struct mag_fork_stack *)(void *)mag_fork_head_of(slot);
}

/* Any thread.  Whether a child is there to be taken; a hint. */
static inline bool mag_fork_stack_waiting(struct mag_fork_stack *stack)
{
    /* relaxed: a hint, the lock decides. */
    struct mag_fork_slot *base = atomic_load_explicit(&stack->base, memory_order_relaxed);

    /* relaxed: as above; the payload is not read on its strength. */
    return atomic_load_explicit(&base->body, memory_order_relaxed) != NULL;
}

/* Any thread.  Asks the owner to share at its next fork, if it has forked at all. */
static inline void mag_fork_stack_ask(struct mag_fork_stack *stack)
{
    /* relaxed: a hint. */
    if (atomic_load_explicit(&stack->active, memory_order_relaxed) != 0) {
        /* relaxed: a request; the owner takes the lock before it shares. */
        atomic_store_explicit(&stack->head.limit, NULL, memory_order_relaxed);
    }
}

/*
 * Any thread.  Takes the oldest child of `victim` that is not older than `oldest` (NULL:
 * any); it will run at `at` on the taker's own stack.
 */
enum mag_fork_steal mag_fork_stack_steal(struct mag_fork_stack *victim,
                                         const struct mag_fork_slot *oldest,
                                         struct mag_fork_slot *at,
                                         struct mag_fork_taken *ret_taken);

/* The worker of `stack`.  Runs a stolen child at `at` and tells its owner. */
void mag_fork_stack_run(struct mag_fork_stack *stack, const struct mag_fork_taken *taken,
                        struct mag_fork_slot *at);

/* The worker of `stack`.  Runs a root where the stack is free. */
void mag_fork_stack_root(struct mag_fork_stack *stack, mag_fork_body body, void *payload);

#endif

/*
 * stack.h - one worker's forked children, and how thieves take the oldest of them.
 * Private to sched/.  The owner's fast halves are inline in <magpie/fork.h>; the rest is
 * in fork/deque.c and fork/join.c.
 *
 * The shape.  Slots in a row, the oldest child lowest:
 *
 *     slots        base            split              top (in the owner's hands)
 *       | taken ... |  shared ...    |   private ...    |   free
 *
 * The owner pushes and pops at the top without telling anybody: a slot's `body` says
 * whether a child is there, and its `claim` whether thieves may take it.  Thieves take at
 * `base`, under the stack's lock, and only below `split`; a thief that finds nothing
 * shared moves `split` up first.  The owner pops a slot without a claim by a plain store
 * and a plain load, one with a claim under the lock.
 *
 * Ownership
 *   [I] immutable   [W] owning worker, plain   [L] under `lock`, peeked at as a hint
 *   [A] any thread  [H] whoever has the child: the owner, then perhaps one thief
 *
 * Edges: release end -> acquire end : what crosses
 *   child   mag_fork_push (body) -> take (body) : the payload
 *   lock    spin.h : base, split, claims below it, a taken child's claim
 *   done    complete (claim) -> join_stolen (claim) : the result
 *   wake    complete (wake) -> sleep_on (wake) : the claim that says DONE
 *
 * Claims.  0 for a private slot; else the slot's own address, by which the slow half of a
 * pop finds it, and: SHARED between base and split; below base TAKEN (and whether the
 * owner sleeps), at last DONE.  Under the lock: slots <= base <= split <= end; a slot in
 * [base, split) is SHARED and one from split on has no claim, as far as the lock can
 * tell.  Where a thief runs a child stands in `begun`, beside the slots.
 *
 * Owner or thief.  For each slot s the two are Dekker's sides (asym.h):
 *
 *     owner, popping slot s             thief, moving split from a to b, a <= s < b
 *     (1) s.body <- NULL                (3) s.claim <- SHARED
 *     (2) read s.claim                  (4) read s.body
 *
 * If the owner read no claim at (2), the thief reads NULL at (4) and takes the claim
 * back: the child was the owner's.  (Or it reads a child that was forked into s since;
 * that one is popped after the thief's barrier and meets the claim.)  If the owner read
 * a claim it goes through the lock, and finds out whether base has passed s.  A thief
 * that finds a shared slot cleared leaves it: its owner stands before the lock, or has
 * left the slot free and shared for the next child.
 *
 * So no child runs twice: a thief runs one only after it moved base over a slot with a
 * claim that its owner has seen or will see; the owner runs one only where it saw no
 * claim, or base at or below it under the lock.  None is lost: a pop returns false only
 * if base has passed the slot, and then waits for DONE.
 *
 * The zone.  Where a computation or a stolen child begins, its owner shares the first
 * few slots itself: for them no thief needs a barrier, and those low slots are popped
 * rarely.  A pop of a shared slot that nobody took costs some patience; when there is no
 * more, each such pop takes the claim back.
 *
 * With fences in place of membarrier every slot below `end` is claimed for ever, so that
 * each pop takes the slow path, fences there and reads `split`.  Those claims are set
 * when the stack is made, which is why `end` is near there; else it is the last slot, and
 * no child is out of reach.  Nobody looks at more than MAG_SHARE_LOOK_MAX slots
 * at a time.
 *
 * Floating point.  A stolen child is run with the modes (fp.h) of the run that it belongs
 * to, which are those of whoever began that; a thief finds them by the child's slot,
 * under the lock.  A run adds its own to the stack where they are not those of the run
 * around it, which is rare, and takes them away when no child of it is left.
 *
 * Answers.  A stolen child may answer before it has ended (mag_fork_answer): `done` is
 * passed then, and the rest of its run is the thief's own business.
 *
 * The last touch.  A thief that has run a child swaps `claim` to DONE and does not touch
 * the slot again; if the owner sleeps it is woken through its stack's own word, which
 * outlives every child.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_FORK_STACK_H
#define SCHED_FORK_STACK_H

#include "base/fp.h"
#include "base/spin.h"

#include <magpie/fork.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A fork stack lies at a multiple of this, so that a slot finds its stack, and is at most
 * as large. */
#define MAG_FORK_STACK_SPAN MAG_FORK_SPAN

/* Where address space is not limited a stack holds MAG_FORK_WAITING_MAX children, and one
 * more for each so many bytes of the worker's own stack: less than any recursion takes
 * for one, as it keeps where to return to and where its child stands.  So it ends there
 * before it ends here. */
#define MAG_FORK_STACK_PER_CHILD ((uintptr_t)8)

/* Stacks are multiples of so many pages: then their parts are whole pages. */
#define MAG_FORK_STACK_PAGES 128

/* The first bytes of a stack, and an eighth of that of `begun`, are the process's own
 * from the start.  What follows is lent by the kernel page by page (space.h): a fork does
 * not look whether there is room, and the kernel must not count what nobody touches. */
#define MAG_FORK_OPENED ((uintptr_t)512 * 1024)

/* Where the slots begin, whose addresses leave room for a claim's flags. */
#define MAG_FORK_SLOTS_AT ((uintptr_t)512)

/* Pages that nobody may touch, behind the slots and behind the blocks: at most that. */
#define MAG_FORK_GUARD_MAX ((uintptr_t)1 << 16)

/* In a stack of `bytes`: where the slots end, then where `begun` is, a pointer for each
 * slot, then where the blocks of large children begin and end. */
static inline uintptr_t mag_fork_guard_in(uintptr_t bytes)
{
    return bytes / 64 < MAG_FORK_GUARD_MAX ? bytes / 64 : MAG_FORK_GUARD_MAX;
}

static inline uintptr_t mag_fork_guard_at(uintptr_t bytes)
{
    return bytes / 4 * 3;
}

static inline uintptr_t mag_fork_begun_at(uintptr_t bytes)
{
    return mag_fork_guard_at(bytes) + mag_fork_guard_in(bytes);
}

static inline uintptr_t mag_fork_blocks_at(uintptr_t bytes)
{
    return mag_fork_begun_at(bytes) +
           mag_fork_guard_at(bytes) / sizeof(struct mag_fork_slot) * sizeof(void *);
}

static inline uintptr_t mag_fork_blocks_end(uintptr_t bytes)
{
    return bytes - mag_fork_guard_in(bytes);
}

static inline uintptr_t mag_fork_opened_in(uintptr_t bytes)
{
    return MAG_FORK_OPENED < mag_fork_guard_at(bytes) ? MAG_FORK_OPENED
                                                      : mag_fork_guard_at(bytes);
}

/* The last slot is left out, as they do not begin at 0. */
static inline uintptr_t mag_fork_slots_in(uintptr_t bytes)
{
    return (mag_fork_guard_at(bytes) - MAG_FORK_SLOTS_AT) / sizeof(struct mag_fork_slot);
}

/* The modes of floating point of children at `from` and above, until another's `from`. */
struct mag_fork_modes {
    mag_fp fp;
    struct mag_fork_slot *from;
    struct mag_fork_modes *outer; /* of those below; NULL: the first */
};

struct mag_fork_stack {
    _Alignas(MAG_CACHE_LINE) struct mag_fork_ground ground; /* [W] first of all */

    _Alignas(MAG_CACHE_LINE) struct mag_spin lock; /* [A] */
    _Atomic(struct mag_fork_slot *) base;          /* [L] oldest child not taken */
    _Atomic(struct mag_fork_slot *) split;         /* [L] */
    _Atomic(uint32_t) wake;                        /* [A] the owner's joins sleep here */
    struct mag_fork_modes *modes;                  /* [L] the innermost */
    uint32_t patience;                             /* [L] pops of the zone to come */

    _Alignas(MAG_CACHE_LINE) struct mag_fork_slot *slots; /* [I] at MAG_FORK_SLOTS_AT */
    struct mag_fork_slot **begun; /* [I]; [L] where the thief of a taken child runs it */
    struct mag_fork_slot *end;    /* [I] never shared from here on */
    struct mag_fork_slot *entry;  /* [W] where the last run began */
    struct mag_fork_slot *child;  /* [W] what it runs, until that is answered; or NULL */
    struct mag_fork_modes own;    /* [I] those of whoever made the stack */
    const struct mag_fork_slot *most; /* [I] where ground.full ends */
    char *blocks;                     /* [I] of large children */
    char *blocks_open;                /* [W] without access from here on */
    char *blocks_end;                 /* [I] the guard */
    char *spill;                      /* [W] the next of them */
    size_t bytes;                     /* [I] of it all */
    bool fenced;                      /* [I] see asym.h */
    uint32_t node;                    /* [I] where the owner sits */
    /* [I] a waiting owner has stolen; `far`: from another node. */
    void (*on_steal)(void *arg, bool far);
    void *arg; /* [I] of it */
};

/* A child that a thief has taken.  Its body was read at the theft: the owner, about to
 * join, may clear the slot's at any time. */
struct mag_fork_taken {
    struct mag_fork_slot *slot;
    mag_fork_body body;
    mag_fp fp;
};

enum mag_fork_steal { MAG_FORK_STOLEN, MAG_FORK_EMPTY, MAG_FORK_LOST };

static inline struct mag_fork_stack *mag_fork_stack_of(struct mag_fork_slot *slot)
{
    uintptr_t stack = (uintptr_t)slot & ~(MAG_FORK_STACK_SPAN - 1);

    return (struct mag_fork_stack *)stack; /* NOLINT(performance-no-int-to-ptr) */
}

/* Any thread.  Whether a child is there to be taken; a hint. */
static inline bool mag_fork_stack_waiting(struct mag_fork_stack *stack)
{
    /* relaxed: a hint, the lock decides. */
    struct mag_fork_slot *base = atomic_load_explicit(&stack->base, memory_order_relaxed);

    /* relaxed: as above; the payload is not read on its strength. */
    return base < stack->end &&
           atomic_load_explicit(&base->body, memory_order_relaxed) != NULL;
}

#endif

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
 * The owner pushes and pops at the top; no shared word says where the top is.  A slot's
 * `body` says whether a child is there, and its `tag` whether thieves may take the
 * child.  Thieves take at `base`, under the stack's lock, and only below `split`; a thief
 * that finds nothing shared moves `split` up first.  The owner pops a slot without a
 * tag by a plain store and a plain load, and a slot with a tag under the lock.
 *
 * Ownership
 *   [I] immutable   [W] owning worker, plain   [L] under `lock`, or read as a hint
 *   [A] any thread  [H] the child's holder: the owner, then perhaps one thief
 *
 * Edges: release end -> acquire end : what crosses
 *   child   mag_fork_push (body) -> take (body) : the payload
 *   lock    spin.h : base, split, tags below it, a taken child's tag
 *   done    complete (tag) -> join_stolen (tag) : the result
 *   wake    complete (wake) -> sleep_on (wake) : the tag that says DONE
 *
 * Tags.  0 for a private slot; else the slot's own address, by which the slow half of a
 * pop finds the slot, with flags: SHARED between base and split; below base TAKEN, with
 * WAITING if the owner sleeps, and at last DONE.  Under the lock: slots <= base <= split
 * <= end; a slot in [base, split) is SHARED and one from split on has no tag, as far as
 * the lock can tell.  The slot at which a thief runs a child is in `begun`, beside the
 * slots.
 *
 * Owner or thief.  For each slot s the two are Dekker's sides (asym.h):
 *
 *     owner, popping slot s             thief, moving split from a to b, a <= s < b
 *     (1) s.body <- NULL                (3) s.tag <- SHARED
 *     (2) read s.tag                  (4) read s.body
 *
 * If the owner read no tag at (2), the thief reads NULL at (4) and takes the tag
 * back: the child was the owner's.  (Or the thief reads a child that was forked into s
 * since; that child's pop comes after the thief's barrier and sees the tag.)  If the
 * owner read a tag, it takes the lock and finds out whether base has passed s.  A thief
 * that finds a shared slot cleared leaves the slot alone: the owner is about to take the
 * lock, or has left the slot free and shared for the next child.
 *
 * So no child runs twice: a thief runs a child only after it moved base over a slot with
 * a tag that the owner has seen or will see.  The owner runs a child only if it saw no
 * tag, or saw base at or below the slot under the lock.  No child is lost: a pop
 * returns false only if base has passed the slot, and then waits for DONE.
 *
 * The zone.  Where a computation or a stolen child begins, its owner shares the first
 * few slots itself: no thief needs a barrier to take from them, and the owner rarely pops
 * these low slots.  Each pop of a shared slot that no thief took uses up some patience;
 * when no patience is left, each such pop takes the tag back.
 *
 * With fences in place of membarrier every slot below `end` is tagged for ever, so that
 * each pop takes the slow path, fences there and reads `split`.  Those tags are set
 * when the stack is made, which is why `end` is near the first slot.  With membarrier
 * `end` is the last slot, and thieves can reach every child.  A thief looks at no more
 * than MAG_SHARE_LOOK_MAX slots at a time.
 *
 * Floating point.  A stolen child runs with the floating-point modes (fp.h) of the run
 * that it belongs to: those of the thread that began the run.  A thief finds the modes by
 * the child's slot, under the lock.  A run adds its modes to the stack only if they
 * differ from those of the run around it, which is rare.  It removes them when none of
 * its children is left.
 *
 * Answers.  A stolen child may answer before it has ended (mag_fork_answer): edge `done`
 * is passed then, and the joiner does not wait for the rest of the run.
 *
 * The last touch.  A thief that has run a child swaps `tag` to DONE and does not touch
 * the slot again.  A sleeping owner is woken through the `wake` word of its stack, which
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

/* A fork stack lies at a multiple of this, so that the stack of a slot can be computed
 * from the slot's address.  No stack is larger than this. */
#define MAG_FORK_STACK_SPAN MAG_FORK_SPAN

/* Where address space is not limited, a stack holds MAG_FORK_WAITING_MAX children, and
 * one more for each so many bytes of the worker's own C stack.  Any recursion takes more
 * than that for one child, because it keeps a return address and the address of the
 * child.  So deep recursion reaches the end of the C stack before the end of the fork
 * stack. */
#define MAG_FORK_STACK_PER_CHILD ((uintptr_t)8)

/* The size of a stack is a multiple of so many pages: then each of its parts is a
 * multiple of a page. */
#define MAG_FORK_STACK_PAGES 128

/* So many bytes at the beginning of a stack, and an eighth as many of `begun`, are the
 * process's own from the start.  The kernel lends the rest page by page (space.h): a fork
 * does not check whether there is room, and the kernel must not count pages that were
 * never touched. */
#define MAG_FORK_OPENED ((uintptr_t)512 * 1024)

/* Offset of the slots.  Their addresses leave room for a tag's flags. */
#define MAG_FORK_SLOTS_AT ((uintptr_t)512)

/* The most bytes of each guard: inaccessible pages after the slots and after the
 * blocks. */
#define MAG_FORK_GUARD_MAX ((uintptr_t)1 << 16)

/* The parts of a stack of `bytes`: the slots up to the guard, then `begun` with a pointer
 * for each slot, then the blocks of large children up to the second guard. */
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

/* One slot fewer than fits before the guard, because the slots do not begin at offset
 * 0. */
static inline uintptr_t mag_fork_slots_in(uintptr_t bytes)
{
    return (mag_fork_guard_at(bytes) - MAG_FORK_SLOTS_AT) / sizeof(struct mag_fork_slot);
}

/* The floating-point modes of children at `from` and above, up to the `from` of the next
 * modes. */
struct mag_fork_modes {
    mag_fp fp;
    struct mag_fork_slot *from;
    struct mag_fork_modes *outer; /* of the children below; NULL: none below */
};

struct mag_fork_stack {
    _Alignas(MAG_CACHE_LINE) struct mag_fork_ground ground; /* [W] comes first */

    _Alignas(MAG_CACHE_LINE) struct mag_spin lock; /* [A] */
    _Atomic(struct mag_fork_slot *) base;  /* [L] the oldest child that was not taken */
    _Atomic(struct mag_fork_slot *) split; /* [L] */
    _Atomic(uint32_t) wake;                /* [A] the owner's joins sleep here */
    struct mag_fork_modes *modes;          /* [L] the innermost */
    uint32_t patience; /* [L] how many more shared slots may be popped */

    _Alignas(MAG_CACHE_LINE) struct mag_fork_slot *slots; /* [I] at MAG_FORK_SLOTS_AT */
    struct mag_fork_slot **begun;     /* [I]; [L] where the thief runs a taken child */
    struct mag_fork_slot *end;        /* [I] slots from here on are never shared */
    struct mag_fork_slot *entry;      /* [W] where the last run began */
    struct mag_fork_slot *child;      /* [W] the stolen child being run, until answered */
    uint32_t stolen;                  /* [W] stolen children being run, one in another */
    struct mag_fork_modes own;        /* [I] those of the thread that made the stack */
    const struct mag_fork_slot *most; /* [I] the highest ground.full can become */
    char *blocks;                     /* [I] memory for large children */
    char *blocks_open;                /* [W] no access from here on */
    char *blocks_end;                 /* [I] the guard */
    char *spill;                      /* [W] the next block */
    size_t bytes;                     /* [I] size of the whole stack */
    bool fenced;                      /* [I] see asym.h */
    uint32_t node;                    /* [I] the owner's node */
    /* [I] called when a waiting owner has stolen a child, and after it has run it. */
    void (*on_steal)(void *arg, const struct mag_fork_stack *victim, mag_fork_body body);
    void (*on_ran)(void *arg);
    /* [I] called before and after a waiting owner sleeps. */
    void (*on_sleep)(void *arg, bool asleep);
    void *arg; /* [I] their first argument */
};

/* A child that a thief has taken.  `body` was read at the theft: an owner that is about
 * to join may clear the slot's body at any time. */
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

    /* relaxed: as above; the payload is not read because of this value. */
    return base < stack->end &&
           atomic_load_explicit(&base->body, memory_order_relaxed) != NULL;
}

#endif

/*
 * fork.h - the fork stack and its slots.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_FORK_H
#define MAGPIE_DETAIL_FORK_H

#include <magpie/detail/atomic.h>
#include <magpie/detail/base.h>
#include <magpie/detail/fork_check.h>
#include <magpie/detail/pairs.h>
#include <string.h>

MAG_EXTERN_C_BEGIN

/* Inlined before all other functions, so that `w` stays in a register and the compiler
 * recognises the recursion: without always_inline fib took a third longer. */
#define MAG_FORK_INLINE inline __attribute__((unused, always_inline))

/* A fork stack begins at a multiple of this. */
#define MAG_FORK_SPAN (MAG_CAST(uintptr_t, 1) << 34)

/* The top of a fork stack: the slot that the next child will take. */
typedef struct mag_fork {
    struct mag_fork_slot *top;
} mag_fork;

/* A child's function: it reads its arguments from `payload` and leaves its result there.
 * `w` is the fork stack of the worker that runs it. */
typedef void (*mag_fork_body)(mag_fork w, void *payload);

/*
 * One waiting child.  Through `body` and `tag` owner and thieves agree on who runs it;
 * the protocol and its proof are in sched/fork/stack.h.
 */
struct mag_fork_slot {
    MAG_ATOMIC(mag_fork_body) body; /* [A] NULL: no child here */
    /* [A] 0: no thief may take the child; else the slot's own address, with the reason in
     * its low bits. */
    MAG_ATOMIC(uintptr_t) tag;
    uint64_t payload[6]; /* MAG_FORK_PAYLOAD bytes */
} __attribute__((aligned(64)));

/* The slow half of mag_fork_pop.  It finds the slot by the tag that was read.  If it
 * took the address instead, the caller would have to keep that across the whole child:
 * fib took 1.05 times as long. */
MAG_API MAG_COLD bool mag_fork_pop_slow(uintptr_t tag);

/* The beginning of a fork stack. */
struct mag_fork_ground {
    const struct mag_fork_slot *full; /* [W] moves up in steps */
};

/* The slow half of mag_fork_is_full. */
MAG_API MAG_COLD bool mag_fork_is_full_slow(mag_fork w);

/* The second half of a push: publishes the child whose payload has been written. */
MAG_INLINE_ALWAYS void mag_fork_publish(mag_fork *w, mag_fork_body body)
{
    struct mag_fork_slot *slot = w->top;

    /* child, release: the payload is complete before a thief can see the child. */
    MAG_COMPILER_FENCE();
    MAG_FOLD_STORE(mag_fork_body, &slot->body, body);
    w->top = slot + 1;
}

/*
 * A block of `size` bytes for the arguments or the result of the child that is about to
 * be pushed; mag_fork_unspill gives it back when that child has been popped.
 *
 *   Thread     a worker, with its own `w`
 *   Allocates  nothing while blocks fit beside the fork stack: see Limits in fork.h
 *   Returns    the block.  Does not return if memory runs out: see Limits
 */
MAG_API void *mag_fork_spill(mag_fork w, size_t size);
MAG_API void mag_fork_unspill(mag_fork w, void *block);

MAG_EXTERN_C_END

#endif

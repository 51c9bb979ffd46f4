/*
 * core.h - the inside of a core: its words, which thread may access each, and the bias to
 * the thread on which an operation begins.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_CORE_H
#define MAGPIE_DETAIL_CORE_H

#include <magpie/detail/atomic.h>
#include <magpie/detail/executor.h>

MAG_EXTERN_C_BEGIN

struct mag_core_type;

/* Bits of `flags`; MAG_CORE_QUEUED, 1, is in source.h. */
enum {
    MAG_CORE_BOX = 2,        /* of a frame: it is pooled */
    MAG_CORE_MOVED = 4,      /* of a frame on the stack: a pooled one has taken over */
    MAG_CORE_CONNECTED = 16, /* of a frame: it is in the memory of who waits for it */
    MAG_CORE_TAKEN = 8,      /* of a type with `destroy` and no `recycle`: it was read */
};

/*
 * The engine of a source.
 *
 * Ownership
 *   [I] owner, while the operation is not handed out   [A] any thread
 *   [C] completer until DONE, then consumer            [V] visitor, see below
 *
 * Edges: release end -> acquire end : what crosses
 *   done       set (slot) -> status, get, register (slot) : value, error
 *   waiting    register (slot) -> set (slot) : the continuation and its home
 *   left       visitor (token) -> status, get, register (token) : its last access
 *   again      reset (slot, by the owner) -> through the hand-over of the object to its
 *              next user (a pool, a queue): everything
 *
 * The slot and the visitor's bits alone tell whether the operation is complete.  `token`
 * is atomic because holders of stale tasks read it at any time.  Such a holder may see
 * the token move late: it was in a race with the consumer, which is misuse, and the race
 * might have ended so anyhow.
 *
 * The bias.  An operation that begins on a thread is biased to it: registering on that
 * thread is a plain store, elsewhere a compare-and-swap.  A completer on another thread
 * that finds the slot still biased is a visitor.  The two agree as in Dekker's algorithm,
 * with the asymmetric barrier.  The visitor's bits are in the word of the token.
 *
 *     register on the thread           visitor
 *     (1) slot <- continuation         (3) token <- INSIDE
 *                                          mag_barrier_heavy()
 *     (2) read token                   (4) slot: biased -> DONE, then token <- LEFT;
 *                                          or continuation -> RAN, then token <- TOOK
 *
 * What (2) reads decides:
 *   - No visitor: the continuation is registered.  A visitor that comes later finds it at
 *     (4).
 *   - INSIDE: the thread waits until the visitor writes LEFT or TOOK.
 *   - LEFT: (4) came before (1), so the operation is complete.  (1) has overwritten the
 *     visitor's DONE, so the thread writes DONE again.
 *   - TOOK, or another operation's token: the visitor runs the continuation, or has run
 *     it.
 * In that last case the continuation may have ended the operation and begun others, on
 * this core and with this continuation too.  That is why the token is in the same word as
 * the bits, and why only objects whose memory stays a core, those with a `recycle`, are
 * biased.  No thread may treat the operation as complete before the visitor has left, so
 * the visitor's last write still hits the same operation.
 */
struct mag_core {
    const struct mag_core_type *type; /* [I] */
    MAG_ATOMIC(uint64_t) token;       /* [A] which operation this is; [V] MAG_VISITOR_ */
    MAG_ATOMIC(uintptr_t) slot;       /* [A] see below */
    uint64_t value;                   /* [C] the result, or the error's detail */
    int32_t error;                    /* [C] 0: succeeded */
    uint8_t flags;                    /* [I] MAG_CORE_; TAKEN [C] */
    uint8_t easy;                     /* [C] 1: it has not failed and had no visitor, its
                                       * result is a word, and to consume it is to recycle
                                       * it */
    uint16_t step;                    /* [C] for the use of the type */
};

/* The slot: a continuation's address while one waits, or one of these. */
enum {
    MAG_SLOT_EMPTY = 0,  /* pending, nobody waits */
    MAG_SLOT_DONE = 1,   /* complete, nobody has waited */
    MAG_SLOT_DROP = 2,   /* pending, and to be consumed by the completer: discarded */
    MAG_SLOT_RAN = 3,    /* complete, a continuation was run or queued */
    MAG_SLOT_BIASED = 4, /* as EMPTY; the bits above name the thread */
};

/* What a completer that revokes a bias writes into the top three bits of the token; 0:
 * there was no visitor.  The highest is set in each of them, so a word's sign tells.  A
 * token itself is below them, and wraps there. */
#define MAG_VISITOR_INSIDE (UINT64_C(4) << 61)
#define MAG_VISITOR_LEFT   (UINT64_C(5) << 61)
#define MAG_VISITOR_TOOK   (UINT64_C(6) << 61)
#define MAG_TOKEN_MASK     ((UINT64_C(1) << 61) - 1)

/* The first slot of an operation that begins on this thread. */
MAG_API uintptr_t mag_core_bias_slow(void);

/* The same, the common case without a call. */
MAG_INLINE uintptr_t mag_core_bias(void)
{
    struct mag_here *here = mag_here_get();

    if (MAG_UNLIKELY(--here->bias_rest < 0))
        return mag_core_bias_slow();
    return here->bias;
}

/* Records where an operation begins, if that is recorded (debug.h).  In a library that
 * was built without MAG_DEBUG_TASKS it does nothing. */
MAG_API void mag_debug_core_begins(struct mag_core *core);

/* The same; does nothing in a program that is compiled without MAG_DEBUG_TASKS. */
MAG_INLINE void mag_debug_core_began(struct mag_core *core)
{
#ifdef MAG_DEBUG_TASKS
    mag_debug_core_begins(core);
#else
    (void)core;
#endif
}

MAG_EXTERN_C_END

#endif

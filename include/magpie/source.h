/*
 * source.h - what stands behind a value task that is not complete: sources, and the
 * ready-made engine for them, the core.
 *
 * A source of your own, with a payload of your own, pooled, in a few lines:
 *
 *     struct request {
 *         struct mag_core core;              // first
 *         struct sockaddr peer;
 *     };
 *     static const struct mag_core_type request_type = {.recycle = request_recycle};
 *
 *     static void request_recycle(struct mag_core *core)
 *     {
 *         mag_pool_give(requests, core);
 *     }
 *
 *     mag_vtask send(struct sockaddr *peer)
 *     {
 *         void *object;
 *         int r = mag_pool_take(requests, &object);
 *         ...
 *         struct request *request = object;
 *         mag_core_prepare(&request->core, &request_type);
 *         begin(request);                    // some thread calls mag_core_set_result
 *         return mag_core_task(&request->core);
 *     }
 *
 * operation.h has the same without the pool in your hands.
 *
 * Consumer and completer.  A core has one completer and one consumer, who may be on
 * different threads and run at the same time.  More of either is misuse, except that
 * every completion after the first is refused (operation.h has operations that several
 * may try to complete).  The owner, who alone may reset, is whoever holds neither role
 * for another.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SOURCE_H
#define MAGPIE_SOURCE_H

#include <magpie/atomic.h>
#include <magpie/debug.h>
#include <magpie/executor.h>
#include <magpie/sched.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/* ----------------------------------------------------------- continuations */

/* How to await; unknown bits are ignored. */
enum {
    MAG_AWAIT_CONTEXT = 1, /* come back to the current executor, or else scheduler */
    MAG_AWAIT_FLOW = 2,    /* accepted and ignored: there is no ambient state */
    MAG_AWAIT_HOME = 4,    /* `home` was set by the caller, see mag_continuation_home */
};

/*
 * What runs when an operation is complete: a job of the caller's.  Set `job.run`; the
 * rest is filled in by registering it.  It belongs to the operation from a successful
 * registration until it is run, once; then it is the caller's again.
 */
struct mag_continuation {
    struct mag_job job;
    uintptr_t home; /* where it belongs: an executor, or a word with MAG_HOME_ tags */
};

/*
 * Says where a continuation shall run, for MAG_AWAIT_HOME.  NULL: on any worker of the
 * scheduler whose worker the calling thread is; on other threads of the default one.
 */
MAG_INLINE void mag_continuation_home(struct mag_continuation *continuation,
                                      struct mag_executor *executor)
{
    const struct mag_here *here = mag_here_get();
    uintptr_t sched = here->roaming & ~MAG_CAST(uintptr_t, MAG_HOME_TAGS);

    if (executor != MAG_NULL)
        continuation->home = MAG_RECAST(uintptr_t, executor);
    else if (sched != 0)
        continuation->home = sched | MAG_HOME_SCHED;
    else
        continuation->home = MAG_HOME_DEFAULT;
}

/*
 * Runs or queues a continuation whose operation is complete, for sources that do not use
 * the core: once for each that was registered, and without touching the source
 * afterwards unless it is known to live.
 *
 *   queued     never inside this call; else inside it, if fewer than
 *              MAG_INLINE_DEPTH_MAX run inside one another and the continuation belongs
 *              to the scheduler whose worker the calling thread is, or to nobody, or
 *              need not come back
 *
 * Where its executor or scheduler refuses it, because it is stopping, it is run inline:
 * it is never lost.  That asks them, so they must still be there: an executor,
 * and the scheduler on whose worker the continuation was registered, outlive whatever is
 * awaited under them, also what is only cancelled in the end (mag_sched_destroy).
 *
 *   Thread     the completer
 *   Blocks     while it runs, if inline; the first time a scheduler is needed where there
 *              is none, as mag_sched_default
 */
MAG_API void mag_continuation_dispatch(struct mag_continuation *continuation,
                                       bool queued);

/* Captures where a continuation belongs; every source does so when one is registered. */
MAG_INLINE void mag_continuation_capture(struct mag_continuation *continuation,
                                         unsigned flags)
{
    const struct mag_here *here = mag_here_get();

    if (MAG_LIKELY((flags & (MAG_AWAIT_CONTEXT | MAG_AWAIT_HOME)) == MAG_AWAIT_CONTEXT))
        continuation->home = here->context;
    else if ((flags & MAG_AWAIT_HOME) == 0)
        continuation->home = here->roaming;
}

/* Inline continuations inside one another; one more is queued. */
#define MAG_INLINE_DEPTH_MAX 32

/* --------------------------------------------------------------- any source */

/*
 * A source: an object that begins with this (aligned to 8 bytes).  Its three entry points
 * keep group H of docs/design/value-task-contract.md; in short: check token and
 * arguments before doing anything, never wait, never run a continuation inside
 * `on_completed`.
 * Most sources are better built on a core, below.
 */
struct mag_source {
    const struct mag_source_ops *ops;
};

struct mag_source_ops {
    /* An enum mag_status, or MAG_E_TOKEN. */
    int (*status)(struct mag_source *source, uint64_t token);

    /* 0: the continuation will be run once, later.  MAG_E_ARG, MAG_E_TOKEN,
     * MAG_E_CONTINUATION: it was not taken. */
    int (*on_completed)(struct mag_source *source, uint64_t token,
                        struct mag_continuation *continuation, unsigned flags);

    /* 0 and `size` bytes at `ret_result`; or the operation's error, and its detail where
     * `ret_detail` is not NULL; or MAG_E_TOKEN, MAG_E_PENDING, MAG_E_SIZE and nothing has
     * changed.  `size` 0 asks for no result; who knows no size asks for a word, so a
     * result smaller than one is given with zeroes behind it.  The source may recycle
     * itself unless it returned misuse. */
    int (*get)(struct mag_source *source, uint64_t token, void *ret_result, size_t size,
               uint64_t *ret_detail);
};

/*
 * Registers the continuation of a task that is not complete; of one that is, it is
 * queued.  Never runs it inside the call.
 *
 *   flags      MAG_AWAIT_ bits; MAG_AWAIT_CONTEXT is dropped when the task is configured
 *              so
 *   Returns    0; MAG_E_ARG no continuation or no function in it; MAG_E_TOKEN stale;
 *              MAG_E_CONTINUATION another one is registered already
 */
MAG_API MAG_MUST_CHECK int mag_vtask_on_completed(mag_vtask task,
                                                  struct mag_continuation *continuation,
                                                  unsigned flags);

/* ----------------------------------------------------------------- the core */

/* What a kind of source does with its core; NULL stands for all zeroes. */
struct mag_core_type {
    /* Where the result lies, in bytes from the core, and its size.  0, 0: it is a word,
     * in the core itself. */
    uint32_t result_offset;
    uint32_t result_size;

    /* Called by the one call that consumes the operation, after it has copied the result
     * out and moved the token: the object may be used again.  Its memory must stay that
     * of a core, as a pool's does: stale tasks, and a thread that has just registered,
     * may still read its token.  NULL: the core is reset by hand, and may be read again
     * until then; its continuation may free it. */
    void (*recycle)(struct mag_core *core);

    /* For results that own something: called once for each that nobody took, before the
     * object is recycled or reset.  That is a success which was discarded, or
     * read with size 0, as MAG_AWAIT_DONE does; of a core without
     * `recycle` one that is not taken when it is reset.  It finds the result in its
     * place, on whatever thread consumes: a discarded one's completer.  NULL: none. */
    void (*destroy)(struct mag_core *core);
};

/* Bits of `flags`. */
enum {
    MAG_CORE_QUEUED = 1, /* continuations are never run by the completer itself */
    MAG_CORE_BOX = 2,    /* of a frame: it is pooled */
    MAG_CORE_MOVED = 4,  /* of a frame on the stack: a pooled one has taken over */
    MAG_CORE_TAKEN = 8,  /* of a type with `destroy` and no `recycle`: it was read */
};

/*
 * The engine of a source, embedded in an object of the caller's; used in place, never
 * copied.  All zeroes is a core that is ready: pending, token 0, type NULL.
 *
 * Ownership
 *   [I] owner, while the operation is not handed out   [A] any thread
 *   [C] completer until DONE, then consumer            [V] visitor, see below
 *
 * Edges: release end -> acquire end : what crosses
 *   done       set (slot) -> status, get, register (slot) : value, error
 *   waiting    register (slot) -> set (slot) : the continuation and where it belongs
 *   left       visitor (token) -> status, get, register (token) : its last touch
 *   again      reset (slot, by whoever owns the core) -> through the hand-over of the
 *              object to its next user (a pool, a queue): everything
 *
 * The slot and the visitor alone are the truth about completion.  `token` is
 * read by holders of stale tasks at any time, hence atomic; that they see it move late
 * only means that the race, which is misuse, was decided the other way.
 *
 * The bias.  An operation that begins on a thread is biased to it: registering there is a
 * plain store, where anybody else's is a compare-and-swap.  A completer on another thread
 * that finds the slot still biased visits: Dekker's two sides, by the asymmetric barrier.
 * The two bits of the visitor stand in the word of the token.
 *
 *     register on the thread           visitor
 *     (1) slot <- continuation         (3) token <- INSIDE
 *                                          mag_barrier_heavy()
 *     (2) read token                   (4) slot: biased -> DONE, then token <- LEFT;
 *                                          or continuation -> RAN, then token <- TOOK
 *
 * Who reads at (2) that nobody is inside has registered: a visitor that comes later finds
 * the continuation at (4).  Who reads INSIDE waits for the visitor's word.  LEFT: (4)
 * went before (1), so the operation is complete, and the slot, which (1) has covered, is
 * DONE again.  TOOK, or another operation's token: the visitor runs the continuation, or
 * has.  The continuation may have ended the operation and begun others meanwhile, also on
 * this core and with itself: hence the token beside the bits, and hence the bias is only
 * for objects whose memory stays what it is, those with a `recycle`.  Until the visitor
 * has left nobody may take the operation for complete, so the core is still the same one
 * when it writes its word, last.
 */
struct mag_core {
    const struct mag_core_type *type; /* [I] */
    MAG_ATOMIC(uint64_t) token;       /* [A] which operation this is; [V] MAG_VISITOR_ */
    MAG_ATOMIC(uintptr_t) slot;       /* [A] see below */
    uint64_t value;                   /* [C] the result, or the error's detail */
    int32_t error;                    /* [C] 0: succeeded */
    uint8_t flags;                    /* [I] MAG_CORE_; TAKEN [C] */
    uint8_t room;                     /* [C] of the type, as is the next */
    uint16_t step;                    /* [C] */
};

/* The slot: a continuation's address while one waits, or one of these. */
enum {
    MAG_SLOT_EMPTY = 0,  /* pending, nobody waits */
    MAG_SLOT_DONE = 1,   /* complete, nobody has waited */
    MAG_SLOT_DROP = 2,   /* pending, and to be consumed by the completer: discarded */
    MAG_SLOT_RAN = 3,    /* complete, a continuation was run or queued */
    MAG_SLOT_BIASED = 4, /* as EMPTY; the bits above name the thread */
};

/* What a completer that revokes a bias says, in the top bits of the token; 0: there was
 * none.  A token itself is below them, and wraps there. */
#define MAG_VISITOR_INSIDE (UINT64_C(1) << 62)
#define MAG_VISITOR_LEFT   (UINT64_C(2) << 62)
#define MAG_VISITOR_TOOK   (UINT64_C(3) << 62)
#define MAG_TOKEN_MASK     (MAG_VISITOR_INSIDE - 1)

/* What the slot of an operation that begins on this thread holds.  For mag_core_prepare
 * only. */
MAG_API uintptr_t mag_core_bias_slow(void);

/* The same, the common case without a call. */
MAG_INLINE uintptr_t mag_core_bias(void)
{
    const struct mag_here *here = mag_here_get();

    /* relaxed: a late look costs a visitor one more barrier. */
    if (MAG_LIKELY(here->bias != 0 &&
                   MAG_LOAD(here->bias_lost, relaxed) == here->bias_seen))
        return here->bias;
    return mag_core_bias_slow();
}

/* Says where an operation begins, if that is written down (debug.h). */
MAG_INLINE void mag_debug_core_began(struct mag_core *core)
{
#ifdef MAG_DEBUG_TASKS
    mag_debug_core_begins(core);
#else
    (void)core;
#endif
}

/*
 * Makes memory that was a core before, or is all zeroes, a pending core.  The token is
 * left as it is: it only ever grows, so tasks of earlier users are stale.
 *
 *   type       stays valid as long as the core is used; NULL: all zeroes
 *   Thread     the owner of the core; nobody else may be using it
 */
MAG_INLINE void mag_core_prepare(struct mag_core *core, const struct mag_core_type *type)
{
    core->type = type;
    core->error = 0;
    core->flags = 0;
    /* relaxed, here and below: the core is handed out later, which publishes it. */
    uint64_t token = MAG_LOAD(&core->token, relaxed);
    /* relaxed: as above. */
    MAG_STORE(&core->token, token & MAG_TOKEN_MASK, relaxed);
    uintptr_t slot = MAG_SLOT_EMPTY;

    if (type != MAG_NULL && type->recycle != MAG_NULL)
        slot = mag_core_bias();
    /* relaxed: as above. */
    MAG_STORE(&core->slot, slot, relaxed);
    if (type != MAG_NULL && type->recycle != MAG_NULL)
        mag_debug_core_began(core);
}

/*
 * The task of the present operation.  Take it before anybody may complete that:
 * afterwards a pooled core may be another's.
 *
 *   Thread     the owner of the core
 */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_core_task(struct mag_core *core)
{
    mag_vtask task;

    task.backing = MAG_RECAST(uintptr_t, core) | MAG_VTASK_CORE;
    /* relaxed: only the owner moves it, and hands out tasks. */
    task.payload = MAG_LOAD(&core->token, relaxed) & MAG_TOKEN_MASK;
    return task;
}

/*
 * Makes the core pending again: tasks of the operation before are stale from here on.
 * The setting MAG_CORE_QUEUED stays.  A result that nobody took is destroyed, if the type
 * says how.  A continuation that waits there is dropped: nobody runs it; where the
 * library was built with MAG_DEBUG_TASKS the watch is told, MAG_E_CONTINUATION.
 *
 *   Thread     the owner of the core; nobody else may be using it
 */
MAG_API void mag_core_reset(struct mag_core *core);

/*
 * Completes the operation with a result, and runs or queues its continuation (groups J
 * and M).  When it runs inline, it does so before the call returns, and may reset, reuse
 * or free the core.
 *
 *   Thread     the completer
 *   Blocks     while the continuation runs, if inline
 *   Returns    0; MAG_E_DONE it is complete: nothing has changed; MAG_E_SIZE the
 *              core's type names a size, so the result is no word
 */
MAG_API MAG_MUST_CHECK int mag_core_set_result(struct mag_core *core, uint64_t result);

/*
 * As mag_core_set_result, where the result stands in its place already; of a word it
 * is 0.
 *
 *   Returns    0; MAG_E_DONE
 */
MAG_API MAG_MUST_CHECK int mag_core_set_done(struct mag_core *core);

/*
 * As mag_core_set_result, with the number of bytes that the core's type names; where it
 * names none, with no bytes as mag_core_set_done.
 *
 *   Returns    as there; MAG_E_SIZE `size` is not the type's
 */
MAG_API MAG_MUST_CHECK int mag_core_set_value(struct mag_core *core, const void *value,
                                              size_t size);

/*
 * Completes the operation with an error; -ECANCELED: as cancelled.
 *
 *   Returns    as mag_core_set_result; MAG_E_ARG `code` is 0 or a MAG_E code
 */
MAG_API MAG_MUST_CHECK int mag_core_set_error(struct mag_core *core, int code,
                                              uint64_t detail);

/*
 * The three entry points, for sources with functions of their own around a core.  They
 * are as in struct mag_source_ops.
 */
MAG_API int mag_core_status(struct mag_core *core, uint64_t token);
MAG_API MAG_MUST_CHECK int mag_core_on_completed(struct mag_core *core, uint64_t token,
                                                 struct mag_continuation *continuation,
                                                 unsigned flags);
MAG_API MAG_MUST_CHECK int mag_core_get(struct mag_core *core, uint64_t token,
                                        void *ret_result, size_t size,
                                        uint64_t *ret_detail);

/*
 * Consumes the operation as soon as it is complete, and forgets its outcome; a
 * result that owns something is destroyed, if the type says how.
 *
 *   Thread     the consumer
 *   Returns    0; MAG_E_TOKEN stale; MAG_E_CONTINUATION it is awaited
 */
MAG_API MAG_MUST_CHECK int mag_core_discard(struct mag_core *core, uint64_t token);

MAG_EXTERN_C_END

#endif

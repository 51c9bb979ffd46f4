/*
 * core.h - the state changes of a core, for the files that make many of them: the core
 * itself, operations and frames.  Private to vtask/; <magpie/source.h> has the states and
 * the edges.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_CORE_CORE_H
#define VTASK_CORE_CORE_H

#include "base/probe.h"
#include "vtask/debug/debug.h"

#include <magpie/source.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* The scheduler whose worker the calling thread is, or NULL. */
static inline struct mag_sched *mag_here_sched(void)
{
    const struct mag_here *here = mag_here_get();

    return (struct mag_sched *)(here->roaming & ~(uintptr_t)MAG_HOME_TAGS);
}

/* core.c - called by the completer: consumes an operation that was discarded. */
void mag_core_drop(struct mag_core *core);

/* The low bits of a slot that holds no continuation's address. */
#define MAG_SLOT_MARKS ((uintptr_t)7)

static inline bool mag_slot_is_done(uintptr_t slot)
{
    return (slot & MAG_SLOT_DONE) != 0;
}

static inline bool mag_slot_is_awaited(uintptr_t slot)
{
    return slot != MAG_SLOT_EMPTY && (slot & MAG_SLOT_MARKS) == 0;
}

/* Whether the operation is pending and nobody waits for it. */
static inline bool mag_slot_is_vacant(uintptr_t slot)
{
    return slot == MAG_SLOT_EMPTY || (slot & MAG_SLOT_BIASED) != 0;
}

/* The slot of an operation that is biased to the calling thread. */
static inline uintptr_t mag_slot_biased_here(void)
{
    return mag_here_get()->name;
}

/* Whether a visitor is between (3) and its last access. */
static inline bool mag_core_is_visited(struct mag_core *core)
{
    /* left, acquire: the visitor's last access is over once it has left. */
    return (atomic_load_explicit(&core->token, memory_order_acquire) & ~MAG_TOKEN_MASK) ==
           MAG_VISITOR_INSIDE;
}

/* Whether `word` is the word of a core whose token is `token` and which had no visitor.
 * A token that hand-written code has given a visitor's bits is refused: its sign shows
 * them. */
static inline bool mag_token_is_clean(uint64_t token, uint64_t word)
{
    return word == token && (int64_t)token >= 0;
}

static inline bool mag_core_is_stale(struct mag_core *core, uint64_t token)
{
    /* relaxed: guards no data, see "again" in source.h. */
    uint64_t word = atomic_load_explicit(&core->token, memory_order_relaxed);

    return ((word ^ token) & MAG_TOKEN_MASK) != 0 || token > MAG_TOKEN_MASK;
}

static inline uintptr_t mag_core_slot(struct mag_core *core)
{
    /* done, waiting, acquire: the outcome, or the continuation, is visible. */
    return atomic_load_explicit(&core->slot, memory_order_acquire);
}

/* Whether the outcome may be read. */
static inline bool mag_core_is_done(struct mag_core *core)
{
    return mag_slot_is_done(mag_core_slot(core)) && !mag_core_is_visited(core);
}

/* Whether the word of the core is `token`.  If that has none of a visitor's bits, there
 * was no visitor, and `*ret_slot` alone shows the state.  Reads the slot first: a
 * visitor that has written the slot was INSIDE before. */
static inline bool mag_core_has(struct mag_core *core, uint64_t token,
                                uintptr_t *ret_slot)
{
    *ret_slot = mag_core_slot(core);
    /* relaxed: the acquire of the slot covers what a visitor did before. */
    return atomic_load_explicit(&core->token, memory_order_relaxed) == token;
}

/* Whether the token is the present one and there was no visitor. */
static inline bool mag_core_is_clean(struct mag_core *core, uint64_t token,
                                     uintptr_t *ret_slot)
{
    return mag_core_has(core, token, ret_slot) && mag_token_is_clean(token, token);
}

/* Whether a holder of this token may read the outcome, in the common case that there was
 * no visitor.  The token has none of a visitor's bits: its holder has waited for it. */
static inline bool mag_core_is_ready(struct mag_core *core, uint64_t token)
{
    uintptr_t slot;

    return mag_core_has(core, token, &slot) && mag_slot_is_done(slot);
}

/* bias.c - counts an operation that was biased to one thread but was completed on another
 * before anybody had registered.  `thread` is the address of the first thread's struct
 * mag_here. */
void mag_core_bias_lost(uintptr_t thread);

/* Called by the completer: whether it has visited the core. */
static inline bool mag_core_had_visitor(struct mag_core *core)
{
    /* relaxed: reads this completer's own store, if any. */
    return (int64_t)atomic_load_explicit(&core->token, memory_order_relaxed) < 0;
}

/* Called by the completer: whether the core is easy, and has these flags.  Two loads: one
 * of both bytes would wait for the store of either. */
static inline bool mag_core_is_plain(const struct mag_core *core, uint8_t flags)
{
    return core->easy == 1 && core->flags == flags;
}

/* Called by the completer: whether it has already completed the operation.  After a visit
 * the slot alone does not show that: a thread that registers by a plain store may have
 * covered DONE for a moment. */
static inline bool mag_core_is_over(struct mag_core *core, uintptr_t slot)
{
    return mag_slot_is_done(slot) || mag_core_had_visitor(core);
}

/* visit.c - waits until the visitor has left. */
void mag_core_see_off(struct mag_core *core);

/* visit.c - called by a completer that found the slot biased to another thread.  Returns
 * the continuation that the completer must run, or NULL: nothing more to do. */
struct mag_continuation *mag_core_visit(struct mag_core *core, uintptr_t biased);

/* visit.c - called by a thread that has registered for `token` by a plain store and then
 * found another value in the token's word.  True: the continuation will be run, or was
 * run.  False: the operation is complete. */
bool mag_core_meet(struct mag_core *core, uint64_t token);

/* The owner is about to reset the core: a continuation that waits there is dropped
 * (VT-75). */
static inline void mag_debug_core_drops(struct mag_core *core, uintptr_t slot)
{
#ifdef MAG_DEBUG_TASKS
    if (mag_slot_is_awaited(slot))
        (void)mag_misuse_completer(MAG_E_CONTINUATION, core);
#else
    (void)core;
    (void)slot;
#endif
}

/* Called by the owner: begins the operation after `token`, which has not failed. */
static inline void mag_core_renew_easy(struct mag_core *core, uint64_t token)
{
    /* The token wraps: of a sum of one and a token only this bit is above the mask.
     * relaxed, both: only the owner uses the core; handing it on publishes these
     * stores. */
    atomic_store_explicit(&core->token, (token + 1) & ~(MAG_TOKEN_MASK + 1),
                          memory_order_relaxed);
    /* relaxed: as above. */
    atomic_store_explicit(&core->slot, MAG_SLOT_EMPTY, memory_order_relaxed);
}

/* The same, whatever the core's outcome was. */
static inline void mag_core_renew(struct mag_core *core)
{
    core->error = 0;
    core->easy = mag_core_easy(core->type);
    /* relaxed: only the owner moves it. */
    uint64_t word = atomic_load_explicit(&core->token, memory_order_relaxed);

    mag_core_renew_easy(core, word & MAG_TOKEN_MASK);
}

/* Like mag_continuation_dispatch, but handles the common case without a call. */
MAG_INLINE_ALWAYS void mag_continuation_go(struct mag_continuation *continuation,
                                           bool queued)
{
    struct mag_here *here = mag_here_get();
    uintptr_t home = continuation->home;

    if (MAG_LIKELY(!queued && (home == here->inside || (home & MAG_HOME_ROAMING) != 0) &&
                   mag_here_enter())) {
        continuation->job.run(&continuation->job);
        mag_here_leave();
    } else {
        mag_continuation_dispatch(continuation, queued);
    }
}

/* Called by the completer: takes the continuation out of the slot. */
static inline struct mag_continuation *mag_core_take(struct mag_core *core,
                                                     uintptr_t slot)
{
    /* done, release: the outcome precedes RAN, and RAN precedes the continuation
     * (VT-89). */
    atomic_store_explicit(&core->slot, MAG_SLOT_RAN, memory_order_release);
    return (struct mag_continuation *)slot;
}

/* Called by the completer if nobody waits, and if the operation is biased to this thread
 * or not at all: stores DONE.  False: `*slot` is what the slot holds now. */
static inline bool mag_core_leave_done(struct mag_core *core, uintptr_t *slot)
{
    uintptr_t found = *slot;

    if (found != MAG_SLOT_EMPTY && found != mag_slot_biased_here())
        return false;
    /* Both halves:
     *   done, release: the outcome precedes DONE;
     *   waiting, acquire on failure: the continuation that came first is visible. */
    if (atomic_compare_exchange_strong_explicit(&core->slot, &found, MAG_SLOT_DONE,
                                                memory_order_release,
                                                memory_order_acquire))
        return true;
    *slot = found;
    return false;
}

/* core.c - like mag_core_publish, but also handles a core that another thread uses. */
void mag_core_publish_slow(struct mag_core *core, uintptr_t slot);

/* As mag_core_publish, if somebody waits: the common case without a call. */
MAG_INLINE_ALWAYS void mag_core_publish_awaited(struct mag_core *core, uintptr_t slot,
                                                bool queued)
{
    MAG_PROBE2(complete, core, core->error);
    mag_continuation_go(mag_core_take(core, slot), queued);
}

/* Called by the completer when the outcome is stored in the core.  `slot` was not done
 * when it was read.  Afterwards the core may belong to another user. */
static inline void mag_core_publish(struct mag_core *core, uintptr_t slot)
{
    if (MAG_LIKELY(mag_slot_is_awaited(slot))) {
        mag_core_publish_awaited(core, slot, (core->flags & MAG_CORE_QUEUED) != 0);
        return;
    }
    MAG_PROBE2(complete, core, core->error);
    if (!mag_core_leave_done(core, &slot))
        mag_core_publish_slow(core, slot);
}

/* Called by the consumer on the thread to which the operation is biased: installs a
 * continuation that has captured its context.  False: ask mag_core_meet what happened to
 * it. */
static inline bool mag_core_install_here(struct mag_core *core, uint64_t token,
                                         struct mag_continuation *continuation)
{
    MAG_PROBE2(await, core, token);
    /* (1), waiting, release: the continuation precedes its address. */
    atomic_store_explicit(&core->slot, (uintptr_t)continuation, memory_order_release);
    /* seq_cst: (1) before (2) for the compiler; the visitor's barrier covers the
     * processor. */
    atomic_signal_fence(memory_order_seq_cst);
    /* (2), relaxed: a thread that meets a visitor reads it again with acquire. */
    return atomic_load_explicit(&core->token, memory_order_relaxed) == token;
}

/* Called by the consumer on any thread: installs a continuation into a slot that was
 * vacant when `*slot` was read.  False: `*slot` is what the slot holds now. */
static inline bool mag_core_install(struct mag_core *core, uint64_t token,
                                    uintptr_t *slot,
                                    struct mag_continuation *continuation)
{
    if (MAG_LIKELY(*slot == mag_slot_biased_here())) {
        *slot = MAG_SLOT_DONE;
        return mag_core_install_here(core, token, continuation) ||
               mag_core_meet(core, token);
    }
    MAG_PROBE2(await, core, token);
    /* Both halves:
     *   waiting, release: the continuation precedes its address;
     *   done, acquire on failure: the outcome is visible. */
    return atomic_compare_exchange_strong_explicit(
        &core->slot, slot, (uintptr_t)continuation, memory_order_release,
        memory_order_acquire);
}

/* Called by the consumer: whether no other thread consumes the operation.  Only debug
 * builds check this, because the check takes a compare-and-swap: two threads that read
 * one task at the same time have both seen its token (VT-191).  The loser finds a visitor
 * inside, or the next token. */
static inline bool mag_core_is_ours(struct mag_core *core, uint64_t token)
{
#ifdef MAG_DEBUG_TASKS
    /* relaxed: guards no data; the pool's hand-over publishes everything. */
    uint64_t word = atomic_load_explicit(&core->token, memory_order_relaxed);

    /* relaxed, both: as above. */
    return (word & MAG_TOKEN_MASK) == token &&
           (word & ~MAG_TOKEN_MASK) != MAG_VISITOR_INSIDE &&
           atomic_compare_exchange_strong_explicit(
               &core->token, &word, token | MAG_VISITOR_INSIDE, memory_order_relaxed,
               memory_order_relaxed);
#else
    (void)core;
    (void)token;
    return true;
#endif
}

/* Whether the result is one word, stored in the core itself. */
static inline bool mag_core_is_word(const struct mag_core *core)
{
    return core->type == NULL || core->type->result_size == 0;
}

/* core.c - like mag_core_consume, but also handles errors, results that are not one whole
 * word, and cores without `recycle`. */
int mag_core_consume_slow(struct mag_core *core, uint64_t token, void *ret_result,
                          size_t size, uint64_t *ret_detail);

/* As mag_core_consume, of a core that is easy, for a result of one word. */
static inline int mag_core_consume_easy(struct mag_core *core, uint64_t token,
                                        void *ret_result)
{
    memcpy(ret_result, &core->value, sizeof(core->value));
    if (MAG_UNLIKELY(!mag_core_is_ours(core, token)))
        return mag_misuse_core(MAG_E_TOKEN, core, token);
    mag_debug_core_ends(core);
    mag_core_renew_easy(core, token);
    core->type->recycle(core);
    return 0;
}

/* Called by the consumer when the operation is complete and the token was right. */
static inline int mag_core_consume(struct mag_core *core, uint64_t token,
                                   void *ret_result, size_t size, uint64_t *ret_detail)
{
    if (MAG_UNLIKELY(core->easy == 0 || size != sizeof(core->value)))
        return mag_core_consume_slow(core, token, ret_result, size, ret_detail);
    return mag_core_consume_easy(core, token, ret_result);
}

/* ---------------------------------------------------------------- inline entry points */

static inline int mag_core_outcome(const struct mag_core *core)
{
    if (core->error == 0)
        return MAG_SUCCEEDED;
    return core->error == -ECANCELED ? MAG_CANCELED : MAG_FAULTED;
}

/* core.c - like mag_core_status_inline, but also handles visitors and misuse. */
int mag_core_status_slow(struct mag_core *core, uint64_t token);

static inline int mag_core_status_inline(struct mag_core *core, uint64_t token)
{
    uintptr_t slot;

    if (MAG_UNLIKELY(!mag_core_is_clean(core, token, &slot)))
        return mag_core_status_slow(core, token);
    return mag_slot_is_done(slot) ? mag_core_outcome(core) : MAG_PENDING;
}

/* core.c - like mag_core_on_completed_inline, but also handle a core that more than one
 * thread uses.  The second is for a thread that has installed the continuation. */
int mag_core_on_completed_slow(struct mag_core *core, uint64_t token,
                               struct mag_continuation *continuation, unsigned flags);
int mag_core_on_completed_met(struct mag_core *core, uint64_t token,
                              struct mag_continuation *continuation, unsigned flags);

/* The token has none of a visitor's bits. */
static inline int mag_core_on_completed_inline(struct mag_core *core, uint64_t token,
                                               struct mag_continuation *continuation,
                                               unsigned flags)
{
    uintptr_t slot;

    if (MAG_UNLIKELY(continuation == NULL || continuation->job.run == NULL))
        return mag_misuse_core(MAG_E_ARG, core, token);
    if (MAG_UNLIKELY(!mag_core_has(core, token, &slot) || slot != mag_slot_biased_here()))
        return mag_core_on_completed_slow(core, token, continuation, flags);
    mag_continuation_capture(continuation, flags);
    if (MAG_UNLIKELY(!mag_core_install_here(core, token, continuation)))
        return mag_core_on_completed_met(core, token, continuation, flags);
    return 0;
}

/* core.c - like mag_core_get_inline, but also handles visitors and misuse. */
int mag_core_get_slow(struct mag_core *core, uint64_t token, void *ret_result,
                      size_t size, uint64_t *ret_detail);

static inline int mag_core_get_inline(struct mag_core *core, uint64_t token,
                                      void *ret_result, size_t size, uint64_t *ret_detail)
{
    uintptr_t slot = mag_core_slot(core);
    /* relaxed: the acquire of the slot covers what a visitor did before. */
    uint64_t word = atomic_load_explicit(&core->token, memory_order_relaxed);

    if (MAG_UNLIKELY(word != token || !mag_slot_is_done(slot)))
        return mag_core_get_slow(core, token, ret_result, size, ret_detail);
    /* A core that had a visitor is not easy, so the marks need no look here. */
    if (MAG_LIKELY(core->easy == 1 && size == sizeof(core->value)))
        return mag_core_consume_easy(core, token, ret_result);
    if (MAG_UNLIKELY(!mag_token_is_clean(token, word)))
        return mag_core_get_slow(core, token, ret_result, size, ret_detail);
    return mag_core_consume_slow(core, token, ret_result, size, ret_detail);
}

#endif

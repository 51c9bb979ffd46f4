/*
 * core.h - the core's transitions, for those who make many of them: the core itself,
 * operations and frames.  Private to vtask/; the states and edges are in
 * <magpie/source.h>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_CORE_CORE_H
#define VTASK_CORE_CORE_H

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

/* core.c - the completer consumes what was discarded. */
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

/* Pending, and nobody waits. */
static inline bool mag_slot_is_vacant(uintptr_t slot)
{
    return slot == MAG_SLOT_EMPTY || (slot & MAG_SLOT_BIASED) != 0;
}

/* The slot of an operation that is biased to the calling thread. */
static inline uintptr_t mag_slot_biased_here(void)
{
    return (uintptr_t)mag_here_get() | MAG_SLOT_BIASED;
}

/* Whether a visitor is between (3) and its last touch. */
static inline bool mag_core_is_visited(struct mag_core *core)
{
    /* left, acquire: the visitor's last touch is over when it has left. */
    return (atomic_load_explicit(&core->token, memory_order_acquire) & ~MAG_TOKEN_MASK) ==
           MAG_VISITOR_INSIDE;
}

/* The word of a core whose token is `token` and that nobody has visited.  Shifts, as the
 * mask would not fit into an instruction. */
static inline bool mag_token_is_clean(uint64_t token, uint64_t word)
{
    return word == token && token >> 62 == 0;
}

static inline bool mag_core_is_stale(struct mag_core *core, uint64_t token)
{
    /* relaxed: guards no data, see "again" in source.h. */
    uint64_t word = atomic_load_explicit(&core->token, memory_order_relaxed);

    return (word ^ token) << 2 != 0 || token >> 62 != 0;
}

static inline uintptr_t mag_core_slot(struct mag_core *core)
{
    /* done, waiting, acquire: both ends' data are visible. */
    return atomic_load_explicit(&core->slot, memory_order_acquire);
}

/* Whether the outcome may be read. */
static inline bool mag_core_is_done(struct mag_core *core)
{
    return mag_slot_is_done(mag_core_slot(core)) && !mag_core_is_visited(core);
}

/* Whether the outcome may be read by who has this token, in the common case: there was no
 * visitor.  The slot comes first, as a visitor that has written it was INSIDE before. */
static inline bool mag_core_is_ready(struct mag_core *core, uint64_t token)
{
    uintptr_t slot = mag_core_slot(core);
    /* relaxed: the slot's acquire covers what a visitor did before. */
    uint64_t word = atomic_load_explicit(&core->token, memory_order_relaxed);

    return mag_slot_is_done(slot) && mag_token_is_clean(token, word);
}

/* bias.c - an operation that was biased to a thread, named by the address of its struct
 * mag_here, was completed elsewhere before anybody had registered. */
void mag_core_bias_lost(uintptr_t thread);

/* The completer: whether it has completed the operation already.  The slot alone does not
 * tell after a visit: who registers by a plain store may have covered DONE for a moment.
 */
static inline bool mag_core_is_over(struct mag_core *core, uintptr_t slot)
{
    /* relaxed: its own store, if any. */
    return mag_slot_is_done(slot) ||
           atomic_load_explicit(&core->token, memory_order_relaxed) > MAG_TOKEN_MASK;
}

/* visit.c - waits until the visitor has left. */
void mag_core_see_off(struct mag_core *core);

/* visit.c - by a completer that found the slot biased to another thread.  The
 * continuation that it must run, or NULL: there is nothing more to do. */
struct mag_continuation *mag_core_visit(struct mag_core *core, uintptr_t biased);

/* visit.c - by who has registered for `token` by a plain store and then read another
 * word: whether the continuation will be run, or was.  If not the operation is complete.
 */
bool mag_core_meet(struct mag_core *core, uint64_t token);

/* The owner is about to reset the core: who waits there is dropped (VT-75). */
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

/* The owner: the next operation begins. */
static inline void mag_core_renew(struct mag_core *core)
{
    /* relaxed, here and below: the owner alone; handing the object on publishes them. */
    uint64_t token = atomic_load_explicit(&core->token, memory_order_relaxed);

    /* relaxed: as above. */
    atomic_store_explicit(&core->token, (token + 1) & MAG_TOKEN_MASK,
                          memory_order_relaxed);
    core->error = 0;
    /* relaxed: as above. */
    atomic_store_explicit(&core->slot, MAG_SLOT_EMPTY, memory_order_relaxed);
}

/* As mag_continuation_dispatch, the common case without a call. */
static inline void mag_continuation_go(struct mag_continuation *continuation, bool queued)
{
    struct mag_here *here = mag_here_get();
    uintptr_t home = continuation->home;

    if (MAG_LIKELY(!queued && (home == here->inside || (home & MAG_HOME_ROAMING) != 0) &&
                   here->depth < MAG_INLINE_DEPTH_MAX)) {
        here->depth++;
        continuation->job.run(&continuation->job);
        here->depth--;
    } else {
        mag_continuation_dispatch(continuation, queued);
    }
}

/* The completer: the continuation that stood in the slot. */
static inline struct mag_continuation *mag_core_take(struct mag_core *core,
                                                     uintptr_t slot)
{
    /* done, release: the outcome precedes RAN, and RAN the continuation (VT-89). */
    atomic_store_explicit(&core->slot, MAG_SLOT_RAN, memory_order_release);
    return (struct mag_continuation *)slot;
}

/* The completer, on the thread that the operation is biased to, or without a bias: nobody
 * waits.  False: `*slot` is what stands there now. */
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

/* core.c - as mag_core_publish, where somebody else has to do with the core as well. */
void mag_core_publish_slow(struct mag_core *core, uintptr_t slot);

/* The completer: the outcome stands in the core; `slot` was not done when it was read.
 * Afterwards the core may be another's. */
static inline void mag_core_publish(struct mag_core *core, uintptr_t slot)
{
    bool queued = (core->flags & MAG_CORE_QUEUED) != 0;

    if (MAG_LIKELY(mag_slot_is_awaited(slot)))
        mag_continuation_go(mag_core_take(core, slot), queued);
    else if (!mag_core_leave_done(core, &slot))
        mag_core_publish_slow(core, slot);
}

/* The consumer, on the thread that the operation is biased to: installs a continuation
 * that has captured where it belongs.  False: mag_core_meet tells what became of it. */
static inline bool mag_core_install_here(struct mag_core *core, uint64_t token,
                                         struct mag_continuation *continuation)
{
    /* (1), waiting, release: the continuation precedes its address. */
    atomic_store_explicit(&core->slot, (uintptr_t)continuation, memory_order_release);
    /* seq_cst: (1) before (2) for the compiler; the visitor's barrier covers the
     * processor. */
    atomic_signal_fence(memory_order_seq_cst);
    /* (2), relaxed: who meets a visitor looks again. */
    return atomic_load_explicit(&core->token, memory_order_relaxed) == token;
}

/* The consumer, on any thread: into a slot that was vacant when `*slot` was read.  False:
 * `*slot` is what stands there now. */
static inline bool mag_core_install(struct mag_core *core, uint64_t token,
                                    uintptr_t *slot,
                                    struct mag_continuation *continuation)
{
    if (MAG_LIKELY(*slot == mag_slot_biased_here())) {
        *slot = MAG_SLOT_DONE;
        return mag_core_install_here(core, token, continuation) ||
               mag_core_meet(core, token);
    }
    /* Both halves:
     *   waiting, release: the continuation precedes its address;
     *   done, acquire on failure: the outcome is visible. */
    return atomic_compare_exchange_strong_explicit(
        &core->slot, slot, (uintptr_t)continuation, memory_order_release,
        memory_order_acquire);
}

/* The consumer: whether it alone consumes the operation.  Only debug builds ask, as it
 * takes a swap to find out: two threads that read one task in the same instant have both
 * seen its token (VT-191).  The loser finds a visitor inside, or the next token. */
static inline bool mag_core_is_ours(struct mag_core *core, uint64_t token)
{
#ifdef MAG_DEBUG_TASKS
    /* relaxed: guards no data; the pool's hand-over publishes all. */
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

/* Whether the result is a word, in the core itself. */
static inline bool mag_core_is_word(const struct mag_core *core)
{
    return core->type == NULL || core->type->result_size == 0;
}

/* core.c - as mag_core_consume, for errors and for results that are no whole word. */
int mag_core_consume_slow(struct mag_core *core, uint64_t token, void *ret_result,
                          size_t size, uint64_t *ret_detail);

/* The consumer: the operation is complete, and its token was right. */
static inline int mag_core_consume(struct mag_core *core, uint64_t token,
                                   void *ret_result, size_t size, uint64_t *ret_detail)
{
    const struct mag_core_type *type = core->type;

    if (MAG_UNLIKELY(core->error != 0 || size != sizeof(core->value) ||
                     !mag_core_is_word(core)))
        return mag_core_consume_slow(core, token, ret_result, size, ret_detail);
    memcpy(ret_result, &core->value, sizeof(core->value));
    if (type != NULL && type->recycle != NULL) {
        if (MAG_UNLIKELY(!mag_core_is_ours(core, token)))
            return mag_misuse_core(MAG_E_TOKEN, core, token);
        mag_debug_core_ends(core);
        mag_core_renew(core);
        type->recycle(core);
    } else if (MAG_UNLIKELY(type != NULL && type->destroy != NULL)) {
        core->flags |= MAG_CORE_TAKEN;
    }
    return 0;
}

/* ------------------------------------------ the entry points, for who has them inline */

static inline int mag_core_outcome(const struct mag_core *core)
{
    if (core->error == 0)
        return MAG_SUCCEEDED;
    return core->error == -ECANCELED ? MAG_CANCELED : MAG_FAULTED;
}

/* core.c - as mag_core_status_inline, where there was a visitor, or it is misuse. */
int mag_core_status_slow(struct mag_core *core, uint64_t token);

static inline int mag_core_status_inline(struct mag_core *core, uint64_t token)
{
    if (!mag_slot_is_done(mag_core_slot(core)))
        return MAG_UNLIKELY(mag_core_is_stale(core, token))
                   ? mag_misuse_core(MAG_E_TOKEN, core, token)
                   : MAG_PENDING;
    if (MAG_UNLIKELY(!mag_core_is_ready(core, token)))
        return mag_core_status_slow(core, token);
    return mag_core_outcome(core);
}

/* core.c - as mag_core_on_completed_inline, where more than one thread has to do with the
 * core: `met` after this thread has installed the continuation. */
int mag_core_on_completed_slow(struct mag_core *core, uint64_t token,
                               struct mag_continuation *continuation, unsigned flags);
int mag_core_on_completed_met(struct mag_core *core, uint64_t token,
                              struct mag_continuation *continuation, unsigned flags);

static inline int mag_core_on_completed_inline(struct mag_core *core, uint64_t token,
                                               struct mag_continuation *continuation,
                                               unsigned flags)
{
    if (MAG_UNLIKELY(continuation == NULL || continuation->job.run == NULL))
        return mag_misuse_core(MAG_E_ARG, core, token);
    if (MAG_UNLIKELY(mag_core_is_stale(core, token)))
        return mag_misuse_core(MAG_E_TOKEN, core, token);
    if (MAG_UNLIKELY(mag_core_slot(core) != mag_slot_biased_here()))
        return mag_core_on_completed_slow(core, token, continuation, flags);
    mag_continuation_capture(continuation, flags);
    if (MAG_UNLIKELY(!mag_core_install_here(core, token, continuation)))
        return mag_core_on_completed_met(core, token, continuation, flags);
    return 0;
}

/* core.c - as mag_core_get_inline, where there was a visitor, or it is misuse. */
int mag_core_get_slow(struct mag_core *core, uint64_t token, void *ret_result,
                      size_t size, uint64_t *ret_detail);

static inline int mag_core_get_inline(struct mag_core *core, uint64_t token,
                                      void *ret_result, size_t size, uint64_t *ret_detail)
{
    if (MAG_UNLIKELY(!mag_core_is_ready(core, token)))
        return mag_core_get_slow(core, token, ret_result, size, ret_detail);
    return mag_core_consume(core, token, ret_result, size, ret_detail);
}

#endif

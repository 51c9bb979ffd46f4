/*
 * core.h - the core's transitions, for those who make many of them: the core itself,
 * operations and frames.  Private to vtask/; the states and edges are in
 * <magpie/source.h>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_CORE_H
#define VTASK_CORE_H

#include <magpie/source.h>

#include <stdatomic.h>
#include <string.h>

/* Tag of a scheduler in a continuation's home; an executor's address has none. */
#define MAG_HOME_SCHED ((uintptr_t)1)

/* core.c - the completer consumes what was discarded. */
void mag_core_drop(struct mag_core *core);

/* core.c - the general form of mag_core_copy: for results that are no whole word. */
bool mag_core_copy_part(const struct mag_core *core, void *ret_result, size_t size);

static inline bool mag_slot_is_done(uintptr_t slot)
{
    return (slot & MAG_SLOT_DONE) != 0;
}

/* Pending, and nobody waits. */
static inline bool mag_slot_is_vacant(uintptr_t slot)
{
    return slot == MAG_SLOT_EMPTY || (slot & MAG_SLOT_BIASED) != 0;
}

/* The slot of an operation that is biased to the calling thread. */
static inline uintptr_t mag_slot_biased_here(void)
{
    return (uintptr_t)&mag_here | MAG_SLOT_BIASED;
}

/* Whether a visitor is between (3) and its last touch. */
static inline bool mag_core_is_visited(struct mag_core *core)
{
    /* left, acquire: the visitor's last touch is over when it has left. */
    return (atomic_load_explicit(&core->token, memory_order_acquire) & ~MAG_TOKEN_MASK) ==
           MAG_VISITOR_INSIDE;
}

static inline bool mag_core_is_stale(struct mag_core *core, uint64_t token)
{
    /* relaxed: guards no data, see "again" in source.h. */
    uint64_t word = atomic_load_explicit(&core->token, memory_order_relaxed);

    return ((word ^ token) & MAG_TOKEN_MASK) != 0 || token > MAG_TOKEN_MASK;
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
    struct mag_here *here = &mag_here;
    uintptr_t home = continuation->home;

    if (MAG_LIKELY(!queued && (home == 0 || (home & MAG_HOME_SCHED) != 0) &&
                   here->depth < MAG_INLINE_DEPTH_MAX)) {
        here->depth++;
        continuation->job.run(&continuation->job);
        here->depth--;
    } else {
        mag_continuation_dispatch(continuation, true);
    }
}

/* The completer: the continuation that stood in the slot, or NULL: it was discarded. */
static inline struct mag_continuation *mag_core_take(struct mag_core *core,
                                                     uintptr_t slot)
{
    if (MAG_UNLIKELY(slot == MAG_SLOT_DROP)) {
        mag_core_drop(core);
        return NULL;
    }
    /* done, release: the outcome precedes RAN, and RAN the continuation (VT-89). */
    atomic_store_explicit(&core->slot, MAG_SLOT_RAN, memory_order_release);
    return (struct mag_continuation *)slot;
}

/* The completer found nobody waiting.  The continuation that has come meanwhile, or NULL:
 * there is nothing more to do. */
static inline struct mag_continuation *mag_core_leave_done(struct mag_core *core,
                                                           uintptr_t slot)
{
    if (MAG_UNLIKELY(slot != MAG_SLOT_EMPTY && slot != mag_slot_biased_here()))
        return mag_core_visit(core, slot);
    /* Both halves:
     *   done, release: the outcome precedes DONE;
     *   waiting, acquire on failure: the continuation that came first is visible. */
    if (atomic_compare_exchange_strong_explicit(&core->slot, &slot, MAG_SLOT_DONE,
                                                memory_order_release,
                                                memory_order_acquire))
        return NULL;
    return mag_core_take(core, slot);
}

/* The completer: the outcome stands in the core; `slot` was not done when it was read.
 * Afterwards the core may be another's. */
static inline void mag_core_publish(struct mag_core *core, uintptr_t slot)
{
    bool queued = (core->flags & MAG_CORE_QUEUED) != 0;
    struct mag_continuation *continuation = mag_slot_is_vacant(slot)
                                                ? mag_core_leave_done(core, slot)
                                                : mag_core_take(core, slot);

    if (MAG_LIKELY(continuation != NULL))
        mag_continuation_go(continuation, queued);
}

/* The consumer: installs a continuation that has captured where it belongs into a slot
 * that was vacant when `*slot` was read.  False: `*slot` is what stands there now. */
static inline bool mag_core_install(struct mag_core *core, uintptr_t *slot,
                                    struct mag_continuation *continuation)
{
    if (MAG_LIKELY(*slot == mag_slot_biased_here())) {
        /* relaxed: the operation is the caller's until (1). */
        uint64_t token = atomic_load_explicit(&core->token, memory_order_relaxed);

        /* (1), waiting, release: the continuation precedes its address. */
        atomic_store_explicit(&core->slot, (uintptr_t)continuation, memory_order_release);
        /* seq_cst: (1) before (2) for the compiler; the visitor's barrier covers the
         * processor. */
        atomic_signal_fence(memory_order_seq_cst);
        /* (2), relaxed: who meets a visitor looks again. */
        uint64_t word = atomic_load_explicit(&core->token, memory_order_relaxed);
        if (MAG_LIKELY(word == token && word <= MAG_TOKEN_MASK))
            return true;
        *slot = MAG_SLOT_DONE;
        return mag_core_meet(core, token & MAG_TOKEN_MASK);
    }
    /* Both halves:
     *   waiting, release: the continuation precedes its address;
     *   done, acquire on failure: the outcome is visible. */
    return atomic_compare_exchange_strong_explicit(
        &core->slot, slot, (uintptr_t)continuation, memory_order_release,
        memory_order_acquire);
}

/* Whether the result is a word, in the core itself. */
static inline bool mag_core_is_word(const struct mag_core *core)
{
    return core->type == NULL || core->type->result_size == 0;
}

/* Copies the result, if it has the size that is asked for. */
static inline bool mag_core_copy(const struct mag_core *core, void *ret_result,
                                 size_t size)
{
    if (MAG_LIKELY(size == sizeof(core->value) && mag_core_is_word(core))) {
        memcpy(ret_result, &core->value, sizeof(core->value));
        return true;
    }
    return mag_core_copy_part(core, ret_result, size);
}

/* The consumer: the operation is complete, and its token was right. */
static inline int mag_core_consume(struct mag_core *core, void *ret_result, size_t size,
                                   uint64_t *ret_detail)
{
    const struct mag_core_type *type = core->type;
    int error = core->error;

    if (MAG_LIKELY(error == 0)) {
        if (MAG_UNLIKELY(!mag_core_copy(core, ret_result, size)))
            return MAG_E_SIZE;
    } else if (ret_detail != NULL) {
        *ret_detail = core->value;
    }
    if (type != NULL && type->recycle != NULL) {
        mag_core_renew(core);
        type->recycle(core);
    }
    return error;
}

#endif

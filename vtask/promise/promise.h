/*
 * promise.h - a promise from the inside.  Private to vtask/.
 *
 * The protocol.  One word says how far a promise is, and is its lock:
 *
 *     0 -> CLAIMED -> DONE, or 0 -> DONE; LOCKED comes and goes before DONE
 *
 * A thread that changes the lists of what waits, or decides which completer wins, takes
 * LOCKED by one compare-and-swap and gives it up by one store; between the two are a few
 * instructions, and no call.  A completer that needs longer to write the outcome, because
 * it is large, claims first, and is alone with it then.  The step to DONE gives up the
 * lock for good: from then on nobody locks, and everything below is immutable until the
 * last reference goes.  So each wait and each completion costs one read-modify-write, and
 * asking and reading cost none.
 *
 * Exactly one completer wins: CLAIMED and DONE are set under the lock by whoever found
 * neither.  No continuation is lost or run twice: it is linked under the lock by a thread
 * that did not find DONE, and the lists are taken under the lock by the one thread that
 * sets DONE, before it sets it.  A thread that finds DONE queues its continuation itself.
 *
 * A holder of the lock may lose its processor inside.  The others then yield, and sleep
 * for moments after that, so that a thread of lower priority comes to its end.
 *
 * Lifetime.  `references` counts the users of the promise.  With the last one the
 * generation moves, which makes every task of it stale, and the memory returns to its
 * pool, where it stays a promise: holders of stale tasks may read the generation at any
 * time.  That they see it move late only means that the race, which is misuse, was
 * decided the other way.
 *
 * Ownership
 *   [I] immutable while it has references   [A] any thread   [L] under the lock
 *   [C] whoever claimed it, until DONE; then immutable
 *   [S] whoever follows the source: the converting thread, then the link's one run
 *
 * Edges: release end -> acquire end : what crosses
 *   lock   unlock (state) -> lock (state) : the lists
 *   done   finish (state) -> status, take, late registration (state) : the outcome
 *   gone   release (references) -> the last release (references) : all uses precede the
 *          return to the pool
 *   again  the pool's hand-over : everything
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_PROMISE_PROMISE_H
#define VTASK_PROMISE_PROMISE_H

#include "vtask/value/kind.h"

#include <magpie/promise.h>

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>

/* Bits of the state. */
enum {
    MAG_PROMISE_LOCKED = 1,
    MAG_PROMISE_CLAIMED = 2, /* somebody is about to complete it */
    MAG_PROMISE_DONE = 4,
};

/*
 * A part of the library that waits and may give up.  `notify` runs once after the promise
 * is complete, unless mag_promise_forget returned true.  It runs in the completer, before
 * the continuations; `queued`: no code of the user's may run there.
 */
struct mag_observer {
    void (*notify)(struct mag_observer *observer, bool queued);
    struct mag_observer *next;  /* [L] */
    struct mag_observer **link; /* [L] what points here */
};

struct mag_promise {
    _Atomic(uint64_t) generation;      /* [A] the token of its tasks */
    _Atomic(uint32_t) state;           /* [A] MAG_PROMISE_ bits */
    _Atomic(uint32_t) references;      /* [A] */
    struct mag_continuation *first;    /* [L] what waits, oldest first, by job.next */
    struct mag_continuation *last;     /* [L] */
    struct mag_observer *observers;    /* [L] */
    uint64_t value;                    /* [C] a result of a word, or the error's detail */
    int32_t error;                     /* [C] 0: succeeded */
    uint8_t status;                    /* [C] an enum mag_status */
    uint8_t flags;                     /* [I] */
    uint16_t size_class;               /* [I] */
    uint32_t size;                     /* [I] of the result, in bytes */
    struct mag_continuation follow;    /* [S] waits for `source` */
    mag_vtask source;                  /* [S] */
    alignas(16) unsigned char large[]; /* [C] a result larger than a word */
};

/* ---------------------------------------------------------------- promise/memory.c */

/* The completed promise that all share. */
extern struct mag_promise mag_promise_completed;

/* Takes the memory of a promise: its size and class are set, its generation stays.  0;
 * -ENOMEM; MAG_E_SIZE. */
int mag_promise_rent(size_t result_size, struct mag_promise **ret_promise);

/* Gives it back; the generation moves. */
void mag_promise_return(struct mag_promise *promise);

/* ----------------------------------------------------------------------- promise.c */

/* As mag_promise_create, in a state. */
int mag_promise_make(size_t result_size, unsigned flags, uint32_t state,
                     uint32_t references, struct mag_promise **ret_promise);

/* Where the result belongs. */
static inline void *mag_promise_room(struct mag_promise *promise)
{
    return promise->size > sizeof(promise->value) ? (void *)promise->large
                                                  : (void *)&promise->value;
}

/* Completes a promise whose claimer is the caller, a success with what is in its room. */
void mag_promise_finish(struct mag_promise *promise, int status, int error,
                        uint64_t detail);

/* Has `observer->notify` called once when the promise is complete.  False: it is, and
 * it will not be. */
bool mag_promise_observe(struct mag_promise *promise, struct mag_observer *observer);

/* Takes an observer back.  False: it has been, or is about to be, notified. */
bool mag_promise_forget(struct mag_promise *promise, struct mag_observer *observer);

static inline bool mag_promise_is_stale(struct mag_promise *promise, uint64_t token)
{
    /* relaxed: guards no data, see "Lifetime". */
    return atomic_load_explicit(&promise->generation, memory_order_relaxed) != token;
}

static inline bool mag_promise_is_done(struct mag_promise *promise)
{
    /* done, acquire: the outcome is visible. */
    return (atomic_load_explicit(&promise->state, memory_order_acquire) &
            MAG_PROMISE_DONE) != 0;
}

/* --------------------------------------------------------------------------- tasks */

/* What a task is backed by, without the setting for awaits. */
static inline uintptr_t mag_backing_of(mag_vtask task)
{
    return task.backing & ~(uintptr_t)MAG_VTASK_NO_CONTEXT;
}

/* Nothing backs the task: it has succeeded. */
static inline bool mag_is_inline(mag_vtask task)
{
    return mag_backing_of(task) == 0;
}

static_assert((MAG_VTASK_ERROR & MAG_VTASK_PROMISE) != 0 &&
                  ((MAG_VTASK_SOURCE | MAG_VTASK_CORE) & MAG_VTASK_PROMISE) == 0,
              "one bit tells what consumes from what does not");

/* A source or a core backs it: reading it consumes it. */
static inline bool mag_is_claim(mag_vtask task)
{
    return (task.backing & MAG_VTASK_PROMISE) == 0 && task.backing > MAG_VTASK_TAGS;
}

#endif

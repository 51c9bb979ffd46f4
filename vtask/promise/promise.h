/*
 * promise.h - a promise from the inside.  Private to vtask/.
 *
 * The protocol.  One word holds a promise's state, and serves as its lock:
 *
 *     0 -> CLAIMED -> DONE, or 0 -> DONE; LOCKED comes and goes before DONE
 *
 * A thread that is to change the lists of waiting continuations and observers, or to
 * decide who completes, takes LOCKED by one compare-and-swap and gives it up by one
 * store.  Between the two are a few instructions, and no call.  A completer that needs
 * longer to write the outcome, because the outcome is large, claims the promise first,
 * and is then the only writer.  The step to DONE gives up the lock for good: from then on
 * no thread locks, and all other fields are immutable until the last reference is
 * released.  So each wait and each completion costs one read-modify-write; asking and
 * reading cost none.
 *
 * Exactly one completer wins: CLAIMED and DONE are set under the lock, by a thread that
 * found neither set.  No continuation is lost or run twice.  A continuation is linked
 * under the lock, by a thread that did not find DONE; and the one thread that sets DONE
 * takes the lists under the lock, before it sets DONE.  A thread that finds DONE is late,
 * and queues its own continuation.
 *
 * A holder of the lock may be preempted.  The other threads then yield, and after a while
 * sleep briefly, so that a holder of lower priority gets to run.
 *
 * Lifetime.  `references` counts the users of the promise.  When the last reference is
 * released, the generation changes, which makes every task of the promise stale, and the
 * memory returns to its pool, where it stays a promise: holders of stale tasks may read
 * the generation at any time.  A holder that sees the new generation late uses a task in
 * a race with its release.  That is misuse, and seeing the old value only means that the
 * race was decided the other way.
 *
 * Ownership
 *   [I] immutable while it has references   [A] any thread   [L] under the lock
 *   [C] the thread that claimed the promise, until DONE; then immutable
 *   [S] the follower of the source: the converting thread, then the link's one run
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
    MAG_PROMISE_CLAIMED = 2, /* a thread is about to complete it */
    MAG_PROMISE_DONE = 4,
};

/*
 * Part of the library that waits for a promise and may give up.  After the promise is
 * complete `notify` runs once for each observer, unless mag_promise_forget returned true.
 * `notify` runs in the completer, before the continuations.  `queued`: it must not run
 * any code of the user's.
 */
struct mag_observer {
    void (*notify)(struct mag_observer *observer, bool queued);
    struct mag_observer *next;  /* [L] */
    struct mag_observer **link; /* [L] the pointer that points here */
};

struct mag_promise {
    _Atomic(uint64_t) generation;      /* [A] the token of its tasks */
    _Atomic(uint32_t) state;           /* [A] MAG_PROMISE_ bits */
    _Atomic(uint32_t) references;      /* [A] */
    struct mag_continuation *first;    /* [L] the waiting, oldest first, by job.next */
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

/* The completed promise that all users share. */
extern struct mag_promise mag_promise_completed;

/* Takes the memory of a promise from its pool.  Sets the size and the size class; the
 * generation stays.  0; -ENOMEM; MAG_E_SIZE. */
int mag_promise_rent(size_t result_size, struct mag_promise **ret_promise);

/* Gives the memory back; the generation changes. */
void mag_promise_return(struct mag_promise *promise);

/* ----------------------------------------------------------------------- promise.c */

/* As mag_promise_create, but in the given state. */
int mag_promise_make(size_t result_size, unsigned flags, uint32_t state,
                     uint32_t references, struct mag_promise **ret_promise);

/* Where the result is stored. */
static inline void *mag_promise_room(struct mag_promise *promise)
{
    return promise->size > sizeof(promise->value) ? (void *)promise->large
                                                  : (void *)&promise->value;
}

/* Completes a promise that the caller has claimed.  A success has what is in its room as
 * result. */
void mag_promise_finish(struct mag_promise *promise, int status, int error,
                        uint64_t detail);

/* Registers an observer: `observer->notify` is called once when the promise is complete.
 * False: the promise is complete already, and `notify` will not be called. */
bool mag_promise_observe(struct mag_promise *promise, struct mag_observer *observer);

/* Removes an observer.  False: it was notified, or is about to be. */
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

/* A task's backing, without the setting for awaits. */
static inline uintptr_t mag_backing_of(mag_vtask task)
{
    return task.backing & ~(uintptr_t)MAG_VTASK_NO_CONTEXT;
}

/* Whether nothing backs the task: it has succeeded. */
static inline bool mag_is_inline(mag_vtask task)
{
    return mag_backing_of(task) == 0;
}

static_assert((MAG_VTASK_ERROR & MAG_VTASK_PROMISE) != 0 &&
                  ((MAG_VTASK_SOURCE | MAG_VTASK_CORE) & MAG_VTASK_PROMISE) == 0,
              "one bit says whether a read consumes");

/* Whether a source or a core backs the task: then reading the task consumes it. */
static inline bool mag_is_claim(mag_vtask task)
{
    return (task.backing & MAG_VTASK_PROMISE) == 0 && task.backing > MAG_VTASK_TAGS;
}

#endif

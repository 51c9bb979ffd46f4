/*
 * shared_call.h - a slow call that serves every thread that asked for it before it began.
 * Private to the library.
 *
 * The call has an effect on the whole process, and the system lets one thread at a time
 * make it.  So a thread that finds another one inside the call waits for the end of that
 * call, which began too early for it.  Then one of the waiting threads makes the next
 * call for all of them.  No thread waits for more than two calls.
 *
 * Calls have numbers, from 1.  A thread needs a call whose number is greater than
 * `begun` was when the thread asked:
 *
 *     thread that asks                  thread that makes call n
 *     (a) its writes                    (c) begun: n - 1 -> n
 *     (b) n <- begun + 1                (d) the call
 *     ...until ended >= n               (e) ended <- n
 *
 * (b) is a read-modify-write that changes nothing.  If (b) precedes (c) in the order of
 * `begun`, then (c) reads what (b) wrote or a later value of the same release sequence,
 * so (a) happens before (d), and `n` serves the thread.  If (b) follows (c), the thread
 * asks for the call after that.
 *
 * Ownership
 *   [A] any thread   [M] the thread that makes the call
 *
 * Edges: release end -> acquire end : what crosses
 *   asked    (b) (begun) -> (c) (begun) : what the asking thread did
 *   served   (e) (ended) -> ask (ended) : what the call did
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_SHARED_CALL_H
#define BASE_SHARED_CALL_H

#include "base/turns.h"

#include <magpie/detail/base.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_shared_call {
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) begun; /* [A] number of the last call */
    _Atomic(uint64_t) ended;                          /* [M] equal to begun: none runs */
    _Atomic(bool) failed;                             /* [M] some call has failed */
};

static inline void mag_shared_call_init(struct mag_shared_call *shared)
{
    atomic_init(&shared->begun, 0);
    atomic_init(&shared->ended, 0);
    atomic_init(&shared->failed, false);
}

/* (c) to (e), by the thread that has begun call `number`. */
static inline bool mag_shared_call_make(struct mag_shared_call *shared, uint64_t number,
                                        bool (*call)(void))
{
    bool good = call();

    /* relaxed: ordered by (e). */
    if (!good)
        atomic_store_explicit(&shared->failed, true, memory_order_relaxed);
    /* (e), served, release: the call precedes it. */
    atomic_store_explicit(&shared->ended, number, memory_order_release);
    return good;
}

/*
 * Returns when a call of `call` that began after this function did has ended.  Once a
 * call has failed, each thread makes its own.
 *
 *   Returns    whether that call was successful
 */
static inline bool mag_shared_call_ask(struct mag_shared_call *shared, bool (*call)(void))
{
    /* (b), asked, release: (a) precedes it. */
    uint64_t number =
        atomic_fetch_add_explicit(&shared->begun, 0, memory_order_release) + 1;

    for (unsigned tries = 0;; tries++) {
        uint64_t last = number - 1;
        /* served, acquire: the call's effects are visible. */
        uint64_t ended = atomic_load_explicit(&shared->ended, memory_order_acquire);

        /* relaxed: ordered by `ended`. */
        if (ended >= number)
            return !atomic_load_explicit(&shared->failed, memory_order_relaxed) || call();
        /* (c), asked, acquire: what the threads did that this call serves.
         * On failure relaxed: another thread makes the call. */
        if (ended == last && atomic_compare_exchange_strong_explicit(
                                 &shared->begun, &last, number, memory_order_acquire,
                                 memory_order_relaxed))
            return mag_shared_call_make(shared, number, call);
        mag_give_way(tries);
    }
}

#endif

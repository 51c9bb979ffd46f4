/*
 * spin.h - a lock held for a few instructions, never across a call that may sleep.
 * Private to the library.
 *
 * Edges: release end -> acquire end : what crosses
 *   word   mag_spin_unlock -> mag_spin_try_lock : all that the lock protects
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

#include "base/turns.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_spin {
    _Atomic(uint32_t) held; /* [A] */
};

static inline void mag_spin_init(struct mag_spin *spin)
{
    atomic_init(&spin->held, 0);
}

static inline bool mag_spin_try_lock(struct mag_spin *spin)
{
    /* relaxed: a look before the exchange, so that a waiting thread does not take the
     * cache line. */
    if (atomic_load_explicit(&spin->held, memory_order_relaxed) != 0)
        return false;
    /* word, acquire: what the last holder did is visible. */
    return atomic_exchange_explicit(&spin->held, 1, memory_order_acquire) == 0;
}

static inline void mag_spin_lock(struct mag_spin *spin)
{
    for (unsigned tries = 1; !mag_spin_try_lock(spin); tries++)
        mag_give_way(tries);
}

static inline void mag_spin_unlock(struct mag_spin *spin)
{
    /* word, release: what the holder did precedes the next lock. */
    atomic_store_explicit(&spin->held, 0, memory_order_release);
}

#endif

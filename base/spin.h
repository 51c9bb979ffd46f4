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

#include "base/os.h"

#include <magpie/base.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* How often who waits looks again at once, and how often it yields before it naps. */
enum { MAG_SPIN_PAUSES = 128, MAG_SPIN_YIELDS = 32, MAG_SPIN_NAP_NS = 50000 };

struct mag_spin {
    _Atomic(uint32_t) held; /* [A] */
};

static inline void mag_spin_init(struct mag_spin *spin)
{
    atomic_init(&spin->held, 0);
}

static inline bool mag_spin_try_lock(struct mag_spin *spin)
{
    /* relaxed: a look before the exchange, so that waiting does not take the line. */
    if (atomic_load_explicit(&spin->held, memory_order_relaxed) != 0)
        return false;
    /* word, acquire: what the last holder did is visible. */
    return atomic_exchange_explicit(&spin->held, 1, memory_order_acquire) == 0;
}

/*
 * Before the look number `tries` + 1 at what another thread is about to end.  That thread
 * may have lost its CPU, perhaps to this very one: then yielding lets it run, and if it
 * has a lower real-time priority only sleeping does.
 */
static inline void mag_spin_relax(unsigned tries)
{
    struct timespec nap = {.tv_nsec = MAG_SPIN_NAP_NS};

    if (MAG_LIKELY(tries < MAG_SPIN_PAUSES))
        mag_os_pause();
    else if (tries < MAG_SPIN_PAUSES + MAG_SPIN_YIELDS)
        (void)sched_yield();
    else
        (void)nanosleep(&nap, NULL);
}

static inline void mag_spin_lock(struct mag_spin *spin)
{
    for (unsigned tries = 1; !mag_spin_try_lock(spin); tries++)
        mag_spin_relax(tries);
}

static inline void mag_spin_unlock(struct mag_spin *spin)
{
    /* word, release: what the holder did precedes the next lock. */
    atomic_store_explicit(&spin->held, 0, memory_order_release);
}

#endif

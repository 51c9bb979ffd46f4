/*
 * turns.h - waiting for another thread that needs only a moment more, such as the holder
 * of a lock.  Private to the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_TURNS_H
#define BASE_TURNS_H

#include "base/os.h"

#include <magpie/detail/base.h>

/* How often a waiting thread looks again at once, how often it yields after that, and how
 * long each of its naps is after that. */
enum { MAG_TURN_SPINS = 128, MAG_TURN_YIELDS = 32, MAG_TURN_NAP_NS = 50000 };

/*
 * Call after each look in vain; `tries` counts the calls, from 0.  The other thread may
 * have lost its CPU, perhaps to the calling thread.  Then yielding lets the other thread
 * run; if it has a lower real-time priority, only sleeping does.  No cancellation point:
 * other threads may wait for something that the calling thread holds.
 */
static inline void mag_give_way(unsigned tries)
{
    if (MAG_LIKELY(tries < MAG_TURN_SPINS))
        mag_os_pause();
    else if (tries < MAG_TURN_SPINS + MAG_TURN_YIELDS)
        mag_os_yield();
    else
        mag_os_nap(MAG_TURN_NAP_NS);
}

#endif

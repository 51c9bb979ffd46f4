/*
 * turns.h - waiting for the holder of a lock: first yield the processor, then sleep, so
 * that a holder of lower real-time priority gets to run.  Private to numa/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_POOL_TURNS_H
#define NUMA_POOL_TURNS_H

#include "base/uncancelled.h"

#include <sched.h>
#include <time.h>

enum { POOL_TURN_YIELDS = 64, POOL_TURN_NAP_NS = 50000 };

/* Not a cancellation point. */
static inline void mag_pool_nap(void)
{
    struct timespec nap = {.tv_nsec = POOL_TURN_NAP_NS};
    int cancel = mag_cancel_hold();

    (void)nanosleep(&nap, NULL);
    mag_cancel_let(cancel);
}

/* Call before try number `tries` + 1. */
static inline void mag_pool_give_way(unsigned tries)
{
    if (tries < POOL_TURN_YIELDS)
        (void)sched_yield();
    else
        mag_pool_nap();
}

#endif

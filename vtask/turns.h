/*
 * turns.h - waiting for somebody who needs a moment more, such as the holder of a lock:
 * look again at once, then let others run, then sleep, so that a thread of a lower
 * real-time priority comes to its end, too.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_TURNS_H
#define VTASK_TURNS_H

#include <sched.h>
#include <time.h>

enum { MAG_TURN_SPINS = 64, MAG_TURN_YIELDS = 32, MAG_TURN_NAP_NS = 50000 };

/* Before the look number `tries` + 1. */
static inline void mag_turn_give_way(unsigned tries)
{
    struct timespec nap = {.tv_nsec = MAG_TURN_NAP_NS};

    if (tries >= MAG_TURN_SPINS + MAG_TURN_YIELDS)
        (void)nanosleep(&nap, NULL);
    else if (tries >= MAG_TURN_SPINS)
        (void)sched_yield();
}

#endif

/*
 * turns.h - waiting for somebody who needs a moment more, such as the holder of a lock:
 * look again at once, then let others run, then sleep, so that a thread of a lower
 * real-time priority comes to its end, too.  Private to vtask/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_CORE_TURNS_H
#define VTASK_CORE_TURNS_H

#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { MAG_TURN_SPINS = 64, MAG_TURN_YIELDS = 32, MAG_TURN_NAP_NS = 50000 };

/* No cancellation point: what others wait for may be held. */
static inline void mag_turn_nap(void)
{
    struct timespec nap = {.tv_nsec = MAG_TURN_NAP_NS};
    int before = PTHREAD_CANCEL_ENABLE;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    (void)nanosleep(&nap, NULL);
    (void)pthread_setcancelstate(before, NULL);
}

/* Before the look number `tries` + 1. */
static inline void mag_turn_give_way(unsigned tries)
{
    if (tries >= MAG_TURN_SPINS + MAG_TURN_YIELDS)
        mag_turn_nap();
    else if (tries >= MAG_TURN_SPINS)
        (void)sched_yield();
}

#endif

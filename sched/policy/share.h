/*
 * share.h - how many of its forked children a worker shares with thieves, and for how
 * long.  Private to sched/.  Pure functions of values; fork/stack.h has the protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_SHARE_H
#define SCHED_POLICY_SHARE_H

#include <stdbool.h>
#include <stdint.h>

/* The most children that a thief looks at before it shares some of them. */
enum { MAG_SHARE_LOOK_MAX = 16 };

/* The slots that an owner shares at the beginning of a run; and how many pops of shared
 * slots that no thief took the owner tolerates before it takes such slots back. */
enum { MAG_SHARE_ZONE = 3, MAG_SHARE_PATIENCE = 64 };

/* How many of `waiting` children a thief shares: the older half, but at least one. */
static inline uint32_t mag_share_by_thief(uint32_t waiting)
{
    return (waiting + 1) / 2;
}

/* How many of `room` free slots an owner shares at the beginning of a run. */
static inline uintptr_t mag_share_by_owner(uintptr_t room)
{
    return room < MAG_SHARE_ZONE ? room : MAG_SHARE_ZONE;
}

/* Whether a shared slot that no thief took stays shared when its owner pops it. */
static inline bool mag_share_goes_on(uint32_t patience)
{
    return patience != 0;
}

#endif

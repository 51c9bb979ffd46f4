/*
 * share.h - how many of its forked children a worker shows to thieves, and how long.
 * Private to sched/.  Pure functions of values; fork_stack.h has the protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_SHARE_H
#define SCHED_POLICY_SHARE_H

#include <stdbool.h>
#include <stdint.h>

/* Children that a thief looks at before it shares some of them. */
enum { MAG_SHARE_LOOK_MAX = 16 };

/* Slots that an owner shares where a run begins, and how many pops of a shared slot that
 * nobody took it endures before it takes the slot back. */
enum { MAG_SHARE_ZONE = 3, MAG_SHARE_PATIENCE = 64 };

/* How many of `waiting` children a thief shares: the older half, and at least one. */
static inline uint32_t mag_share_by_thief(uint32_t waiting)
{
    return (waiting + 1) / 2;
}

/* How many of `room` free slots an owner shares where a run begins. */
static inline uintptr_t mag_share_by_owner(uintptr_t room)
{
    return room < MAG_SHARE_ZONE ? room : MAG_SHARE_ZONE;
}

/* Whether a shared slot that nobody took stays shared when its owner pops it. */
static inline bool mag_share_goes_on(uint32_t patience)
{
    return patience != 0;
}

#endif

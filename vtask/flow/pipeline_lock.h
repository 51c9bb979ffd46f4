/*
 * pipeline_lock.h - what of a belt is under its lock.  Private to vtask/flow/.
 *
 * All functions here are called under the lock, unless they say otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_FLOW_PIPELINE_LOCK_H
#define VTASK_FLOW_PIPELINE_LOCK_H

#include "vtask/flow/pipeline.h"

/* ------------------------------------------------------------------------ counts */

/* These are read without the lock as hints, and changed under it. */
static inline void mag_belt_set_count(_Atomic(uint32_t) *count, uint32_t value)
{
    /* relaxed: a hint. */
    atomic_store_explicit(count, value, memory_order_relaxed);
}

static inline uint32_t mag_belt_count(_Atomic(uint32_t) *count)
{
    /* relaxed: a hint; or under the lock. */
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* Under the lock. */
static inline void mag_belt_count_room(struct mag_belt *belt)
{
    mag_belt_set_count(&belt->room, belt->free_count + belt->limit - belt->made);
}

static inline bool mag_belt_is_at_rest(struct mag_belt *belt)
{
    return mag_belt_input(belt) == MAG_INPUT_OVER && belt->free_count == belt->made;
}

/* Whether there is something to do that any runner may do. */
static inline bool mag_belt_has_work(struct mag_belt *belt)
{
    return belt->ready.first != NULL ||
           (!belt->input_is_callers && mag_belt_input(belt) == MAG_INPUT_FREE &&
            mag_belt_count(&belt->room) != 0);
}

/* Whether there is something to do that the caller alone may do. */
static inline bool mag_belt_has_callers_work(struct mag_belt *belt)
{
    return belt->bound_to_caller.first != NULL ||
           (belt->input_is_callers && mag_belt_input(belt) == MAG_INPUT_FREE &&
            mag_belt_count(&belt->room) != 0);
}

/* A token is free. */
void mag_belt_put_free(struct mag_belt *belt, struct mag_token *token);

/* ------------------------------------------------------------------------ calling */

/* Whom to call when the lock is released. */
struct mag_summons {
    bool caller; /* it sleeps */
    bool runner; /* the offer is to be posted; a reference is taken for it */
};

/* Whenever there may be more to do: sees to it that somebody does it. */
void mag_belt_see_to_work(struct mag_belt *belt, struct mag_summons *summons);

/* After the lock is released.  Without a reference, and if the caller alone is called,
 * the belt may have ended: only its address is used. */
void mag_belt_send(struct mag_belt *belt, struct mag_summons summons);

#endif

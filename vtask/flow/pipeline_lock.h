/*
 * pipeline_lock.h - what of a line is under its lock.  Private to vtask/flow/.
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
static inline void mag_line_set_count(_Atomic(uint32_t) *count, uint32_t value)
{
    /* relaxed: a hint. */
    atomic_store_explicit(count, value, memory_order_relaxed);
}

static inline uint32_t mag_line_count(_Atomic(uint32_t) *count)
{
    /* relaxed: a hint; or under the lock. */
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* Under the lock. */
static inline void mag_line_count_room(struct mag_line *line)
{
    mag_line_set_count(&line->room, line->free_count + line->limit - line->made);
}

static inline bool mag_line_is_at_rest(struct mag_line *line)
{
    return mag_line_input(line) == MAG_INPUT_OVER && line->free_count == line->made;
}

/* Whether there is something to do that any runner may do. */
static inline bool mag_line_has_work(struct mag_line *line)
{
    return line->ready.first != NULL ||
           (!line->input_is_callers && mag_line_input(line) == MAG_INPUT_FREE &&
            mag_line_count(&line->room) != 0);
}

/* Whether there is something to do that the caller alone may do. */
static inline bool mag_line_has_callers_work(struct mag_line *line)
{
    return line->bound_to_caller.first != NULL ||
           (line->input_is_callers && mag_line_input(line) == MAG_INPUT_FREE &&
            mag_line_count(&line->room) != 0);
}

/* A token is free. */
void mag_line_put_free(struct mag_line *line, struct mag_token *token);

/* ------------------------------------------------------------------------ calling */

/* Whom to call when the lock is released. */
struct mag_summons {
    bool caller; /* it sleeps */
    bool runner; /* the offer is to be posted; a reference is taken for it */
};

/* Whenever there may be more to do: sees to it that somebody does it. */
void mag_line_see_to_work(struct mag_line *line, struct mag_summons *summons);

/* After the lock is released.  Without a reference, and if the caller alone is called,
 * the line may have ended: only its address is used. */
void mag_line_send(struct mag_line *line, struct mag_summons summons);

#endif

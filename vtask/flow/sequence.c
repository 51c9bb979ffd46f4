/*
 * Async sequences.  The frame of a sequence is rented when the sequence is made and given
 * back when it ends; in between its core is the source of one pending task after the
 * other.  <magpie/detail/sequence.h> says who may touch what.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/core/core.h"
#include "vtask/debug/debug.h"

#include <magpie/sequence.h>

#include <errno.h>
#include <string.h>

/* Bits of the state. */
enum {
    SEQUENCE_BUSY = 1,  /* the body runs, or a task is pending or not consumed */
    SEQUENCE_ENDED = 2, /* the holder has given it back */
};

static const struct mag_sequence_type *
sequence_type_of(const struct mag_sequence *sequence)
{
    return (const struct mag_sequence_type *)(const void *)sequence->frame.core.type;
}

struct mag_sequence *mag_sequence_make(const struct mag_sequence_type *type)
{
    struct mag_frame *frame = mag_frame_rent(&type->frame);

    if (frame == NULL)
        return NULL;
    /* No task yet, see mag_sequence_next. */
    mag_debug_core_ends(&frame->core);
    /* relaxed: the sequence is handed out later, which publishes the slot.  It is not
     * biased to this thread, which need not be the one that asks for values. */
    atomic_store_explicit(&frame->core.slot, MAG_SLOT_EMPTY, memory_order_relaxed);
    memset((char *)frame + sizeof(*frame), 0, type->frame.size - sizeof(*frame));
    return (struct mag_sequence *)(void *)frame;
}

/* The body has ended, or never will go on. */
static void clean_up_sequence(struct mag_sequence *sequence)
{
    const struct mag_sequence_type *type = sequence_type_of(sequence);

    if (sequence->sequence.begun && type->cleanup != NULL)
        type->cleanup(sequence);
    sequence->sequence.begun = false;
}

static void free_sequence(struct mag_sequence *sequence)
{
    clean_up_sequence(sequence);
    mag_frame_recycle(&sequence->frame.core);
}

/* What a call of the body means: its yield, or the end. */
static mag_vtask settle_sequence(struct mag_sequence *sequence, mag_vtask returned)
{
    if (MAG_LIKELY(sequence->sequence.line != 0))
        return returned;
    sequence->sequence.over = true;
    clean_up_sequence(sequence);
    return returned.backing == 0 ? mag_vtask_failed(MAG_SEQUENCE_END, 0) : returned;
}

mag_vtask mag_sequence_next(struct mag_sequence *sequence, void *ret_large)
{
    if (MAG_UNLIKELY(sequence == NULL))
        return mag_vtask_failed(-ENOMEM, 0);

    struct mag_sequence_state *state = &sequence->sequence;
    mag_vtask own = mag_core_task(&sequence->frame.core);
    /* relaxed: misuse apart, the consumer of the last task calls. */
    if (MAG_UNLIKELY(atomic_load_explicit(&state->state, memory_order_relaxed) != 0))
        return mag_vtask_failed(mag_misuse_argument(MAG_E_CONTINUATION), 0);
    if (MAG_UNLIKELY(state->over))
        return mag_vtask_failed(MAG_SEQUENCE_END, 0);
    /* relaxed: who resumes the body gets it with the frame. */
    atomic_store_explicit(&state->state, SEQUENCE_BUSY, memory_order_relaxed);
    sequence->frame.core.step = (uint16_t)state->line;
    state->line = 0;
    state->begun = true;
    mag_vtask returned = sequence_type_of(sequence)->advance(sequence, ret_large);
    if (MAG_UNLIKELY(mag_vtask_is_started(returned))) {
        mag_debug_core_began(&sequence->frame.core);
        return own;
    }
    returned = settle_sequence(sequence, returned);
    /* relaxed: no other thread has seen BUSY. */
    atomic_store_explicit(&state->state, 0, memory_order_relaxed);
    return returned;
}

void mag_sequence_finish(struct mag_sequence *sequence, mag_vtask returned,
                         const void *large)
{
    mag_frame_finish(&sequence->frame, settle_sequence(sequence, returned), large);
}

/* The pending task was consumed. */
void mag_sequence_recycle(struct mag_core *core)
{
    struct mag_sequence *sequence = (struct mag_sequence *)(void *)core;

    /* left, both ends: what this side has done precedes the end, whichever makes it. */
    uint32_t before = atomic_fetch_and_explicit(
        &sequence->sequence.state, ~(uint32_t)SEQUENCE_BUSY, memory_order_acq_rel);
    if ((before & SEQUENCE_ENDED) != 0)
        free_sequence(sequence);
}

void mag_sequence_end(struct mag_sequence *sequence)
{
    if (sequence == NULL)
        return;
    /* left, both ends: as above. */
    uint32_t before = atomic_fetch_or_explicit(&sequence->sequence.state, SEQUENCE_ENDED,
                                               memory_order_acq_rel);
    if ((before & SEQUENCE_BUSY) == 0)
        free_sequence(sequence);
}

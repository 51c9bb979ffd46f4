/*
 * finish.c - how an async function ends: it completes its task, or tells the function
 * whose frame contains its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/core/core.h"
#include "vtask/debug/debug.h"
#include "vtask/value/kind.h"

#include <magpie/connected.h>

#include <stdatomic.h>

/* Where a result is that is not one word. */
static inline void *large_of(struct mag_frame *frame)
{
    return (char *)frame + frame->core.type->result_offset;
}

static void *result_of(struct mag_frame *frame, uint64_t *word, size_t *ret_size)
{
    const struct mag_core_type *type = frame->core.type;

    if (type->result_size == 0) {
        *ret_size = sizeof(*word);
        return word;
    }
    *ret_size = type->result_size;
    return large_of(frame);
}

/* Tells the waiter of a connected frame, which may be gone afterwards, how the function
 * ended.  A result that is not one word stays in the frame. */
static inline void tell_waiter(struct mag_frame *frame, mag_vtask outcome)
{
    /* relaxed: the frame's words are the running body's. */
    uintptr_t waiter = atomic_load_explicit(&frame->core.slot, memory_order_relaxed);

    if (MAG_UNLIKELY((frame->core.flags & MAG_CORE_QUEUED) != 0))
        (void)mag_waiter_post((struct mag_waiter *)waiter, outcome);
    else
        (void)mag_waiter_settle((struct mag_waiter *)waiter, outcome);
}

/* Ends a frame that has waited for the task of another function. */
static void end_forward(struct mag_frame *frame, int error, uint64_t value)
{
    if ((frame->core.flags & MAG_CORE_CONNECTED) == 0)
        mag_core_finish(&frame->core, error, value);
    else if (error != 0)
        tell_waiter(frame, mag_vtask_failed(error, value));
    else
        tell_waiter(frame, mag_vtask_result(frame->core.type->result_size == 0
                                                ? value
                                                : (uintptr_t)large_of(frame)));
}

/* The function returned the task of another function, and that task is complete now. */
static void finish_as_awaited(struct mag_frame *frame)
{
    uint64_t word = 0;
    uint64_t detail = 0;
    size_t size;
    void *result = result_of(frame, &word, &size);
    int r = mag_vtask_get_value(frame->waiter.outcome, result, size, &detail);

    if (MAG_UNLIKELY(r == MAG_E_SIZE)) {
        /* Consume the task all the same.  The misuse is reported already, or MAG_E_SIZE
         * is the outcome of the task. */
        mag_misuse_hush(true);
        (void)mag_vtask_get(frame->waiter.outcome, NULL);
        mag_misuse_hush(false);
    }
    end_forward(frame, r, r == 0 ? word : detail);
}

static void finish_later(struct mag_job *job)
{
    if (job == NULL || job->run != finish_later)
        return;
    struct mag_frame *frame = mag_frame_of(job);
    if (mag_vtask_status(frame->waiter.outcome) == MAG_PENDING)
        return;
    job->run = mag_continuation_spent;
    finish_as_awaited(frame);
}

/* `return other(...);` after the first wait: the frame waits for the task of `other`. */
static MAG_COLD void forward(struct mag_frame *frame, mag_vtask task)
{
    int r = mag_vtask_status(task);

    frame->waiter.outcome = task;
    if (r == MAG_PENDING) {
        frame->waiter.continuation.job.run = finish_later;
        r = mag_vtask_on_completed(task, &frame->waiter.continuation, 0);
        if (r == 0)
            return;
    }
    if (r < 0)
        end_forward(frame, r, 0);
    else
        finish_as_awaited(frame);
}

/* As mag_frame_finish, for all that is not the commonest end: a word for a task. */
static MAG_NOINLINE void finish_slow(struct mag_frame *frame, mag_vtask returned,
                                     const void *large)
{
    const struct mag_core_type *type = frame->core.type;

    if (returned.backing != 0 && (returned.backing & MAG_VTASK_KIND) != MAG_VTASK_ERROR) {
        forward(frame, returned);
        return;
    }
    if (returned.backing == 0 && type->result_size != 0) {
        memcpy(large_of(frame), large, type->result_size);
        returned.payload = (uintptr_t)large_of(frame);
    }
    if ((frame->core.flags & MAG_CORE_CONNECTED) != 0)
        tell_waiter(frame, returned);
    else
        mag_core_finish(&frame->core,
                        returned.backing != 0 ? mag_vtask_code(returned) : 0,
                        returned.payload);
}

static MAG_NOINLINE void publish_unawaited(struct mag_core *core, uintptr_t slot)
{
    mag_core_publish(core, slot);
}

void mag_frame_finish(struct mag_frame *frame, mag_vtask returned, const void *large)
{
    if (MAG_UNLIKELY(returned.backing != 0 ||
                     !mag_core_is_plain(&frame->core, MAG_CORE_BOX))) {
        finish_slow(frame, returned, large);
        return;
    }
    uintptr_t slot = mag_core_slot(&frame->core);

    frame->core.value = returned.payload;
    if (MAG_LIKELY(mag_slot_is_awaited(slot)))
        mag_core_publish_awaited(&frame->core, slot, false);
    else
        publish_unawaited(&frame->core, slot);
}

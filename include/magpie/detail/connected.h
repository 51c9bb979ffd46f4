/*
 * connected.h - who waits for a connected operation, and what the macros of connected.h
 * expand to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_CONNECTED_H
#define MAGPIE_DETAIL_CONNECTED_H

#include <magpie/source.h>

MAG_EXTERN_C_BEGIN

/*
 * A waiter of a connected operation: 40 bytes in the awaiting frame.
 *
 * Ownership: the awaiting code; from the begin of an operation until its completion, the
 * operation.  The begin publishes the waiter, and the frame around it, to whoever learns
 * of the operation; running or queuing the continuation publishes the outcome.  No word
 * is shared at any other time, so none is atomic: docs/design/connected.md.
 */
struct mag_waiter {
    struct mag_continuation continuation;
    mag_vtask outcome; /* MAG_STARTED while the waiter is armed, then the outcome */
};

/* The task that says: the operation has begun, and will complete its waiter.  To anybody
 * who takes it for an ordinary task it is a stale one. */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_vtask_started(void)
{
    mag_vtask task = {MAG_VTASK_STARTED, 0};

    return task;
}

/* Whether a task says that. */
MAG_INLINE bool mag_vtask_is_started(mag_vtask task)
{
    return task.backing == MAG_VTASK_STARTED;
}

/* See mag_waiter_arm. */
MAG_INLINE void mag_waiter_arm_for(struct mag_waiter *waiter, unsigned flags)
{
    mag_continuation_capture(&waiter->continuation, flags);
    waiter->outcome.backing = MAG_VTASK_STARTED;
}

/* The slow half of mag_waiter_settle, for a continuation that may have to be queued;
 * `armed` as there. */
MAG_API int mag_waiter_settle_slow(struct mag_waiter *waiter, mag_vtask outcome,
                                   bool queued);

/* Stores the outcome, and runs or queues the continuation; then the waiter may be gone.
 * The common case without a call, as mag_continuation_dispatch. */
MAG_INLINE int mag_waiter_settle(struct mag_waiter *waiter, mag_vtask outcome)
{
    uintptr_t home = waiter->continuation.home;

#ifdef MAG_DEBUG_TASKS
    if (MAG_UNLIKELY(!mag_vtask_is_started(waiter->outcome)))
        return mag_waiter_settle_slow(waiter, outcome, false);
#endif
    if (MAG_UNLIKELY((home != mag_here_inside() && (home & MAG_HOME_ROAMING) == 0) ||
                     !mag_here_enter()))
        return mag_waiter_settle_slow(waiter, outcome, false);
    waiter->outcome = outcome;
    waiter->continuation.job.run(&waiter->continuation.job);
    mag_here_leave();
    return 0;
}

MAG_EXTERN_C_END

/* Where the result of a complete operation is that is larger than a word. */
#define MAG_CONNECT_LARGE(f) MAG_RECAST(const void *, (f)->frame.waiter.outcome.payload)

/* The call of a begin function for an awaiting frame, and its type. */
#define MAG_CONNECT_CALL(f, name, ...) name##_begin(&(f)->frame.waiter, __VA_ARGS__)

/*
 * Sets `mag_outcome` to the outcome of a connected operation, now or when the body is
 * called again.  From the call of the begin function on the frame belongs to the
 * operation, unless the function says that it has not begun.
 */
#define MAG_CONNECT_WAIT(f, place, size, name, ...)                                      \
    {                                                                                    \
        MAG_ASYNC_LINE_FITS;                                                             \
        if (!MAG_FRAME_IN_PLACE(f) &&                                                    \
            MAG_UNLIKELY(((f)->frame.core.flags & MAG_CORE_BOX) == 0))                   \
            MAG_PIN(f);                                                                  \
        (f)->frame.core.step = __LINE__;                                                 \
        mag_waiter_arm_for(&(f)->frame.waiter, MAG_AWAIT_CONTEXT);                       \
        MAG_CHECK_TASK_TYPE(__typeof__(MAG_CONNECT_CALL(f, name, __VA_ARGS__)))          \
        __typeof__(MAG_CONNECT_CALL(f, name, __VA_ARGS__)) mag_now =                     \
            MAG_CONNECT_CALL(f, name, __VA_ARGS__);                                      \
        MAG_STATIC_ASSERT((size) == 0 || (size) == sizeof(mag_now.large[0]),             \
                          "the place has another size than the result");                 \
        __typeof__(mag_now.large[0]) *mag_to = (place);                                  \
        if (MAG_LIKELY(mag_vtask_is_started(mag_now.task)))                              \
            MAG_ASYNC_RETURN(f, mag_vtask_started());                                    \
        (f)->frame.core.step = 0;                                                        \
        (f)->frame.waiter.outcome.backing = 0;                                           \
        if (MAG_LIKELY(mag_now.task.backing == 0)) {                                     \
            mag_frame_copy(mag_to, size, &mag_now.task, mag_now.large);                  \
            break;                                                                       \
        }                                                                                \
        if (MAG_FRAME_IN_PLACE(f))                                                       \
            mag_frame_guard(&(f)->frame);                                                \
        (f)->frame.core.step = __LINE__;                                                 \
        mag_outcome =                                                                    \
            mag_frame_await(&(f)->frame, mag_now.task, mag_to, size, MAG_AWAIT_CONTEXT); \
    }                                                                                    \
    if (0) {                                                                             \
    case __LINE__:                                                                       \
        if (MAG_LIKELY((f)->frame.waiter.outcome.backing == 0)) {                        \
            (f)->frame.core.step = 0;                                                    \
            mag_frame_copy(place, size, &(f)->frame.waiter.outcome,                      \
                           MAG_CONNECT_LARGE(f));                                        \
            break;                                                                       \
        }                                                                                \
        mag_outcome = mag_frame_answered(&(f)->frame, place, size);                      \
    }

#define MAG_CONNECT_AWAIT(f, place, size, name, ...)        \
    do {                                                    \
        mag_vtask mag_outcome;                              \
        MAG_CONNECT_WAIT(f, place, size, name, __VA_ARGS__) \
        if (mag_outcome.backing != 0)                       \
            MAG_ASYNC_RETURN(f, mag_outcome);               \
    } while (0)

#define MAG_CONNECT_CATCH(f, error, place, size, name, ...)  \
    do {                                                     \
        mag_vtask mag_outcome;                               \
        (error) = 0;                                         \
        MAG_CONNECT_WAIT(f, place, size, name, __VA_ARGS__)  \
        if (mag_frame_suspends(mag_outcome))                 \
            MAG_ASYNC_RETURN(f, mag_outcome);                \
        (error) = mag_frame_error(&(f)->frame, mag_outcome); \
    } while (0)

#endif

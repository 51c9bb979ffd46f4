/*
 * event.h - an event: work waits until it is set.  A waiter holds no thread.
 *
 *     #include <magpie/async.h>
 *     #include <magpie/event.h>
 *
 *     static struct mag_event ready = MAG_EVENT_INIT(false);
 *     static int settings;
 *
 *     MAG_ASYNC(mag_task, serve, (int, number), )
 *     {
 *         MAG_BEGIN(f);
 *         MAG_AWAIT_DONE(f, mag_event_wait(&ready, NULL));
 *         if (settings != 7)
 *             MAG_FAIL(f, -EPROTO);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         mag_task early = serve(1), another = serve(2);
 *
 *         settings = 7;
 *         mag_event_set(&ready);                     // lets both go on
 *         mag_task late = serve(3);                  // does not wait
 *         int r = mag_task_wait(early);
 *         r |= mag_task_wait(another) | mag_task_wait(late);
 *         return r == 0 ? 0 : 1;
 *     }
 *
 * The model.  An event is set or not.
 *
 *   manual      a set event lets everybody pass, until it is reset
 *   automatic   a set event lets one pass, and is reset by that.  If nobody waits it
 *               stays set for the next one; setting it twice lets one pass, not two (to
 *               count, use a semaphore)
 *
 * Waiters stand in a line, first come, first served.  What a thread did before it set the
 * event is visible to every caller that the event lets pass, also if the event was set
 * already.  A waiter that may pass continues as a job of its own scheduler, never inside
 * mag_event_set.
 *
 * Lifetime, fork(): as for a semaphore (semaphore.h).  So a caller that an event lets
 * pass may free the event, although mag_event_set has not returned, if nobody else uses
 * it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_EVENT_H
#define MAGPIE_EVENT_H

#include <magpie/cancel.h>
#include <magpie/detail/sync.h>

MAG_EXTERN_C_BEGIN

/* How an event is reset. */
enum mag_event_kind {
    MAG_EVENT_MANUAL = 0,    /* by mag_event_reset */
    MAG_EVENT_AUTOMATIC = 1, /* by each wait */
};

/* An event.  Embed it; the members are the library's.  Zeroed memory is a manual one that
 * is not set. */
struct mag_event {
    struct mag_line line;
    uint32_t takes;
};

/* The initialisers of a manual and of an automatic event. */
#define MAG_EVENT_INIT(is_set)                              \
    {                                                       \
        MAG_LINE_INIT((is_set) ? 1U : 0U), MAG_EVENT_MANUAL \
    }
#define MAG_EVENT_AUTOMATIC_INIT(is_set)                       \
    {                                                          \
        MAG_LINE_INIT((is_set) ? 1U : 0U), MAG_EVENT_AUTOMATIC \
    }

/*
 * Makes an event.
 *
 *   Thread     any; nobody uses the event meanwhile
 */
MAG_API void mag_event_init(struct mag_event *event, enum mag_event_kind kind,
                            bool is_set);

/*
 * Whether the event is set, at this moment.  Does not reset it.
 */
MAG_INLINE bool mag_event_is_set(const struct mag_event *event)
{
    return mag_line_value(&event->line) != 0;
}

/*
 * Passes if the event is set.  An automatic one is then reset.
 *
 *   Returns    true: it was set; false: it was not
 */
MAG_MUST_CHECK MAG_INLINE bool mag_event_try_wait(struct mag_event *event)
{
    enum mag_line_answer answer =
        mag_line_take(&event->line, mag_event_take, event->takes);

    return answer == MAG_LINE_YES ||
           (answer == MAG_LINE_SLOW && mag_event_try_slow(event));
}

/*
 * Waits until the event is set.
 *
 *   cancel     takes the caller out of the line when it fires: the task then fails with
 *              -ECANCELED.  If it has fired already, an event that is set still lets the
 *              caller pass.  NULL: nobody cancels
 *   Blocks, Allocates  as mag_semaphore_acquire
 *   Returns    a task that succeeds when the caller may pass; it fails with -ECANCELED,
 *              or -ENOMEM
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_event_wait(struct mag_event *event,
                                                  struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&event->line, mag_event_take, event->takes) ==
                   MAG_LINE_YES))
        return mag_task_done();
    return mag_event_wait_slow(event, cancel);
}

/*
 * The connected form, as mag_semaphore_acquire_begin (semaphore.h): MAG_CONNECT_DONE(f,
 * mag_event_wait, &f->wait, &event, NULL) with a local `struct mag_wait_state wait`.
 *
 *   Blocks, Allocates, Returns  as there; a complete task: the caller may pass
 */
MAG_MUST_CHECK MAG_INLINE mag_task mag_event_wait_begin(struct mag_waiter *waiter,
                                                        struct mag_wait_state *state,
                                                        struct mag_event *event,
                                                        struct mag_cancel *cancel)
{
    if (MAG_LIKELY(mag_line_take(&event->line, mag_event_take, event->takes) ==
                   MAG_LINE_YES))
        return mag_task_done();
    return mag_event_begin_slow(waiter, state, event, cancel);
}

/*
 * Sets the event: all who wait may pass, or the oldest one, if it is automatic.
 */
MAG_INLINE void mag_event_set(struct mag_event *event)
{
    if (MAG_UNLIKELY(mag_line_give(&event->line, mag_event_change, 1) != MAG_LINE_YES))
        mag_event_change_slow(event, 1);
}

/*
 * Resets the event.
 */
MAG_INLINE void mag_event_reset(struct mag_event *event)
{
    if (MAG_UNLIKELY(mag_line_give(&event->line, mag_event_change, 0) != MAG_LINE_YES))
        mag_event_change_slow(event, 0);
}

MAG_EXTERN_C_END

#endif

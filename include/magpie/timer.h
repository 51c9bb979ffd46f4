/*
 * timer.h - jobs that are posted when their time has come.
 *
 * The user embeds the timer, with its job, in an object of its own.  Starting and
 * cancelling allocate nothing and cost the same with one timer pending as with a million;
 * only the first start of a scheduler creates a thread, its clock, which sleeps until the
 * next deadline and for ever when there is none.
 *
 * Precision.  A timer never fires before its deadline.  Its job is posted at most
 * MAG_TIMER_TICK_NS after it, plus the time that the kernel takes to wake the clock; then
 * it waits for a worker like every job.  Timers of one scheduler whose deadlines stand a
 * tick or more apart are posted in the order of their deadlines.
 *
 * Where.  A timer posts its job to an executor (executor.h): a strand, a place on the
 * machine, an event loop, another scheduler; or, with NULL, to its scheduler, where any
 * worker runs it, one near the starter if possible.  An executor that refuses the job
 * leaves the timer pending: a cancel or a stop ends it.
 *
 * Stopping.  No stop waits for a timer: those that are pending then are handed to
 * `on_dropped` like jobs that never began, each exactly once; but those behind the tasks
 * of when.h are not, which end with -ECANCELED.
 *
 * docs/design/timers.md says how it works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_TIMER_H
#define MAGPIE_TIMER_H

#include <magpie/executor.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* Deadlines are rounded up to a multiple of this: 65,536 ns. */
#define MAG_TIMER_TICK_NS ((int64_t)1 << 16)

struct mag_clock_wheel;

/*
 * A timer.  Zeroed memory is one that is not pending; set `job.run`, and `executor` if
 * the job is to run there, and leave the rest alone.  It belongs to the library from its
 * start until it is cancelled or its job's `run` is called; then it may be started again,
 * by the job itself too, freed or reused.  Its executor must live as long as the timer is
 * pending; the `post` of the executor is called by the clock's thread.
 */
struct mag_timer {
    struct mag_job job;            /* what is posted: `run` is yours */
    struct mag_executor *executor; /* yours: where to; NULL: any worker */

    /* The library's. */
    MAG_ATOMIC(struct mag_clock_wheel *) wheel;
    struct mag_timer *next;
    struct mag_timer *prev;
    uint64_t tick;
    uint32_t place;
    uint32_t queue;
};

/*
 * Starts a timer: its job is posted at `deadline_ns`, in nanoseconds of CLOCK_MONOTONIC.
 * A deadline that is over, or negative, has come at once.
 *
 *   Thread     any, also from inside a job, also the timer's own; not from a signal
 *              handler
 *   Blocks     the first start of a scheduler, while its thread is created
 *   Allocates  that thread; otherwise never
 *   Returns    0; -EBUSY the timer is pending; -EAGAIN the system refused the thread:
 *              the next start tries again; -ESHUTDOWN the scheduler is stopping;
 *              MAG_E_FORKED it belongs to the parent process.  After an error the timer
 *              stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_timer_start(struct mag_sched *sched,
                                           struct mag_timer *timer, int64_t deadline_ns);

/*
 * As mag_timer_start, `delay_ns` from now; a negative delay is none, and one beyond the
 * range of the clock is its end, 292 years.
 */
MAG_API MAG_MUST_CHECK int mag_timer_start_in(struct mag_sched *sched,
                                              struct mag_timer *timer, int64_t delay_ns);

/*
 * Cancels a timer.  Of all who cancel, fire or drop it exactly one wins.
 *
 *   Thread     any, while the timer's memory lives and its scheduler is not destroyed; if
 *              its job may free it, the caller must exclude that until this returns
 *   Returns    true: the job will not run, and the timer is the caller's again; false: it
 *              was not pending: its job has run, will run, or is being handed back
 */
MAG_API MAG_MUST_CHECK bool mag_timer_cancel(struct mag_timer *timer);

MAG_EXTERN_C_END

#endif

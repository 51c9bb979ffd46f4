/*
 * timer.h - timers: jobs that are posted at a given time.
 *
 *     #include <magpie/default.h>
 *     #include <magpie/timer.h>
 *     #include <semaphore.h>
 *
 *     static sem_t rung;
 *     static struct mag_timer timer; // zeroed: not pending
 *
 *     static void ring(struct mag_job *job)
 *     {
 *         (void)job; // the timer's: &timer.job
 *         (void)sem_post(&rung);
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched *sched;
 *
 *         if (sem_init(&rung, 0, 0) != 0 || mag_sched_default(&sched) != 0)
 *             return 1;
 *         timer.job.run = ring;
 *         if (mag_timer_start_in(sched, &timer, 1000000) != 0) // in a millisecond
 *             return 1;
 *         return sem_wait(&rung) == 0 ? 0 : 1;
 *     }
 *
 * The model.  The user embeds a timer, which has a job, in an object of its own.
 * Starting and canceling allocate nothing, and cost the same with one pending timer as
 * with a million.  The first start on a scheduler creates a thread, the scheduler's
 * clock, which sleeps until the next deadline, or for ever if there is none.  An async
 * function that only wants to wait awaits mag_delay instead (when.h).
 *
 * Precision.  A timer never fires before its deadline.  Its job is posted at most
 * MAG_TIMER_TICK_NS after the deadline, plus the time that the kernel takes to wake the
 * clock.  Then the job waits for a worker like any other job.  Timers of one scheduler
 * whose deadlines are a tick or more apart are posted in the order of their deadlines.
 *
 * Where the job runs.  A timer posts its job to its executor (executor.h): a strand, a
 * bound executor, an event loop, another scheduler.  If the executor is NULL it posts to
 * its scheduler: any worker runs the job, if possible one near the thread that started
 * the timer.  If an executor refuses the job, the timer stays pending until it is
 * canceled or the scheduler stops.
 *
 * Stopping.  No stop waits for a timer.  Timers that are pending are handed to
 * `on_dropped` like jobs that never began, each exactly once.  The tasks of when.h are
 * not handed back: they end with -ECANCELED.
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
 * A timer.  Zero it, set `job.run` and, if you want one, `executor`, and leave the rest
 * alone.  From its start until it is canceled or the `run` of its job is called, the
 * timer belongs to the library.  After that it may be started again, freed or reused,
 * also by the job itself.  The executor must stay alive while the timer is pending; its
 * `post` is called by the clock's thread.
 */
struct mag_timer {
    struct mag_job job;            /* what is posted; set `run` */
    struct mag_executor *executor; /* what it is posted to; NULL: any worker */

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
 * If that time is over, or negative, the job is posted at once.
 *
 *   Thread     any, also inside the timer's own job; not a signal handler
 *   Blocks     the first start on a scheduler, while the clock's thread is created
 *   Allocates  the first start on a scheduler: that thread
 *   Returns    0; -EBUSY the timer is pending; -EAGAIN the system refused the thread:
 *              the next start tries again; -ESHUTDOWN the scheduler is stopping;
 *              MAG_E_FORKED it belongs to the parent process.  After an error the timer
 *              stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_timer_start(struct mag_sched *sched,
                                           struct mag_timer *timer, int64_t deadline_ns);

/*
 * As mag_timer_start, but the job is posted `delay_ns` nanoseconds from now.  A negative
 * delay counts as 0; one beyond the end of the clock, in 292 years, ends there.
 */
MAG_API MAG_MUST_CHECK int mag_timer_start_in(struct mag_sched *sched,
                                              struct mag_timer *timer, int64_t delay_ns);

/*
 * Cancels a timer.  Of several calls that cancel it, its clock and a stop, exactly one
 * gets the timer.
 *
 *   Thread     any, while the timer's memory is valid and its scheduler not destroyed.
 *              If the job may free the timer, the caller must see to it that this call
 *              returns before
 *   Returns    true: the job will not run, and the timer is the caller's again; false:
 *              the timer was not pending: its job has run, will run, is being handed
 *              back, or the timer was never started
 */
MAG_API MAG_MUST_CHECK bool mag_timer_cancel(struct mag_timer *timer);

MAG_EXTERN_C_END

#endif

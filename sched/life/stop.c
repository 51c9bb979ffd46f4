/*
 * stop.c - how a scheduler stops: it is closed to posts from outside, its clock ends, its
 * workers drain or end, and their threads are joined.
 *
 * The first steps may be taken by any thread, a worker too (mag_sched_stop_begin); the
 * last ones by a thread from outside.  A word keeps apart two threads that take the first
 * steps.
 *
 * Edges: release end -> acquire end : what crosses
 *   stopping   end_first_steps -> try_first_steps : what the steps wrote plainly
 *   joined     stop -> stop_is_over : the end of the threads
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/os.h"
#include "sched/blocking/relief.h"
#include "sched/kind.h"
#include "sched/life/registry.h"
#include "sched/life/start.h"
#include "sched/monitor/monitor.h"
#include "sched/post/record.h"
#include "sched/queue/inject.h"
#include "sched/team/team.h"
#include "sched/timer/clock.h"
#include "sched/trace/file.h"
#include "sched/worker/next.h"
#include "sched/worker/self.h"
#include "sched/worker/wake.h"

#include <errno.h>

/* False: the time is over and threads still live. */
static bool wait_until_gone(struct mag_sched *sched, int64_t until_ns)
{
    for (;;) {
        /* live, acquire: the workers' last touches are over. */
        uint32_t live = atomic_load_explicit(&sched->live, memory_order_acquire);
        int64_t left = mag_os_left_ns(until_ns);

        if (live == 0)
            return true;
        if (left == 0)
            return false;
        mag_os_wait(&sched->live, live, left);
    }
}

/* ------------------------------------------------ jobs that have not begun */

static void drop_queue(const struct mag_job_stop *how, struct mag_inject *queue)
{
    struct mag_job *job;

    while (mag_inject_take(queue, &job, 1) != 0)
        mag_job_hand_back(job, how);
}

static void drop_levels(struct mag_sched *sched, uint32_t queue,
                        const struct mag_job_stop *how)
{
    for (uint32_t level = 0; level < sched->level_count; level++)
        drop_queue(how, &sched->queues[mag_sched_inject(queue, level)]);
}

/* Drops all jobs that never began.  The threads are gone, so this thread alone uses what
 * they left. */
static void drop_all(struct mag_sched *sched, const struct mag_job_stop *how)
{
    for (uint32_t i = 0; i < sched->capacity; i++) {
        struct mag_worker *worker = mag_sched_open_at(sched, i);
        struct mag_job *job;

        if (worker == NULL)
            continue;
        while ((job = mag_worker_next(worker)) != NULL)
            mag_job_hand_back(job, how);
        drop_queue(how, &worker->inbox);
        mag_packet_settle(&worker->tab);
    }
    for (uint32_t i = 0; i < sched->queue_count; i++)
        drop_levels(sched, i, how);
    mag_record_end_all(sched);
    for (;;) {
        struct mag_timer *timer = mag_clock_take_any(sched->clock);

        if (timer == NULL)
            return;
        mag_job_hand_back(&timer->job, how);
    }
}

/* ------------------------------------------------------------------- the steps */

enum { NO_STOPPER, STOPPER };

static bool try_first_steps(struct mag_sched *sched)
{
    uint32_t nobody = NO_STOPPER;

    /* stopping, acquire: what the thread before has written.  On failure relaxed: the
     * caller tries again. */
    return atomic_compare_exchange_strong_explicit(
        &sched->stopping, &nobody, STOPPER, memory_order_acquire, memory_order_relaxed);
}

static void end_first_steps(struct mag_sched *sched)
{
    /* stopping, release: what this thread has written. */
    atomic_store_explicit(&sched->stopping, NO_STOPPER, memory_order_release);
    mag_os_wake(&sched->stopping, 1);
}

/* Closes the scheduler and lets its workers drain or end.  False: the time is over before
 * all of that is done. */
static bool take_first_steps(struct mag_sched *sched, enum mag_sched_stop mode,
                             int64_t until_ns)
{
    while (!try_first_steps(sched)) {
        int64_t left = mag_os_left_ns(until_ns);

        if (left == 0)
            return false;
        mag_os_wait(&sched->stopping, STOPPER, left);
    }
    bool done =
        mag_poster_close(sched, until_ns) && mag_clock_end(sched->clock, until_ns);
    if (done) {
        mag_sched_enter_phase(sched, mode == MAG_SCHED_DRAIN ? MAG_PHASE_DRAINING
                                                             : MAG_PHASE_ENDING);
        mag_teams_close(sched->teams, mode == MAG_SCHED_CANCEL);
    }
    end_first_steps(sched);
    return done;
}

/* Each step waits for other threads, but not beyond `until_ns`.  A later call continues
 * at the step that was not done. */
static int stop(struct mag_sched *sched, enum mag_sched_stop mode, int64_t until_ns,
                const struct mag_job_stop *how)
{
    if (!take_first_steps(sched, mode, until_ns) || !wait_until_gone(sched, until_ns) ||
        !mag_sched_join(sched, until_ns) || !mag_relief_end(sched->relief, until_ns) ||
        !mag_monitor_end(sched->monitor, until_ns))
        return -ETIMEDOUT;
    /* joined, release: all that the workers and this thread have done. */
    atomic_store_explicit(&sched->joined, true, memory_order_release);
    mag_trace_file_end(sched);
    drop_all(sched, how);
    return 0;
}

static int check(const struct mag_sched *sched, enum mag_sched_stop mode)
{
    if (sched->is_default)
        return -EPERM;
    return mode == MAG_SCHED_DRAIN || mode == MAG_SCHED_CANCEL ? 0 : -EINVAL;
}

static bool stop_is_over(struct mag_sched *sched)
{
    /* joined, acquire: what was done before the end. */
    return atomic_load_explicit(&sched->joined, memory_order_acquire);
}

/* Whether a worker of the scheduler calls. */
static bool is_own(const struct mag_sched *sched)
{
    return mag_sched_self() == sched;
}

static int64_t deadline(int64_t timeout_ns)
{
    return timeout_ns < 0 ? INT64_MAX : mag_os_after_ns(timeout_ns);
}

int mag_sched_stop(struct mag_sched *sched, enum mag_sched_stop mode, int64_t timeout_ns,
                   void (*on_dropped)(struct mag_job *job, void *arg), void *arg)
{
    struct mag_job_stop how = {.on_dropped = on_dropped, .arg = arg};
    int r = check(sched, mode);

    if (r < 0)
        return r;
    if (is_own(sched))
        return -EDEADLK;
    if (stop_is_over(sched))
        return 0;

    int cancel = mag_os_hold_cancel();
    r = stop(sched, mode, deadline(timeout_ns), &how);
    mag_os_let_cancel(cancel);
    return r;
}

int mag_sched_stop_begin(struct mag_sched *sched, enum mag_sched_stop mode)
{
    int r = check(sched, mode);

    if (r < 0 || stop_is_over(sched))
        return r;
    int cancel = mag_os_hold_cancel();
    (void)take_first_steps(sched, mode, INT64_MAX);
    mag_os_let_cancel(cancel);
    return 0;
}

int mag_sched_wait_stopped(struct mag_sched *sched, int64_t timeout_ns)
{
    if (sched->is_default || is_own(sched))
        return sched->is_default ? -EPERM : -EDEADLK;
    int cancel = mag_os_hold_cancel();
    bool gone = wait_until_gone(sched, deadline(timeout_ns));
    mag_os_let_cancel(cancel);
    return gone ? 0 : -ETIMEDOUT;
}

int mag_sched_destroy(struct mag_sched *sched)
{
    if (sched == NULL)
        return 0;
    int r = mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL);
    if (r < 0)
        return r;
    mag_registry_remove(sched);
    mag_sched_free(sched);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"
#include "vtask/value/kind.h"

#include <magpie/default.h>

#include <assert.h>

static_assert(MAG_HERE_ROOM == MAG_INLINE_DEPTH_MAX, "one limit");

void mag_continuation_spent(struct mag_job *job)
{
    (void)job;
}

/* Whether `home` is an executor's address. */
static bool is_executor(uintptr_t home)
{
    return home != 0 && (home & MAG_HOME_TAGS) == 0;
}

static struct mag_sched *sched_of(uintptr_t home)
{
    return (struct mag_sched *)(home & ~(uintptr_t)MAG_HOME_TAGS);
}

/* Queues a continuation that captured no scheduler, on the completer's scheduler.
 * Without one, or if NULL asked for the default scheduler, on the default one. */
static MAG_COLD int queue_anywhere(struct mag_continuation *continuation)
{
    struct mag_sched *sched =
        continuation->home == MAG_HOME_DEFAULT ? NULL : mag_here_sched();
    int r = sched != NULL ? 0 : mag_sched_default(&sched);

    return r < 0 ? r : mag_sched_post(sched, &continuation->job);
}

static int queue(struct mag_continuation *continuation)
{
    struct mag_sched *sched = sched_of(continuation->home);

    if (MAG_UNLIKELY(sched == NULL))
        return queue_anywhere(continuation);
    return mag_sched_post(sched, &continuation->job);
}

static int hand_over(struct mag_continuation *continuation)
{
    struct mag_executor *executor = (struct mag_executor *)continuation->home;

    if (!is_executor(continuation->home))
        return queue(continuation);
    return executor->post(executor, &continuation->job);
}

/* Refused jobs of this thread that wait because the thread was too deep to run them. */
static __thread struct {
    struct mag_job *first;
    struct mag_job *last;
    bool running; /* a function further up the stack runs them */
} kept;

static void run_one(struct mag_job *job)
{
    mag_here_get()->room--;
    job->run(job);
    mag_here_get()->room++;
}

static void keep_job(struct mag_job *job)
{
    /* relaxed, here and below: only this thread uses the list. */
    atomic_store_explicit(&job->next, NULL, memory_order_relaxed);
    if (kept.first == NULL) {
        kept.first = job;
    } else {
        /* relaxed: as above. */
        atomic_store_explicit(&kept.last->next, job, memory_order_relaxed);
    }
    kept.last = job;
}

/* Runs a job that its executor or scheduler has refused.  Jobs that are refused at the
 * depth limit run after the current one, so that a long chain needs no deep stack. */
static MAG_COLD void run_refused(struct mag_job *job)
{
    if (mag_here_get()->room > 0) {
        run_one(job);
        return;
    }
    if (kept.running) {
        keep_job(job);
        return;
    }
    kept.running = true;
    for (;;) {
        run_one(job);
        job = kept.first;
        if (job == NULL)
            break;
        /* relaxed: as in keep_job. */
        kept.first = atomic_load_explicit(&job->next, memory_order_relaxed);
    }
    kept.running = false;
}

static void dispatch_queued(struct mag_continuation *continuation)
{
    if (MAG_UNLIKELY(hand_over(continuation) < 0))
        run_refused(&continuation->job);
}

/* Runs a job on a worker of the scheduler that it belongs to, when that worker is inside
 * an executor that the job does not belong to: the job runs outside the executor. */
static void run_outside_executor(struct mag_job *job)
{
    struct mag_executor *before = mag_executor_enter(NULL);

    run_one(job);
    (void)mag_executor_enter(before);
}

/* Whether the calling thread is a worker of the default scheduler.  If there is no
 * default scheduler the continuation then belongs to no scheduler. */
static MAG_COLD bool is_default_here(struct mag_continuation *continuation)
{
    struct mag_sched *sched = NULL;

    if (mag_sched_default(&sched) < 0)
        continuation->home = MAG_HOME_SCHED;
    return sched == mag_here_sched();
}

/* Whether the continuation belongs to the scheduler whose worker the calling thread
 * is. */
static bool is_home_here(struct mag_continuation *continuation)
{
    if (MAG_UNLIKELY(continuation->home == MAG_HOME_DEFAULT))
        return is_default_here(continuation);
    return sched_of(continuation->home) == mag_here_sched();
}

/* Whether the continuation may run on any thread. */
static bool is_at_home_anywhere(uintptr_t home)
{
    return home == 0 || home == MAG_HOME_SCHED || (home & MAG_HOME_ROAMING) != 0;
}

/* Dispatches a continuation that belongs to a scheduler. */
static void bring_home(struct mag_continuation *continuation)
{
    if (!is_home_here(continuation))
        dispatch_queued(continuation);
    else if (mag_executor_current() != NULL)
        run_outside_executor(&continuation->job);
    else
        run_one(&continuation->job);
}

void mag_continuation_dispatch(struct mag_continuation *continuation, bool queued)
{
    uintptr_t home = continuation->home;

    if (queued || is_executor(home) || mag_here_get()->room <= 0)
        dispatch_queued(continuation);
    else if (is_at_home_anywhere(home))
        run_one(&continuation->job);
    else
        bring_home(continuation);
}

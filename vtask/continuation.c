/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core.h"
#include "vtask/kind.h"

void mag_continuation_spent(struct mag_job *job)
{
    (void)job;
}

/* To the pool it was awaited on; from a thread that was in none, to the completer's; else
 * to the pool of the process. */
static int queue(struct mag_continuation *continuation)
{
    struct mag_sched *sched = (struct mag_sched *)(continuation->home & ~MAG_HOME_SCHED);
    int r = 0;

    if (sched == NULL)
        sched = mag_here.sched;
    if (sched == NULL)
        r = mag_sched_default(&sched);
    return r < 0 ? r : mag_sched_post(sched, &continuation->job);
}

static int hand_over(struct mag_continuation *continuation)
{
    uintptr_t home = continuation->home;
    struct mag_executor *executor = (struct mag_executor *)home;

    if (home == 0 || (home & MAG_HOME_SCHED) != 0)
        return queue(continuation);
    return executor->post(executor, &continuation->job);
}

/* Jobs of this thread that nobody took while it was too deep to run them inside. */
static __thread struct {
    struct mag_job *first;
    struct mag_job *last;
    bool running; /* somebody further up the stack runs them */
} kept;

static void run_one(struct mag_job *job)
{
    mag_here.depth++;
    job->run(job);
    mag_here.depth--;
}

static void keep(struct mag_job *job)
{
    /* relaxed, here and below: this thread alone. */
    atomic_store_explicit(&job->next, NULL, memory_order_relaxed);
    if (kept.first == NULL) {
        kept.first = job;
    } else {
        /* relaxed: as above. */
        atomic_store_explicit(&kept.last->next, job, memory_order_relaxed);
    }
    kept.last = job;
}

/* Its executor or scheduler has refused it, so it runs here; those that are refused
 * inside one at the depth limit run after it, lest a long chain need a long stack. */
static MAG_COLD void run_refused(struct mag_job *job)
{
    if (mag_here.depth < MAG_INLINE_DEPTH_MAX) {
        run_one(job);
        return;
    }
    if (kept.running) {
        keep(job);
        return;
    }
    kept.running = true;
    for (;;) {
        run_one(job);
        job = kept.first;
        if (job == NULL)
            break;
        /* relaxed: as in keep. */
        kept.first = atomic_load_explicit(&job->next, memory_order_relaxed);
    }
    kept.running = false;
}

static void dispatch_queued(struct mag_continuation *continuation)
{
    if (MAG_UNLIKELY(hand_over(continuation) < 0))
        run_refused(&continuation->job);
}

void mag_continuation_dispatch(struct mag_continuation *continuation, bool queued)
{
    uintptr_t home = continuation->home;

    if (!queued && (home == 0 || (home & MAG_HOME_SCHED) != 0) &&
        mag_here.depth < MAG_INLINE_DEPTH_MAX)
        run_one(&continuation->job);
    else
        dispatch_queued(continuation);
}

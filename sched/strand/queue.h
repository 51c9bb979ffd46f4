/*
 * queue.h - the queue of a strand, and which of three states the strand is in.  Private
 * to sched/.
 *
 * Any thread pushes, with one exchange and one store; the strand's runner pops.  `last`
 * tells the state:
 *
 *     NULL           idle: nothing waits, no job runs
 *     the own job    running: nothing waits, a popped job runs
 *     another job    the youngest waiting job
 *
 * The push that replaces NULL by a job makes the strand run, by posting the strand's own
 * job to the scheduler.  The runner replaces the own job by NULL after the last job has
 * ended.  In between no push finds NULL, so there is one runner at a time.  (inject.h
 * goes to NULL when the last job is taken; here that would let in a second runner.)
 *
 * Ownership
 *   [A] any thread   [R] the runner, or the pusher that found nothing waiting (never both
 *                    at once: the runner clears `first` before `last` says that nothing
 *                    waits)
 *
 * Edges: release end -> acquire end : what crosses
 *   pushed   push (first, or the last job's next) -> pop (first, next) : the job's fields
 *   last     pop, rest (last) -> push (last) : `first` is clear; all that earlier jobs
 *            wrote, which reaches the next runner through the post of the own job
 *   idle     rest (last) -> mag_strand_fini (last) : the runner's last touch
 *
 * A pusher's last touch of the strand is its store to `first`, or the post of the own
 * job.  Its last touch of the job before its own is the store to that job's `next`.  The
 * pushed job runs after that, so it may free the strand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_STRAND_QUEUE_H
#define SCHED_STRAND_QUEUE_H

#include <magpie/strand.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Any thread.  True: the strand was idle, and the caller must post the strand's own
 * job. */
static inline bool mag_strand_push(struct mag_strand *strand, struct mag_job *job)
{
    /* relaxed: published by the exchange and the link below. */
    atomic_store_explicit(&job->next, NULL, memory_order_relaxed);
    /* Both halves:
     *   last, release: the job's `next` is clear before another pusher links to it;
     *   last, acquire: the `next` of the job before is clear as well; so is `first`, if
     *   nothing waits. */
    struct mag_job *before =
        atomic_exchange_explicit(&strand->last, job, memory_order_acq_rel);

    if (before == NULL || before == &strand->job) {
        /* pushed, release: the job's fields are written before the job can be reached. */
        atomic_store_explicit(&strand->first, job, memory_order_release);
    } else {
        /* pushed, release: as above. */
        atomic_store_explicit(&before->next, job, memory_order_release);
    }
    return before == NULL;
}

/* The runner: takes the oldest job; NULL: it is not linked yet. */
static inline struct mag_job *mag_strand_pop(struct mag_strand *strand)
{
    /* pushed, acquire: the job's fields are visible. */
    struct mag_job *job = atomic_load_explicit(&strand->first, memory_order_acquire);
    if (job == NULL)
        return NULL;

    /* pushed, acquire: the next job's fields, for the pop that returns it. */
    struct mag_job *next = atomic_load_explicit(&job->next, memory_order_acquire);
    if (next == NULL) {
        struct mag_job *expected = job;

        /* relaxed: a pusher that sees the own job comes after this store by edge last. */
        atomic_store_explicit(&strand->first, NULL, memory_order_relaxed);
        /* last, release: `first` is clear before a pusher can find nothing waiting.
         * On failure relaxed: another push is under way; its link is read below. */
        if (atomic_compare_exchange_strong_explicit(&strand->last, &expected,
                                                    &strand->job, memory_order_release,
                                                    memory_order_relaxed))
            return job;
        /* pushed, acquire: as above. */
        next = atomic_load_explicit(&job->next, memory_order_acquire);
        if (next == NULL) {
            /* relaxed: restores the old value; no other thread looks. */
            atomic_store_explicit(&strand->first, job, memory_order_relaxed);
            return NULL;
        }
    }
    /* relaxed: for the next pop, by this runner or by a later one. */
    atomic_store_explicit(&strand->first, next, memory_order_relaxed);
    return job;
}

/* The runner, after a job has ended.  True: nothing waits; the strand is idle and no
 * longer the runner's. */
static inline bool mag_strand_rest(struct mag_strand *strand)
{
    struct mag_job *expected = &strand->job;

    /* relaxed: an early look that can spare the swap; the pop reads `first` again. */
    if (atomic_load_explicit(&strand->first, memory_order_relaxed) != NULL)
        return false;
    /* last and idle, release: all that the jobs did comes before the next runner, and
     * this is the last touch.  On failure relaxed: only says that a job is coming. */
    return atomic_compare_exchange_strong_explicit(
        &strand->last, &expected, NULL, memory_order_release, memory_order_relaxed);
}

#endif

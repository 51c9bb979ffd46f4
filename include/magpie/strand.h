/*
 * strand.h - jobs that run one at a time, in order, without a thread of their own.
 *
 * A strand is a queue before a scheduler.  Jobs posted to it run on the scheduler's
 * workers, never two at once, first in, first out; what one job wrote the next one sees.
 * Data that only the jobs of one strand touch needs no lock.
 *
 * The user embeds the strand in an object of its own.  Nothing is allocated, neither for
 * a strand nor for a post, so there may be one for every connection or every document.
 *
 * Fairness.  A strand takes turns with the other jobs that wait: after MAG_STRAND_BATCH
 * jobs it goes behind them.  One turn counts as one job in the scheduler's bounds
 * (sched.h) and in its counters.
 *
 * The name and the idea of a strand are Asio's (C. Kohlhoff); docs/design/strands.md
 * says how this one works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_STRAND_H
#define MAGPIE_STRAND_H

#include <magpie/executor.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* Jobs of one strand that run in a row before it goes behind the others. */
#define MAG_STRAND_BATCH 16

/*
 * A strand.  All of it is the library's; it must not move between mag_strand_init and
 * mag_strand_fini.  It is an executor: the current one while one of its jobs runs.
 */
struct mag_strand {
    struct mag_executor executor;
    struct mag_job job; /* the strand's own, which runs the others */
    struct mag_sched *sched;
    MAG_ATOMIC(struct mag_job *) last;
    MAG_ATOMIC(struct mag_job *) first;
};

/*
 * Makes a strand whose jobs run on the workers of `sched`, which is borrowed until
 * mag_strand_fini, or until the last of its jobs has run or was handed back.
 *
 *   Thread     any; nobody uses the strand meanwhile
 */
MAG_API void mag_strand_init(struct mag_strand *strand, struct mag_sched *sched);

/*
 * Posts a job to a strand: it runs once, after every job whose post to this strand came
 * before.  From the moment that its `run` is called the job is the caller's again, as
 * with mag_sched_post: it may free itself.  One exchange; a post that finds the strand
 * empty costs a mag_sched_post besides.
 *
 * When the scheduler is cancelled, jobs that have not begun are handed to the stop's
 * `on_dropped` one by one, oldest first, each exactly once; it may free the job, and with
 * the last one the strand.
 *
 *   Thread     any, also from inside a job, also one of this strand; not from a signal
 *              handler
 *   Returns    as mag_sched_post: 0 the job will run; -ESHUTDOWN the scheduler is
 *              stopping, MAG_E_FORKED it belongs to the parent process: the job was not
 *              taken and stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_strand_post(struct mag_strand *strand,
                                           struct mag_job *job);

/*
 * The strand whose job runs on the calling thread; NULL if there is none.  If a job of
 * one strand runs inside a job of another, it is the inner strand.  Children that a job
 * forks and other workers run are outside the strand.
 */
MAG_API struct mag_strand *mag_strand_self(void);

/*
 * Ends the use of a strand that nobody posts to any more.  After it has returned 0, the
 * memory may be freed or used again.  The last job of the strand may call it;
 * mag_strand_self is then NULL for the rest of that job.
 *
 *   Thread     any
 *   Returns    0; -EBUSY jobs wait, or a job runs that is not the caller
 */
MAG_API MAG_MUST_CHECK int mag_strand_fini(struct mag_strand *strand);

MAG_EXTERN_C_END

#endif

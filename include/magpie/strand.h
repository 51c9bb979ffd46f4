/*
 * strand.h - strands: jobs that run one at a time, in order, without a thread of their
 * own.
 *
 *     #include <magpie/strand.h>
 *
 *     struct deposit {
 *         struct mag_job job;
 *         long amount;
 *     };
 *     static long balance; // only jobs of one strand touch it: no lock
 *
 *     static void add(struct mag_job *job)
 *     {
 *         balance += ((struct deposit *)job)->amount;
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched *sched;
 *         struct mag_strand strand;
 *         struct deposit deposits[100];
 *
 *         if (mag_sched_start(NULL, &sched) != 0)
 *             return 1;
 *         mag_strand_init(&strand, sched);
 *         for (int i = 0; i < 100; i++) {
 *             deposits[i].job.run = add;
 *             deposits[i].amount = i;
 *             if (mag_strand_post(&strand, &deposits[i].job) != 0)
 *                 return 1;
 *         }
 *         if (mag_sched_stop(sched, MAG_SCHED_DRAIN, -1, NULL, NULL) != 0)
 *             return 1;
 *         if (mag_strand_fini(&strand) != 0 || mag_sched_destroy(sched) != 0)
 *             return 1;
 *         return balance == 4950 ? 0 : 1;
 *     }
 *
 * The model.  A strand is a queue in front of a scheduler.  Jobs that are posted to it
 * run on the scheduler's workers, never two at once, first in, first out.  What one job
 * wrote, the next one sees.  Data that only the jobs of one strand touch needs no lock.
 *
 * The user embeds the strand in an object of its own.  Nothing is allocated, neither for
 * a strand nor for a post, so there may be a strand for every connection or document.
 *
 * Fairness.  A strand takes turns with the other jobs of the scheduler: after
 * MAG_STRAND_BATCH jobs it goes behind those that wait.  One turn counts as one job in
 * the scheduler's bounds (sched.h) and in its counters.
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

/* How many jobs of a strand run in a row before other jobs have their turn. */
#define MAG_STRAND_BATCH 16

/*
 * A strand.  The members are the library's, but `executor` may be handed to any function
 * that takes an executor (executor.h): it is the current executor while a job of the
 * strand runs.  A strand must not move between mag_strand_init and mag_strand_fini.
 */
struct mag_strand {
    struct mag_executor executor;
    struct mag_job job; /* runs the jobs that were posted */
    struct mag_sched *sched;
    MAG_ATOMIC(struct mag_job *) last;
    MAG_ATOMIC(struct mag_job *) first;
};

/*
 * Makes a strand whose jobs run on the workers of `sched`.  `sched` must stay alive until
 * mag_strand_fini, or until the last job of the strand has run or was handed back.
 *
 *   Thread     any; nobody uses the strand meanwhile
 */
MAG_API void mag_strand_init(struct mag_strand *strand, struct mag_sched *sched);

/*
 * Posts a job to a strand.  It runs once, after all jobs that were posted to the strand
 * before.  Once its `run` is called the job is the caller's again, as with
 * mag_sched_post: `run` may free it.  A post costs one atomic exchange, and a
 * mag_sched_post besides if the strand is empty.
 *
 * When the scheduler is canceled, jobs that have not begun are handed to the `on_dropped`
 * of mag_sched_stop one by one, oldest first, each exactly once.  `on_dropped` may free
 * the job, and with the last job the strand.
 *
 *   Thread     any, also inside a job of this strand; not a signal handler
 *   Returns    0 the job will run; -ESHUTDOWN the scheduler is stopping; MAG_E_FORKED it
 *              belongs to the parent process.  After an error the job was not taken and
 *              stays the caller's
 */
MAG_API MAG_MUST_CHECK int mag_strand_post(struct mag_strand *strand,
                                           struct mag_job *job);

/*
 * The strand whose job runs on the calling thread; NULL if there is none.  If a job of
 * one strand runs inside a job of another strand, the answer is the inner strand.  A
 * child that a job has forked and that another worker runs is outside the strand.
 */
MAG_API struct mag_strand *mag_strand_self(void);

/*
 * Ends the use of a strand, when nobody posts to it any more.  Once it has returned 0 the
 * memory may be freed or reused.  The last job of the strand may call it; mag_strand_self
 * is then NULL for the rest of that job.
 *
 *   Thread     any
 *   Returns    0; -EBUSY jobs of the strand wait, or one runs that is not the caller
 */
MAG_API MAG_MUST_CHECK int mag_strand_fini(struct mag_strand *strand);

MAG_EXTERN_C_END

#endif

/*
 * job_kind.h - kinds of jobs, for libraries: what becomes of a library's own jobs when a
 * scheduler stops.
 *
 *     #include <magpie/job_kind.h>
 *
 *     static int dropped;
 *
 *     static void work(struct mag_job *job)
 *     {
 *         (void)job;
 *     }
 *
 *     // the program sees nothing of this job
 *     static void drop(struct mag_job *job, const struct mag_job_stop *stop)
 *     {
 *         (void)job;
 *         (void)stop;
 *         dropped++;
 *     }
 *
 *     static struct mag_job_kind kind;
 *
 *     int main(void)
 *     {
 *         static struct mag_job job;
 *         struct mag_sched *sched;
 *
 *         kind.run = job.run = work;
 *         kind.dropped = drop;
 *         mag_job_kind_add(&kind);
 *         if (mag_sched_start(NULL, &sched) != 0 || mag_sched_post(sched, &job) != 0)
 *             return 1;
 *         // runs the job, or drops it
 *         if (mag_sched_stop(sched, MAG_SCHED_CANCEL, -1, NULL, NULL) != 0)
 *             return 1;
 *         return mag_sched_destroy(sched) == 0 && dropped <= 1 ? 0 : 1;
 *     }
 *
 * The model.  A library posts jobs that mean nothing to the program: a strand that has
 * jobs to run, a timer that is due.  If a scheduler stops before such a job has begun,
 * the job must not be handed to the program's `on_dropped`.  A kind tells the stop which
 * jobs these are, by their `run`, and what to call instead.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_JOB_KIND_H
#define MAGPIE_JOB_KIND_H

#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* A stop that hands back jobs; passed to mag_job_hand_back. */
struct mag_job_stop;

/* What a job is called in traces and reports. */
struct mag_job_description {
    const char *name;       /* a string that outlives the scheduler, or NULL: */
    void (*function)(void); /* its function, whatever its type */
};

/*
 * A kind of jobs: all jobs with one `run` function, which a library posts for purposes of
 * its own.  Such a job means nothing to the program, so a stop does not hand it to
 * `on_dropped` but calls `dropped`.  That function ends what the job is there for, and
 * hands back the program's jobs that wait in it, with mag_job_hand_back.
 */
struct mag_job_kind {
    void (*run)(struct mag_job *job);

    /* Called by mag_sched_stop, on its thread: this job never began and will not run. */
    void (*dropped)(struct mag_job *job, const struct mag_job_stop *stop);

    /* Called on a worker of `sched` that ends its thread in the middle of a job: a job of
     * this kind that the worker was running will not return.  It is called for every
     * kind, whether or not the worker was running such a job.  NULL: not called. */
    void (*ended)(struct mag_sched *sched);

    /* Says what a job of this kind is called in traces and reports, on the worker that is
     * about to run it.  NULL: it is called after `run`. */
    void (*describe)(const struct mag_job *job,
                     struct mag_job_description *ret_description);

    struct mag_job_kind *next; /* the library's */
};

/*
 * Adds a kind, for all schedulers and for the life of the process.  `kind` must have
 * static storage, and is added once, before the first job of the kind is posted.
 *
 *   Thread     any
 */
MAG_API void mag_job_kind_add(struct mag_job_kind *kind);

/*
 * Hands back a job that waits in a job that is being dropped: to the `dropped` of its own
 * kind if it has one, else to the `on_dropped` of the stop.  Either may free the job.
 *
 *   Thread     inside `dropped`
 */
MAG_API void mag_job_hand_back(struct mag_job *job, const struct mag_job_stop *stop);

MAG_EXTERN_C_END

#endif

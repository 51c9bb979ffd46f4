/*
 * kind.h - the kinds of jobs that the library and others have added: what the stop of a
 * scheduler, and the end of a thread, mean for jobs of each kind.  Private to sched/;
 * <magpie/sched.h> has the type.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_KIND_H
#define SCHED_KIND_H

#include <magpie/job_kind.h>

/* What the caller of a stop has passed for the jobs that never began. */
struct mag_job_stop {
    void (*on_dropped)(struct mag_job *job, void *arg); /* or NULL */
    void *arg;
};

/* What the job, which is about to run, is called. */
void mag_job_describe(const struct mag_job *job,
                      struct mag_job_description *ret_description);

/* On a thread that ends in the middle of a job of `sched`: calls every kind's `ended`. */
void mag_job_kind_end(struct mag_sched *sched);

#endif

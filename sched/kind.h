/*
 * kind.h - the kinds of jobs that the library and others have added: what a stop, and the
 * end of a thread, means for jobs of each kind.  Private to sched/; <magpie/sched.h> has
 * the type.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_KIND_H
#define SCHED_KIND_H

#include <magpie/sched.h>

/* Where a stop hands jobs that never began: what its caller has passed. */
struct mag_job_stop {
    void (*on_dropped)(struct mag_job *job, void *arg); /* or NULL */
    void *arg;
};

/* On a thread that ends in the middle of a job of `sched`: tells every kind. */
void mag_job_kind_end(struct mag_sched *sched);

#endif

/*
 * submission.h - the job of a submission: a function and its argument.  Private to
 * sched/.
 *
 * Submissions come from one pool for the whole process, which is made when it is first
 * needed and never destroyed.  So a debugger, or a thread that looks at what waits, may
 * read a submission at any time, and finds at worst the fields of a later one.
 *
 * Ownership
 *   the submitter until the job is posted; then the executor; then the thread that runs
 *   or drops it
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_SUBMIT_SUBMISSION_H
#define SCHED_SUBMIT_SUBMISSION_H

#include <magpie/job_kind.h>

struct mag_submission {
    struct mag_job job; /* first */
    void (*function)(void *arg);
    void *arg;
    void (*dropped)(void *arg);     /* or NULL */
    const char *name;               /* or NULL */
    struct mag_submit_limit *limit; /* at which it is counted, or NULL */
};

/* Takes a submission, with `job.run` set.  0; -ENOMEM. */
int mag_submission_take(struct mag_submission **ret_submission);
void mag_submission_give(struct mag_submission *submission);

#endif

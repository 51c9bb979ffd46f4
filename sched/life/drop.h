/*
 * drop.h - what a stop does with jobs that never began.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_LIFE_DROP_H
#define SCHED_LIFE_DROP_H

#include <magpie/sched.h>

/* drop.c - whether the job is of a kind that was added; if so it is ended. */
bool mag_job_drop(struct mag_job *job);

#endif

/*
 * executor.h - the executor of a whole scheduler.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POST_EXECUTOR_H
#define SCHED_POST_EXECUTOR_H

#include <magpie/executor.h>

/* Posts to any worker of the scheduler whose `executor` this is. */
int mag_sched_executor_post(struct mag_executor *executor, struct mag_job *job);

#endif

/*
 * seen.h - work that a trace or a watchdog sees.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_SEEN_H
#define SCHED_WORKER_SEEN_H

#include "sched/scheduler.h"
#include "sched/worker/worker.h"

#include <magpie/job_kind.h>

/* Whether the workers of a scheduler record what they do. */
static inline bool mag_sched_is_seen(struct mag_sched *sched)
{
    return mag_phase_is_seen(&sched->phase);
}

/* By a worker, around work.  Returns what the end is to be told. */
MAG_COLD bool mag_seen_begin(struct mag_worker *worker,
                             const struct mag_job_description *what);
MAG_COLD void mag_seen_end(struct mag_worker *worker, bool traced);

/* By a worker whose thread ends in the middle of work. */
MAG_COLD void mag_seen_lost(struct mag_worker *worker);

#endif

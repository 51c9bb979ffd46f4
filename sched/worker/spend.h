/*
 * spend.h - what a worker spends its time on: changes of its state, as it counts and
 * traces them.  Private to sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_SPEND_H
#define SCHED_WORKER_SPEND_H

#include "sched/trace/trace.h"
#include "sched/worker/worker.h"

/* The worker, which is the calling thread's, is in `state` from `now_ns` on. */
static inline void mag_worker_spend(struct mag_worker *worker, enum mag_time state,
                                    int64_t now_ns)
{
    mag_times_enter(&worker->times, state, now_ns);
    if (MAG_UNLIKELY(mag_sched_is_traced(worker->sched)))
        mag_trace_state(worker->sched, worker->index, state, now_ns);
}

#endif

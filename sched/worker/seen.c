/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/worker/seen.h"

#include "sched/trace/trace.h"

#include <magpie/executor.h>

bool mag_seen_begin(struct mag_worker *worker, const struct mag_job_description *what)
{
    struct mag_sched *sched = worker->sched;
    bool traced = mag_sched_is_traced(sched);

    mag_note_begin(&worker->note, what);
    if (traced)
        mag_trace_begin(sched, worker->index, (uintptr_t)what->function, what->name);
    mag_here_get()->traced = traced;
    return traced;
}

void mag_seen_end(struct mag_worker *worker, bool traced)
{
    mag_here_get()->traced = false;
    if (traced)
        mag_trace_end(worker->sched, worker->index);
    mag_note_end(&worker->note);
}

void mag_seen_lost(struct mag_worker *worker)
{
    mag_here_get()->traced = false;
    if (mag_sched_is_traced(worker->sched))
        mag_trace_lost(worker->sched, worker->index);
    mag_note_end(&worker->note);
}

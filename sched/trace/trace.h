/*
 * trace.h - the trace of a scheduler: a ring for each berth, and how its tenant records
 * events.  Private to sched/.
 *
 * Ownership
 *   [I] immutable while the scheduler lives   [L] under `trace_lock` of the scheduler
 *
 * Edges: release end -> acquire end : what crosses
 *   trace   mag_trace_start (trace) -> mag_trace_put (trace) : the rings
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TRACE_TRACE_H
#define SCHED_TRACE_TRACE_H

#include "sched/scheduler.h"
#include "sched/trace/ring.h"
#include "sched/trace/times.h"

struct mag_trace {
    struct mag_trace *older;      /* [I] of another size; workers may still be there */
    struct mag_trace_ring *rings; /* [I] for each berth */
    uint32_t ring_count;          /* [I] */
    uint64_t size;                /* [I] places in each ring */
    void *pages;                  /* [I] the words of all rings */
    size_t bytes;                 /* [I] */
    int64_t begin_ns;             /* [L] when it was started last */
    int64_t end_ns;               /* [L] when it was stopped; INT64_MAX: it goes on */
    uint64_t *begins;             /* [L] for each ring: its events before that */
};

static inline bool mag_sched_is_traced(struct mag_sched *sched)
{
    return mag_phase_is_traced(&sched->phase);
}

/* Records an event of a berth of a scheduler that is traced, or was a moment ago.  By the
 * berth's tenant. */
MAG_COLD void mag_trace_put(struct mag_sched *sched, uint32_t berth,
                            const struct mag_trace_event *event);

/* The events by kind, at the present time if none is given. */
MAG_COLD void mag_trace_begin(struct mag_sched *sched, uint32_t berth, uintptr_t function,
                              const char *name);
MAG_COLD void mag_trace_state(struct mag_sched *sched, uint32_t berth,
                              enum mag_time state, int64_t now_ns);
MAG_COLD void mag_trace_end(struct mag_sched *sched, uint32_t berth);
MAG_COLD void mag_trace_steal(struct mag_sched *sched, uint32_t berth, uint32_t victim);
MAG_COLD void mag_trace_lost(struct mag_sched *sched, uint32_t berth);

/* Makes the rings of a trace of the usual size, for a later start.  False: no memory. */
bool mag_trace_prepare(struct mag_sched *sched);

/* Frees all traces, once no thread is left. */
void mag_trace_free(struct mag_sched *sched);

#endif

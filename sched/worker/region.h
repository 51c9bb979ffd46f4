/*
 * region.h - workers inside blocking regions that they have announced, and when the
 * relief thread must look.  Private to sched/; sched/blocking/ has what follows from it.
 *
 * Ownership
 *   [C] written by the worker, read by any thread   [A] any thread
 *
 * Why no region and no busy scheduler is missed.  The relief thread and a worker are
 * Dekker's two sides:
 *
 *     worker                               relief thread
 *     (1) blocked + 1, or the last         (3) pace <- slower
 *         searcher stops searching         (4) read blocked and the state of idle.h,
 *     (2) read pace, raise it if it is         raise the pace again if it is too slow
 *         too slow
 *
 * All are seq_cst, so (2) sees the slower pace, or (4) sees the worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_REGION_H
#define SCHED_WORKER_REGION_H

#include "sched/policy/stand_in.h"
#include "sched/scheduler.h"
#include "sched/worker/worker.h"

#include <stdbool.h>

/* Whether this worker is inside a region: a hint for other threads. */
static inline bool mag_region_is_open(struct mag_worker *worker)
{
    /* relaxed: the worker alone writes it. */
    return atomic_load_explicit(&worker->blocks, memory_order_relaxed);
}

/* By the worker, outside of any region. */
static inline void mag_region_open(struct mag_worker *worker)
{
    /* relaxed: a hint. */
    atomic_store_explicit(&worker->blocks, true, memory_order_relaxed);
    /* (1), seq_cst: before (2). */
    (void)atomic_fetch_add_explicit(&worker->sched->blocked, 1, memory_order_seq_cst);
}

/* By the worker.  Does nothing if no region is open. */
static inline void mag_region_close(struct mag_worker *worker)
{
    if (!mag_region_is_open(worker))
        return;
    /* relaxed: a hint. */
    atomic_store_explicit(&worker->blocks, false, memory_order_relaxed);
    /* relaxed: nothing crosses; the relief thread looks again later. */
    (void)atomic_fetch_sub_explicit(&worker->sched->blocked, 1, memory_order_relaxed);
}

static inline enum mag_pace mag_sched_pace(struct mag_sched *sched)
{
    /* seq_cst: (2). */
    return (enum mag_pace)atomic_load_explicit(&sched->pace, memory_order_seq_cst);
}

/* Raises the pace.  False: it was as fast already. */
static inline bool mag_pace_raise(struct mag_sched *sched, enum mag_pace pace)
{
    /* (2), seq_cst: after (1). */
    uint32_t now = atomic_load_explicit(&sched->pace, memory_order_seq_cst);

    do {
        if (now >= (uint32_t)pace)
            return false;
        /* (2), seq_cst, both: as above. */
    } while (!atomic_compare_exchange_weak_explicit(
        &sched->pace, &now, (uint32_t)pace, memory_order_seq_cst, memory_order_seq_cst));
    return true;
}

/* By a worker that has opened a region: the pace is no longer off. */
static inline void mag_pace_concern(struct mag_sched *sched)
{
    uint32_t off = MAG_PACE_OFF;

    /* (2), seq_cst: before the caller looks who rests.  On failure relaxed: another
     * thread was faster. */
    (void)atomic_compare_exchange_strong_explicit(
        &sched->pace, &off, (uint32_t)MAG_PACE_REST, memory_order_seq_cst,
        memory_order_relaxed);
}

/* By the relief thread: the slowest pace that workers allow.  `all`: blocking that was
 * not announced concerns it too. */
static inline enum mag_pace mag_pace_needed(struct mag_sched *sched, bool all)
{
    /* (4), seq_cst: after (3). */
    bool regions = atomic_load_explicit(&sched->blocked, memory_order_seq_cst) != 0;

    if (!mag_idle_nobody_rests(mag_idle_read(&sched->idle)))
        return regions || all ? MAG_PACE_REST : MAG_PACE_OFF;
    if (regions)
        return MAG_PACE_FAST;
    return all ? MAG_PACE_SLOW : MAG_PACE_OFF;
}

/* By the relief thread: sets the pace, but not below what is needed.  A worker that finds
 * the pace too slow does nothing while it is off; so the relief thread looks again after
 * each step up. */
static inline void mag_pace_set(struct mag_sched *sched, enum mag_pace pace, bool all)
{
    /* (3), seq_cst: before (4). */
    atomic_store_explicit(&sched->pace, (uint32_t)pace, memory_order_seq_cst);
    for (;;) {
        enum mag_pace needed = mag_pace_needed(sched, all);

        if (needed <= pace)
            return;
        (void)mag_pace_raise(sched, needed);
        pace = needed;
    }
}

/* The pace that the relief thread needs while no worker rests. */
static inline enum mag_pace mag_sched_busy_pace(struct mag_sched *sched)
{
    /* seq_cst: (2). */
    return atomic_load_explicit(&sched->blocked, memory_order_seq_cst) != 0
               ? MAG_PACE_FAST
               : MAG_PACE_SLOW;
}

/* By a worker that has begun to run: `state` is that after its step (1).  If no worker
 * rests any more, the relief thread must look from time to time. */
static inline void mag_sched_note_busy(struct mag_sched *sched, uint64_t state)
{
    if (!mag_idle_nobody_rests(state))
        return;
    enum mag_pace pace = mag_sched_pace(sched);
    if (MAG_UNLIKELY(pace != MAG_PACE_OFF && pace < mag_sched_busy_pace(sched)))
        sched->on_busy(sched);
}

#endif

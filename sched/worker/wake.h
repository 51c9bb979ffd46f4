/*
 * wake.h - which worker a queued job, a wait or the end of a scheduler wakes.  Private to
 * sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_WORKER_WAKE_H
#define SCHED_WORKER_WAKE_H

#include "sched/scheduler.h"

#include <stdint.h>

/* Wakes a worker for a job in this queue; or for a job that the worker of this rank has
 * queued or seen.  Does nothing if no worker is parked, or some worker searches. */
MAG_COLD void mag_sched_wake_for_queue(struct mag_sched *sched, uint32_t queue);
MAG_COLD void mag_sched_wake_for_worker(struct mag_sched *sched, uint32_t rank);

/* The same for a job that was put into this queue because its poster asked for that
 * node: wakes one of its workers even if others search, see mag_wake_is_due_there.
 * `older`: there were older jobs in the queue. */
MAG_COLD void mag_sched_wake_there(struct mag_sched *sched, uint32_t queue, bool older);

/* The same for work that this worker has seen, somewhere. */
MAG_COLD void mag_sched_wake_for_seen(struct mag_worker *worker);

/* Whether a worker is to be woken for a job that is where all workers see it. */
static inline bool mag_sched_wants_wake(struct mag_sched *sched)
{
    return mag_idle_wants_wake(mag_idle_read(&sched->idle));
}

/* Whether a worker is to be woken for work that a running worker keeps to itself. */
static inline bool mag_sched_wants_watcher(struct mag_sched *sched)
{
    uint64_t state = mag_idle_read(&sched->idle);

    return mag_idle_wants_wake(state) && !mag_idle_watched(state);
}

/* A job has been put into this queue: wakes a worker, if one should be woken. */
static inline void mag_sched_notify_queue(struct mag_sched *sched, uint32_t queue)
{
    if (mag_sched_wants_wake(sched))
        mag_sched_wake_for_queue(sched, queue);
}

/* Wakes a worker for a job that the worker of this rank has queued or seen, if one should
 * be woken. */
static inline void mag_sched_notify(struct mag_sched *sched, uint32_t rank)
{
    if (mag_sched_wants_wake(sched))
        mag_sched_wake_for_worker(sched, rank);
}

/* As mag_sched_notify_queue, for a job whose poster asked for that node. */
static inline void mag_sched_notify_there(struct mag_sched *sched, uint32_t queue,
                                          bool older)
{
    if (mag_idle_parked(mag_idle_read(&sched->idle)) != 0)
        mag_sched_wake_there(sched, queue, older);
}

/* Wakes a worker for work that this worker has seen, if one should be woken. */
static inline void mag_sched_notify_seen(struct mag_sched *sched,
                                         struct mag_worker *worker)
{
    if (mag_sched_wants_wake(sched))
        mag_sched_wake_for_seen(worker);
}

/* Makes sure that work which a running worker of this rank keeps to itself is watched. */
static inline void mag_sched_notify_watcher(struct mag_sched *sched, uint32_t rank)
{
    if (MAG_UNLIKELY(mag_sched_wants_watcher(sched)))
        mag_sched_wake_for_worker(sched, rank);
}

/*
 * `count` jobs have been put into this queue at once: as many workers are to be woken, if
 * so many are parked, whether or not some worker searches.  The caller wakes one.  Each
 * that was woken wakes two more, as long as there are summons left.  So n workers are
 * woken in log2(n) steps, and the caller does not pay for them.  A summons that nobody
 * answers, because no worker is parked any more, is dropped.  Nothing depends on it,
 * since the usual rules (idle.h) hold as well.
 */
MAG_COLD void mag_sched_summon(struct mag_sched *sched, uint32_t queue, uint64_t count);

/*
 * The same for `count` parts of the work of a thread that goes on working: a worker or
 * guest of that rank.  It needs no more threads than there are workers, itself among
 * them; and a worker that is pinned to the thread's own processor would only take that
 * from it.
 */
MAG_COLD void mag_sched_summon_helpers(struct mag_sched *sched, uint32_t rank,
                                       uint64_t count);

/* By a worker of this rank that was woken. */
MAG_COLD void mag_sched_pass_summons_on(struct mag_sched *sched, uint32_t rank);

static inline void mag_sched_pass_summons(struct mag_sched *sched, uint32_t rank)
{
    /* relaxed: a summons that is missed costs time, and no wake-up. */
    if (MAG_UNLIKELY(atomic_load_explicit(&sched->summons, memory_order_relaxed) != 0))
        mag_sched_pass_summons_on(sched, rank);
}

/*
 * By a thief of this rank that was woken, has stolen its first child and left more of
 * them with its victim: wakes up to two workers of the same cache.  Nothing depends on
 * it, since the usual rules (idle.h) hold as well.
 */
MAG_COLD void mag_sched_wake_beside(struct mag_sched *sched, uint32_t rank);

/* Wakes this worker if it is parked or benched. */
void mag_sched_wake_worker(struct mag_sched *sched, uint32_t index);

/* The right to wake a benched worker.  False: it is not benched, or another thread has
 * that right. */
bool mag_sched_claim_benched(struct mag_worker *worker);

/* Wakes this worker if it is benched. */
void mag_sched_wake_benched(struct mag_sched *sched, uint32_t index);

/* Wakes all workers at shutdown.  May loop for ever if workers can still park again. */
void mag_sched_wake_all(struct mag_sched *sched);

/* Moves on to a later phase and wakes the workers that it concerns.  Does nothing if that
 * phase, or a later one, has been entered. */
void mag_sched_enter_phase(struct mag_sched *sched, enum mag_phase phase);

#endif

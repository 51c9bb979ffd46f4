/*
 * phase.h - the phases of a scheduler's life, and how those who sleep learn of the next.
 * Private to sched/.
 *
 * Ownership
 *   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   phase   mag_phase_enter -> mag_phase_read : nothing; workers obey it some time later
 *
 * Why nobody sleeps through the end.  Who announces a phase and who parks are Dekker's
 * two sides, as poster and worker are (idle.h):
 *
 *     who announces                        worker
 *     (1) phase <- ENDING                  (3) state: parked + 1
 *     (2) wake while any are parked        (4) read phase
 *
 * A worker between its bit and its count may be given the wake of one that is counted:
 * (2) then finds nobody counted and ends, while the other sleeps on.  So whoever sees the
 * end at (4), after its own count, does (2) again, for all and not for itself alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_PHASE_H
#define SCHED_PHASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Each phase only ever gives way to a later one. */
enum mag_phase {
    MAG_PHASE_STARTING, /* workers set themselves up and wait */
    MAG_PHASE_RUNNING,
    MAG_PHASE_DRAINING, /* nothing from outside; ends when all workers are parked */
    MAG_PHASE_ENDING,   /* workers leave after the job they run */
};

static inline enum mag_phase mag_phase_read(_Atomic(uint32_t) *phase)
{
    /* phase, acquire: names the other end; a late look only delays. */
    return (enum mag_phase)atomic_load_explicit(phase, memory_order_acquire);
}

/* By a worker that has announced that it parks. */
static inline enum mag_phase mag_phase_read_parked(_Atomic(uint32_t) *phase)
{
    /* seq_cst: (4). */
    return (enum mag_phase)atomic_load_explicit(phase, memory_order_seq_cst);
}

/* False: that phase, or a later one, had come already. */
static inline bool mag_phase_enter(_Atomic(uint32_t) *phase, enum mag_phase next)
{
    uint32_t now = mag_phase_read(phase);

    do {
        if (now >= (uint32_t)next)
            return false;
        /* (1), seq_cst.  On failure relaxed: only tried again. */
    } while (!atomic_compare_exchange_weak_explicit(
        phase, &now, next, memory_order_seq_cst, memory_order_relaxed));
    return true;
}

#endif

/*
 * phase.h - the phases of a scheduler's life, and how sleeping workers learn of the next.
 * Private to sched/.
 *
 * Ownership
 *   [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   phase   mag_phase_enter -> mag_phase_read : nothing; workers act on the phase some
 *           time later
 *
 * Why no worker sleeps through the end.  The thread that announces a phase and a worker
 * that parks are Dekker's two sides, as poster and worker are (idle.h):
 *
 *     announcing thread                    worker
 *     (1) phase <- ENDING                  (3) state: parked + 1
 *     (2) wake while any are parked        (4) read phase
 *
 * A worker that has set its bit but is not yet counted may be given the wake of a counted
 * worker.  Then (2) finds no worker counted and ends, while the counted worker sleeps on.
 * So a worker that sees the end at (4), after it is counted itself, does (2) again for
 * all workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_PHASE_H
#define SCHED_PHASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A phase is only ever followed by a later one. */
enum mag_phase {
    MAG_PHASE_STARTING, /* workers prepare themselves and wait */
    MAG_PHASE_RUNNING,
    MAG_PHASE_DRAINING, /* no posts from outside; ends when all workers are parked */
    MAG_PHASE_ENDING,   /* workers leave after the job they are running */
};

static inline enum mag_phase mag_phase_read(_Atomic(uint32_t) *phase)
{
    /* phase, acquire: names the other end; reading late only delays. */
    return (enum mag_phase)atomic_load_explicit(phase, memory_order_acquire);
}

/* By a worker that has announced that it parks. */
static inline enum mag_phase mag_phase_read_parked(_Atomic(uint32_t) *phase)
{
    /* seq_cst: (4). */
    return (enum mag_phase)atomic_load_explicit(phase, memory_order_seq_cst);
}

/* False: that phase, or a later one, has been entered before. */
static inline bool mag_phase_enter(_Atomic(uint32_t) *phase, enum mag_phase next)
{
    uint32_t now = mag_phase_read(phase);

    do {
        if (now >= (uint32_t)next)
            return false;
        /* (1), seq_cst.  On failure relaxed: the loop tries again. */
    } while (!atomic_compare_exchange_weak_explicit(
        phase, &now, next, memory_order_seq_cst, memory_order_relaxed));
    return true;
}

#endif

/*
 * phase.h - the phases of a scheduler's life, and how sleeping workers learn of the next.
 * Private to sched/.
 *
 * Beside the phase, the word says whether the scheduler is traced (trace.h) and whether
 * it has a watchdog (note.h).  So the loop of a worker, which reads the phase before each
 * job anyway, learns of all at once.
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

/* The bits of the word that say the phase; and two bits that say that workers record what
 * they do, in a trace, or for a watchdog. */
enum { MAG_PHASE_MASK = 0xff, MAG_PHASE_TRACED = 0x100, MAG_PHASE_WATCHED = 0x200 };

static inline uint32_t mag_phase_read_word(_Atomic(uint32_t) *phase)
{
    /* phase, acquire: names the other end; reading late only delays. */
    return atomic_load_explicit(phase, memory_order_acquire);
}

static inline enum mag_phase mag_phase_read(_Atomic(uint32_t) *phase)
{
    return (enum mag_phase)(mag_phase_read_word(phase) & MAG_PHASE_MASK);
}

/* Whether a worker goes on, and records nothing: one comparison. */
static inline bool mag_phase_goes_on_unseen(uint32_t word)
{
    return word < MAG_PHASE_ENDING;
}

static inline bool mag_phase_is_traced(_Atomic(uint32_t) *phase)
{
    /* relaxed: a hint; the thread that sees it finds the trace by an edge of its own. */
    return (atomic_load_explicit(phase, memory_order_relaxed) & MAG_PHASE_TRACED) != 0;
}

/* Whether workers record what they do, in any way. */
static inline bool mag_phase_is_seen(_Atomic(uint32_t) *phase)
{
    /* relaxed: a hint. */
    return atomic_load_explicit(phase, memory_order_relaxed) > MAG_PHASE_MASK;
}

/* False: there is a watchdog already. */
static inline bool mag_phase_begin_watch(_Atomic(uint32_t) *phase)
{
    /* relaxed: nothing crosses but the bit. */
    return (atomic_fetch_or_explicit(phase, MAG_PHASE_WATCHED, memory_order_relaxed) &
            MAG_PHASE_WATCHED) == 0;
}

static inline void mag_phase_end_watch(_Atomic(uint32_t) *phase)
{
    /* relaxed: as above. */
    (void)atomic_fetch_and_explicit(phase, ~(uint32_t)MAG_PHASE_WATCHED,
                                    memory_order_relaxed);
}

/* Turns the tracing on or off. */
static inline void mag_phase_set_traced(_Atomic(uint32_t) *phase, bool traced)
{
    if (traced) {
        /* relaxed: as above. */
        (void)atomic_fetch_or_explicit(phase, MAG_PHASE_TRACED, memory_order_relaxed);
        return;
    }
    /* relaxed: as above. */
    (void)atomic_fetch_and_explicit(phase, ~(uint32_t)MAG_PHASE_TRACED,
                                    memory_order_relaxed);
}

/* By a worker that has announced that it parks. */
static inline enum mag_phase mag_phase_read_parked(_Atomic(uint32_t) *phase)
{
    /* seq_cst: (4). */
    return (enum mag_phase)(atomic_load_explicit(phase, memory_order_seq_cst) &
                            MAG_PHASE_MASK);
}

/* False: that phase, or a later one, has been entered before. */
static inline bool mag_phase_enter(_Atomic(uint32_t) *phase, enum mag_phase next)
{
    uint32_t now = mag_phase_read_word(phase);

    do {
        if ((now & MAG_PHASE_MASK) >= (uint32_t)next)
            return false;
        /* (1), seq_cst.  On failure relaxed: the loop tries again. */
    } while (!atomic_compare_exchange_weak_explicit(
        phase, &now, (now & ~(uint32_t)MAG_PHASE_MASK) | (uint32_t)next,
        memory_order_seq_cst, memory_order_relaxed));
    return true;
}

#endif

/*
 * meet.h - where the members of a team meet: the words of a barrier, which also count who
 * is still there.  Private to sched/.
 *
 * One word has everything, so each step is one read-modify-write:
 *
 *     arrived    how many have arrived at the barrier
 *     expected   how many have to arrive: those that have not left
 *     asleep     whether some thread sleeps until the word changes
 *     epoch      how often the barrier has opened
 *
 * A meet has at most MAG_MEET_MOST participants.  A larger team is a tree of meets: the
 * last to arrive at a meet arrives at the one above for all of them.  Everybody waits at
 * the root, whose epoch tells that the barrier has opened.  Whoever leaves is counted out
 * for good; if all others have arrived, leaving completes the meet as an arrival would.
 * When the last participant has left the root, the team is over.
 *
 * Why exactly one participant completes a meet.  The word holds arrived < expected, or 0
 * and 0.  Each arrival and each leave is one swap of the word, and the one that would
 * make the two numbers equal opens the barrier (root) or clears `arrived` and goes up
 * (any other meet) in that same swap.
 *
 * The first swap of a step starts from a guess instead of a look: a look would fetch the
 * line for reading, and the swap fetch it again for writing.  A wrong guess costs a
 * second swap, on a line that is here by then.
 *
 * Why a meet is not used too early.  A participant that has arrived does nothing until
 * the epoch of the root has changed, so nobody arrives twice in one epoch.
 *
 * Sleeping.  A thread sleeps on the root's word after it has set `asleep` by a swap.  The
 * word is different as soon as the barrier has opened, or the team is over, and the swap
 * that changes it sees the flag and wakes all sleepers.  An arrival changes the word too,
 * but wakes nobody: a thread that was about to sleep looks again.
 *
 * Ownership
 *   [A] any participant   [I] immutable while the team runs
 *
 * Edges: release end -> acquire end : what crosses
 *   met    arrive, leave (word) -> arrive, leave (word) : what the participants did
 *          before, from each to the one that completes the meet
 *   open   arrive, leave (root's word) -> whoever waits (root's word) : all that is known
 *          where the root was completed
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TEAM_MEET_H
#define SCHED_TEAM_MEET_H

#include <magpie/detail/base.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { MAG_MEET_MOST = 8 };

/* Fields of the word. */
#define MAG_MEET_ARRIVED  ((uint32_t)0x0f)
#define MAG_MEET_EXPECT   ((uint32_t)0x10)
#define MAG_MEET_EXPECTED ((uint32_t)0xf0)
#define MAG_MEET_ASLEEP   ((uint32_t)0x100)
#define MAG_MEET_EPOCH    ((uint32_t)0x200)

struct mag_meet {
    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) word; /* [A] */
    struct mag_meet *up;                             /* [I] NULL: the root */
};

/* What a participant knows of its meets.  It belongs to the participant's thread. */
struct mag_meet_part {
    struct mag_meet *meet; /* its own */
    struct mag_meet *root; /* the one above all */
    uint32_t epoch;        /* of the root, until it has passed the next barrier */
    uint32_t word;         /* of its own meet, a guess: the first swap begins with it */
};

/* How a thread waits. */
struct mag_meet_patience {
    uint32_t spin_us; /* it spins for so long before it sleeps */
    bool crowded;     /* more members than PUs: it gives way instead of spinning */
    /* Whether the others are gone without a trace, in the child of a fork(). */
    bool (*is_alone)(const void *arg);
    const void *arg;
};

/* Makes a meet of so many participants, before any of them can see it. */
void mag_meet_init(struct mag_meet *meet, struct mag_meet *up, uint32_t participants);

/* One of so many participants of a meet that has never opened so far. */
void mag_meet_join(struct mag_meet_part *part, struct mag_meet *meet,
                   struct mag_meet *root, uint32_t participants);

/* Arrives, and waits until all who are expected have arrived. */
void mag_meet_arrive(struct mag_meet_part *part,
                     const struct mag_meet_patience *patience);

/* Leaves for good.  After that the caller touches neither the meets nor anything else
 * that the end of the team frees. */
void mag_meet_leave(struct mag_meet_part *part);

/* Waits until all have left. */
void mag_meet_wait_end(struct mag_meet *root, const struct mag_meet_patience *patience);

#endif

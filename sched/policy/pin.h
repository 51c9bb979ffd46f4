/*
 * pin.h - how far a pinned worker may move: when it is loosened because others use its
 * PU, and when it is pinned again.  Private to sched/.  Pure functions of values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_PIN_H
#define SCHED_POLICY_PIN_H

#include <magpie/pin.h>

#include <stdbool.h>
#include <stdint.h>

/* What a worker's thread has done between two looks. */
struct mag_pin_look {
    int64_t ran_ns;    /* on a CPU */
    int64_t waited_ns; /* ready, while another thread had the CPU */
};

/* What is remembered between two looks; all zeroes at first. */
struct mag_pin_memory {
    uint32_t range; /* enum mag_pin_range */
    uint32_t busy;  /* looks in a row in which the worker waited, in this range */
    uint32_t quiet; /* looks in a row in which it did not, in this range */
    uint32_t doublings;
    bool tries; /* it is pinned again, but not yet for long */
};

enum {
    /* Less than this says nothing. */
    MAG_PIN_EVIDENCE_NS = 1000000,

    /* A PU counts as taken if the worker waited this part of the time in which it wanted
     * to run, and as quiet below that part. */
    MAG_PIN_TAKEN_PART = 4,
    MAG_PIN_QUIET_PART = 32,

    /* Looks in a row that a worker waits in one range before it gets the next one. */
    MAG_PIN_WIDEN_LOOKS = 2,

    /* How many quiet looks pin a worker again: at first, and at most.  The number doubles
     * whenever a worker that was pinned again finds its PU taken. */
    MAG_PIN_BACK_LOOKS = 20,
    MAG_PIN_DOUBLINGS = 5,
};

static inline uint32_t mag_pin_patience(const struct mag_pin_memory *memory)
{
    return (uint32_t)MAG_PIN_BACK_LOOKS << memory->doublings;
}

static inline bool mag_pin_is_taken(struct mag_pin_look look)
{
    return look.waited_ns * MAG_PIN_TAKEN_PART > look.ran_ns + look.waited_ns;
}

static inline bool mag_pin_is_quiet(struct mag_pin_look look)
{
    return look.waited_ns * MAG_PIN_QUIET_PART < look.ran_ns + look.waited_ns;
}

static inline void mag_pin_move(struct mag_pin_memory *memory, uint32_t range)
{
    memory->range = range;
    memory->busy = 0;
    memory->quiet = 0;
}

/* The worker has waited.  From its PU it is loosened at once, because it stands still
 * there. */
static inline void mag_pin_note_taken(struct mag_pin_memory *memory,
                                      enum mag_pin_range widest)
{
    bool pinned = memory->range == MAG_PIN_RANGE_PU;

    memory->quiet = 0;
    memory->busy++;
    if (memory->range >= (uint32_t)widest ||
        (!pinned && memory->busy < MAG_PIN_WIDEN_LOOKS))
        return;
    if (memory->tries && memory->doublings < MAG_PIN_DOUBLINGS)
        memory->doublings++;
    memory->tries = false;
    mag_pin_move(memory, memory->range + 1);
}

/* The worker has not waited.  After enough such looks it is pinned again; if it is quiet
 * there as long, earlier failures are forgotten. */
static inline void mag_pin_note_quiet(struct mag_pin_memory *memory)
{
    memory->busy = 0;
    if (++memory->quiet < mag_pin_patience(memory))
        return;
    memory->tries = memory->range != MAG_PIN_RANGE_PU;
    if (!memory->tries)
        memory->doublings = 0;
    mag_pin_move(memory, MAG_PIN_RANGE_PU);
}

/* The range of a worker after one more look.  `widest`: the widest range that has more
 * PUs than the one before. */
static inline enum mag_pin_range mag_pin_next(struct mag_pin_memory *memory,
                                              struct mag_pin_look look,
                                              enum mag_pin_range widest)
{
    if (look.ran_ns + look.waited_ns >= MAG_PIN_EVIDENCE_NS) {
        if (mag_pin_is_taken(look))
            mag_pin_note_taken(memory, widest);
        else if (mag_pin_is_quiet(look))
            mag_pin_note_quiet(memory);
    }
    return (enum mag_pin_range)memory->range;
}

#endif

/*
 * note.h - what a worker runs now, for a watchdog: written by the worker while its
 * scheduler has a watchdog, read by any thread.  Private to sched/.
 *
 * `begun` grows when work begins and when it ends: it is odd while the worker runs
 * something.  A reader that finds the same odd number before and after has read what
 * belongs to it.
 *
 * Ownership
 *   [C] written by the worker, read by any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   begun   mag_note_begin, mag_note_end (begun) -> mag_note_read (begun) : the words
 *   over    mag_note_begin (words) -> mag_note_read (words) : the number before
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_TRACE_NOTE_H
#define SCHED_TRACE_NOTE_H

#include <magpie/job_kind.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_note {
    _Atomic(uint64_t) begun;     /* [C] */
    _Atomic(uintptr_t) function; /* [C] */
    _Atomic(uintptr_t) name;     /* [C] a string, or 0 */
};

static inline void mag_note_init(struct mag_note *note)
{
    atomic_init(&note->begun, 0);
    atomic_init(&note->function, 0);
    atomic_init(&note->name, 0);
}

static inline uint64_t mag_note_begun(struct mag_note *note)
{
    /* begun, acquire: the words are visible. */
    return atomic_load_explicit(&note->begun, memory_order_acquire);
}

static inline void mag_note_turn(struct mag_note *note)
{
    /* relaxed: the worker wrote it. */
    uint64_t begun = atomic_load_explicit(&note->begun, memory_order_relaxed);

    /* begun, release: the words are complete. */
    atomic_store_explicit(&note->begun, begun + 1, memory_order_release);
}

/* The worker ends what it runs, if it runs something. */
static inline void mag_note_end(struct mag_note *note)
{
    /* relaxed: the worker wrote it. */
    if (atomic_load_explicit(&note->begun, memory_order_relaxed) % 2 == 1)
        mag_note_turn(note);
}

/* The worker begins something, inside of what it runs or not. */
static inline void mag_note_begin(struct mag_note *note,
                                  const struct mag_job_description *what)
{
    mag_note_end(note);
    /* over, release, both: `begun` is even before. */
    atomic_store_explicit(&note->function, (uintptr_t)what->function,
                          memory_order_release);
    /* over, release: as above. */
    atomic_store_explicit(&note->name, (uintptr_t)what->name, memory_order_release);
    mag_note_turn(note);
}

/* Any thread.  False: the worker runs nothing that was noted, or begins or ends it right
 * now. */
static inline bool mag_note_read(struct mag_note *note, uintptr_t *ret_function,
                                 uintptr_t *ret_name)
{
    uint64_t begun = mag_note_begun(note);
    /* over, acquire, both: a later `begun` is visible if these are later. */
    uintptr_t function = atomic_load_explicit(&note->function, memory_order_acquire);
    /* over, acquire: as above. */
    uintptr_t name = atomic_load_explicit(&note->name, memory_order_acquire);

    if (begun % 2 == 0 || mag_note_begun(note) != begun)
        return false;
    *ret_function = function;
    *ret_name = name;
    return true;
}

#endif

/*
 * life.h - the record of one life of an object: from being handed out to being consumed.
 * Private to vtask/.
 *
 * The thread that hands the object out writes the record, and later the thread that
 * consumes the object.  The hand-over of the object orders these two.  Nothing in this
 * file orders them: that could hide a missing order between the threads themselves.  If
 * misuse makes two threads write at once, one of them gives up.  Any thread may read at
 * any time; a reader uses only what did not change while it was reading.
 *
 * Ownership
 *   [A] any thread: written by the thread that made `sequence` odd
 *
 * Edges: release end -> acquire end : what crosses
 *   odd   the writer's store of a word -> the reader's load of it : that the sequence is
 *         odd, so a reader that has seen a new word sees the sequence changed
 *   even  mag_life_close (sequence) -> mag_life_read (sequence) : the words
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_DEBUG_LIFE_H
#define VTASK_DEBUG_LIFE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The words of a life: the token, the kind with the state, and two sites. */
enum { MAG_LIFE_TOKEN, MAG_LIFE_STATE, MAG_LIFE_CREATED, MAG_LIFE_SITE = 14 };
enum { MAG_LIFE_CONSUMED = MAG_LIFE_CREATED + MAG_LIFE_SITE };
enum { MAG_LIFE_WORDS = MAG_LIFE_CONSUMED + MAG_LIFE_SITE };

struct mag_life {
    _Atomic(uint64_t) sequence;              /* [A] odd during a write */
    _Atomic(uint64_t) words[MAG_LIFE_WORDS]; /* [A] */
};

/* True: the caller is the writer. */
static inline bool mag_life_open(struct mag_life *life, uint64_t *ret_sequence)
{
    /* relaxed, both: see above. */
    uint64_t sequence = atomic_load_explicit(&life->sequence, memory_order_relaxed);

    *ret_sequence = sequence + 1;
    /* relaxed, both: as above. */
    return (sequence & 1) == 0 && atomic_compare_exchange_strong_explicit(
                                      &life->sequence, &sequence, sequence + 1,
                                      memory_order_relaxed, memory_order_relaxed);
}

static inline void mag_life_write(struct mag_life *life, unsigned word, uint64_t value)
{
    /* odd, release: the sequence became odd before this store. */
    atomic_store_explicit(&life->words[word], value, memory_order_release);
}

/* Called by the writer, also for a word that it may have written. */
static inline uint64_t mag_life_own(struct mag_life *life, unsigned word)
{
    /* relaxed: only the caller writes the word. */
    return atomic_load_explicit(&life->words[word], memory_order_relaxed);
}

static inline void mag_life_close(struct mag_life *life, uint64_t sequence)
{
    /* even, release: the words precede the sequence. */
    atomic_store_explicit(&life->sequence, sequence + 1, memory_order_release);
}

/* Tries once.  False: a writer is at work. */
static inline bool mag_life_read(struct mag_life *life, uint64_t *ret_words,
                                 unsigned count)
{
    /* even, acquire: the words are as the last writer left them, or newer. */
    uint64_t before = atomic_load_explicit(&life->sequence, memory_order_acquire);

    for (unsigned i = 0; i < count; i++) {
        /* odd, acquire: if this word is newer, so is the sequence. */
        ret_words[i] = atomic_load_explicit(&life->words[i], memory_order_acquire);
    }
    /* relaxed: the loads above are acquires, so this load comes after them. */
    uint64_t after = atomic_load_explicit(&life->sequence, memory_order_relaxed);

    return (before & 1) == 0 && before == after;
}

#endif

/*
 * turn.h - whose turn it is in a serial stage: items wait without a thread, and whoever
 * ends a turn goes on with the next item.  Private to vtask/.
 *
 * Two forms: in the order of numbers, and in the order of arrival.
 *
 * Ownership
 *   [A] any thread   [H] the holder of the turn
 *
 * Edges: release end -> acquire end : what crosses
 *   turn    mag_turns_pass -> mag_turns_arrive (a word of the ring) : what the stage has
 *           written in its earlier turns
 *   parked  mag_turns_arrive -> mag_turns_pass (a word of the ring) : the item
 *   number  mag_turn_number -> mag_turn_number : that an item has left the ring before
 *           its token gets another number
 *   free    mag_turn_lane_pass -> mag_turn_lane_arrive (`last`) : as `turn`
 *   queued  mag_turn_lane_arrive -> mag_turn_lane_pass (`last`) : the item, and its link
 *
 * Proof.  docs/design/pipelines.md has it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_FLOW_TURN_H
#define VTASK_FLOW_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------- the order of numbers */

/* The words of a ring and of a lane that name no item. */
enum { MAG_TURN_EMPTY = 0, MAG_TURN_OPEN = 1 };

/* The number of an item that a token gets.  Any thread; or one at a time, if each has
 * seen what the thread before it did. */
static inline uint64_t mag_turn_number(_Atomic(uint64_t) *next)
{
    /* number, both ends: of two items with one word in the ring the first one has left
     * it, because one of the tokens between them has been used twice. */
    return atomic_fetch_add_explicit(next, 1, memory_order_acq_rel);
}

/* A ring of words, as many as items may be under way, or more. */
struct mag_turns {
    _Atomic(uintptr_t) *words; /* [A] EMPTY, OPEN, or an item */
    uint64_t mask;             /* their number, a power of two, minus 1 */
};

/* Item 0 has the first turn. */
static inline void mag_turns_init(struct mag_turns *ring, _Atomic(uintptr_t) *words,
                                  uint64_t count)
{
    ring->words = words;
    ring->mask = count - 1;
    for (uint64_t i = 0; i < count; i++)
        atomic_init(&words[i], i == 0 ? MAG_TURN_OPEN : MAG_TURN_EMPTY);
}

/* Item `number` arrives.  True: it has the turn.  False: it is parked, and may be in
 * other hands already. */
static inline bool mag_turns_arrive(struct mag_turns *ring, uint64_t number, void *item)
{
    _Atomic(uintptr_t) *word = &ring->words[number & ring->mask];

    /* turn, acquire: what earlier turns have written.  Once the word is OPEN nobody but
     * this item changes it. */
    uintptr_t found = atomic_load_explicit(word, memory_order_acquire);
    if (found == MAG_TURN_EMPTY) {
        /* Both ends: parked, release: the item is whole before it is seen; turn, acquire:
         * as above, if the turn came meanwhile. */
        found = atomic_exchange_explicit(word, (uintptr_t)item, memory_order_acq_rel);
    }
    if (found != MAG_TURN_OPEN)
        return false;
    /* relaxed: the next user of the word comes after this item has left the stage. */
    atomic_store_explicit(word, MAG_TURN_EMPTY, memory_order_relaxed);
    return true;
}

/* By the holder of the turn of item `number`: ends it.  Returns the next item, which has
 * the turn; NULL: it has not arrived. */
static inline void *mag_turns_pass(struct mag_turns *ring, uint64_t number)
{
    _Atomic(uintptr_t) *word = &ring->words[(number + 1) & ring->mask];
    /* Both ends: turn, release: what this turn has written; parked, acquire: the next
     * item is whole. */
    uintptr_t found = atomic_exchange_explicit(word, MAG_TURN_OPEN, memory_order_acq_rel);

    if (found == MAG_TURN_EMPTY)
        return NULL;
    /* relaxed: as in mag_turns_arrive. */
    atomic_store_explicit(word, MAG_TURN_EMPTY, memory_order_relaxed);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the word is an address. */
    return (void *)found;
}

/* ---------------------------------------------------------- the order of arrival */

/* The link in an item that waits in a lane. */
struct mag_turn_lane_link {
    struct mag_turn_lane_link *next;
};

struct mag_turn_lane {
    _Atomic(uintptr_t) last;          /* [A] FREE, BUSY, or the item that came last */
    struct mag_turn_lane_link *first; /* [H] items whose turns are next, in their order */
};

enum { MAG_TURN_LANE_FREE = 0, MAG_TURN_LANE_BUSY = 1 };

static inline void mag_turn_lane_init(struct mag_turn_lane *lane)
{
    atomic_init(&lane->last, MAG_TURN_LANE_FREE);
    lane->first = NULL;
}

/* An item arrives.  True: it has the turn.  False: it is parked, and may be in other
 * hands already. */
static inline bool mag_turn_lane_arrive(struct mag_turn_lane *lane,
                                        struct mag_turn_lane_link *link)
{
    /* relaxed: a guess, which the swap checks. */
    uintptr_t last = atomic_load_explicit(&lane->last, memory_order_relaxed);
    uintptr_t mine;

    do {
        mine = last == MAG_TURN_LANE_FREE ? MAG_TURN_LANE_BUSY : (uintptr_t)link;
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): the word is an address. */
        link->next =
            last <= MAG_TURN_LANE_BUSY ? NULL : (struct mag_turn_lane_link *)last;
        /* Both ends: queued, release: the item and its link are whole; free, acquire:
         * what earlier turns have written.  On failure relaxed: a guess. */
    } while (!atomic_compare_exchange_weak_explicit(
        &lane->last, &last, mine, memory_order_acq_rel, memory_order_relaxed));
    return last == MAG_TURN_LANE_FREE;
}

/* Takes the items that wait; turns their list round, so that it begins with the first. */
static inline struct mag_turn_lane_link *mag_turn_lane_take(struct mag_turn_lane *lane)
{
    struct mag_turn_lane_link *first = NULL;
    /* queued, acquire: the items and their links are whole. */
    uintptr_t last =
        atomic_exchange_explicit(&lane->last, MAG_TURN_LANE_BUSY, memory_order_acquire);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): the word is an address. */
    struct mag_turn_lane_link *link = (struct mag_turn_lane_link *)last;

    while (link != NULL) {
        struct mag_turn_lane_link *next = link->next;

        link->next = first;
        first = link;
        link = next;
    }
    return first;
}

/* By the holder of the turn: ends it.  Returns the next item, which has the turn; NULL:
 * none waits. */
static inline struct mag_turn_lane_link *mag_turn_lane_pass(struct mag_turn_lane *lane)
{
    struct mag_turn_lane_link *next = lane->first;
    uintptr_t busy = MAG_TURN_LANE_BUSY;

    if (next == NULL) {
        /* free, release: what this turn has written.  On failure relaxed: the exchange
         * that follows acquires. */
        if (atomic_compare_exchange_strong_explicit(
                &lane->last, &busy, MAG_TURN_LANE_FREE, memory_order_release,
                memory_order_relaxed))
            return NULL;
        next = mag_turn_lane_take(lane);
    }
    lane->first = next->next;
    return next;
}

#endif

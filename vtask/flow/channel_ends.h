/*
 * channel_ends.h - the two ends of a channel: who may send or receive next, and which
 * items are there.  Private to vtask/flow/.
 *
 * Each end has a lock.  A sender needs only the lock of the sending end, the tail, and a
 * receiver only that of the receiving end, the head, as long as nobody has to wait (after
 * Michael and Scott's queue of two locks, PODC 1996).  Whatever concerns waiting takes
 * both locks, the tail's first: putting a sender or a receiver into a list, taking one
 * out, closing.  So a holder of either lock knows that the `flags` of its end do not
 * change, and a receiver that has found the channel empty under both locks goes into the
 * list before anybody can send.  No item and no wake can be missed.
 *
 * An end reads the other end's position only when its last reading does not suffice
 * (after the cached indices of Lee, Bu and Chandranmenon's MCRingBuffer, IPDPS 2010).
 *
 * Ownership
 *   [E] holder of the end's lock   [B] holder of both locks; read by a holder of either
 *   [A] any thread reads; the holder of the end's lock writes   [I] immutable
 *
 * Edges: release end -> acquire end : what crosses
 *   word   the end's lock, see base/spin.h : what is [E], [B]
 *   sent   mag_tail_publish (published) -> mag_head_enter : the item in its cell, and the
 *          segment of the cell
 *   taken  mag_head_publish (published) -> mag_tail_enter : that the cell was read
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_FLOW_CHANNEL_ENDS_H
#define VTASK_FLOW_CHANNEL_ENDS_H

#include "base/spin.h"
#include "vtask/flow/channel_cells.h"

#include <magpie/detail/base.h>

#include <stdatomic.h>

/* Bits of an end's flags: what the fast paths leave to the slow ones. */
enum {
    MAG_END_AWAITED = 1, /* somebody waits at the other end */
    MAG_END_CLOSED = 2,  /* of the tail: nothing can be sent any more */
    MAG_END_BOTH = 4,    /* of both: this channel always needs both locks */
};

struct mag_end {
    _Alignas(MAG_CACHE_LINE) struct mag_spin lock;
    uint32_t flags;           /* [B] */
    uint64_t position;        /* [E] items that have passed this end through a cell */
    uint64_t seen;            /* [E] the other end's position, or an earlier one */
    struct mag_cursor cursor; /* [E] the cell of the next item */
    uint64_t capacity;        /* [I] of the tail: items that may be between the ends */
    _Alignas(MAG_CACHE_LINE) _Atomic(uint64_t) published; /* [A] `position` */
};

struct mag_ends {
    struct mag_end tail; /* where items are sent */
    struct mag_end head; /* where items are received */
};

/* What the holder of an end's lock has found. */
enum mag_entry {
    MAG_ENTRY_FREE, /* there is a cell for an item, or an item */
    MAG_ENTRY_NONE, /* there is none */
    MAG_ENTRY_SLOW, /* `flags` are set: both locks are needed */
};

/* channel_wait.c - waits for the lock of an end that another thread has. */
void mag_end_lock_slow(struct mag_end *end);

static inline void mag_end_lock(struct mag_end *end)
{
    if (MAG_UNLIKELY(!mag_spin_try_lock(&end->lock)))
        mag_end_lock_slow(end);
}

static inline void mag_end_init(struct mag_end *end, uint64_t capacity)
{
    mag_spin_init(&end->lock);
    end->capacity = capacity;
    end->flags = 0;
    end->position = 0;
    end->seen = 0;
    atomic_init(&end->published, 0);
}

/* Locks the tail, and looks whether there is room.  The lock is held afterwards. */
static inline enum mag_entry mag_tail_enter(struct mag_ends *ends)
{
    struct mag_end *tail = &ends->tail;

    mag_end_lock(tail);
    if (MAG_UNLIKELY(tail->flags != 0))
        return MAG_ENTRY_SLOW;
    if (MAG_LIKELY(tail->position - tail->seen < tail->capacity))
        return MAG_ENTRY_FREE;
    /* taken, acquire: the cell was read before it is written again. */
    tail->seen = atomic_load_explicit(&ends->head.published, memory_order_acquire);
    return tail->position - tail->seen < tail->capacity ? MAG_ENTRY_FREE : MAG_ENTRY_NONE;
}

/* The item is in its cell: lets receivers see it.  The lock is held. */
static inline void mag_tail_publish(struct mag_ends *ends)
{
    ends->tail.position++;
    /* sent, release: the item, and the segment of its cell, precede the position. */
    atomic_store_explicit(&ends->tail.published, ends->tail.position,
                          memory_order_release);
}

/* Locks the head, and looks whether there is an item.  The lock is held afterwards. */
static inline enum mag_entry mag_head_enter(struct mag_ends *ends)
{
    struct mag_end *head = &ends->head;

    mag_end_lock(head);
    if (MAG_UNLIKELY(head->flags != 0))
        return MAG_ENTRY_SLOW;
    if (MAG_LIKELY(head->position < head->seen))
        return MAG_ENTRY_FREE;
    /* sent, acquire: the items before this position are visible. */
    head->seen = atomic_load_explicit(&ends->tail.published, memory_order_acquire);
    return head->position < head->seen ? MAG_ENTRY_FREE : MAG_ENTRY_NONE;
}

/* The item was taken out of its cell: lets senders use it again.  The lock is held. */
static inline void mag_head_publish(struct mag_ends *ends)
{
    ends->head.position++;
    /* taken, release: the item was read before its cell is written again. */
    atomic_store_explicit(&ends->head.published, ends->head.position,
                          memory_order_release);
}

static inline void mag_tail_leave(struct mag_ends *ends)
{
    mag_spin_unlock(&ends->tail.lock);
}

static inline void mag_head_leave(struct mag_ends *ends)
{
    mag_spin_unlock(&ends->head.lock);
}

/* A holder of the tail's lock takes the other one too. */
static inline void mag_ends_join(struct mag_ends *ends)
{
    mag_end_lock(&ends->head);
}

static inline void mag_ends_lock(struct mag_ends *ends)
{
    mag_end_lock(&ends->tail);
    mag_end_lock(&ends->head);
}

static inline void mag_ends_unlock(struct mag_ends *ends)
{
    mag_spin_unlock(&ends->head.lock);
    mag_spin_unlock(&ends->tail.lock);
}

/* Items in cells.  Both locks are held. */
static inline uint64_t mag_ends_count(const struct mag_ends *ends)
{
    return ends->tail.position - ends->head.position;
}

#endif

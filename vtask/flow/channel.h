/*
 * channel.h - a channel, and those who wait for it.  Private to vtask/flow/.
 *
 * Two sentences hold whenever nobody holds both locks:
 *   - A receiver waits only if there is no item, and no sender waits.
 *   - A sender waits only if there is no room.
 * So an item for which a receiver waits is handed to the first receiver, and a receiver
 * that takes an item out of a full channel puts the first sender's item in.
 *
 * The locks of the ends also decide who completes a wait: it belongs to the thread that
 * has taken it out of its list, see struct mag_channel_wait.  That thread completes it
 * when it has released the locks.
 *
 * Ownership, besides that of channel_ends.h
 *   [I] immutable
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef VTASK_FLOW_CHANNEL_H
#define VTASK_FLOW_CHANNEL_H

#include "vtask/flow/channel_ends.h"

#include <magpie/channel.h>

/* Those who wait at one end, the first to be served first. */
struct mag_wait_list {
    struct mag_channel_wait *first; /* [B] */
    struct mag_channel_wait *last;  /* [B] */
    uint64_t count;                 /* [B] */
};

struct mag_channel {
    struct mag_ends ends;
    struct mag_channel_type *type;  /* [I] */
    uint64_t capacity;              /* [I] MAG_CHANNEL_UNBOUNDED: no limit */
    size_t item_size;               /* [I] */
    bool is_closed;                 /* [B] */
    int end_code;                   /* [B] what receivers get at the end */
    struct mag_wait_list senders;   /* [B] */
    struct mag_wait_list receivers; /* [B] */
    uint64_t handed;                /* [B] items that were in no cell */
    struct mag_segment *ring;       /* [I] NULL: unbounded, or no cells */
};

/* The state of a wait. */
enum {
    MAG_WAIT_BEGINS,   /* belongs to the thread that makes it */
    MAG_WAIT_LISTED,   /* in a list */
    MAG_WAIT_TAKEN,    /* belongs to the thread that completes it */
    MAG_WAIT_CANCELED, /* canceled before it was in a list: never gets there */
};

/* What became of an attempt to send or to receive. */
enum mag_flow {
    MAG_FLOW_DONE,
    MAG_FLOW_NONE,      /* no room, or no item */
    MAG_FLOW_LISTED,    /* the same, and the wait is in its list */
    MAG_FLOW_STUCK,     /* there is room, but no segment for it */
    MAG_FLOW_OVER,      /* the channel is closed, and for a receiver empty */
    MAG_FLOW_NO_MEMORY, /* there is none for a segment */
};

/* ------------------------------------------------------------------ channel_segment.c */

/* Makes the cells of a new channel.  0; -ENOMEM. */
int mag_segments_make(struct mag_channel *channel);

void mag_segments_free(struct mag_channel *channel);

/* Adds a segment to an unbounded channel whose tail has no cell.  No lock is held.  0;
 * -ENOMEM. */
int mag_segments_add(struct mag_channel *channel);

/* Gives back a segment that the head has left behind; NULL: none. */
void mag_segment_give(struct mag_channel *channel, struct mag_segment *segment);

/* --------------------------------------------------------------------- channel_wait.c */

/* Appends a wait to a list; `end` is the end where it is noticed: the other one than its
 * own.  Both locks are held. */
void mag_wait_append(struct mag_wait_list *list, struct mag_channel_wait *wait,
                     struct mag_end *end);

/* Takes the first wait out of a list for the calling thread; NULL: nobody waits.  Both
 * locks are held. */
struct mag_channel_wait *mag_wait_take(struct mag_wait_list *list, struct mag_end *end);

/* Completes a wait that this thread has taken; no lock is held.  Afterwards the channel
 * may be gone. */
void mag_wait_complete(struct mag_channel_wait *wait, int error);

/* Makes a wait of a new operation, whose item is in the operation itself.  If `cancel`
 * fires, the wait is canceled.  0; -ENOMEM; -ECANCELED it has fired. */
int mag_wait_make(struct mag_channel *channel, struct mag_cancel *cancel, bool is_send,
                  struct mag_channel_waiter **ret_waiter);

/* Gives back a wait that was in no list.  True: it was canceled. */
bool mag_wait_return(struct mag_channel_waiter *waiter);

/* -------------------------------------------------------------------- inline parts */

/* Stores an item in the tail's cell.  The tail's lock is held, and there is room and a
 * cell. */
static inline void mag_channel_put(struct mag_channel *channel, const void *item)
{
    struct mag_cursor *cursor = &channel->ends.tail.cursor;

    if (MAG_UNLIKELY(mag_cursor_is_spent(cursor)))
        (void)mag_cursor_turn(cursor);
    mag_item_copy(mag_cursor_cell(cursor, channel->item_size), item, channel->item_size);
    cursor->index++;
    mag_tail_publish(&channel->ends);
}

/* Takes the item in the head's cell.  The head's lock is held, and there is an item.
 * Returns the segment that is left behind, or NULL. */
static inline struct mag_segment *mag_channel_pull(struct mag_channel *channel,
                                                   void *ret_item)
{
    struct mag_cursor *cursor = &channel->ends.head.cursor;
    struct mag_segment *left = NULL;

    if (MAG_UNLIKELY(mag_cursor_is_spent(cursor)))
        left = mag_cursor_turn(cursor);
    mag_item_copy(ret_item, mag_cursor_cell(cursor, channel->item_size),
                  channel->item_size);
    cursor->index++;
    mag_head_publish(&channel->ends);
    return left;
}

#endif

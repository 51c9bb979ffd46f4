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

/* Levels of an ordered channel; the first is received first.  Others have one level. */
enum { MAG_CHANNEL_LEVELS = 3 };

/* The items of one level of an ordered channel. */
struct mag_lane {
    struct mag_cursor tail; /* [B] */
    struct mag_cursor head; /* [B] */
    uint64_t count;         /* [B] */
};

struct mag_channel {
    struct mag_ends ends;
    struct mag_channel_type *type; /* [I] */
    uint64_t capacity;             /* [I] MAG_CHANNEL_UNBOUNDED: no limit */
    size_t item_size;              /* [I] */
    bool is_closed;                /* [B] */
    int end_code;                  /* [B] what receivers get at the end */
    struct mag_wait_list senders[MAG_CHANNEL_LEVELS]; /* [B] */
    struct mag_wait_list receivers;                   /* [B] */
    uint64_t handed;                                  /* [B] items that were in no cell */
    bool has_levels;                                  /* [I] */
    struct mag_lane lanes[MAG_CHANNEL_LEVELS];        /* if it has levels */
};

/* The state of a wait. */
enum {
    MAG_WAIT_BEGINS,   /* belongs to the thread that makes it */
    MAG_WAIT_LISTED,   /* in a list */
    MAG_WAIT_TAKEN,    /* belongs to the thread that completes it */
    MAG_WAIT_CANCELED, /* canceled before it was in a list: never gets there */
};

/* What is to be done when the locks are released.  Waits and segments are linked. */
struct mag_rest {
    struct mag_segment *left;        /* to be given back */
    struct mag_channel_wait *served; /* to be completed, in this order */
    struct mag_channel_wait *last;
};

static inline void mag_rest_add(struct mag_rest *rest, struct mag_channel_wait *wait)
{
    wait->next = NULL;
    if (rest->last != NULL)
        rest->last->next = wait;
    else
        rest->served = wait;
    rest->last = wait;
}

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

/* Adds a segment to an unbounded channel where `cursor`, of the tail, has no cell.  No
 * lock is held.  0; -ENOMEM. */
int mag_segments_add(struct mag_channel *channel, struct mag_cursor *cursor);

/* Gives back segments that the head has left behind, linked by `next`; NULL: none. */
void mag_segments_give(struct mag_channel *channel, struct mag_segment *segment);

/* --------------------------------------------------------------------- channel_wait.c */

/* Appends a wait to its channel's list.  Both locks are held. */
void mag_wait_append(struct mag_channel_wait *wait);

/* Takes the first waiting sender, or receiver, out of its list for the calling thread;
 * NULL: nobody waits.  Both locks are held. */
struct mag_channel_wait *mag_wait_first_sender(struct mag_channel *channel);
void mag_wait_take(struct mag_channel_wait *wait);
struct mag_channel_wait *mag_wait_take_receiver(struct mag_channel *channel);

/* Completes a wait that this thread has taken; no lock is held.  Afterwards the channel
 * may be gone. */
void mag_wait_complete(struct mag_channel_wait *wait, int error);

/* Completes waits that are linked by `next`. */
void mag_waits_complete(struct mag_channel_wait *first, int error);

/* Makes a wait of a new operation of `type`; 0, -ENOMEM.  The caller fills in what to
 * send, or where to put what is received. */
int mag_wait_make(struct mag_channel *channel, struct mag_operation_type *type,
                  struct mag_channel_waiter **ret_waiter);

/* Makes a wait whose `waiter` is set, in memory of the awaiter's, ready. */
void mag_wait_init(struct mag_channel_wait *wait, struct mag_channel *channel);

/* From here on the wait is canceled if `cancel` fires.  NULL: nobody cancels it.  0;
 * -ECANCELED it has fired. */
int mag_wait_share(struct mag_channel_wait *wait, struct mag_cancel *cancel);

/* Gives back a wait that was in no list. */
void mag_wait_return(struct mag_channel_wait *wait);

/* -------------------------------------------- channel_receive.c, channel_select.c */

/* Receives one item if there is one.  Both locks are held. */
enum mag_flow mag_channel_take(struct mag_channel *channel, void *ret_item,
                               struct mag_rest *rest);

/* When the locks are released. */
void mag_channel_finish(struct mag_channel *channel, const struct mag_rest *rest);

/* The outcome of a select that has got an item, or whose channel has ended. */
void mag_select_complete(struct mag_channel_wait *wait, int error);

/* True: the caller gets the select of this wait, which it has taken. */
bool mag_select_claim(struct mag_channel_wait *wait);

/* -------------------------------------------------------------------- inline parts */

/* Stores an item in the cell of a cursor of the tail.  Its lock is held, and there is
 * room and a cell. */
static inline void mag_channel_put(struct mag_channel *channel, struct mag_cursor *cursor,
                                   const void *item)
{
    if (MAG_UNLIKELY(mag_cursor_is_spent(cursor)))
        (void)mag_cursor_turn(cursor);
    mag_item_copy(mag_cursor_cell(cursor), item, cursor->item_size);
    cursor->index++;
    mag_tail_publish(&channel->ends);
}

/* Takes the item in the cell of a cursor of the head.  Its lock is held, and there is an
 * item.  Returns the segment that is left behind, or NULL. */
static inline struct mag_segment *
mag_channel_pull(struct mag_channel *channel, struct mag_cursor *cursor, void *ret_item)
{
    struct mag_segment *left = NULL;

    if (MAG_UNLIKELY(mag_cursor_is_spent(cursor)))
        left = mag_cursor_turn(cursor);
    mag_item_copy(ret_item, mag_cursor_cell(cursor), cursor->item_size);
    cursor->index++;
    mag_head_publish(&channel->ends);
    return left;
}

/* The cursor of the tail for items of a level. */
static inline struct mag_cursor *mag_channel_tail(struct mag_channel *channel,
                                                  unsigned level)
{
    return channel->has_levels ? &channel->lanes[level].tail : &channel->ends.tail.cursor;
}

/* Stores an item, with both locks. */
static inline void mag_channel_store(struct mag_channel *channel, const void *item,
                                     unsigned level)
{
    mag_channel_put(channel, mag_channel_tail(channel, level), item);
    if (channel->has_levels)
        channel->lanes[level].count++;
}

/* The item that a wait sends was sent. */
static inline void mag_wait_advance(struct mag_channel_wait *wait, size_t item_size)
{
    wait->items += item_size;
    wait->left--;
    wait->moved++;
}

#endif

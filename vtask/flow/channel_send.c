/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/channel.h"

#include <magpie/connected.h>

#include <errno.h>

/* Waits for room with items that stay where they are; the result is a word. */
static struct mag_operation_type send_type =
    MAG_OPERATION_TYPE(struct mag_channel_waiter);

/* What is to be sent. */
struct parcel {
    const char *items;
    size_t count; /* left to be sent */
    size_t sent;
    unsigned level;
};

static void advance_parcel(struct parcel *parcel, size_t item_size)
{
    parcel->items += item_size;
    parcel->count--;
    parcel->sent++;
}

/* Hands the first item to a waiting receiver, or stores it.  Both locks are held. */
static enum mag_flow send_locked(struct mag_channel *channel, const struct parcel *parcel,
                                 struct mag_rest *rest)
{
    struct mag_channel_wait *receiver;

    if (channel->is_closed)
        return MAG_FLOW_OVER;
    receiver = mag_wait_take_receiver(channel);
    if (receiver != NULL) {
        mag_item_copy(receiver->place, parcel->items, channel->item_size);
        receiver->moved = 1;
        channel->handed++;
        mag_rest_add(rest, receiver);
        return MAG_FLOW_DONE;
    }
    if (mag_ends_count(&channel->ends) >= channel->ends.tail.capacity)
        return MAG_FLOW_NONE;
    if (mag_cursor_is_stuck(mag_channel_tail(channel, parcel->level)))
        return MAG_FLOW_STUCK;
    mag_channel_store(channel, parcel->items, parcel->level);
    return MAG_FLOW_DONE;
}

/* Both locks are held. */
static enum mag_flow send_batch_locked(struct mag_channel *channel, struct parcel *parcel,
                                       struct mag_rest *rest)
{
    enum mag_flow flow = MAG_FLOW_DONE;

    for (unsigned i = 0;
         i < MAG_CHANNEL_BATCH && parcel->count != 0 && flow == MAG_FLOW_DONE; i++) {
        flow = send_locked(channel, parcel, rest);
        if (flow == MAG_FLOW_DONE)
            advance_parcel(parcel, channel->item_size);
    }
    return flow;
}

/* Lists a wait, unless it was canceled.  Both locks are held. */
static enum mag_flow list_sender(struct mag_channel_wait *wait,
                                 const struct parcel *parcel)
{
    if (wait->state != MAG_WAIT_BEGINS)
        return MAG_FLOW_NONE;
    wait->items = parcel->items;
    wait->left = parcel->count;
    wait->moved = parcel->sent;
    mag_wait_append(wait);
    return MAG_FLOW_LISTED;
}

/* Called with the tail's lock held, which it releases.  Where there is no room, `wait`,
 * if any, waits for it. */
static enum mag_flow send_slow(struct mag_channel *channel, struct parcel *parcel,
                               struct mag_channel_wait *wait)
{
    for (;;) {
        struct mag_rest rest = {NULL, NULL, NULL};
        enum mag_flow flow;

        mag_ends_join(&channel->ends);
        flow = send_batch_locked(channel, parcel, &rest);
        if (flow == MAG_FLOW_NONE && wait != NULL)
            flow = list_sender(wait, parcel);
        mag_ends_unlock(&channel->ends);
        mag_waits_complete(rest.served, 0);
        if (flow == MAG_FLOW_STUCK &&
            mag_segments_add(channel, mag_channel_tail(channel, parcel->level)) < 0)
            return MAG_FLOW_NO_MEMORY;
        if (flow != MAG_FLOW_STUCK && (flow != MAG_FLOW_DONE || parcel->count == 0))
            return flow;
        mag_end_lock(&channel->ends.tail);
    }
}

/* The level of a priority. */
static unsigned level_of_priority(const struct mag_channel *channel, int priority)
{
    if (!channel->has_levels)
        return 0;
    return priority > 0 ? 0 : priority == 0 ? 1 : 2;
}

static int code_of_send(enum mag_flow flow)
{
    if (flow == MAG_FLOW_DONE)
        return 0;
    return flow == MAG_FLOW_NONE   ? -EAGAIN
           : flow == MAG_FLOW_OVER ? MAG_CHANNEL_CLOSED
                                   : -ENOMEM;
}

static mag_vtask outcome_of_send(enum mag_flow flow)
{
    return flow == MAG_FLOW_DONE ? MAG_VTASK_COMPLETED
                                 : mag_vtask_failed(code_of_send(flow), 0);
}

static mag_vtask canceled_by(struct mag_cancel *cancel)
{
    return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
}

/* Sends a parcel for which there was no room; the wait is new, and `task` its task, or
 * MAG_STARTED if it is connected. */
static mag_vtask send_waiting(struct mag_channel_wait *wait, mag_vtask task,
                              struct parcel *parcel, struct mag_cancel *cancel)
{
    struct mag_channel *channel = wait->channel;
    enum mag_flow flow = MAG_FLOW_NONE;

    wait->is_send = true;
    wait->level = (uint8_t)parcel->level;
    if (mag_wait_share(wait, cancel) == 0) {
        mag_end_lock(&channel->ends.tail);
        flow = send_slow(channel, parcel, wait);
        if (flow == MAG_FLOW_LISTED)
            return task;
    }
    /* Items that were sent all the same were not canceled. */
    mag_wait_return(wait);
    return flow == MAG_FLOW_NONE ? canceled_by(cancel) : outcome_of_send(flow);
}

/* Called with the tail's lock held, where there is room and no cell: adds a segment.
 * Returns as enter_tail. */
static MAG_COLD enum mag_flow grow_tail(struct mag_channel *channel)
{
    struct mag_cursor *cursor = &channel->ends.tail.cursor;

    do {
        mag_tail_leave(&channel->ends);
        if (mag_segments_add(channel, cursor) < 0)
            return MAG_FLOW_NO_MEMORY;
        if (mag_tail_enter(&channel->ends) != MAG_ENTRY_FREE)
            return MAG_FLOW_STUCK;
    } while (mag_cursor_is_stuck(cursor));
    return MAG_FLOW_DONE;
}

/* Locks the tail if an item can be stored with its lock alone.  An unbounded channel gets
 * a segment when it needs one.  MAG_FLOW_STUCK: the lock is held, and send_slow must go
 * on.  MAG_FLOW_NO_MEMORY: the lock is not held. */
static inline enum mag_flow enter_tail(struct mag_channel *channel)
{
    if (MAG_UNLIKELY(mag_tail_enter(&channel->ends) != MAG_ENTRY_FREE))
        return MAG_FLOW_STUCK;
    if (MAG_UNLIKELY(mag_cursor_is_stuck(&channel->ends.tail.cursor)))
        return grow_tail(channel);
    return MAG_FLOW_DONE;
}

/* --------------------------------------------------------------------- one item */

/* Called with the tail's lock held, which it releases. */
static MAG_NOINLINE mag_vtask send_at_last(struct mag_channel *channel,
                                           struct parcel parcel,
                                           struct mag_cancel *cancel)
{
    enum mag_flow flow = send_slow(channel, &parcel, NULL);
    struct mag_channel_waiter *waiter;

    if (flow != MAG_FLOW_NONE)
        return outcome_of_send(flow);
    if (mag_wait_make(channel, &channel->type->waiters, &waiter) < 0)
        return outcome_of_send(MAG_FLOW_NO_MEMORY);
    char *copy = (char *)waiter + channel->type->item_offset;
    mag_item_copy(copy, parcel.items, channel->item_size);
    parcel.items = copy;
    return send_waiting(&waiter->wait, mag_operation_task(&waiter->operation), &parcel,
                        cancel);
}

/* As enter_tail; MAG_FLOW_DONE: the item is sent, and the lock released. */
static inline enum mag_flow send_fast(struct mag_channel *channel, const void *item)
{
    enum mag_flow flow = enter_tail(channel);

    if (MAG_UNLIKELY(flow != MAG_FLOW_DONE))
        return flow;
    mag_channel_put(channel, &channel->ends.tail.cursor, item);
    mag_tail_leave(&channel->ends);
    return MAG_FLOW_DONE;
}

mag_vtask mag_channel_send(struct mag_channel *channel, const void *item, int priority,
                           struct mag_cancel *cancel)
{
    if (MAG_UNLIKELY(mag_cancel_has_fired(cancel)))
        return canceled_by(cancel);
    enum mag_flow flow = send_fast(channel, item);
    if (MAG_LIKELY(flow == MAG_FLOW_DONE))
        return MAG_VTASK_COMPLETED;
    if (MAG_UNLIKELY(flow == MAG_FLOW_NO_MEMORY))
        return outcome_of_send(flow);
    return send_at_last(channel,
                        (struct parcel){item, 1, 0, level_of_priority(channel, priority)},
                        cancel);
}

/* The item of a connected send that waits is in `place`. */
static inline mag_vtask connect_send(struct mag_channel *channel, struct parcel parcel,
                                     struct mag_channel_wait *wait, void *place,
                                     struct mag_cancel *cancel)
{
    enum mag_flow flow;

    if (MAG_UNLIKELY(mag_cancel_has_fired(cancel)))
        return canceled_by(cancel);
    flow = send_fast(channel, parcel.items);
    if (MAG_UNLIKELY(flow == MAG_FLOW_STUCK))
        flow = send_slow(channel, &parcel, NULL);
    if (flow != MAG_FLOW_NONE)
        return outcome_of_send(flow);
    mag_wait_init(wait, channel);
    mag_item_copy(place, parcel.items, channel->item_size);
    parcel.items = place;
    return send_waiting(wait, MAG_STARTED, &parcel, cancel);
}

mag_vtask mag_channel_send_begin(struct mag_channel *channel, const void *item,
                                 struct mag_channel_wait *wait, void *place,
                                 struct mag_cancel *cancel)
{
    struct parcel parcel = {item, 1, 0, level_of_priority(channel, 0)};

    return connect_send(channel, parcel, wait, place, cancel);
}

mag_vtask mag_channel_send_at_begin(struct mag_channel *channel, const void *item,
                                    int priority, struct mag_channel_wait *wait,
                                    struct mag_cancel *cancel)
{
    struct parcel parcel = {item, 1, 0, level_of_priority(channel, priority)};

    return connect_send(channel, parcel, wait, wait->place, cancel);
}

int mag_channel_try_send(struct mag_channel *channel, const void *item, int priority)
{
    struct parcel parcel = {item, 1, 0, 0};
    enum mag_flow flow = send_fast(channel, item);

    if (MAG_UNLIKELY(flow == MAG_FLOW_STUCK)) {
        parcel.level = level_of_priority(channel, priority);
        flow = send_slow(channel, &parcel, NULL);
    }
    return code_of_send(flow);
}

/* ------------------------------------------------------------------- many items */

/* Sends as many items as the fast path can.  MAG_FLOW_DONE: all.  Otherwise as
 * enter_tail. */
static enum mag_flow send_many_fast(struct mag_channel *channel, struct parcel *parcel)
{
    struct mag_cursor *cursor = &channel->ends.tail.cursor;
    struct mag_end *tail = &channel->ends.tail;

    while (parcel->count != 0) {
        enum mag_flow flow = enter_tail(channel);

        if (flow != MAG_FLOW_DONE)
            return flow;
        uint64_t room = tail->capacity - (tail->position - tail->seen);
        for (uint64_t i = 0; i < room && i < MAG_CHANNEL_BATCH && parcel->count != 0 &&
                             !mag_cursor_is_stuck(cursor);
             i++) {
            mag_channel_put(channel, cursor, parcel->items);
            advance_parcel(parcel, channel->item_size);
        }
        mag_tail_leave(&channel->ends);
    }
    return MAG_FLOW_DONE;
}

/* Sends as many items as there is room for.  MAG_FLOW_NONE: not all. */
static enum mag_flow send_many_now(struct mag_channel *channel, struct parcel *parcel)
{
    enum mag_flow flow = send_many_fast(channel, parcel);

    return flow == MAG_FLOW_STUCK ? send_slow(channel, parcel, NULL) : flow;
}

/* Sends the items for which there was no room. */
static mag_vtask send_rest(struct mag_channel *channel, struct parcel *parcel,
                           struct mag_cancel *cancel, size_t *ret_sent)
{
    struct mag_channel_waiter *waiter;

    if (mag_wait_make(channel, &send_type, &waiter) < 0)
        return outcome_of_send(MAG_FLOW_NO_MEMORY);
    waiter->wait.ret_moved = ret_sent;
    return send_waiting(&waiter->wait, mag_operation_task(&waiter->operation), parcel,
                        cancel);
}

mag_vtask mag_channel_send_many(struct mag_channel *channel, const void *items,
                                size_t count, struct mag_cancel *cancel, size_t *ret_sent)
{
    struct parcel parcel = {items, count, 0, level_of_priority(channel, 0)};
    size_t ignored = 0;
    size_t *sent = ret_sent != NULL ? ret_sent : &ignored;

    *sent = 0;
    if (mag_cancel_has_fired(cancel))
        return canceled_by(cancel);
    enum mag_flow flow = send_many_now(channel, &parcel);
    mag_vtask task = flow == MAG_FLOW_NONE ? send_rest(channel, &parcel, cancel, ret_sent)
                                           : outcome_of_send(flow);
    /* A task that is pending may be complete by now, and has its own number. */
    if (task.backing == 0 || (task.backing & MAG_VTASK_KIND) == MAG_VTASK_ERROR)
        *sent = parcel.sent;
    return task;
}

mag_vtask mag_channel_send_many_begin(struct mag_channel *channel,
                                      struct mag_channel_wait *wait,
                                      struct mag_cancel *cancel)
{
    struct parcel parcel = {wait->items, wait->left, 0, level_of_priority(channel, 0)};
    size_t *ret_sent = wait->ret_moved;
    mag_vtask task = canceled_by(cancel);

    if (!mag_cancel_has_fired(cancel)) {
        enum mag_flow flow = send_many_now(channel, &parcel);
        if (flow == MAG_FLOW_NONE) {
            mag_wait_init(wait, channel);
            wait->ret_moved = ret_sent;
            task = send_waiting(wait, MAG_STARTED, &parcel, cancel);
        } else {
            task = outcome_of_send(flow);
        }
    }
    /* A wait that has begun has its own number, and its place may be gone. */
    if (ret_sent != NULL && !mag_vtask_is_started(task))
        *ret_sent = parcel.sent;
    return task;
}

int mag_channel_try_send_many(struct mag_channel *channel, const void *items,
                              size_t count, size_t *ret_sent)
{
    struct parcel parcel = {items, count, 0, level_of_priority(channel, 0)};
    enum mag_flow flow = send_many_now(channel, &parcel);

    *ret_sent = parcel.sent;
    return code_of_send(flow);
}

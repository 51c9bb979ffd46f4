/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/channel.h"

#include <magpie/connected.h>

#include <errno.h>

/* Waits for items whose places are the caller's; the result is their number. */
static struct mag_operation_type receive_type =
    MAG_OPERATION_TYPE(struct mag_channel_waiter);

/* ---------------------------------------------------------------- with both locks */

static struct mag_segment *pull_first_level(struct mag_channel *channel, void *ret_item)
{
    struct mag_lane *lane = channel->lanes;

    while (lane->count == 0)
        lane++;
    lane->count--;
    return mag_channel_pull(channel, &lane->head, ret_item);
}

static void pull_locked(struct mag_channel *channel, void *ret_item,
                        struct mag_rest *rest)
{
    struct mag_segment *left =
        channel->has_levels
            ? pull_first_level(channel, ret_item)
            : mag_channel_pull(channel, &channel->ends.head.cursor, ret_item);

    if (left == NULL)
        return;
    left->next = rest->left;
    rest->left = left;
}

/* The item of a waiting sender was taken: the next one waits, or the wait is over. */
static void advance_sender(struct mag_channel *channel, struct mag_channel_wait *sender,
                           struct mag_rest *rest)
{
    mag_wait_advance(sender, channel->item_size);
    if (sender->left != 0)
        return;
    mag_wait_take(sender);
    mag_rest_add(rest, sender);
}

/* Takes the first item, and lets the first waiting sender take its room. */
enum mag_flow mag_channel_take(struct mag_channel *channel, void *ret_item,
                               struct mag_rest *rest)
{
    struct mag_channel_wait *sender = mag_wait_first_sender(channel);

    if (mag_ends_count(&channel->ends) != 0) {
        pull_locked(channel, ret_item, rest);
        if (sender != NULL) {
            mag_channel_store(channel, sender->items, sender->level);
            advance_sender(channel, sender, rest);
        }
        return MAG_FLOW_DONE;
    }
    if (sender != NULL) {
        /* A channel without cells. */
        mag_item_copy(ret_item, sender->items, channel->item_size);
        channel->handed++;
        advance_sender(channel, sender, rest);
        return MAG_FLOW_DONE;
    }
    return channel->is_closed ? MAG_FLOW_OVER : MAG_FLOW_NONE;
}

void mag_channel_finish(struct mag_channel *channel, const struct mag_rest *rest)
{
    mag_segments_give(channel, rest->left);
    mag_waits_complete(rest->served, 0);
}

/* Receives up to `room` items; where there is none, `wait`, if any, waits for one. */
static enum mag_flow receive_slow(struct mag_channel *channel, void *ret_items,
                                  size_t room, size_t *ret_count,
                                  struct mag_channel_wait *wait)
{
    struct mag_rest rest = {NULL, NULL, NULL};
    enum mag_flow flow = MAG_FLOW_DONE;
    char *place = ret_items;
    size_t count = 0;

    mag_ends_lock(&channel->ends);
    while (count < room && count < MAG_CHANNEL_BATCH && flow == MAG_FLOW_DONE) {
        flow = mag_channel_take(channel, place, &rest);
        place += channel->item_size;
        count += flow == MAG_FLOW_DONE;
    }
    if (count != 0) {
        flow = MAG_FLOW_DONE;
    } else if (flow == MAG_FLOW_NONE && wait != NULL && wait->state == MAG_WAIT_BEGINS) {
        mag_wait_append(wait);
        flow = MAG_FLOW_LISTED;
    }
    mag_ends_unlock(&channel->ends);
    /* A channel that a receiver waits for may be gone. */
    if (flow == MAG_FLOW_DONE)
        mag_channel_finish(channel, &rest);
    *ret_count = count;
    return flow;
}

/* `end_code` does not change any more. */
static mag_vtask outcome_of_receive(const struct mag_channel *channel, enum mag_flow flow,
                                    size_t count)
{
    return flow == MAG_FLOW_DONE ? mag_vtask_result(count)
                                 : mag_vtask_failed(channel->end_code, 0);
}

/* `task` is that of the wait; MAG_STARTED if it is connected. */
static mag_vtask receive_waiting(struct mag_channel_wait *wait, mag_vtask task,
                                 void *ret_items, size_t room, struct mag_cancel *cancel)
{
    struct mag_channel *channel = wait->channel;
    enum mag_flow flow = MAG_FLOW_NONE;
    size_t count = 0;

    if (mag_wait_share(wait, cancel) == 0) {
        flow = receive_slow(channel, ret_items, room, &count, wait);
        if (flow == MAG_FLOW_LISTED)
            return task;
    }
    /* Items that were received all the same were not canceled. */
    mag_wait_return(wait);
    return flow == MAG_FLOW_NONE ? mag_vtask_failed(-ECANCELED, (uintptr_t)cancel)
                                 : outcome_of_receive(channel, flow, count);
}

/* ----------------------------------------------------------------------- one item */

/* Receives with the head's lock alone if that suffices.  MAG_FLOW_STUCK: senders wait. */
static inline enum mag_flow receive_fast(struct mag_channel *channel, void *ret_item)
{
    enum mag_entry entry = mag_head_enter(&channel->ends);

    if (MAG_LIKELY(entry == MAG_ENTRY_FREE)) {
        struct mag_segment *left =
            mag_channel_pull(channel, &channel->ends.head.cursor, ret_item);
        mag_head_leave(&channel->ends);
        if (MAG_UNLIKELY(left != NULL)) {
            left->next = NULL;
            mag_segments_give(channel, left);
        }
        return MAG_FLOW_DONE;
    }
    /* A channel that was closed when the lock was taken has got its last item before. */
    bool is_over = channel->is_closed;
    mag_head_leave(&channel->ends);
    if (entry == MAG_ENTRY_SLOW)
        return MAG_FLOW_STUCK;
    return is_over ? MAG_FLOW_OVER : MAG_FLOW_NONE;
}

static MAG_NOINLINE mag_vtask receive_at_last(struct mag_channel *channel, void *ret_item,
                                              struct mag_cancel *cancel,
                                              enum mag_flow flow)
{
    struct mag_channel_waiter *waiter;
    size_t count = 0;

    if (flow == MAG_FLOW_STUCK)
        flow = receive_slow(channel, ret_item, 1, &count, NULL);
    if (flow != MAG_FLOW_NONE)
        return outcome_of_receive(channel, flow, count);
    if (mag_wait_make(channel, &channel->type->waiters, &waiter) < 0)
        return mag_vtask_failed(-ENOMEM, 0);
    waiter->wait.place = (char *)waiter + channel->type->item_offset;
    return receive_waiting(&waiter->wait, mag_operation_task(&waiter->operation),
                           ret_item, 1, cancel);
}

mag_vtask mag_channel_receive(struct mag_channel *channel, void *ret_item,
                              struct mag_cancel *cancel)
{
    enum mag_flow flow;

    if (MAG_UNLIKELY(mag_cancel_has_fired(cancel)))
        return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    flow = receive_fast(channel, ret_item);
    if (MAG_LIKELY(flow == MAG_FLOW_DONE))
        return MAG_VTASK_COMPLETED;
    return receive_at_last(channel, ret_item, cancel, flow);
}

mag_vtask mag_channel_receive_begin(struct mag_channel *channel, void *ret_item,
                                    struct mag_channel_wait *wait, void *place,
                                    struct mag_cancel *cancel)
{
    enum mag_flow flow;
    size_t count = 0;

    if (MAG_UNLIKELY(mag_cancel_has_fired(cancel)))
        return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    flow = receive_fast(channel, ret_item);
    if (MAG_LIKELY(flow == MAG_FLOW_DONE))
        return MAG_VTASK_COMPLETED;
    if (flow == MAG_FLOW_STUCK)
        flow = receive_slow(channel, ret_item, 1, &count, NULL);
    if (flow != MAG_FLOW_NONE)
        return outcome_of_receive(channel, flow, count);
    mag_wait_init(wait, channel);
    wait->place = place;
    return receive_waiting(wait, MAG_STARTED, ret_item, 1, cancel);
}

static int code_of_receive(const struct mag_channel *channel, enum mag_flow flow)
{
    if (flow == MAG_FLOW_DONE)
        return 0;
    return flow == MAG_FLOW_NONE ? -EAGAIN : channel->end_code;
}

int mag_channel_try_receive(struct mag_channel *channel, void *ret_item)
{
    enum mag_flow flow = receive_fast(channel, ret_item);
    size_t count;

    if (MAG_UNLIKELY(flow == MAG_FLOW_STUCK))
        flow = receive_slow(channel, ret_item, 1, &count, NULL);
    return code_of_receive(channel, flow);
}

/* ---------------------------------------------------------------------- many items */

/* As receive_fast, up to `room` items, and 0 of them if not MAG_FLOW_DONE. */
static enum mag_flow receive_many_fast(struct mag_channel *channel, void *ret_items,
                                       size_t room, size_t *ret_count)
{
    enum mag_entry entry = mag_head_enter(&channel->ends);
    struct mag_end *head = &channel->ends.head;
    struct mag_rest rest = {NULL, NULL, NULL};
    char *place = ret_items;
    size_t count = 0;

    while (entry == MAG_ENTRY_FREE && count < room && count < MAG_CHANNEL_BATCH &&
           head->position < head->seen) {
        pull_locked(channel, place, &rest);
        place += channel->item_size;
        count++;
    }
    bool is_over = channel->is_closed;
    mag_head_leave(&channel->ends);
    *ret_count = count;
    if (count != 0) {
        mag_segments_give(channel, rest.left);
        return MAG_FLOW_DONE;
    }
    if (entry == MAG_ENTRY_SLOW)
        return MAG_FLOW_STUCK;
    return is_over ? MAG_FLOW_OVER : MAG_FLOW_NONE;
}

/* Receives up to `room` items, not 0, that are there. */
static enum mag_flow receive_many_now(struct mag_channel *channel, void *ret_items,
                                      size_t room, size_t *ret_count)
{
    enum mag_flow flow = receive_many_fast(channel, ret_items, room, ret_count);

    return flow == MAG_FLOW_STUCK
               ? receive_slow(channel, ret_items, room, ret_count, NULL)
               : flow;
}

int mag_channel_try_receive_many(struct mag_channel *channel, void *ret_items,
                                 size_t room, size_t *ret_count)
{
    size_t count = 0;
    enum mag_flow flow =
        room == 0 ? MAG_FLOW_DONE : receive_many_now(channel, ret_items, room, &count);

    if (flow == MAG_FLOW_DONE)
        *ret_count = count;
    return code_of_receive(channel, flow);
}

/* Both forms of a receive of many items.  True: the outcome is in `*ret_task`; false: the
 * receive has to wait. */
static bool receive_many_at_once(struct mag_channel *channel, void *ret_items,
                                 size_t room, struct mag_cancel *cancel,
                                 mag_vtask *ret_task)
{
    enum mag_flow flow;
    size_t count = 0;

    if (mag_cancel_has_fired(cancel)) {
        *ret_task = mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
        return true;
    }
    if (room == 0) {
        *ret_task = mag_vtask_result(0);
        return true;
    }
    flow = receive_many_now(channel, ret_items, room, &count);
    if (flow != MAG_FLOW_NONE)
        *ret_task = outcome_of_receive(channel, flow, count);
    return flow != MAG_FLOW_NONE;
}

mag_vtask mag_channel_receive_many(struct mag_channel *channel, void *ret_items,
                                   size_t room, struct mag_cancel *cancel)
{
    struct mag_channel_waiter *waiter;
    mag_vtask task;

    if (receive_many_at_once(channel, ret_items, room, cancel, &task))
        return task;
    if (mag_wait_make(channel, &receive_type, &waiter) < 0)
        return mag_vtask_failed(-ENOMEM, 0);
    waiter->wait.place = ret_items;
    return receive_waiting(&waiter->wait, mag_operation_task(&waiter->operation),
                           ret_items, room, cancel);
}

mag_vtask mag_channel_receive_many_begin(struct mag_channel *channel, void *ret_items,
                                         size_t room, struct mag_channel_wait *wait,
                                         struct mag_cancel *cancel)
{
    mag_vtask task;

    if (receive_many_at_once(channel, ret_items, room, cancel, &task))
        return task;
    mag_wait_init(wait, channel);
    wait->item_size = MAG_CHANNEL_COUNTS;
    wait->place = ret_items;
    return receive_waiting(wait, MAG_STARTED, ret_items, room, cancel);
}

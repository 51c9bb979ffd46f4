/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/channel.h"

#include <errno.h>

/* Hands the item to a waiting receiver, which is then to be completed, or stores it.
 * Both locks are held. */
static enum mag_flow send_locked(struct mag_channel *channel, const void *item,
                                 struct mag_channel_wait **ret_receiver)
{
    if (channel->is_closed)
        return MAG_FLOW_OVER;
    *ret_receiver = mag_wait_take(&channel->receivers, &channel->ends.tail);
    if (*ret_receiver != NULL) {
        mag_item_copy((*ret_receiver)->place, item, channel->item_size);
        channel->handed++;
        return MAG_FLOW_DONE;
    }
    if (mag_ends_count(&channel->ends) >= channel->capacity)
        return MAG_FLOW_NONE;
    if (mag_cursor_is_stuck(&channel->ends.tail.cursor))
        return MAG_FLOW_STUCK;
    mag_channel_put(channel, item);
    return MAG_FLOW_DONE;
}

/* Called with the tail's lock held, which it releases.  Where there is no room, the
 * `waiter`, if any, waits for it with the item. */
static enum mag_flow send_slow(struct mag_channel *channel, const void *item,
                               struct mag_channel_waiter *waiter)
{
    for (;;) {
        struct mag_channel_wait *receiver = NULL;
        enum mag_flow flow;

        mag_ends_join(&channel->ends);
        flow = send_locked(channel, item, &receiver);
        if (flow == MAG_FLOW_NONE && waiter != NULL &&
            waiter->wait.state == MAG_WAIT_BEGINS) {
            mag_item_copy(waiter->wait.place, item, channel->item_size);
            mag_wait_append(&channel->senders, &waiter->wait, &channel->ends.head);
            flow = MAG_FLOW_LISTED;
        }
        mag_ends_unlock(&channel->ends);
        if (receiver != NULL)
            mag_wait_complete(receiver, 0);
        if (flow != MAG_FLOW_STUCK)
            return flow;
        if (mag_segments_add(channel) < 0)
            return MAG_FLOW_NO_MEMORY;
        mag_spin_lock(&channel->ends.tail.lock);
    }
}

static mag_vtask outcome_of(enum mag_flow flow)
{
    if (flow == MAG_FLOW_DONE)
        return MAG_VTASK_COMPLETED;
    return mag_vtask_failed(flow == MAG_FLOW_OVER ? MAG_CHANNEL_CLOSED : -ENOMEM, 0);
}

static MAG_NOINLINE mag_vtask send_waiting(struct mag_channel *channel, const void *item,
                                           struct mag_cancel *cancel)
{
    struct mag_channel_waiter *waiter;
    int r = mag_wait_make(channel, cancel, true, &waiter);

    if (r < 0)
        return mag_vtask_failed(r, r == -ECANCELED ? (uintptr_t)cancel : 0);
    mag_vtask task = mag_operation_task(&waiter->operation);
    mag_spin_lock(&channel->ends.tail.lock);
    enum mag_flow flow = send_slow(channel, item, waiter);
    if (flow == MAG_FLOW_LISTED)
        return task;
    /* An item that was sent all the same was not canceled. */
    mag_wait_return(waiter);
    return flow == MAG_FLOW_NONE ? mag_vtask_failed(-ECANCELED, (uintptr_t)cancel)
                                 : outcome_of(flow);
}

/* Called with the tail's lock held, which it releases.  */
static MAG_NOINLINE mag_vtask send_at_last(struct mag_channel *channel, const void *item,
                                           struct mag_cancel *cancel)
{
    enum mag_flow flow = send_slow(channel, item, NULL);

    return flow == MAG_FLOW_NONE ? send_waiting(channel, item, cancel) : outcome_of(flow);
}

/* Sends if the fast path can.  Otherwise the tail's lock is held. */
static inline bool send_fast(struct mag_channel *channel, const void *item)
{
    if (MAG_UNLIKELY(mag_tail_enter(&channel->ends, channel->capacity) !=
                     MAG_ENTRY_FREE) ||
        MAG_UNLIKELY(mag_cursor_is_stuck(&channel->ends.tail.cursor)))
        return false;
    mag_channel_put(channel, item);
    mag_tail_leave(&channel->ends);
    return true;
}

mag_vtask mag_channel_send(struct mag_channel *channel, const void *item,
                           struct mag_cancel *cancel)
{
    if (MAG_UNLIKELY(mag_cancel_has_fired(cancel)))
        return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    if (MAG_LIKELY(send_fast(channel, item)))
        return MAG_VTASK_COMPLETED;
    return send_at_last(channel, item, cancel);
}

int mag_channel_try_send(struct mag_channel *channel, const void *item)
{
    enum mag_flow flow;

    if (MAG_LIKELY(send_fast(channel, item)))
        return 0;
    flow = send_slow(channel, item, NULL);
    return flow == MAG_FLOW_NONE ? -EAGAIN : mag_vtask_code(outcome_of(flow));
}

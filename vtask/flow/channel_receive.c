/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/channel.h"

#include <errno.h>

/* What is to be done when the locks are released. */
struct rest {
    struct mag_segment *left;        /* to be given back */
    struct mag_channel_wait *sender; /* to be completed */
};

static void finish_rest(struct mag_channel *channel, const struct rest *rest)
{
    mag_segment_give(channel, rest->left);
    if (rest->sender != NULL)
        mag_wait_complete(rest->sender, 0);
}

/* Takes the oldest item, and lets the first waiting sender take its room.  Both locks are
 * held. */
static enum mag_flow receive_locked(struct mag_channel *channel, void *ret_item,
                                    struct rest *rest)
{
    if (mag_ends_count(&channel->ends) != 0) {
        rest->left = mag_channel_pull(channel, ret_item);
        rest->sender = mag_wait_take(&channel->senders, &channel->ends.head);
        if (rest->sender != NULL)
            mag_channel_put(channel, rest->sender->place);
        return MAG_FLOW_DONE;
    }
    /* A channel without cells. */
    rest->sender = mag_wait_take(&channel->senders, &channel->ends.head);
    if (rest->sender != NULL) {
        mag_item_copy(ret_item, rest->sender->place, channel->item_size);
        channel->handed++;
        return MAG_FLOW_DONE;
    }
    return channel->is_closed ? MAG_FLOW_OVER : MAG_FLOW_NONE;
}

/* Where there is no item, the `waiter`, if any, waits for one. */
static enum mag_flow receive_slow(struct mag_channel *channel, void *ret_item,
                                  struct mag_channel_waiter *waiter)
{
    struct rest rest = {NULL, NULL};
    enum mag_flow flow;

    mag_ends_lock(&channel->ends);
    flow = receive_locked(channel, ret_item, &rest);
    if (flow == MAG_FLOW_NONE && waiter != NULL &&
        waiter->wait.state == MAG_WAIT_BEGINS) {
        mag_wait_append(&channel->receivers, &waiter->wait, &channel->ends.tail);
        flow = MAG_FLOW_LISTED;
    }
    mag_ends_unlock(&channel->ends);
    /* A channel that a receiver waits for may be gone. */
    if (flow == MAG_FLOW_DONE)
        finish_rest(channel, &rest);
    return flow;
}

/* `end_code` does not change any more. */
static mag_vtask outcome_of_receive(const struct mag_channel *channel, enum mag_flow flow)
{
    return flow == MAG_FLOW_DONE ? MAG_VTASK_COMPLETED
                                 : mag_vtask_failed(channel->end_code, 0);
}

static MAG_NOINLINE mag_vtask receive_waiting(struct mag_channel *channel, void *ret_item,
                                              struct mag_cancel *cancel)
{
    struct mag_channel_waiter *waiter;
    int r = mag_wait_make(channel, cancel, false, &waiter);

    if (r < 0)
        return mag_vtask_failed(r, r == -ECANCELED ? (uintptr_t)cancel : 0);
    mag_vtask task = mag_operation_task(&waiter->operation);
    enum mag_flow flow = receive_slow(channel, ret_item, waiter);
    if (flow == MAG_FLOW_LISTED)
        return task;
    /* An item that was received all the same was not canceled. */
    mag_wait_return(waiter);
    return flow == MAG_FLOW_NONE ? mag_vtask_failed(-ECANCELED, (uintptr_t)cancel)
                                 : outcome_of_receive(channel, flow);
}

/* Receives with the head's lock alone if that suffices.  MAG_FLOW_STUCK: senders wait. */
static inline enum mag_flow receive_fast(struct mag_channel *channel, void *ret_item)
{
    enum mag_entry entry = mag_head_enter(&channel->ends);

    if (MAG_LIKELY(entry == MAG_ENTRY_FREE)) {
        struct mag_segment *left = mag_channel_pull(channel, ret_item);
        mag_head_leave(&channel->ends);
        mag_segment_give(channel, left);
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
    if (flow == MAG_FLOW_STUCK)
        flow = receive_slow(channel, ret_item, NULL);
    return flow == MAG_FLOW_NONE ? receive_waiting(channel, ret_item, cancel)
                                 : outcome_of_receive(channel, flow);
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

int mag_channel_try_receive(struct mag_channel *channel, void *ret_item)
{
    enum mag_flow flow = receive_fast(channel, ret_item);

    if (MAG_UNLIKELY(flow == MAG_FLOW_STUCK))
        flow = receive_slow(channel, ret_item, NULL);
    if (MAG_LIKELY(flow == MAG_FLOW_DONE))
        return 0;
    return flow == MAG_FLOW_NONE ? -EAGAIN : channel->end_code;
}

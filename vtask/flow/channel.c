/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/channel.h"

#include "vtask/debug/debug.h"

#include <errno.h>
#include <stdlib.h>

int mag_channel_create(struct mag_channel_type *type, size_t capacity, bool has_levels,
                       struct mag_channel **ret_channel)
{
    struct mag_channel *channel =
        aligned_alloc(_Alignof(struct mag_channel), sizeof(struct mag_channel));
    int r;

    if (channel == NULL)
        return -ENOMEM;
    memset(channel, 0, sizeof(*channel));
    mag_end_init(&channel->ends.tail, capacity);
    mag_end_init(&channel->ends.head, 0);
    channel->type = type;
    channel->item_size = type->item_size;
    channel->has_levels = has_levels;
    if (has_levels) {
        channel->ends.tail.flags = MAG_END_BOTH;
        channel->ends.head.flags = MAG_END_BOTH;
    }
    r = mag_segments_make(channel);
    if (r < 0)
        free(channel);
    else
        *ret_channel = channel;
    return r;
}

void mag_channel_destroy(struct mag_channel *channel)
{
    if (channel == NULL)
        return;
    /* A call whose effect the caller has seen may be about to release a lock. */
    mag_ends_lock(&channel->ends);
    mag_segments_free(channel);
    free(channel);
}

/* Takes all waits out of their lists. */
static void take_senders(struct mag_channel *channel, struct mag_rest *ret_senders)
{
    struct mag_channel_wait *wait;

    while ((wait = mag_wait_first_sender(channel)) != NULL) {
        mag_wait_take(wait);
        mag_rest_add(ret_senders, wait);
    }
}

static void take_receivers(struct mag_channel *channel, struct mag_rest *ret_receivers)
{
    struct mag_channel_wait *wait;

    while ((wait = mag_wait_take_receiver(channel)) != NULL)
        mag_rest_add(ret_receivers, wait);
}

bool mag_channel_close(struct mag_channel *channel, int error)
{
    struct mag_rest senders = {NULL, NULL, NULL};
    struct mag_rest receivers = {NULL, NULL, NULL};
    int code = error != 0 ? error : MAG_CHANNEL_END;

    if (mag_is_misuse(error)) {
        (void)mag_misuse_argument(MAG_E_ARG);
        return false;
    }
    mag_ends_lock(&channel->ends);
    if (channel->is_closed) {
        mag_ends_unlock(&channel->ends);
        return false;
    }
    channel->is_closed = true;
    channel->end_code = code;
    channel->ends.tail.flags |= MAG_END_CLOSED;
    take_senders(channel, &senders);
    take_receivers(channel, &receivers);
    mag_ends_unlock(&channel->ends);
    mag_waits_complete(senders.served, MAG_CHANNEL_CLOSED);
    mag_waits_complete(receivers.served, code);
    return true;
}

void mag_channel_query(struct mag_channel *channel, struct mag_channel_info *ret_info)
{
    mag_ends_lock(&channel->ends);
    ret_info->items = mag_ends_count(&channel->ends);
    ret_info->sent = channel->ends.tail.position + channel->handed;
    ret_info->received = channel->ends.head.position + channel->handed;
    ret_info->senders = 0;
    for (unsigned level = 0; level < MAG_CHANNEL_LEVELS; level++)
        ret_info->senders += channel->senders[level].count;
    ret_info->receivers = channel->receivers.count;
    ret_info->is_closed = channel->is_closed;
    mag_ends_unlock(&channel->ends);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/flow/channel.h"

#include "vtask/debug/debug.h"

#include <errno.h>
#include <stdlib.h>

int mag_channel_create(struct mag_channel_type *type, size_t capacity,
                       struct mag_channel **ret_channel)
{
    struct mag_channel *channel =
        aligned_alloc(_Alignof(struct mag_channel), sizeof(struct mag_channel));
    int r;

    if (channel == NULL)
        return -ENOMEM;
    memset(channel, 0, sizeof(*channel));
    mag_end_init(&channel->ends.tail);
    mag_end_init(&channel->ends.head);
    channel->type = type;
    channel->capacity = capacity;
    channel->item_size = type->item_size;
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

/* Takes all waits out of a list, and links them by `next`. */
static struct mag_channel_wait *take_all(struct mag_wait_list *list, struct mag_end *end)
{
    struct mag_channel_wait *first = list->first;

    while (mag_wait_take(list, end) != NULL)
        ;
    return first;
}

static void complete_all(struct mag_channel_wait *wait, int error)
{
    while (wait != NULL) {
        struct mag_channel_wait *next = wait->next;
        mag_wait_complete(wait, error);
        wait = next;
    }
}

bool mag_channel_close(struct mag_channel *channel, int error)
{
    struct mag_channel_wait *senders;
    struct mag_channel_wait *receivers;
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
    senders = take_all(&channel->senders, &channel->ends.head);
    receivers = take_all(&channel->receivers, &channel->ends.tail);
    mag_ends_unlock(&channel->ends);
    complete_all(senders, MAG_CHANNEL_CLOSED);
    complete_all(receivers, code);
    return true;
}

void mag_channel_query(struct mag_channel *channel, struct mag_channel_info *ret_info)
{
    mag_ends_lock(&channel->ends);
    ret_info->items = mag_ends_count(&channel->ends);
    ret_info->sent = channel->ends.tail.position + channel->handed;
    ret_info->received = channel->ends.head.position + channel->handed;
    ret_info->senders = channel->senders.count;
    ret_info->receivers = channel->receivers.count;
    ret_info->is_closed = channel->is_closed;
    mag_ends_unlock(&channel->ends);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"
#include "vtask/flow/channel.h"
#include "vtask/value/kind.h"

#include <errno.h>

/* ----------------------------------------------------------------------- lists */

void mag_wait_append(struct mag_wait_list *list, struct mag_channel_wait *wait,
                     struct mag_end *end)
{
    wait->state = MAG_WAIT_LISTED;
    wait->next = NULL;
    wait->before = list->last;
    if (list->last != NULL)
        list->last->next = wait;
    else
        list->first = wait;
    list->last = wait;
    list->count++;
    end->flags |= MAG_END_AWAITED;
}

static void unlink_wait(struct mag_wait_list *list, struct mag_channel_wait *wait,
                        struct mag_end *end)
{
    wait->state = MAG_WAIT_TAKEN;
    if (wait->next != NULL)
        wait->next->before = wait->before;
    else
        list->last = wait->before;
    if (wait->before != NULL)
        wait->before->next = wait->next;
    else
        list->first = wait->next;
    if (--list->count == 0)
        end->flags &= ~(uint32_t)MAG_END_AWAITED;
}

struct mag_channel_wait *mag_wait_take(struct mag_wait_list *list, struct mag_end *end)
{
    struct mag_channel_wait *wait = list->first;

    if (wait != NULL)
        unlink_wait(list, wait, end);
    return wait;
}

/* ------------------------------------------------------------------ cancellation */

/* Waits for a callback that has begun: it then finds the wait taken, and leaves it.  The
 * wait is in no list. */
static MAG_COLD void leave_canceler(struct mag_channel_wait *wait)
{
    (void)mag_cancel_unregister(&wait->registration, true);
    wait->registration.cancel = NULL;
}

/* Takes a wait for the cancel object, if nobody else has it. */
static bool take_for_cancel(struct mag_channel_wait *wait)
{
    struct mag_channel *channel = wait->channel;
    bool is_listed;

    mag_ends_lock(&channel->ends);
    is_listed = wait->state == MAG_WAIT_LISTED;
    if (is_listed && wait->is_send)
        unlink_wait(&channel->senders, wait, &channel->ends.head);
    else if (is_listed)
        unlink_wait(&channel->receivers, wait, &channel->ends.tail);
    else if (wait->state == MAG_WAIT_BEGINS)
        wait->state = MAG_WAIT_CANCELED;
    mag_ends_unlock(&channel->ends);
    return is_listed;
}

/* The callback of a cancel object.  As long as it runs, the wait is the wait that was
 * registered: leave_canceler waits for it.  */
static void cancel_wait(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct mag_channel_wait *wait = object;

    (void)key;
    if (!take_for_cancel(wait))
        return;
    wait->registration.cancel = NULL;
    mag_core_finish(wait->core, -ECANCELED, (uintptr_t)cancel);
}

/* ---------------------------------------------------------------------- the wait */

int mag_wait_make(struct mag_channel *channel, struct mag_cancel *cancel, bool is_send,
                  struct mag_channel_waiter **ret_waiter)
{
    struct mag_channel_waiter *waiter;
    struct mag_channel_wait *wait;
    void *object;
    int r = mag_operation_rent(&channel->type->waiters, &object);

    if (r < 0)
        return r;
    waiter = object;
    /* The thread that completes it is about to go on with its own work. */
    waiter->operation.core.flags |= MAG_CORE_QUEUED;
    wait = &waiter->wait;
    wait->channel = channel;
    wait->core = &waiter->operation.core;
    wait->place = (char *)waiter + channel->type->item_offset;
    wait->state = MAG_WAIT_BEGINS;
    wait->is_send = is_send;
    wait->registration.cancel = NULL;
    if (cancel != NULL)
        r = mag_cancel_register(cancel, &wait->registration, cancel_wait, wait, 0);
    if (r < 0)
        mag_operation_return(&waiter->operation);
    else
        *ret_waiter = waiter;
    return r;
}

bool mag_wait_return(struct mag_channel_waiter *waiter)
{
    bool is_canceled;

    if (waiter->wait.registration.cancel != NULL)
        leave_canceler(&waiter->wait);
    is_canceled = waiter->wait.state == MAG_WAIT_CANCELED;
    mag_operation_return(&waiter->operation);
    return is_canceled;
}

void mag_wait_complete(struct mag_channel_wait *wait, int error)
{
    if (MAG_UNLIKELY(wait->registration.cancel != NULL))
        leave_canceler(wait);
    mag_core_finish(wait->core, error, 0);
}

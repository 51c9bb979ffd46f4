/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os.h"
#include "vtask/core/core.h"
#include "vtask/flow/channel.h"
#include "vtask/value/kind.h"

#include <magpie/connected.h>

#include <errno.h>
#include <string.h>

/* ------------------------------------------------------------------------ locks */

/*
 * How long a thread looks away from a lock that another thread has, at first and at most;
 * and after how many looks the holder may have lost its processor.
 *
 * A lock is held for about 10 ns, and whoever has released it often wants it again at
 * once.  Its line is then still there; to bring it over from another processor takes
 * longer than the send.  So a thread that finds the lock taken leaves it to the others
 * for about as many items as pay for the way.
 */
enum { AWAY_NS = 1000, AWAY_NS_MAX = 8000, AWAY_LOOKS = 16 };

static void look_away(int64_t ns)
{
    int64_t until = mag_os_now_ns() + ns;

    do
        mag_os_pause();
    while (mag_os_now_ns() < until);
}

MAG_COLD void mag_end_lock_slow(struct mag_end *end)
{
    int64_t away_ns = AWAY_NS;

    for (unsigned looks = 0;; looks++) {
        if (looks < AWAY_LOOKS)
            look_away(away_ns);
        else
            mag_give_way(MAG_TURN_SPINS + looks - AWAY_LOOKS);
        if (mag_spin_try_lock(&end->lock))
            return;
        if (away_ns < AWAY_NS_MAX)
            away_ns *= 2;
    }
}

/* ----------------------------------------------------------------------- lists */

/* The list of a wait, and the end where it is noticed: the other one. */
static struct mag_wait_list *list_of(const struct mag_channel_wait *wait,
                                     struct mag_end **ret_end)
{
    struct mag_channel *channel = wait->channel;

    *ret_end = wait->is_send ? &channel->ends.head : &channel->ends.tail;
    return wait->is_send ? &channel->senders[wait->level] : &channel->receivers;
}

void mag_wait_append(struct mag_channel_wait *wait)
{
    struct mag_end *end;
    struct mag_wait_list *list = list_of(wait, &end);

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

void mag_wait_take(struct mag_channel_wait *wait)
{
    struct mag_end *end;
    struct mag_wait_list *list = list_of(wait, &end);

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

struct mag_channel_wait *mag_wait_first_sender(struct mag_channel *channel)
{
    for (unsigned level = 0; level < MAG_CHANNEL_LEVELS; level++) {
        if (channel->senders[level].first != NULL)
            return channel->senders[level].first;
    }
    return NULL;
}

/* A wait of a select that another channel has served is left out. */
struct mag_channel_wait *mag_wait_take_receiver(struct mag_channel *channel)
{
    struct mag_channel_wait *wait = channel->receivers.first;

    while (wait != NULL) {
        mag_wait_take(wait);
        if (wait->select == NULL || mag_select_claim(wait))
            return wait;
        wait = channel->receivers.first;
    }
    return NULL;
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
    if (is_listed)
        mag_wait_take(wait);
    else if (wait->state == MAG_WAIT_BEGINS)
        wait->state = MAG_WAIT_CANCELED;
    mag_ends_unlock(&channel->ends);
    return is_listed;
}

/* The outcome of a connected wait.  An item that is larger than a word stays in the
 * state. */
static mag_vtask connected_outcome(const struct mag_channel_wait *wait, int error,
                                   uint64_t detail)
{
    uint64_t word = 0;

    if (error != 0)
        return mag_vtask_failed(error, detail);
    if (wait->is_send)
        return MAG_VTASK_COMPLETED;
    if (wait->item_size > sizeof(word))
        return mag_vtask_result(
            wait->item_size == MAG_CHANNEL_COUNTS ? wait->moved : (uintptr_t)wait->place);
    memcpy(&word, wait->place, wait->item_size);
    return mag_vtask_result(word);
}

static void finish_wait(struct mag_channel_wait *wait, int error, uint64_t value)
{
    if (wait->ret_moved != NULL)
        *wait->ret_moved = wait->moved;
    if (wait->waiter != NULL)
        (void)mag_waiter_post(wait->waiter, connected_outcome(wait, error, value));
    else
        mag_core_finish(wait->core, error, value);
}

/* The callback of a cancel object.  As long as it runs, the wait is the wait that was
 * registered: leave_canceler waits for it. */
static void cancel_wait(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct mag_channel_wait *wait = object;

    (void)key;
    if (!take_for_cancel(wait))
        return;
    wait->registration.cancel = NULL;
    finish_wait(wait, -ECANCELED, (uintptr_t)cancel);
}

/* ---------------------------------------------------------------------- the wait */

void mag_wait_init(struct mag_channel_wait *wait, struct mag_channel *channel)
{
    wait->channel = channel;
    wait->select = NULL;
    wait->moved = 0;
    wait->ret_moved = NULL;
    wait->state = MAG_WAIT_BEGINS;
    wait->level = 0;
    wait->is_send = false;
    wait->item_size = (uint32_t)channel->item_size;
    wait->registration.cancel = NULL;
}

int mag_wait_make(struct mag_channel *channel, struct mag_operation_type *type,
                  struct mag_channel_waiter **ret_waiter)
{
    struct mag_channel_waiter *waiter;
    void *object;
    int r = mag_operation_rent(type, &object);

    if (r < 0)
        return r;
    waiter = object;
    /* The thread that completes it is about to go on with its own work. */
    waiter->operation.core.flags |= MAG_CORE_QUEUED;
    mag_wait_init(&waiter->wait, channel);
    waiter->wait.waiter = NULL;
    waiter->wait.core = &waiter->operation.core;
    *ret_waiter = waiter;
    return 0;
}

int mag_wait_share(struct mag_channel_wait *wait, struct mag_cancel *cancel)
{
    return cancel == NULL
               ? 0
               : mag_cancel_register(cancel, &wait->registration, cancel_wait, wait, 0);
}

void mag_wait_return(struct mag_channel_wait *wait)
{
    if (wait->registration.cancel != NULL)
        leave_canceler(wait);
    if (wait->waiter == NULL)
        mag_operation_return((struct mag_operation *)(void *)wait->core);
}

void mag_wait_complete(struct mag_channel_wait *wait, int error)
{
    if (MAG_UNLIKELY(wait->select != NULL)) {
        mag_select_complete(wait, error);
        return;
    }
    if (MAG_UNLIKELY(wait->registration.cancel != NULL))
        leave_canceler(wait);
    /* The result of a batch, where the operation's result is a word. */
    finish_wait(wait, error, error == 0 ? wait->moved : 0);
}

void mag_waits_complete(struct mag_channel_wait *first, int error)
{
    while (first != NULL) {
        struct mag_channel_wait *next = first->next;
        mag_wait_complete(first, error);
        first = next;
    }
}

/*
 * A receive from the first of several channels: a wait in the list of each.
 *
 * Whoever takes one of these waits out of its list claims the select; one thread gets it.
 * While the waits are being listed, one of them may already be served.  So two threads
 * must arrive before the select is completed: the one that has claimed it, and the one
 * that lists.  The second to arrive takes the other waits out of their lists, and
 * completes it.
 *
 * A thread that fails to claim does not touch the select afterwards.  It holds the locks
 * of the wait's channel while it tries, and the thread that completes the select takes
 * these locks for each wait first: so the select is not another one's meanwhile.
 *
 * Ownership
 *   [I] immutable after listing   [A] any thread   [C] the thread that has claimed
 *
 * Edges: release end -> acquire end : what crosses
 *   gate   first arrival -> second arrival : the outcome, the waits
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "vtask/core/core.h"
#include "vtask/debug/debug.h"
#include "vtask/flow/channel.h"
#include "vtask/value/kind.h"

#include <errno.h>

struct mag_selection {
    struct mag_operation operation; /* first */
    size_t count;                   /* [I] of waits that were listed */
    _Atomic(bool) claimed;          /* [A] */
    _Atomic(unsigned) gate;         /* [A] arrivals still missing */
    int error;                      /* [C] */
    uint64_t outcome;               /* [C] index of the case, or the error's detail */
    struct mag_cancel_registration registration;
    struct mag_channel_wait waits[MAG_CHANNEL_CASES_MAX];
};

static struct mag_operation_type select_type = MAG_OPERATION_TYPE(struct mag_selection);

static bool claim_select(struct mag_selection *select)
{
    /* relaxed: decides who it is; the gate publishes what that thread writes. */
    return !atomic_exchange_explicit(&select->claimed, true, memory_order_relaxed);
}

bool mag_select_claim(struct mag_channel_wait *wait)
{
    return claim_select(wait->select);
}

/* True: the caller is the second to arrive. */
static bool arrive_at_select(struct mag_selection *select)
{
    /* gate, both ends: what the first one wrote is visible to the second. */
    return atomic_fetch_sub_explicit(&select->gate, 1, memory_order_acq_rel) == 1;
}

/* Takes all waits out of their lists, and the registration back. */
static void leave_channels(struct mag_selection *select)
{
    for (size_t i = 0; i < select->count; i++) {
        struct mag_channel_wait *wait = &select->waits[i];
        mag_ends_lock(&wait->channel->ends);
        if (wait->state == MAG_WAIT_LISTED)
            mag_wait_take(wait);
        mag_ends_unlock(&wait->channel->ends);
    }
    if (select->registration.cancel != NULL)
        (void)mag_cancel_unregister(&select->registration, true);
}

static void finish_select(struct mag_selection *select)
{
    leave_channels(select);
    mag_core_finish(&select->operation.core, select->error, select->outcome);
}

/* Called by the thread that has claimed it. */
static void settle(struct mag_selection *select, int error, uint64_t outcome)
{
    select->error = error;
    select->outcome = outcome;
    if (arrive_at_select(select))
        finish_select(select);
}

/* An error's detail is the index of the case. */
void mag_select_complete(struct mag_channel_wait *wait, int error)
{
    settle(wait->select, error, (uint64_t)(wait - wait->select->waits));
}

static void cancel_select(void *object, struct mag_cancel *cancel, uint64_t key)
{
    struct mag_selection *select = object;

    (void)key;
    if (claim_select(select))
        settle(select, -ECANCELED, (uintptr_t)cancel);
}

/* ------------------------------------------------------------------------- listing */

static void make_wait(struct mag_selection *select, size_t index,
                      const struct mag_channel_case *from)
{
    struct mag_channel_wait *wait = &select->waits[index];

    mag_wait_init(wait, from->channel);
    wait->waiter = NULL;
    wait->core = &select->operation.core;
    wait->select = select;
    wait->place = from->ret_item;
}

/* Receives from a channel that has an item or has ended, if nobody else has claimed the
 * select; otherwise lists the wait.  True: the select is claimed, by this thread if
 * `*ret_own`. */
static bool try_or_list(struct mag_channel_wait *wait, bool *ret_own)
{
    struct mag_channel *channel = wait->channel;
    struct mag_selection *select = wait->select;
    struct mag_rest rest = {NULL, NULL, NULL};
    bool is_ready;

    mag_ends_lock(&channel->ends);
    is_ready = mag_ends_count(&channel->ends) != 0 || channel->is_closed ||
               mag_wait_first_sender(channel) != NULL;
    *ret_own = is_ready && claim_select(select);
    if (*ret_own)
        select->error = mag_channel_take(channel, wait->place, &rest) == MAG_FLOW_DONE
                            ? 0
                            : channel->end_code;
    else if (!is_ready)
        mag_wait_append(wait);
    mag_ends_unlock(&channel->ends);
    if (*ret_own)
        mag_channel_finish(channel, &rest);
    return is_ready;
}

static mag_vtask outcome_of_case(int error, size_t index)
{
    return error == 0 ? mag_vtask_result(index) : mag_vtask_failed(error, index);
}

/* Goes through the cases; ends with the task of the select. */
static mag_vtask list_all(struct mag_selection *select,
                          const struct mag_channel_case *cases, size_t count)
{
    mag_vtask task = mag_operation_task(&select->operation);
    bool is_own = false;

    for (size_t i = 0; i < count; i++) {
        make_wait(select, i, &cases[i]);
        select->count = i + 1;
        if (!try_or_list(&select->waits[i], &is_own))
            continue;
        if (!is_own)
            break;
        mag_vtask outcome = outcome_of_case(select->error, i);
        leave_channels(select);
        mag_operation_return(&select->operation);
        return outcome;
    }
    if (arrive_at_select(select))
        finish_select(select);
    return task;
}

static mag_vtask select_waiting(const struct mag_channel_case *cases, size_t count,
                                struct mag_cancel *cancel)
{
    struct mag_selection *select;
    void *object;

    if (mag_operation_rent(&select_type, &object) < 0)
        return mag_vtask_failed(-ENOMEM, 0);
    select = object;
    select->operation.core.flags |= MAG_CORE_QUEUED;
    select->count = 0;
    select->registration.cancel = NULL;
    atomic_init(&select->claimed, false);
    atomic_init(&select->gate, 2);
    if (cancel != NULL && mag_cancel_register(cancel, &select->registration,
                                              cancel_select, select, 0) != 0) {
        mag_operation_return(&select->operation);
        return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    }
    return list_all(select, cases, count);
}

mag_vtask mag_channel_select(const struct mag_channel_case *cases, size_t count,
                             struct mag_cancel *cancel)
{
    if (count == 0 || count > MAG_CHANNEL_CASES_MAX)
        return mag_vtask_failed(mag_misuse_argument(MAG_E_ARG), 0);
    if (mag_cancel_has_fired(cancel))
        return mag_vtask_failed(-ECANCELED, (uintptr_t)cancel);
    for (size_t i = 0; i < count; i++) {
        int r = mag_channel_try_receive(cases[i].channel, cases[i].ret_item);
        if (r != -EAGAIN)
            return outcome_of_case(r, i);
    }
    return select_waiting(cases, count, cancel);
}

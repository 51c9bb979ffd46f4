/*
 * channel.h - channels: items go from any number of senders to any number of receivers,
 * which wait for each other without holding a thread.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_CHANNEL_DEFINE(numbers, int)   // the channel: struct numbers; numbers_task
 *
 *     MAG_ASYNC(mag_task, produce, (struct numbers *, out, int, count), int i;)
 *     {
 *         MAG_BEGIN(f);
 *         for (f->i = 1; f->i <= f->count; f->i++)
 *             MAG_AWAIT_DONE(f, numbers_send(f->out, f->i));  // waits while it is full
 *         numbers_close(f->out);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         struct numbers *channel;
 *         int number, total = 0;
 *
 *         if (numbers_create(4, &channel) != 0)               // room for 4 items
 *             return 1;
 *         mag_task producer = produce(channel, 100);
 *         while (numbers_task_wait(numbers_receive(channel), &number) == 0)
 *             total += number;                                // until it is closed
 *         if (mag_task_wait(producer) != 0)
 *             return 1;
 *         numbers_destroy(channel);
 *         return total == 5050 ? 0 : 1;
 *     }
 *
 * The model.  A channel is a queue of items of one type, which are copied byte by byte.
 * Sending and receiving return value tasks (vtask.h).  A task that need not wait is
 * complete when it is returned, and has cost no memory: a send if there is room, a
 * receive if there is an item.  Otherwise the task waits in the channel, first come,
 * first served: await it in an async function, or block for it by `name_task_wait` and
 * mag_task_wait on a thread that is no worker.
 *
 * Capacity.  A channel has room for `capacity` items.  With MAG_CHANNEL_UNBOUNDED a send
 * never waits.  A channel of capacity 0 keeps no item: a send waits for a receiver, to
 * which the item goes, and a receive waits for a sender.
 *
 * What holds
 *   - Each item that was sent is received once.  An item is sent when its send has
 *     succeeded.
 *   - Items are received in the order in which they were sent, if the receives do not
 *     overlap in time.
 *   - What a thread wrote before it sent an item is visible to the thread that has
 *     received it.
 *   - A waiting receiver gets the item of the next send, and a waiting sender's item gets
 *     the next room, before anybody who comes later.
 *
 * Order by priority.  A channel of `name_create_ordered` gives items of MAG_PRIORITY_HIGH
 * before those of MAG_PRIORITY_NORMAL, and these before those of MAG_PRIORITY_LOW; items
 * of one priority in their order, and waiting senders likewise.  Its sends and receives
 * take both locks of the channel, and cost about twice as much.
 *
 * The end.  `name_close` says that nothing more will be sent.  Sends fail from then on
 * with MAG_CHANNEL_CLOSED, and so do those that wait: their items are not sent.
 * Receivers get the items that are left; after the last one each receive fails with
 * MAG_CHANNEL_END.  `name_fail` is the same, with an error of yours in place of
 * MAG_CHANNEL_END.
 *
 * Cancellation.  `name_send_until` and `name_receive_until` take a cancel object
 * (cancel.h).  If that fires while they wait, they fail with -ECANCELED, and no item was
 * sent or received.
 *
 * Where code continues.  A task that had to wait is completed by the thread that sends,
 * receives, closes or cancels; the code that awaited it is queued, and never runs inside
 * that call.
 *
 * Costs.  A send or a receive that need not wait takes one atomic read-modify-write.
 * Unbounded channels keep their items in segments from a pool, waits are operations from
 * a pool: nothing is allocated after warm-up.
 *
 * After fork() the child must not use a channel that another thread may have been using.
 *
 * docs/design/channels.md explains the protocol; docs/guide/channels.md shows its use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_CHANNEL_H
#define MAGPIE_CHANNEL_H

#include <magpie/detail/channel.h>

#include <errno.h>

MAG_EXTERN_C_BEGIN

/* The capacity of a channel without a limit. */
#define MAG_CHANNEL_UNBOUNDED SIZE_MAX

/* The number of items that name_receive_many has received; the case that mag_select has
 * served. */
MAG_VTASK_DEFINE(mag_count_task, size_t)

/* Items that one call of name_receive_many receives at most. */
#define MAG_CHANNEL_BATCH 64

/* What a send fails with when the channel is closed, and a receive when it is closed and
 * has no item left. */
#define MAG_CHANNEL_CLOSED (-EPIPE)
#define MAG_CHANNEL_END    (-ENODATA)

/*
 * MAG_CHANNEL_DEFINE(name, T) defines channels of items of type T.  T is a type that a
 * name can follow, has at most MAG_CHANNEL_ITEM_MAX bytes and is aligned to 16 at most.
 * It declares
 *
 *   struct name                           a channel; use pointers to it
 *   name_task                             the task of an item, as by MAG_VTASK_DEFINE
 *
 *   int name_create(size_t capacity, struct name **ret_channel)
 *   int name_create_ordered(size_t capacity, struct name **ret_channel)
 *   void name_destroy(struct name *channel)
 *
 *   mag_task name_send(struct name *channel, T item)
 *   mag_task name_send_until(struct name *channel, T item, struct mag_cancel *cancel)
 *   mag_task name_send_at(struct name *channel, T item, enum mag_priority priority,
 *                         struct mag_cancel *cancel)
 *   int name_try_send(struct name *channel, T item)
 *   int name_try_send_at(struct name *channel, T item, enum mag_priority priority)
 *
 *   name_task name_receive(struct name *channel)
 *   name_task name_receive_until(struct name *channel, struct mag_cancel *cancel)
 *   int name_try_receive(struct name *channel, T *ret_item)
 *
 *   struct name_state                     the state of a send or receive (connected.h)
 *   mag_task name_send_begin(struct mag_waiter *waiter, struct name_state *state,
 *                            struct name *channel, T item)
 *   mag_task name_send_until_begin(..., T item, struct mag_cancel *cancel)
 *   name_task name_receive_begin(struct mag_waiter *waiter, struct name_state *state,
 *                                struct name *channel)
 *   name_task name_receive_until_begin(..., struct mag_cancel *cancel)
 *   mag_task name_send_at_begin(..., T item, enum mag_priority priority,
 *                               struct mag_cancel *cancel)
 *   mag_task name_send_many_begin(..., const T *items, size_t count,
 *                                 struct mag_cancel *cancel, size_t *ret_sent)
 *   mag_count_task name_receive_many_begin(..., T *ret_items, size_t room,
 *                                          struct mag_cancel *cancel)
 *
 *   mag_task name_send_many(struct name *channel, const T *items, size_t count,
 *                           struct mag_cancel *cancel, size_t *ret_sent)
 *   int name_try_send_many(struct name *channel, const T *items, size_t count,
 *                          size_t *ret_sent)
 *   mag_count_task name_receive_many(struct name *channel, T *ret_items, size_t room,
 *                                    struct mag_cancel *cancel)
 *   int name_try_receive_many(struct name *channel, T *ret_items, size_t room,
 *                             size_t *ret_count)
 *
 *   struct mag_channel_case name_case(struct name *channel, T *ret_item)
 *   bool name_close(struct name *channel)
 *   bool name_fail(struct name *channel, int error)
 *   void name_query(struct name *channel, struct mag_channel_info *ret_info)
 *
 * Each of them may be called from any thread, and blocks at most briefly, while another
 * thread is inside a call for the same channel.
 *
 * `name_create`, `name_create_ordered`
 *   capacity   see "Capacity" above; up to UINT32_MAX
 *   Blocks     the first unbounded channel of a type: as mag_pool_create
 *   Allocates  the channel and its room
 *   Returns    0; -ENOMEM
 *   Release    name_destroy
 *
 * `name_destroy`: NULL is allowed.  Items that are left are forgotten.  Nobody may wait
 * for the channel, and no other thread may be in a call for it, or call later.  Only a
 * send or a close whose effect was seen may still be returning: so the one receiver of a
 * channel may destroy it when it has received the last item, or the end.
 *
 * `name_send`, `name_send_until`, `name_send_at`
 *   cancel     NULL: nobody cancels the send
 *   priority   see "Order by priority"; does not matter in other channels.  Other sends
 *              have MAG_PRIORITY_NORMAL
 *   Allocates  from pools: nothing after warm-up
 *   Returns    a task without result.  It fails with MAG_CHANNEL_CLOSED; -ECANCELED
 *              `cancel` has fired, also if there was room; -ENOMEM.  In all these cases
 *              the item was not sent
 *
 * `name_try_send`, `name_try_send_at`: never wait.
 *   Allocates  as name_send
 *   Returns    0; -EAGAIN there is no room; MAG_CHANNEL_CLOSED; -ENOMEM
 *
 * `name_receive`, `name_receive_until`
 *   cancel     NULL: nobody cancels the receive
 *   Allocates  from pools: nothing after warm-up
 *   Returns    the task of an item.  It fails with MAG_CHANNEL_END or the error of
 *              name_fail; -ECANCELED `cancel` has fired, also if there was an item;
 *              -ENOMEM.  The item of a receive whose task is discarded is lost
 *
 * `name_send_begin`, `name_receive_begin`; `_until_begin`, `_at_begin`, `_many_begin`:
 * the connected forms.  An async function with a local `struct name_state state` writes
 *
 *     MAG_CONNECT(f, f->item, name_receive, &f->state, channel);
 *     MAG_CONNECT_DONE(f, name_send, &f->state, channel, f->item);
 *     MAG_CONNECT(f, f->count, name_receive_many, &f->state, channel, f->items, 8, NULL);
 *     MAG_CONNECT_DONE(f, name_send_many, &f->state, channel, f->items, f->count, NULL,
 *                      NULL);
 *
 * Both forms wait in one line, and answer the same; only a send to an unbounded channel
 * can fail with -ENOMEM.  The items of a batch may lie in the frame.
 *   Blocks     whoever completes a wait with a cancel object may wait until a callback of
 *              that object has returned
 *   Allocates  as name_try_send; a wait allocates nothing
 *
 * `name_try_receive`: never waits.
 *   Returns    0; -EAGAIN there is no item; MAG_CHANNEL_END or the error of name_fail
 *
 * `name_send_many`, `name_try_send_many`: send `count` items in their order; items of
 * other senders may come between them.
 *   items      must stay valid until the task is complete
 *   ret_sent   gets how many items were sent, the first ones, whatever the outcome is;
 *              with a pending task, when that completes.  NULL: not wanted (not for
 *              name_try_send_many)
 *   Returns    as name_send and name_try_send.  -EAGAIN: there was not room for all
 *
 * `name_receive_many`, `name_try_receive_many`: receive the items that are there, at
 * least one, at most `room` and MAG_CHANNEL_BATCH.
 *   ret_items  must stay valid until the task is complete
 *   Returns    as name_receive and name_try_receive; the result is the number of items
 *
 * `name_case`: a case for mag_select.
 *
 * `name_close`, `name_fail`: close the channel.
 *   error      what receivers get at the end: a code as in "Errors" of vtask.h; 0: as
 *              name_close
 *   Returns    true; false it was closed before, or `error` is a MAG_E code: nothing has
 *              changed
 *
 * `name_query`: the numbers of a channel.
 */
#define MAG_CHANNEL_DEFINE(name, ...)                   \
    MAG_VTASK_DEFINE(name##_task, __VA_ARGS__)          \
    MAG_CHANNEL_TYPE(name, name##_task_value)           \
    MAG_CHANNEL_LIFE(name)                              \
    MAG_CHANNEL_SEND(name, name##_task_value)           \
    MAG_CHANNEL_RECEIVE(name, name##_task_value)        \
    MAG_CHANNEL_CONNECTED(name, name##_task_value)      \
    MAG_CHANNEL_CONNECTED_MORE(name, name##_task_value) \
    MAG_CHANNEL_MANY(name, name##_task_value)

/* The numbers of a channel, at one moment. */
struct mag_channel_info {
    uint64_t items;     /* that can be received now */
    uint64_t sent;      /* items that were sent ... */
    uint64_t received;  /* ... and received */
    uint64_t senders;   /* sends that wait */
    uint64_t receivers; /* receives that wait */
    bool is_closed;
};

/* ------------------------------------------------------------------------ select */

#define MAG_CHANNEL_CASES_MAX 8

/* A channel to receive from, and where its item is to be: made by `name_case`. */
struct mag_channel_case {
    struct mag_channel *channel;
    void *ret_item;
};

/*
 * Receives one item, from the first of several channels that has one.
 *
 *     MAG_PIN(f); // `f->number` and `f->text` must not move while the select waits
 *     f->cases[0] = numbers_case(f->numbers, &f->number);
 *     f->cases[1] = texts_case(f->texts, &f->text);
 *     MAG_AWAIT(f, f->which, mag_select(f->cases, 2, NULL));
 *
 * The cases are tried in their order; if no channel has an item, the select waits in all
 * of them.  The channel that is served first counts: its item is in its place, and no
 * other channel has lost one.  A channel may be there more than once.
 *
 *   cases      are copied.  Their channels, and the places of the items, must stay valid
 *              until the task is complete
 *   count      1 to MAG_CHANNEL_CASES_MAX
 *   cancel     NULL: nobody cancels the select
 *   Thread     any
 *   Blocks     as name_receive, for each channel
 *   Allocates  from pools: nothing after warm-up
 *   Returns    the task of the index of the case.  It fails with what name_receive fails
 *              with: with MAG_CHANNEL_END or the error of name_fail if a channel has
 *              ended, and the error's detail is the index of its case; leave that channel
 *              out of the next select.  MAG_E_ARG `count` is out of its range
 */
MAG_MUST_CHECK MAG_INLINE mag_count_task mag_select(const struct mag_channel_case *cases,
                                                    size_t count,
                                                    struct mag_cancel *cancel)
{
    mag_count_task made;

    made.task = mag_channel_select(cases, count, cancel);
    return made;
}

MAG_EXTERN_C_END

#endif

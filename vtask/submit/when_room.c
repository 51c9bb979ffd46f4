/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/operation.h>
#include <magpie/submit_task.h>

#include <errno.h>
#include <string.h>

/* A submission that waits for room, and the task of that. */
struct room {
    struct mag_operation operation; /* first */
    struct mag_submit_waiter waiter;
};

static struct mag_operation_type room_type = MAG_OPERATION_TYPE(struct room);

static void tell_room(struct mag_submit_waiter *waiter, int result)
{
    struct room *room =
        (struct room *)(void *)((char *)waiter - offsetof(struct room, waiter));
    int r = result == 0 ? mag_operation_set_done(&room->operation)
                        : mag_operation_set_error(&room->operation, result, 0);

    (void)r; /* It is completed once. */
}

static mag_vtask room_outcome(int result)
{
    return result == 0 ? MAG_VTASK_COMPLETED : mag_vtask_failed(result, 0);
}

static mag_vtask wait_for_room(struct mag_sched *sched,
                               const struct mag_submit_options *options, size_t size,
                               void (*function)(void *arg), void *arg)
{
    void *object;
    int r = mag_operation_rent(&room_type, &object);

    if (r < 0)
        return mag_vtask_failed(r, 0);
    struct room *room = object;
    /* The thread that makes the room is about to run a job of its own. */
    room->operation.core.flags |= MAG_CORE_QUEUED;
    room->waiter.told = tell_room;
    mag_vtask task = mag_operation_task(&room->operation);
    r = mag_submit_waiting(sched, options, size, function, arg, &room->waiter);
    if (r == -EINPROGRESS)
        return task;
    mag_operation_return(&room->operation);
    return room_outcome(r);
}

mag_vtask mag_submit_when_room_sized(struct mag_sched *sched,
                                     const struct mag_submit_options *options,
                                     size_t size, void (*function)(void *arg), void *arg)
{
    struct mag_submit_options settled = {0};

    if (options != NULL)
        memcpy(&settled, options, size < sizeof(settled) ? size : sizeof(settled));
    /* Nearly always there is room, and no source is needed. */
    settled.when_full = MAG_FULL_REFUSE;
    int r =
        mag_submit_sized(sched, options != NULL ? &settled : NULL, size, function, arg);

    if (r == -EAGAIN && settled.limit != NULL)
        return wait_for_room(sched, &settled, size, function, arg);
    return room_outcome(r);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/promise/promise.h"

#include "base/os.h"

#include <errno.h>

/* A waiting thread.  Lies on that thread's stack. */
struct waiter {
    struct mag_observer observer;
    struct mag_os_event complete;
};

static void wake_waiter(struct mag_observer *observer, bool queued)
{
    struct waiter *waiter = (struct waiter *)(void *)observer;

    (void)queued;
    mag_os_event_set(&waiter->complete);
}

/* The waiter lies on this stack, so the thread must not be canceled here. */
static int wait_for(struct mag_promise *promise, int64_t timeout_ns)
{
    struct waiter waiter = {.observer = {.notify = wake_waiter}};
    int64_t until = timeout_ns < 0 ? INT64_MAX : mag_os_after_ns(timeout_ns);
    int cancel = mag_os_hold_cancel();
    int r = 0;

    mag_os_event_init(&waiter.complete);
    if (mag_promise_observe(promise, &waiter.observer) &&
        !mag_os_event_wait(&waiter.complete, until)) {
        if (mag_promise_forget(promise, &waiter.observer))
            r = -ETIMEDOUT;
        else
            /* Complete after all: the completer is about to call wake_waiter. */
            (void)mag_os_event_wait(&waiter.complete, INT64_MAX);
    }
    mag_os_event_fini(&waiter.complete);
    mag_os_let_cancel(cancel);
    return r;
}

int mag_vtask_wait_completed(mag_vtask *task, size_t size, int64_t timeout_ns)
{
    int r = mag_vtask_status(*task);

    if (r != MAG_PENDING)
        return r < 0 ? r : 0;
    if (mag_sched_self() != NULL)
        return -EDEADLK;
    if (mag_is_claim(*task)) {
        r = mag_vtask_preserve_of(*task, size, task);
        if (r < 0)
            return r;
    }
    return wait_for(mag_promise_of(*task), timeout_ns);
}

int mag_vtask_wait(mag_vtask task, void *ret_result, size_t size)
{
    mag_vtask waited = task;
    int r = mag_vtask_wait_completed(&waited, size, -1);

    if (r == 0)
        r = mag_vtask_get_value(waited, ret_result, size, NULL);
    /* If the wait made a promise, nobody else has it. */
    if (waited.backing != task.backing)
        (void)mag_vtask_release(waited);
    return r;
}

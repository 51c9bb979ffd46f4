/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/promise/promise.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static const int64_t second = 1000000000;

/* A thread that waits; on its stack.  The lock also keeps it there until the one who
 * notifies it has let go. */
struct waiter {
    struct mag_observer observer;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool notified; /* under `lock` */
};

static void wake_waiter(struct mag_observer *observer, bool queued)
{
    struct waiter *waiter = (struct waiter *)(void *)observer;

    (void)queued;
    (void)pthread_mutex_lock(&waiter->lock);
    waiter->notified = true;
    (void)pthread_cond_signal(&waiter->changed);
    (void)pthread_mutex_unlock(&waiter->lock);
}

static void waiter_init(struct waiter *waiter)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&waiter->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&waiter->lock, NULL);
    waiter->observer.notify = wake_waiter;
    waiter->notified = false;
}

static void waiter_fini(struct waiter *waiter)
{
    (void)pthread_mutex_destroy(&waiter->lock);
    (void)pthread_cond_destroy(&waiter->changed);
}

/* When `timeout_ns` from now is, or NULL for never. */
static const struct timespec *end_of(int64_t timeout_ns, struct timespec *end)
{
    struct timespec now;

    if (timeout_ns < 0)
        return NULL;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t nanoseconds = now.tv_nsec + timeout_ns % second;
    end->tv_sec = now.tv_sec + (time_t)(timeout_ns / second + nanoseconds / second);
    end->tv_nsec = (long)(nanoseconds % second);
    return end;
}

/* Sleeps until notified or until `end`.  Whether it was notified. */
static bool sleep_until(struct waiter *waiter, const struct timespec *end)
{
    int r = 0;

    (void)pthread_mutex_lock(&waiter->lock);
    while (!waiter->notified && r != ETIMEDOUT) {
        if (end != NULL)
            r = pthread_cond_timedwait(&waiter->changed, &waiter->lock, end);
        else
            r = pthread_cond_wait(&waiter->changed, &waiter->lock);
    }
    bool notified = waiter->notified;
    (void)pthread_mutex_unlock(&waiter->lock);
    return notified;
}

/* The waiter lies on this stack: the thread is not cancelled here. */
static int wait_for(struct mag_promise *promise, int64_t timeout_ns)
{
    struct timespec end;
    struct waiter waiter;
    int cancel = PTHREAD_CANCEL_ENABLE;
    int r = 0;

    const struct timespec *until = end_of(timeout_ns, &end);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    waiter_init(&waiter);
    if (mag_promise_observe(promise, &waiter.observer) && !sleep_until(&waiter, until)) {
        if (mag_promise_forget(promise, &waiter.observer))
            r = -ETIMEDOUT;
        else
            /* Complete after all: whoever completed it is about to come by. */
            (void)sleep_until(&waiter, NULL);
    }
    waiter_fini(&waiter);
    (void)pthread_setcancelstate(cancel, NULL);
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
    /* A promise that the wait has made is nobody else's. */
    if (waited.backing != task.backing)
        (void)mag_vtask_release(waited);
    return r;
}

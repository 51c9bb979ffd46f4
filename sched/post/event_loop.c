/*
 * event_loop.c - the jobs of an event loop: a list under a mutex.  The loop's thread
 * takes the whole list at once.
 *
 * `wake` is called under the mutex, and only there.  So after a close has held the mutex,
 * no post is inside `wake`, and the object that `wake` writes to may be destroyed.  No
 * wake is lost: a post that finds the list empty wakes the loop, and only
 * mag_event_loop_run empties the list.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/event_loop.h>

#include "base/os.h"
#include "sched/kind.h"

#include <errno.h>
#include <stdatomic.h>

static struct mag_job *after(struct mag_job *job)
{
    /* relaxed: linked under the mutex. */
    return atomic_load_explicit(&job->next, memory_order_relaxed);
}

static void link_after(struct mag_job *job, struct mag_job *next)
{
    /* relaxed: the mutex publishes the link. */
    atomic_store_explicit(&job->next, next, memory_order_relaxed);
}

/* Under the mutex.  Holds back cancellation: a thread that is canceled in here would
 * leave the mutex locked. */
static void wake(struct mag_event_loop *loop)
{
    int before = mag_os_hold_cancel();

    loop->wake(loop->arg);
    mag_os_let_cancel(before);
}

static int post_to_loop(struct mag_executor *executor, struct mag_job *job)
{
    return mag_event_loop_post((struct mag_event_loop *)(void *)executor, job);
}

void mag_event_loop_init(struct mag_event_loop *loop, void (*wake_up)(void *arg),
                         void *arg)
{
    *loop =
        (struct mag_event_loop){.executor = {post_to_loop}, .wake = wake_up, .arg = arg};
    (void)pthread_mutex_init(&loop->lock, NULL);
}

int mag_event_loop_post(struct mag_event_loop *loop, struct mag_job *job)
{
    int r = 0;

    link_after(job, NULL);
    (void)pthread_mutex_lock(&loop->lock);
    if (loop->closed) {
        r = -ESHUTDOWN;
    } else if (loop->first != NULL) {
        link_after(loop->last, job);
        loop->last = job;
    } else {
        loop->first = loop->last = job;
        if (loop->wake != NULL)
            wake(loop);
    }
    (void)pthread_mutex_unlock(&loop->lock);
    return r;
}

/* Appends the posted jobs to the ready ones. */
static void take_posted(struct mag_event_loop *loop, bool close)
{
    (void)pthread_mutex_lock(&loop->lock);
    struct mag_job *first = loop->first;
    struct mag_job *last = loop->last;
    loop->first = loop->last = NULL;
    loop->closed |= close;
    (void)pthread_mutex_unlock(&loop->lock);
    if (first == NULL)
        return;
    if (loop->ready != NULL)
        link_after(loop->rear, first);
    else
        loop->ready = first;
    loop->rear = last;
    for (struct mag_job *job = first; job != NULL; job = after(job))
        loop->ready_count++;
}

static struct mag_job *next_ready(struct mag_event_loop *loop)
{
    struct mag_job *job = loop->ready;

    if (job != NULL) {
        loop->ready = after(job);
        loop->ready_count--;
    }
    return job;
}

size_t mag_event_loop_run(struct mag_event_loop *loop)
{
    struct mag_executor *before = mag_executor_enter(&loop->executor);
    struct mag_job *job;
    size_t count = 0;

    take_posted(loop, false);
    for (size_t rest = loop->ready_count; rest != 0; rest--) {
        job = next_ready(loop);
        if (job == NULL)
            break;
        job->run(job);
        count++;
    }
    (void)mag_executor_enter(before);
    return count;
}

void mag_event_loop_close(struct mag_event_loop *loop,
                          void (*on_dropped)(struct mag_job *job, void *arg), void *arg)
{
    struct mag_job_stop how = {.on_dropped = on_dropped, .arg = arg};
    struct mag_job *job;

    take_posted(loop, true);
    while ((job = next_ready(loop)) != NULL)
        mag_job_hand_back(job, &how);
}

/*
 * loop_epoll.c - an epoll loop as an executor: requests begin on the loop's thread, are
 * computed by workers, and are answered on the loop's thread again.
 *
 * Only the loop's thread uses the table of answers, so it needs no lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <magpie/magpie.h>

#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

MAG_VTASK_DEFINE(long_task, long)

enum { REQUESTS = 100 };

static struct mag_event_loop loop;
static pthread_t loop_thread;
static long answers[REQUESTS];
static int answered, strangers; /* strangers: answers on a wrong thread */

/* ------------------------------------------------------------------ the workers' part */

/* Leaves the caller's thread; NULL means the scheduler. */
MAG_ASYNC(long_task, compute, (int, number), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    if (pthread_equal(pthread_self(), loop_thread))
        MAG_FAIL(f, -EPROTO);
    return long_task_result((long)f->number * f->number);
    MAG_END(f);
}

/* --------------------------------------------------------------- the loop's own part */

MAG_ASYNC(mag_task, serve, (int, number), long answer;)
{
    MAG_BEGIN(f);
    MAG_AWAIT(f, f->answer, compute(f->number));
    if (!pthread_equal(pthread_self(), loop_thread))
        strangers++;
    answers[f->number] = f->answer;
    answered++;
    MAG_END(f);
}

/* Any thread.  Makes the loop go round once more. */
static void wake(void *arg)
{
    const int *event = arg;
    uint64_t one = 1;

    if (write(*event, &one, sizeof(one)) != sizeof(one))
        return; /* it is full, so it is readable */
}

static int serve_all(int poll, int event)
{
    struct epoll_event ready;
    uint64_t count;

    for (int i = 0; i < REQUESTS; i++) {
        int error = mag_vtask_discard(serve(i).task);
        if (error != 0)
            return error;
    }
    while (answered < REQUESTS) {
        if (epoll_wait(poll, &ready, 1, -1) < 0 && errno != EINTR)
            return -errno;
        if (read(event, &count, sizeof(count)) == sizeof(count))
            (void)mag_event_loop_run(&loop);
    }
    return 0;
}

int main(void)
{
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event wanted = {.events = EPOLLIN};
    long sum = 0;

    if (event < 0 || poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, event, &wanted) != 0)
        return 1;
    loop_thread = pthread_self();
    mag_event_loop_init(&loop, wake, &event);
    /* Functions that await on this thread come back to it. */
    struct mag_executor *before = mag_executor_enter(&loop.executor);
    int error = serve_all(poll, event);
    (void)mag_executor_enter(before);
    mag_event_loop_close(&loop, NULL, NULL);
    (void)close(poll);
    (void)close(event);
    for (int i = 0; i < REQUESTS; i++)
        sum += answers[i];
    printf("%d answers, sum %ld, %d on another thread: %s\n", answered, sum, strangers,
           mag_error_text(error));
    return error == 0 && sum == 328350 && strangers == 0 ? 0 : 1;
}

/*
 * uv_work.c - uv_queue_work replaced: the work runs on Magpie's workers, and its
 * completion on the loop's thread.
 *
 * The same numbers are computed twice: by uv_queue_work, and by queue_work below, which
 * is called in the same way.  A request of libuv's pool waits behind four threads, or as
 * many as UV_THREADPOOL_SIZE says, beside file accesses and name look-ups; Magpie's
 * workers fit the machine, and queue_work may be called on any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
/* NOLINTNEXTLINE: uv.h wants pthread_rwlock_t, and this is how one asks for it. */
#define _XOPEN_SOURCE 700

#include <magpie/event_loop.h>
#include <magpie/submit.h>
#include <pthread.h>
#include <stdio.h>
#include <uv.h>

enum { REQUESTS = 100 };

static long fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

/* ------------------------------------------------------------------- before */

struct before {
    uv_work_t work;
    int n;
    long result;
};

static long sum_before;

static void work_before(uv_work_t *work)
{
    struct before *request = work->data;

    request->result = fib(request->n);
}

static void after_before(uv_work_t *work, int status)
{
    struct before *request = work->data;

    if (status == 0)
        sum_before += request->result;
}

/* -------------------------------------------------------------------- after */

static struct mag_event_loop loop;
static uv_async_t async; /* wakes the loop's thread */
static int pending;      /* the loop's thread only */

struct work {
    struct mag_job done; /* first, so that a pointer to it is also one to its work */
    void (*work)(struct work *work);
    void (*after)(struct work *work);
};

static void end_work(struct mag_job *job)
{
    struct work *work = (struct work *)job;

    work->after(work);
    if (--pending == 0)
        uv_close((uv_handle_t *)&async,
                 NULL); /* or uv_unref, in a program that goes on */
}

/* On a worker. */
static void run_work(void *arg)
{
    struct work *work = arg;

    work->work(work);
    work->done.run = end_work;
    /* The loop is open as long as work is pending. */
    if (mag_event_loop_post(&loop, &work->done) != 0)
        (void)fputs("uv_work: the loop is closed\n", stderr);
}

/* The place of uv_queue_work. */
static int queue_work(struct work *work, void (*run)(struct work *work),
                      void (*after)(struct work *work))
{
    work->work = run;
    work->after = after;
    int error = mag_submit(NULL, run_work, work);
    pending += error == 0;
    return error;
}

static void on_async(uv_async_t *of)
{
    (void)of;
    (void)mag_event_loop_run(&loop);
}

static void wake(void *arg)
{
    (void)uv_async_send(arg);
}

struct request {
    struct work work; /* first */
    int n;
    long result;
};

static long sum_after;
static uv_thread_t loop_thread;
static int strangers;

static void work_after(struct work *work)
{
    struct request *request = (struct request *)work;

    request->result = fib(request->n);
}

static void after_after(struct work *work)
{
    struct request *request = (struct request *)work;
    uv_thread_t self = uv_thread_self();

    strangers += uv_thread_equal(&self, &loop_thread) == 0;
    sum_after += request->result;
}

int main(void)
{
    static struct before before[REQUESTS];
    static struct request after[REQUESTS];
    uv_loop_t *uv = uv_default_loop();
    int error = uv_async_init(uv, &async, on_async);

    loop_thread = uv_thread_self();
    mag_event_loop_init(&loop, wake, &async);
    for (int i = 0; i < REQUESTS && error == 0; i++) {
        before[i].work.data = &before[i];
        before[i].n = after[i].n = i % 20;
        error = uv_queue_work(uv, &before[i].work, work_before, after_before);
        if (error == 0)
            error = queue_work(&after[i].work, work_after, after_after);
    }
    if (error == 0)
        error = uv_run(uv, UV_RUN_DEFAULT);
    mag_event_loop_close(&loop, NULL, NULL);
    (void)uv_loop_close(uv);
    printf("uv_queue_work %ld, queue_work %ld, %d on another thread\n", sum_before,
           sum_after, strangers);
    return error == 0 && sum_before == sum_after && sum_after != 0 && strangers == 0 ? 0
                                                                                     : 1;
}

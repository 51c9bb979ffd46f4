/*
 * loop_uv.c - a libuv loop as an executor.  uv_async_send wakes the loop, and functions
 * that await in its callbacks come back to its thread.
 *
 * Functions of libuv, except uv_async_send, may only be called on the loop's thread.  So
 * a function that has come back may start a timer, but a worker may not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
/* NOLINTNEXTLINE: uv.h wants pthread_rwlock_t, and this is how one asks for it. */
#define _XOPEN_SOURCE 700

#include <magpie/magpie.h>

#include <pthread.h>
#include <stdio.h>
#include <uv.h>

MAG_VTASK_DEFINE(long_task, long)

enum { TICKS = 20 };

static struct mag_event_loop loop;
static uv_async_t async; /* wakes the loop's thread */
static uv_timer_t timer;
static int ticks, strangers;
static long sum;

/* Leaves the caller's thread; NULL means the scheduler. */
MAG_ASYNC(long_task, compute, (int, number), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, NULL);
    return long_task_result((long)f->number * f->number);
    MAG_END(f);
}

static void on_timer(uv_timer_t *of);

MAG_ASYNC(mag_task, tick, (uv_thread_t, thread), long square;)
{
    uv_thread_t self = uv_thread_self();

    MAG_BEGIN(f);
    MAG_AWAIT(f, f->square, compute(ticks));
    strangers += uv_thread_equal(&f->thread, &self) == 0;
    sum += f->square;
    if (++ticks < TICKS) {
        (void)uv_timer_start(&timer, on_timer, 1, 0);
    } else {
        uv_close((uv_handle_t *)&timer, NULL);
        /* Closes the loop before its wake-up, so that no post calls uv_async_send after
         * that. */
        mag_event_loop_close(&loop, NULL, NULL);
        uv_close((uv_handle_t *)&async, NULL);
    }
    MAG_END(f);
}

static void on_timer(uv_timer_t *of)
{
    (void)of;
    if (mag_vtask_discard(tick(uv_thread_self()).task) != 0)
        strangers++;
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

int main(void)
{
    uv_loop_t *uv = uv_default_loop();

    if (uv_async_init(uv, &async, on_async) != 0 || uv_timer_init(uv, &timer) != 0)
        return 1;
    mag_event_loop_init(&loop, wake, &async);
    /* Functions that await in the loop's callbacks come back to this thread. */
    struct mag_executor *before = mag_executor_enter(&loop.executor);
    int error = uv_timer_start(&timer, on_timer, 1, 0);
    if (error == 0)
        error = uv_run(uv, UV_RUN_DEFAULT);
    (void)mag_executor_enter(before);
    (void)uv_loop_close(uv);
    printf("%d ticks, sum %ld, %d on another thread\n", ticks, sum, strangers);
    return error == 0 && sum == 2470 && strangers == 0 ? 0 : 1;
}

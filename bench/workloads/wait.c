/*
 * wait.c - what a wait costs that really waits: an async function waits for a permit or
 * for an item of a channel, as a task and in the connected form, and the same thread
 * gives one and runs it.
 *
 * An executor of one place stands for the scheduler's queue, so the rows need no worker
 * and can be counted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/task_row.h"

#include <magpie/magpie.h>

#include <errno.h>

struct desk {
    struct mag_executor executor;
    struct mag_job *job; /* the one that was posted last */
};

static int put_down(struct mag_executor *executor, struct mag_job *job)
{
    ((struct desk *)(void *)executor)->job = job;
    return 0;
}

static bool take_up(struct desk *desk)
{
    struct mag_job *job = desk->job;

    desk->job = NULL;
    if (job != NULL)
        job->run(job);
    return job != NULL;
}

static struct mag_semaphore semaphore;

MAG_ASYNC(mag_task, acquire_all, (uint64_t, count), uint64_t i;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->count; f->i++)
        MAG_AWAIT_DONE(f, mag_semaphore_acquire(&semaphore, NULL));
    return mag_task_done();
    MAG_END(f);
}

MAG_ASYNC_CONNECTED(mag_task, connect_all, (uint64_t, count), struct mag_wait_state wait;
                    uint64_t i;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->count; f->i++)
        MAG_CONNECT_DONE(f, mag_semaphore_acquire, &f->wait, &semaphore, NULL);
    return mag_task_done();
    MAG_END(f);
}

static int release_one(void)
{
    return mag_semaphore_release(&semaphore, 1);
}

MAG_CHANNEL_DEFINE(awaited, uint64_t)

static struct awaited *channel;

MAG_ASYNC(mag_task, receive_all, (uint64_t, count), uint64_t item;)
{
    MAG_BEGIN(f);
    for (; f->count > 0; f->count -= f->item)
        MAG_AWAIT(f, f->item, awaited_receive(channel));
    return mag_task_done();
    MAG_END(f);
}

MAG_ASYNC_CONNECTED(mag_task, connect_to_all, (uint64_t, count),
                    struct awaited_state receive;
                    uint64_t item;)
{
    MAG_BEGIN(f);
    for (; f->count > 0; f->count -= f->item)
        MAG_CONNECT(f, f->item, awaited_receive, &f->receive, channel);
    return mag_task_done();
    MAG_END(f);
}

static int send_one(void)
{
    return awaited_try_send(channel, 1);
}

static int run_waits(struct bench_run *run, mag_task (*waits)(uint64_t),
                     int (*give)(void))
{
    struct desk desk = {.executor = {put_down}, .job = NULL};
    struct mag_executor *outside = mag_executor_enter(&desk.executor);
    mag_task task = waits(run->size);
    int r = 0;

    run->answer = 0;
    for (uint64_t i = 0; i < run->size && r == 0; i++) {
        r = give();
        run->answer += take_up(&desk) ? 1 : 0;
    }
    (void)mag_executor_enter(outside);
    return r == 0 ? mag_task_get(task) : r;
}

static int run_semaphores(struct bench_run *run, mag_task (*waits)(uint64_t))
{
    int r = mag_semaphore_init(&semaphore, MAG_SEMAPHORE_MAX, 0);

    return r == 0 ? run_waits(run, waits, release_one) : r;
}

static int run_channels(struct bench_run *run, mag_task (*waits)(uint64_t))
{
    int r = awaited_create(1, &channel);

    if (r != 0)
        return r;
    r = run_waits(run, waits, send_one);
    awaited_destroy(channel);
    return r;
}

static int run_semaphore(struct bench_run *run)
{
    return run_semaphores(run, acquire_all);
}

static int run_connected_semaphore(struct bench_run *run)
{
    return run_semaphores(run, connect_all);
}

static int run_channel(struct bench_run *run)
{
    return run_channels(run, receive_all);
}

static int run_connected_channel(struct bench_run *run)
{
    return run_channels(run, connect_to_all);
}

#define WAIT(row, in, named, text, tells, runs) \
    BENCH_TASK_ROW(row, in, named, text, tells, "waits", runs)

WAIT(semaphore_wait, "sync", "semaphore-wait",
     "an async function waits for a permit and gets it by a release",
     "a wait that really waits, as a task", run_semaphore);
WAIT(connected_semaphore, "connected", "connected-semaphore",
     "an async function waits for a permit in the connected form",
     "a wait that really waits, in the frame", run_connected_semaphore);
WAIT(channel_wait, "sync", "channel-wait",
     "an async function waits for an item and gets it by a send",
     "an item handed to a receiver that waits, as a task", run_channel);
WAIT(connected_channel, "connected", "connected-channel",
     "an async function waits for an item in the connected form",
     "an item handed to a receiver that waits, in the frame", run_connected_channel);

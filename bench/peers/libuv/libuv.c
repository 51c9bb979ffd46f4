/*
 * libuv.c - loads from outside on libuv's thread pool.  Its functions may be called on
 * the loop's thread alone, so the submitting thread is that thread; completions are
 * reported to the loop, which nobody runs while the load lasts: they cost the pool what
 * they cost every program.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/peers/common/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static uv_loop_t loop;

struct call {
    uv_work_t work; /* first */
    void (*function)(void *arg);
    void *arg;
};

static void run_call(uv_work_t *work)
{
    struct call *call = (struct call *)work;

    call->function(call->arg);
}

static void end_call(uv_work_t *work, int status)
{
    (void)status;
    free(work);
}

static int submit(void *context, void (*function)(void *arg), void *arg)
{
    struct call *call = malloc(sizeof(*call));

    (void)context;
    if (call == NULL)
        return -ENOMEM;
    call->function = function;
    call->arg = arg;
    return uv_queue_work(&loop, &call->work, run_call, end_call);
}

static const struct kernel_pool pool = {.submit = submit};

static void run_bursts(struct peer_run *run)
{
    peer_load(run, &pool, kernel_load_bursts);
}

static void run_trickle(struct peer_run *run)
{
    peer_load(run, &pool, kernel_load_trickle);
}

static void run_submit(struct peer_run *run)
{
    peer_load(run, &pool, kernel_submit_one);
}

static void reset(struct peer_run *run)
{
    (void)run;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

void peer_start(unsigned workers)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", workers);
    (void)setenv("UV_THREADPOOL_SIZE", text, 1);
    (void)uv_loop_init(&loop);
}

const struct peer_workload peer_workloads[] = {
    {.name = "bursts", .reset = reset, .run = run_bursts},
    {.name = "trickle", .reset = reset, .run = run_trickle},
    {.name = "submit", .reset = reset, .run = run_submit},
    {.name = NULL},
};

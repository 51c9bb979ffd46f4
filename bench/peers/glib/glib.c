/*
 * glib.c - loads from outside on GThreadPool: an exclusive pool with as many threads as
 * workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/peers/common/peer.h"

#include <errno.h>
#include <glib.h>

static GThreadPool *threads;

/* What is pushed: GLib passes one pointer, so function and argument need memory. */
struct call {
    void (*function)(void *arg);
    void *arg;
};

static void run_call(void *data, void *unused)
{
    struct call *call = data;
    struct call copy = *call;

    (void)unused;
    g_free(call);
    copy.function(copy.arg);
}

static int submit(void *context, void (*function)(void *arg), void *arg)
{
    struct call *call = g_new(struct call, 1);

    (void)context;
    *call = (struct call){function, arg};
    return g_thread_pool_push(threads, call, NULL) ? 0 : -EAGAIN;
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

static void run_submit_all(struct peer_run *run)
{
    peer_load(run, &pool, kernel_submit_eight);
}

void peer_start(unsigned workers)
{
    threads = g_thread_pool_new(run_call, NULL, (gint)workers, TRUE, NULL);
}

const struct peer_workload peer_workloads[] = {
    {.name = "bursts", .run = run_bursts},
    {.name = "trickle", .run = run_trickle},
    {.name = "submit", .run = run_submit},
    {.name = "submit-all", .run = run_submit_all},
    {.name = NULL},
};

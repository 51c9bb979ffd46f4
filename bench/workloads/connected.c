/*
 * connected.c - what a connected operation costs, on one thread: one by itself, and async
 * functions that wait for it once and ten times, with their frame in the caller's memory
 * or called as ordinary functions.
 *
 * Operations are completed by the same thread right after they were begun, as in vtask.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/task_row.h"
#include "bench/workloads/vtask_source.h"

#include <errno.h>

enum { WAITS_MANY = 10 };

/* An operation of a user's: its state, and how it begins. */
struct ring {
    struct mag_waiter *waiter;
};

/* The operation that has begun, for its completer. */
static struct ring *begun;

static __attribute__((noinline)) word_task ring_begin(struct mag_waiter *waiter,
                                                      struct ring *ring)
{
    ring->waiter = waiter;
    begun = ring;
    return word_task_of(MAG_STARTED);
}

/* A waiter that is no async function: it hears of the end by a job. */
struct hearer {
    struct mag_waiter waiter;
    uint64_t sum;
};

static void hear(struct mag_job *job)
{
    struct hearer *hearer = (struct hearer *)(void *)job;

    if (hearer->waiter.outcome.backing == 0)
        hearer->sum += hearer->waiter.outcome.payload;
}

static int run_inline(struct bench_run *run)
{
    struct hearer hearer = {.waiter = {.continuation = {.job = {.run = hear}}}};
    struct ring ring;
    int r = 0;

    for (uint64_t i = 0; i < run->size && r == 0; i++) {
        mag_waiter_arm(&hearer.waiter);
        if (!mag_vtask_is_started(ring_begin(&hearer.waiter, &ring).task))
            r = -EIO;
        else
            (void)mag_waiter_complete(begun->waiter, 1);
    }
    begun = NULL;
    run->answer = hearer.sum;
    return r;
}

MAG_ASYNC_CONNECTED(word_task, listen, (uint32_t, waits), struct ring ring; uint32_t i;
                    uint64_t item; uint64_t total;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->waits; f->i++) {
        MAG_CONNECT(f, f->item, ring, &f->ring);
        f->total += f->item;
    }
    return word_task_result(f->total);
    MAG_END(f);
}

static int run_connected(struct bench_run *run, uint32_t waits)
{
    struct hearer hearer = {.waiter = {.continuation = {.job = {.run = hear}}}};
    struct listen_frame frame;

    for (uint64_t i = 0; i < run->size; i++) {
        mag_waiter_arm(&hearer.waiter);
        if (!mag_vtask_is_started(listen_begin(&hearer.waiter, &frame, waits).task))
            return -EIO;
        for (uint32_t j = 0; j < waits; j++)
            (void)mag_waiter_complete(begun->waiter, 1);
    }
    run->answer = hearer.sum / waits;
    return 0;
}

static int run_connected_one(struct bench_run *run)
{
    return run_connected(run, 1);
}

static int run_connected_ten(struct bench_run *run)
{
    return run_connected(run, WAITS_MANY);
}

/* --------------------------------------------- called as an ordinary function */

static int run_called(struct bench_run *run, uint32_t waits)
{
    struct bench_reader reader = {.continuation = {.job = {.run = bench_read}}};
    int r = 0;

    for (uint64_t i = 0; i < run->size && r == 0; i++) {
        reader.task = listen(waits);
        r = mag_vtask_on_completed(reader.task.task, &reader.continuation,
                                   MAG_AWAIT_CONTEXT);
        for (uint32_t j = 0; j < waits; j++)
            (void)mag_waiter_complete(begun->waiter, 1);
    }
    run->answer = reader.sum / waits;
    return r;
}

static int run_called_one(struct bench_run *run)
{
    return run_called(run, 1);
}

static int run_called_ten(struct bench_run *run)
{
    return run_called(run, WAITS_MANY);
}

#define CONNECTED(row, in, named, text, tells, runs) \
    BENCH_TASK_ROW(row, in, named, text, tells, "operations", runs)

CONNECTED(connected_inline, "connected", "connected-inline",
          "a connected operation whose waiter is run by the completer",
          "the whole cost of an operation that needs no source", run_inline);
CONNECTED(connected_async_1, "connected", "connected-async-1",
          "an async function in the caller's memory that waits once",
          "the cost of suspending and resuming without a task", run_connected_one);
CONNECTED(connected_async_10, "connected", "connected-async-10",
          "an async function in the caller's memory that waits ten times",
          "the cost of further waits without a task", run_connected_ten);
CONNECTED(vtask_async_1, "vtask", "vtask-async-1",
          "an async function that waits once, for a connected operation",
          "the cost of suspending and resuming an async function", run_called_one);
CONNECTED(vtask_async_10, "vtask", "vtask-async-10",
          "an async function that waits ten times, for connected operations",
          "the cost of further waits in one async function", run_called_ten);

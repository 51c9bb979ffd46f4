/*
 * vtask_handoff.c - what it costs when a continuation goes through a queue: to the worker
 * that completes the operation, and to a worker that another thread hands it to.
 *
 * Ownership
 *   [W] the worker that runs the continuations   [T] the thread of the run
 *   [A] both
 *
 * Edges: release end -> acquire end : what crosses
 *   begun   next_operation (pending) -> hand_over (pending) : the operation
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/vtask_source.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

struct chain {
    struct mag_continuation continuation; /* first */
    struct mag_job start;
    word_task task;                     /* [W] */
    uint64_t done;                      /* [W] */
    uint64_t wanted;                    /* [T] */
    bool by_worker;                     /* the worker itself completes the operations */
    int error;                          /* [W] */
    _Atomic(struct mag_core *) pending; /* [A] */
    _Atomic(bool) over;                 /* [A] */
    sem_t end;
};

static struct chain chain;

static void end_with(int error)
{
    bench_mark_last();
    chain.error = error;
    /* release: the run is complete. */
    atomic_store_explicit(&chain.over, true, memory_order_release);
    (void)sem_post(&chain.end);
}

/* Begins an operation and waits for it; its continuation is queued. */
static void next_operation(void)
{
    struct mag_core *core = bench_source_rent(MAG_CORE_QUEUED);
    int r = core == NULL ? -ENOMEM : 0;

    if (r == 0) {
        chain.task = word_task_of(mag_core_task(core));
        r = mag_vtask_on_completed(chain.task.task, &chain.continuation,
                                   MAG_AWAIT_CONTEXT);
    }
    if (r == 0 && chain.by_worker)
        r = mag_core_set_result(core, 1);
    else if (r == 0) {
        /* begun, release: the operation is awaited. */
        atomic_store_explicit(&chain.pending, core, memory_order_release);
    }
    if (r != 0)
        end_with(r);
}

static void go_on(struct mag_job *job)
{
    uint64_t value = 0;
    int r = word_task_get(chain.task, &value);
    (void)job;

    chain.done += value;
    if (r != 0 || chain.done == chain.wanted)
        end_with(r);
    else
        next_operation();
}

static void start(struct mag_job *job)
{
    (void)job;
    bench_mark_first();
    next_operation();
}

static void hand_over(void)
{
    for (;;) {
        /* begun, acquire: the operation is awaited. */
        struct mag_core *core =
            atomic_exchange_explicit(&chain.pending, NULL, memory_order_acquire);

        if (core != NULL && mag_core_set_result(core, 1) != 0)
            return;
        /* acquire: the run is complete. */
        if (core == NULL && atomic_load_explicit(&chain.over, memory_order_acquire))
            return;
    }
}

static int run_chain(struct bench_run *run, bool by_worker)
{
    chain.continuation.job.run = go_on;
    chain.start.run = start;
    chain.done = 0;
    chain.error = 0;
    chain.wanted = run->size;
    chain.by_worker = by_worker;
    atomic_init(&chain.pending, NULL);
    atomic_init(&chain.over, false);
    int r = mag_sched_post(run->sched, &chain.start);
    if (r != 0)
        return r;
    if (!by_worker)
        hand_over();
    while (sem_wait(&chain.end) != 0) {
        /* EINTR: a signal is not an end. */
    }
    run->answer = chain.done;
    return chain.error;
}

static int run_queued(struct bench_run *run)
{
    return run_chain(run, true);
}

static int run_handoff(struct bench_run *run)
{
    return run_chain(run, false);
}

static int prepare(struct bench_run *run)
{
    (void)run;
    (void)sem_init(&chain.end, 0, 0);
    return bench_sources_make();
}

static void cleanup(struct bench_run *run)
{
    (void)run;
    bench_sources_free();
    (void)sem_destroy(&chain.end);
}

#define HANDOFF(row, text, tells, count, runs, marked) \
    const struct bench_workload bench_vtask_##row = {  \
        .group = "vtask",                              \
        .name = "vtask-" #row,                         \
        .summary = (text),                             \
        .shows = (tells),                              \
        .size_is = "operations",                       \
        .sizes = {count},                              \
        .size_min = 1,                                 \
        .size_max = UINT64_C(1000000000),              \
        .per_operation = true,                         \
        .marks = (marked),                             \
        .prepare = prepare,                            \
        .run_magpie = (runs),                          \
        .cleanup = cleanup,                            \
    }

HANDOFF(queued, "a pooled source whose continuation is queued on the completing worker",
        "what the queue adds to a pending operation", 2000000, run_queued, true);
HANDOFF(handoff, "a thread completes an operation, a searching worker continues",
        "the time from a completion to a worker that is awake", 200000, run_handoff,
        false);

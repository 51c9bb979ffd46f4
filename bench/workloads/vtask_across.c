/*
 * vtask_across.c - value tasks between two workers: worker 0 begins operations and awaits
 * them, the last worker completes them, and the results are read on worker 0 again.
 *
 * AT_ONCE operations are under way at a time, so that the two workers work side by side.
 * An operation is a job on its way there and a continuation on its way back, both through
 * the inbox of a certain worker.  With one worker it is the same way without the lines
 * that travel.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/vtask_source.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <semaphore.h>

enum { AT_ONCE = 64 };

/* Belongs to worker 0, but for `complete` while it is posted. */
struct operation {
    struct mag_continuation continuation; /* first */
    word_task task;
    struct completion {
        struct mag_job job; /* first */
        struct mag_core *core;
    } complete;
};

/* Of the calling process; a lane runs one workload. */
static struct {
    struct operation operations[AT_ONCE];
    struct mag_job start;
    struct mag_bound_executor home; /* worker 0 */
    struct mag_sched *sched;
    uint32_t other; /* the worker that completes */
    uint64_t wanted, begun, read;
    uint64_t sum;
    int error;
    sem_t end;
} across;

static void complete(struct mag_job *job)
{
    struct completion *completion = (struct completion *)(void *)job;

    if (mag_core_set_result(completion->core, 1) != 0)
        return; /* the row ends when all that was begun has been read */
}

static int await(struct operation *operation)
{
    struct mag_executor *before = mag_executor_enter(&across.home.executor);
    int r = mag_vtask_on_completed(operation->task.task, &operation->continuation,
                                   MAG_AWAIT_CONTEXT);

    (void)mag_executor_enter(before);
    return r;
}

static int begin(struct operation *operation)
{
    struct mag_core *core = bench_source_rent(MAG_CORE_QUEUED);
    int r;

    if (core == NULL)
        return -ENOMEM;
    operation->task = word_task_of(mag_core_task(core));
    operation->complete.core = core;
    r = await(operation);
    if (r == 0)
        r = mag_sched_post_worker(across.sched, &operation->complete.job, across.other);
    return r;
}

/* The operation is over, or there was none. */
static void go_on(struct operation *operation)
{
    if (across.error == 0 && across.begun < across.wanted) {
        across.error = begin(operation);
        across.begun += across.error == 0;
    }
    if (across.read != across.begun)
        return;
    bench_mark_last();
    (void)sem_post(&across.end);
}

static void read_result(struct mag_job *job)
{
    struct operation *operation = (struct operation *)(void *)job;
    uint64_t value = 0;
    int r = word_task_get(operation->task, &value);

    if (r != 0)
        across.error = r;
    across.sum += value;
    across.read++;
    go_on(operation);
}

static void start(struct mag_job *job)
{
    (void)job;
    bench_mark_first();
    for (uint32_t i = 0; i < AT_ONCE && i < across.wanted && across.error == 0; i++)
        go_on(&across.operations[i]);
}

static int run_across(struct bench_run *run)
{
    across.wanted = run->size;
    across.begun = across.read = across.sum = 0;
    across.error = 0;
    int r = mag_sched_post_worker(run->sched, &across.start, 0);

    if (r != 0)
        return r;
    while (sem_wait(&across.end) != 0) {
        /* EINTR: a signal is not an end. */
    }
    run->answer = across.sum;
    return across.error;
}

static int prepare(struct bench_run *run)
{
    int r = bench_sources_make();

    (void)sem_init(&across.end, 0, 0);
    across.sched = run->sched;
    across.other = mag_sched_workers(run->sched) - 1;
    across.start.run = start;
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        across.operations[i].continuation.job.run = read_result;
        across.operations[i].complete.job.run = complete;
    }
    return r == 0 ? mag_executor_bind_worker(&across.home, run->sched, 0) : r;
}

static void cleanup(struct bench_run *run)
{
    (void)run;
    bench_sources_free();
    (void)sem_destroy(&across.end);
}

const struct bench_workload bench_vtask_across = {
    .group = "vtask",
    .name = "vtask-across",
    .summary = "one worker awaits what another one completes",
    .shows = "the cost of a value task whose two ends are on different workers",
    .size_is = "operations",
    .sizes = {1000000},
    .size_min = 1,
    .size_max = UINT64_C(1000000000),
    .per_operation = true,
    .marks = true,
    .prepare = prepare,
    .run_magpie = run_across,
    .cleanup = cleanup,
};

/*
 * vtask.c - what a value task costs, on one thread: a synchronous one, a pooled source,
 * async functions that wait never, or for pooled sources, and joining a thousand.
 *
 * Operations are completed by the same thread right after they were awaited, so that the
 * rows show what the mechanism costs and nothing else; vtask_handoff.c has the rest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/vtask_source.h"
#include "bench/workloads/workload.h"

#include <errno.h>
#include <stdlib.h>

enum { JOINED = 1000, WAITS_MANY = 10 };

/* The pending operation, for its completer. */
static struct mag_core *pending;

static int prepare(struct bench_run *run)
{
    (void)run;
    return bench_sources_make();
}

static void cleanup(struct bench_run *run)
{
    (void)run;
    bench_sources_free();
}

/* -------------------------------------------------------------- synchronous */

struct pair {
    uint64_t first, second;
};

/* noinline, as what a program calls is rarely inlined. */
static __attribute__((noinline)) struct pair plain_call(uint64_t value)
{
    __asm__ volatile("" : "+r"(value));
    return (struct pair){0, value};
}

static __attribute__((noinline)) word_task call_task(uint64_t value)
{
    __asm__ volatile("" : "+r"(value));
    return word_task_result(value);
}

static int run_plain(struct bench_run *run)
{
    run->answer = 0;
    for (uint64_t i = 0; i < run->size; i++)
        run->answer += plain_call(1).second;
    return 0;
}

static int run_sync(struct bench_run *run)
{
    int r = 0;

    run->answer = 0;
    for (uint64_t i = 0; i < run->size && r == 0; i++) {
        word_task task = call_task(1);
        uint64_t value = 0;

        if (mag_vtask_status(task.task) != MAG_SUCCEEDED)
            return -EIO;
        r = word_task_get(task, &value);
        run->answer += value;
    }
    return r;
}

/* ----------------------------------------------------------- pooled source */

static __attribute__((noinline)) word_task begin_operation(void)
{
    pending = bench_source_rent(0);
    if (pending == NULL)
        return word_task_of(mag_vtask_failed(-ENOMEM, 0));
    return word_task_of(mag_core_task(pending));
}

/* Rent, register, complete, continuation inline, take, return. */
static int run_inline(struct bench_run *run)
{
    struct bench_reader reader = {.continuation = {.job = {.run = bench_read}}};
    int r = 0;

    for (uint64_t i = 0; i < run->size && r == 0; i++) {
        reader.task = begin_operation();
        if (mag_vtask_status(reader.task.task) != MAG_PENDING)
            return -EIO;
        r = mag_vtask_on_completed(reader.task.task, &reader.continuation,
                                   MAG_AWAIT_CONTEXT);
        if (r == 0)
            r = mag_core_set_result(pending, 1);
    }
    run->answer = reader.sum;
    return r;
}

/* ---------------------------------------------------------- async functions */

MAG_ASYNC(word_task, add, (uint32_t, waits, bool, waiting), uint32_t i; uint64_t item;
          uint64_t total;)
{
    MAG_BEGIN(f);
    for (f->i = 0; f->i < f->waits; f->i++) {
        MAG_AWAIT(f, f->item, f->waiting ? begin_operation() : call_task(1));
        f->total += f->item;
    }
    return word_task_result(f->total);
    MAG_END(f);
}

static int run_async_now(struct bench_run *run)
{
    int r = 0;

    run->answer = 0;
    for (uint64_t i = 0; i < run->size && r == 0; i++) {
        uint64_t value = 0;

        r = word_task_get(add(1, false), &value);
        run->answer += value;
    }
    return r;
}

static int run_waiting(struct bench_run *run, uint32_t waits)
{
    struct bench_reader reader = {.continuation = {.job = {.run = bench_read}}};
    int r = 0;

    for (uint64_t i = 0; i < run->size && r == 0; i++) {
        reader.task = add(waits, true);
        r = mag_vtask_on_completed(reader.task.task, &reader.continuation,
                                   MAG_AWAIT_CONTEXT);
        for (uint32_t j = 0; j < waits && r == 0; j++)
            r = mag_core_set_result(pending, 1);
    }
    run->answer = reader.sum / waits;
    return r;
}

static int run_async_one(struct bench_run *run)
{
    return run_waiting(run, 1);
}

static int run_async_ten(struct bench_run *run)
{
    return run_waiting(run, WAITS_MANY);
}

/* ------------------------------------------------------------------ joining */

struct joined {
    struct mag_core *sources[JOINED];
    mag_vtask tasks[JOINED];
};

static struct joined joined;

static int join(uint32_t count, struct bench_reader *reader)
{
    for (uint32_t i = 0; i < count; i++) {
        joined.sources[i] = bench_source_rent(0);
        joined.tasks[i] = mag_core_task(joined.sources[i]);
    }
    int r = mag_when_all(joined.tasks, count, &reader->task.task);
    if (r == 0)
        r = mag_vtask_on_completed(reader->task.task, &reader->continuation,
                                   MAG_AWAIT_CONTEXT);
    for (uint32_t i = 0; i < count && r == 0; i++)
        r = mag_core_set_result(joined.sources[i], 1);
    return r;
}

static int run_when_all(struct bench_run *run)
{
    struct bench_reader reader = {.continuation = {.job = {.run = bench_read}}};
    uint64_t rest = run->size;
    int r = 0;

    while (rest != 0 && r == 0) {
        uint32_t count = rest < JOINED ? (uint32_t)rest : JOINED;

        r = join(count, &reader);
        rest -= count;
    }
    run->answer = reader.sum;
    return r;
}

#define VTASK(row, named, text, tells, twins, runs_twin, runs) \
    const struct bench_workload bench_vtask_##row = {          \
        .group = "vtask",                                      \
        .name = "vtask-" named,                                \
        .summary = (text),                                     \
        .shows = (tells),                                      \
        .size_is = "operations",                               \
        .sizes = {2000000},                                    \
        .size_min = 1,                                         \
        .size_max = UINT64_C(1000000000),                      \
        .per_operation = true,                                 \
        .threads = 1,                                          \
        .twin = (twins),                                       \
        .prepare = prepare,                                    \
        .run_twin = (runs_twin),                               \
        .run_magpie = (runs),                                  \
        .cleanup = cleanup,                                    \
    }

VTASK(sync, "sync", "a task that is complete: create, test, take",
      "the cost of a value task with a present result, beside a plain call", "call",
      run_plain, run_sync);
VTASK(inline, "inline", "a pooled source whose continuation is run by the completer",
      "the whole cost of a pending operation, without a queue", NULL, NULL, run_inline);
VTASK(async_now, "async-now", "an async function whose await completes at once",
      "the cost of an async function that need not wait", NULL, NULL, run_async_now);
VTASK(pooled_1, "pooled-1", "an async function that waits once, for a pooled source",
      "the cost of suspending and resuming by a task", NULL, NULL, run_async_one);
VTASK(pooled_10, "pooled-10",
      "an async function that waits ten times, for pooled sources",
      "the cost of further waits for tasks", NULL, NULL, run_async_ten);
VTASK(when_all, "when-all", "a thousand pending tasks joined at a time",
      "the cost of joining one pending task", NULL, NULL, run_when_all);

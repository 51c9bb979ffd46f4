/*
 * fib_entry.c - the same computation entered from three places: a thread of the program,
 * a posted job, and an async function that goes on as a job.  Nested parallelism should
 * cost the same wherever it begins.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/async.h>
#include <magpie/promise.h>

/* The sizes: where it is entered.  From QUICK on the same again, of a smaller number. */
enum { TOP = 1, JOB = 2, ASYNC = 3, QUICK = 4 };

static uint64_t entry_of(uint64_t size)
{
    return size < QUICK ? size : size - QUICK + TOP;
}

static uint64_t fib_size(uint64_t size)
{
    return size < QUICK ? 39 : 20;
}

/* The row fib itself, so that all entries run the same code. */
static struct bench_run fib_of(const struct bench_run *run)
{
    return (struct bench_run){
        .size = fib_size(run->size), .workers = run->workers, .sched = run->sched};
}

static uint64_t expected(uint64_t size)
{
    return bench_fib.expected(fib_size(size));
}

static int run_twin(struct bench_run *run)
{
    struct bench_run fib = fib_of(run);
    int r = bench_fib.run_twin(&fib);

    run->answer = fib.answer;
    return r;
}

/* ------------------------------------------------------------------ the entries */

struct job {
    struct mag_job job;
    struct bench_run fib;
    struct mag_promise *promise;
};

static void run_job(struct mag_job *job)
{
    struct job *entry = (struct job *)(void *)job;
    int r = bench_fib.run_magpie(&entry->fib);

    /* It is pending until here: neither can be refused. */
    if (r == 0)
        r = mag_promise_set_result(entry->promise, entry->fib.answer);
    else
        r = mag_promise_set_error(entry->promise, r, 0);
    (void)r;
}

/* Waits, on a thread that is no worker. */
static int answer_of(mag_vtask task, uint64_t *ret_answer)
{
    int r = mag_vtask_wait_completed(&task, sizeof(*ret_answer), -1);

    if (r == 0)
        r = mag_vtask_get(task, ret_answer);
    (void)mag_vtask_release(task);
    return r;
}

static int run_in_job(struct bench_run *run)
{
    struct job entry = {.job.run = run_job, .fib = fib_of(run)};
    int r = mag_promise_create(0, 0, &entry.promise);

    if (r < 0)
        return r;
    r = mag_sched_post(run->sched, &entry.job);
    if (r < 0)
        mag_promise_release(entry.promise);
    return r < 0 ? r : answer_of(mag_promise_task(entry.promise), &run->answer);
}

MAG_VTASK_DEFINE(answer_task, uint64_t)

MAG_ASYNC(answer_task, compute,
          (struct bench_run *, run, struct mag_executor *, executor), )
{
    MAG_BEGIN(f);
    MAG_CONTINUE_ON(f, f->executor);

    struct bench_run fib = fib_of(f->run);
    int r = bench_fib.run_magpie(&fib);
    if (r != 0)
        MAG_FAIL(f, r);
    return answer_task_result(fib.answer);
    MAG_END(f);
}

static int run_in_async(struct bench_run *run)
{
    struct mag_bound_executor place;
    int r = mag_executor_bind_node(&place, run->sched, 0);

    return r < 0 ? r : answer_of(compute(run, &place.executor).task, &run->answer);
}

static int run_magpie(struct bench_run *run)
{
    struct bench_run fib = fib_of(run);
    int r;

    if (entry_of(run->size) == JOB)
        return run_in_job(run);
    if (entry_of(run->size) == ASYNC)
        return run_in_async(run);
    r = bench_fib.run_magpie(&fib);
    run->answer = fib.answer;
    return r;
}

static const char *label(uint64_t size)
{
    static const char *const names[] = {
        [TOP] = "a thread",
        [JOB] = "a job",
        [ASYNC] = "an async function",
        [QUICK] = "a thread, quick",
        [QUICK + JOB - TOP] = "a job, quick",
        [QUICK + ASYNC - TOP] = "an async function, quick",
    };

    return names[size];
}

const struct bench_workload bench_fib_entry = {
    .group = "fib-entry",
    .name = "fib-entry",
    .summary = "fib(39) entered from a thread, a posted job and an async function",
    .shows = "whether nested parallelism costs the same wherever it begins",
    .size_is = "where it is entered: 1 a thread, 2 a job, 3 an async function; "
               "4, 5, 6: the same of fib(20)",
    .sizes = {TOP, JOB, ASYNC},
    .size_min = TOP,
    .size_max = QUICK + ASYNC - TOP,
    .label = label,
    .twin = "serial",
    .workers_only = true,
    .weight = 3,
    .expected = expected,
    .run_twin = run_twin,
    .run_magpie = run_magpie,
};

/*
 * submit.c - empty functions submitted by threads from outside: by one thread, by eight,
 * and 1,000 at once.
 *
 * Each call counts itself in a cell of its worker, so that workers share no line.  A
 * thread is at most AHEAD calls ahead of the workers.  For submit-bulk a thread submits
 * 1,000 calls, waits until all have run, and submits again; its twin does the same with
 * one call at a time.
 *
 * Ownership
 *   [C] written by one worker, read by the submitters   [T] the thread that runs the row
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <errno.h>
#include <magpie/submit.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS = 8, AHEAD = 16384, LOOK = 256, BULK = 1000, LINE = 64, NAP_NS = 50000 };

/* The calls that one worker has run. */
struct cell {
    _Alignas(LINE) _Atomic(uint64_t) runs; /* [C] */
};

struct submit;

struct submitter {
    struct submit *submit;
    pthread_t thread;
    uint64_t wanted; /* calls to submit */
    int error;
};

struct submit {
    struct mag_sched *sched;
    bool own;                    /* `sched` was started by this row */
    uint32_t count;              /* of submitters */
    uint32_t capacity;           /* of cells */
    uint64_t before;             /* [T] calls of earlier runs */
    _Atomic(uint64_t) submitted; /* by all threads, a little behind */
    struct submitter submitters[THREADS];
    struct cell *cells;
};

static void count_call(void *arg)
{
    uint32_t worker = mag_sched_worker();
    struct cell *cell = (struct cell *)arg + (worker != MAG_NONE ? worker : 0);

    /* relaxed: there is one writer. */
    uint64_t runs = atomic_load_explicit(&cell->runs, memory_order_relaxed);
    /* ran, release: this thread's last touch of the cells. */
    atomic_store_explicit(&cell->runs, runs + 1, memory_order_release);
}

static uint64_t calls_run(struct submit *submit)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < submit->capacity; i++) {
        /* ran, acquire: the cells may be freed once all calls have run. */
        sum += atomic_load_explicit(&submit->cells[i].runs, memory_order_acquire);
    }
    return sum;
}

/* Waits until all but `rest` of `submitted` calls have run, or more: those that other
 * threads have submitted run too.  A submitter that is ahead sleeps, and leaves its
 * processor to the workers: there is work for longer than the nap. */
static void wait_for(struct submit *submit, uint64_t submitted, int64_t rest)
{
    const struct timespec nap = {0, NAP_NS};

    while ((int64_t)(submitted - calls_run(submit)) > rest) {
        if (rest != 0)
            (void)nanosleep(&nap, NULL);
        else
            (void)sched_yield();
    }
}

/* --------------------------------------------------------------------- submitters */

static int submit_one(struct submit *submit)
{
    return mag_submit(submit->sched, count_call, submit->cells);
}

/* Submits `count` calls one by one. */
static int submit_each(struct submit *submit, uint64_t count)
{
    int r = 0;

    for (uint64_t i = 0; i < count && r == 0; i++)
        r = submit_one(submit);
    return r;
}

static int submit_bulk(struct submit *submit, uint64_t count)
{
    return mag_submit_all(submit->sched, NULL, count_call, submit->cells, 0, count);
}

static void *submitter_run(void *arg)
{
    struct submitter *self = arg;
    struct submit *submit = self->submit;

    for (uint64_t done = 0; done < self->wanted && self->error == 0;) {
        uint64_t rest = self->wanted - done;
        uint64_t count = rest < LOOK ? rest : LOOK;

        self->error = submit_each(submit, count);
        done += count;
        /* relaxed: only a limit. */
        uint64_t all = count + atomic_fetch_add_explicit(&submit->submitted, count,
                                                         memory_order_relaxed);
        wait_for(submit, all, AHEAD);
    }
    return NULL;
}

/* ------------------------------------------------------------------------- the rows */

static int start_own(struct bench_run *run, struct mag_sched **ret_sched)
{
    struct mag_sched_config config;

    mag_sched_config_init(&config);
    config.workers = run->workers;
    return mag_sched_start(&config, ret_sched);
}

static int make_cells(struct submit *submit)
{
    submit->capacity = mag_sched_capacity(submit->sched);
    submit->cells = aligned_alloc(LINE, submit->capacity * sizeof(*submit->cells));
    if (submit->cells == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < submit->capacity; i++)
        atomic_init(&submit->cells[i].runs, 0);
    return 0;
}

static int prepare(struct bench_run *run, uint32_t count)
{
    struct submit *submit = calloc(1, sizeof(*submit));
    int r = 0;

    run->data = submit;
    if (submit == NULL)
        return -ENOMEM;
    submit->count = count;
    submit->sched = run->sched;
    if (run->sched == NULL) {
        r = start_own(run, &submit->sched);
        submit->own = r == 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        submit->submitters[i].submit = submit;
        submit->submitters[i].wanted = run->size / count + (i < run->size % count);
    }
    return r == 0 ? make_cells(submit) : r;
}

static int prepare_one(struct bench_run *run)
{
    return prepare(run, 1);
}

static int prepare_eight(struct bench_run *run)
{
    return prepare(run, THREADS);
}

static int run_submitters(struct bench_run *run)
{
    struct submit *submit = run->data;
    uint32_t started = 1;
    int r = 0;

    for (; started < submit->count && r == 0; started += r == 0)
        r = -pthread_create(&submit->submitters[started].thread, NULL, submitter_run,
                            &submit->submitters[started]);
    (void)submitter_run(&submit->submitters[0]);
    for (uint32_t i = 1; i < started; i++)
        (void)pthread_join(submit->submitters[i].thread, NULL);
    for (uint32_t i = 0; i < started && r == 0; i++)
        r = submit->submitters[i].error;
    if (r == 0)
        wait_for(submit, submit->before + run->size, 0);
    run->answer = calls_run(submit) - submit->before;
    submit->before += run->answer;
    return r;
}

/* 1,000 calls at a time, each time until all have run. */
static int run_batches(struct bench_run *run,
                       int (*function)(struct submit *submit, uint64_t count))
{
    struct submit *submit = run->data;
    uint64_t before = submit->before;
    int r = 0;

    for (uint64_t done = 0; done < run->size && r == 0;) {
        uint64_t rest = run->size - done;
        uint64_t count = rest < BULK ? rest : BULK;

        r = function(submit, count);
        done += count;
        if (r == 0)
            wait_for(submit, before + done, 0);
    }
    run->answer = calls_run(submit) - before;
    submit->before += run->answer;
    return r;
}

static int run_bulk(struct bench_run *run)
{
    return run_batches(run, submit_bulk);
}

static int run_one_by_one(struct bench_run *run)
{
    return run_batches(run, submit_each);
}

/* Calls each function, through a pointer. */
static int run_serial(struct bench_run *run)
{
    struct cell cell = {0};
    void (*volatile call)(void *arg) = count_call;

    for (uint64_t i = 0; i < run->size; i++)
        call(&cell);
    /* relaxed: one thread. */
    run->answer = atomic_load_explicit(&cell.runs, memory_order_relaxed);
    return 0;
}

static void cleanup(struct bench_run *run)
{
    struct submit *submit = run->data;

    if (submit == NULL)
        return;
    if (submit->own)
        (void)mag_sched_destroy(submit->sched);
    free(submit->cells);
    free(submit);
}

#define SUBMIT(row, called, text, tells, twins, prepares, twin_runs, runs) \
    const struct bench_workload bench_##row = {                            \
        .group = "submit",                                                 \
        .name = (called),                                                  \
        .summary = (text),                                                 \
        .shows = (tells),                                                  \
        .size_is = "calls",                                                \
        .sizes = {1000000},                                                \
        .size_min = 1,                                                     \
        .size_max = UINT64_C(1000000000),                                  \
        .twin = (twins),                                                   \
        .per_operation = true,                                             \
        .prepare = (prepares),                                             \
        .run_twin = (twin_runs),                                           \
        .run_magpie = (runs),                                              \
        .cleanup = cleanup,                                                \
    }

SUBMIT(submit, "submit", "an outside thread submits empty functions",
       "the cost of a submission, from the call to the end of the function", "serial",
       prepare_one, run_serial, run_submitters);
SUBMIT(submit_all, "submit-all", "eight outside threads submit empty functions",
       "the cost of a submission when several threads submit at once", "serial",
       prepare_eight, run_serial, run_submitters);
SUBMIT(submit_bulk, "submit-bulk",
       "1,000 empty functions at once, again when all have run",
       "what one publication saves, beside as many submissions one by one", "one-by-one",
       prepare_one, run_one_by_one, run_bulk);

/*
 * post_wake.c - the time from a post to the first line of the job, while all workers
 * sleep; and from the completion of an operation to the first line of its continuation.
 * The twin uses a bare futex: from the wake to the first line of the thread that slept.
 *
 * All are measured the same way.  The waking thread sits on the last PU that this process
 * may use, the bare thread on the first one, and between two posts every thread has time
 * to fall asleep.  The result is the median of all wakes, because on a busy machine a few
 * take long; or their 99th percentile.
 *
 * Edges: release end -> acquire end : what crosses
 *   woken    waiter -> waker, by `woken_at` : the time, nothing else
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/workloads/workload.h"

#include <magpie/source.h>

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { QUIET_NS = 1000000 };

struct wake {
    struct mag_continuation continuation; /* first: its job finds the wake */
    struct mag_bound_executor place;      /* the pool, as an executor */
    struct mag_core core;
    _Atomic(uint64_t) woken_at; /* monotonic ns; 0: not yet */
    _Atomic(uint32_t) word;     /* the futex: counts wakes */
    _Atomic(bool) stop;
    cpu_set_t allowed;
    pthread_t thread;
    bool thread_runs;
    uint64_t *latencies;
};

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void keep_quiet(void)
{
    const struct timespec pause = {.tv_nsec = QUIET_NS};

    (void)nanosleep(&pause, NULL);
}

/* The first or the last PU of a set; CPU_SETSIZE for none. */
static size_t pu_of(const cpu_set_t *set, bool last)
{
    size_t found = CPU_SETSIZE;

    for (size_t pu = 0; pu < CPU_SETSIZE; pu++) {
        if (CPU_ISSET(pu, set) && (last || found == CPU_SETSIZE))
            found = pu;
    }
    return found;
}

/* As good as it goes: where it is refused, the thread floats. */
static void sit_on(const cpu_set_t *allowed, bool last)
{
    size_t pu = pu_of(allowed, last);
    cpu_set_t one;

    CPU_ZERO(&one);
    if (pu < CPU_SETSIZE) {
        CPU_SET(pu, &one);
        (void)sched_setaffinity(0, sizeof(one), &one);
    }
}

/* --------------------------------------------------------------- bare futex */

static void futex_wait(_Atomic(uint32_t) *word, uint32_t seen)
{
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic(uint32_t) *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *waiter(void *arg)
{
    struct wake *wake = arg;
    uint32_t seen = 0;

    sit_on(&wake->allowed, false);
    for (;;) {
        /* relaxed: only the time crosses, by `woken_at`. */
        while (atomic_load_explicit(&wake->word, memory_order_relaxed) == seen)
            futex_wait(&wake->word, seen);
        seen++;
        /* woken, release. */
        atomic_store_explicit(&wake->woken_at, now_ns(), memory_order_release);
        /* relaxed: set before the last wake, which the futex orders. */
        if (atomic_load_explicit(&wake->stop, memory_order_relaxed))
            return NULL;
    }
}

static int wake_thread(struct bench_run *run)
{
    struct wake *wake = run->data;

    /* relaxed: the waiter reads nothing else. */
    atomic_fetch_add_explicit(&wake->word, 1, memory_order_relaxed);
    futex_wake(&wake->word);
    return 0;
}

/* --------------------------------------------------------------- on Magpie */

static void job_started(struct mag_job *job)
{
    struct wake *wake = (struct wake *)job;

    /* woken, release. */
    atomic_store_explicit(&wake->woken_at, now_ns(), memory_order_release);
}

static int wake_pool(struct bench_run *run)
{
    struct wake *wake = run->data;

    return mag_sched_post(run->sched, &wake->continuation.job);
}

/* Begins an operation whose continuation belongs to the pool. */
static int await_on_pool(struct bench_run *run)
{
    struct wake *wake = run->data;

    assert(wake != NULL);
    mag_core_reset(&wake->core);
    mag_continuation_home(&wake->continuation, &wake->place.executor);
    return mag_vtask_on_completed(mag_core_task(&wake->core), &wake->continuation,
                                  MAG_AWAIT_HOME);
}

static int complete(struct bench_run *run)
{
    struct wake *wake = run->data;

    return mag_core_set_result(&wake->core, 1);
}

/* ------------------------------------------------------------ the workload */

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static int prepare(struct bench_run *run)
{
    struct wake *wake = calloc(1, sizeof(*wake));
    int r = 0;

    run->data = wake;
    if (wake == NULL)
        return -ENOMEM;
    wake->continuation.job.run = job_started;
    wake->latencies = calloc(run->size, sizeof(*wake->latencies));
    if (wake->latencies == NULL)
        return -ENOMEM;
    if (sched_getaffinity(0, sizeof(wake->allowed), &wake->allowed) != 0)
        CPU_ZERO(&wake->allowed);
    sit_on(&wake->allowed, true);
    if (run->sched == NULL)
        r = -pthread_create(&wake->thread, NULL, waiter, wake);
    wake->thread_runs = run->sched == NULL && r == 0;
    return r;
}

/* One wake: its latency in nanoseconds, or 0 with an error in `*ret_error`. */
static uint64_t measure(struct bench_run *run, int (*begin)(struct bench_run *run),
                        int (*wake_up)(struct bench_run *run), int *ret_error)
{
    struct wake *wake = run->data;
    uint64_t woken_at;

    /* relaxed: all threads sleep. */
    atomic_store_explicit(&wake->woken_at, 0, memory_order_relaxed);
    *ret_error = begin != NULL ? begin(run) : 0;
    if (*ret_error != 0)
        return 0;
    keep_quiet();

    uint64_t from = now_ns();

    *ret_error = wake_up(run);
    if (*ret_error != 0)
        return 0;
    for (;;) {
        /* woken, acquire. */
        woken_at = atomic_load_explicit(&wake->woken_at, memory_order_acquire);
        if (woken_at != 0)
            return woken_at > from ? woken_at - from : 0;
        keep_quiet();
    }
}

/* `percent`: how many of the wakes take no longer than the result. */
static int run_wakes(struct bench_run *run, unsigned percent,
                     int (*begin)(struct bench_run *run),
                     int (*wake_up)(struct bench_run *run))
{
    struct wake *wake = run->data;
    int r = 0;

    run->answer = 0;
    for (; run->answer < run->size && r == 0; run->answer += r == 0)
        wake->latencies[run->answer] = measure(run, begin, wake_up, &r);

    qsort(wake->latencies, run->size, sizeof(*wake->latencies), by_value);
    uint64_t latency = wake->latencies[run->size * percent / 100];

    run->seconds = (double)latency * 1e-9 * (double)run->size;
    return r;
}

static int run_twin(struct bench_run *run)
{
    return run_wakes(run, 50, NULL, wake_thread);
}

static int run_twin_p99(struct bench_run *run)
{
    return run_wakes(run, 99, NULL, wake_thread);
}

static int run_magpie(struct bench_run *run)
{
    return run_wakes(run, 50, NULL, wake_pool);
}

static int run_magpie_p99(struct bench_run *run)
{
    return run_wakes(run, 99, NULL, wake_pool);
}

static int run_completions(struct bench_run *run)
{
    struct wake *wake = run->data;
    int r = mag_executor_bind_node(&wake->place, run->sched, 0);

    return r == 0 ? run_wakes(run, 50, await_on_pool, complete) : r;
}

static void cleanup(struct bench_run *run)
{
    struct wake *wake = run->data;

    if (wake == NULL)
        return;
    if (wake->thread_runs) {
        /* relaxed: the wake behind it orders it. */
        atomic_store_explicit(&wake->stop, true, memory_order_relaxed);
        (void)wake_thread(run);
        (void)pthread_join(wake->thread, NULL);
    }
    free(wake->latencies);
    free(wake);
}

#define WAKE(row, of, called, text, tells, twin_runs, runs) \
    const struct bench_workload bench_##row = {             \
        .group = (of),                                      \
        .name = (called),                                   \
        .summary = (text),                                  \
        .shows = (tells),                                   \
        .size_is = "wakes",                                 \
        .sizes = {100},                                     \
        .size_min = 1,                                      \
        .size_max = 1000000,                                \
        .twin = "futex",                                    \
        .per_operation = true,                              \
        .prepare = prepare,                                 \
        .run_twin = (twin_runs),                            \
        .run_magpie = (runs),                               \
        .cleanup = cleanup,                                 \
    }

WAKE(post_wake, "post", "post-wake",
     "from a post to the job's first line; all workers sleep",
     "the time to wake a worker, beside a bare futex", run_twin, run_magpie);
WAKE(wake, "pool", "wake", "from a post to the job's first line; all workers sleep",
     "the time to wake an idle scheduler, beside a bare futex", run_twin, run_magpie);
WAKE(wake_p99, "pool", "wake-p99", "the same, at the 99th percentile",
     "how long it takes in bad cases to wake an idle scheduler", run_twin_p99,
     run_magpie_p99);
WAKE(vtask_wake, "vtask", "vtask-wake",
     "from a completion to the continuation's first line; all workers sleep",
     "the time to wake a worker for a continuation, beside a bare futex", run_twin,
     run_completions);

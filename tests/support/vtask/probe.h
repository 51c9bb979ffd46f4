/*
 * probe.h - what the tests of value tasks share: a continuation that counts its runs,
 * a source that writes down what it is asked, an executor that keeps its jobs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SUPPORT_VTASK_PROBE_H
#define TESTS_SUPPORT_VTASK_PROBE_H

#include "tests/support/cmocka.h"
#include "tests/support/run.h"
#include "tests/support/sched/start.h"

#include <magpie/source.h>
#include <pthread.h>
#include <stdatomic.h>

/* ------------------------------------------------------------- a continuation */

struct probe {
    struct mag_continuation continuation;
    _Atomic(uint64_t) runs;
    pthread_t thread;              /* where it ran last */
    struct mag_sched *sched;       /* whose worker that was */
    uint32_t worker;               /* which */
    struct mag_executor *executor; /* what was current there */
    void (*then)(struct probe *probe);
    void *arg; /* of `then` */
};

static inline void probe_run(struct mag_job *job)
{
    struct probe *probe = (struct probe *)(void *)job;

    probe->thread = pthread_self();
    probe->sched = mag_sched_self();
    probe->worker = mag_sched_worker();
    probe->executor = mag_executor_current();
    if (probe->then != NULL)
        probe->then(probe);
    /* release: what it has written is visible to the test that waits for the count. */
    (void)atomic_fetch_add_explicit(&probe->runs, 1, memory_order_release);
}

static inline struct probe probe_make(void)
{
    return (struct probe){.continuation.job.run = probe_run};
}

static inline uint64_t probe_runs(struct probe *probe)
{
    /* acquire: pairs with probe_run. */
    return atomic_load_explicit(&probe->runs, memory_order_acquire);
}

/* Waits for the first run, and lets a second one that must not be show itself. */
static inline void probe_expect_one_run(struct probe *probe)
{
    assert_true(test_wait_for(&probe->runs, 1));
    assert_int_equal(probe_runs(probe), 1);
}

static inline bool probe_ran_here(struct probe *probe)
{
    return pthread_equal(probe->thread, pthread_self()) != 0;
}

/* --------------------------------------------------------------------- a core */

static inline uint64_t core_token(struct mag_core *core)
{
    return mag_core_task(core).payload;
}

static inline int core_register(struct mag_core *core, struct probe *probe,
                                unsigned flags)
{
    return mag_core_on_completed(core, core_token(core), &probe->continuation, flags);
}

static inline int core_status(struct mag_core *core)
{
    return mag_core_status(core, core_token(core));
}

/* The outcome of the present operation: 0 and a word, or the code. */
static inline int core_get(struct mag_core *core, uint64_t *ret_result)
{
    return mag_core_get(core, core_token(core), ret_result, sizeof(*ret_result), NULL);
}

/* ------------------------------------------------------------------- a source */

/* What it answers is set by the test. */
struct recorder {
    struct mag_source source;
    unsigned status_calls, on_completed_calls, get_calls;
    uint64_t token; /* of the last call, whatever it was */
    int status, error;
    uint64_t result, detail;
    struct mag_continuation *continuation;
    unsigned flags;
};

static inline int recorder_status(struct mag_source *source, uint64_t token)
{
    struct recorder *recorder = (struct recorder *)(void *)source;

    recorder->status_calls++;
    recorder->token = token;
    return recorder->status;
}

static inline int recorder_on_completed(struct mag_source *source, uint64_t token,
                                        struct mag_continuation *continuation,
                                        unsigned flags)
{
    struct recorder *recorder = (struct recorder *)(void *)source;

    recorder->on_completed_calls++;
    recorder->token = token;
    recorder->continuation = continuation;
    recorder->flags = flags;
    return recorder->error;
}

static inline int recorder_get(struct mag_source *source, uint64_t token,
                               void *ret_result, size_t size, uint64_t *ret_detail)
{
    struct recorder *recorder = (struct recorder *)(void *)source;

    recorder->get_calls++;
    recorder->token = token;
    if (recorder->error == 0 && size == sizeof(recorder->result))
        *(uint64_t *)ret_result = recorder->result;
    if (recorder->error != 0 && ret_detail != NULL)
        *ret_detail = recorder->detail;
    return recorder->error;
}

static const struct mag_source_ops recorder_ops = {recorder_status, recorder_on_completed,
                                                   recorder_get};

static inline struct recorder recorder_make(int status)
{
    return (struct recorder){.source.ops = &recorder_ops, .status = status};
}

static inline unsigned recorder_calls(const struct recorder *recorder)
{
    return recorder->status_calls + recorder->on_completed_calls + recorder->get_calls;
}

static inline mag_vtask recorder_task(struct recorder *recorder, uint64_t token)
{
    mag_vtask task;

    assert_int_equal(mag_vtask_from_source(&recorder->source, token, &task), 0);
    return task;
}

/* ----------------------------------------------------------------- an executor */

enum { SHELF_JOBS = 16 };

/* Keeps what is posted to it until the test runs it; one thread. */
struct shelf {
    struct mag_executor executor;
    unsigned posts;
    unsigned waiting;
    int refuse; /* what a post returns if not 0 */
    struct mag_job *jobs[SHELF_JOBS];
};

static inline int shelf_post(struct mag_executor *executor, struct mag_job *job)
{
    struct shelf *shelf = (struct shelf *)(void *)executor;

    shelf->posts++;
    if (shelf->refuse != 0)
        return shelf->refuse;
    assert_true(shelf->waiting < SHELF_JOBS);
    shelf->jobs[shelf->waiting++] = job;
    return 0;
}

static inline struct shelf shelf_make(void)
{
    return (struct shelf){.executor.post = shelf_post};
}

/* Runs what waits, with the shelf as the current executor. */
static inline void shelf_run(struct shelf *shelf)
{
    struct mag_executor *before = mag_executor_enter(&shelf->executor);

    for (unsigned i = 0; i < shelf->waiting; i++)
        shelf->jobs[i]->run(shelf->jobs[i]);
    shelf->waiting = 0;
    (void)mag_executor_enter(before);
}

/* Registers with the shelf as the current executor. */
static inline int shelf_register(struct shelf *shelf, struct mag_core *core,
                                 struct probe *probe)
{
    struct mag_executor *before = mag_executor_enter(&shelf->executor);
    int r = core_register(core, probe, MAG_AWAIT_CONTEXT);

    (void)mag_executor_enter(before);
    return r;
}

/* ------------------------------------------------------------------- the pool */

/* Runs `body` as a job of `sched` and waits for it. */
static inline void pool_run(struct mag_sched *sched, struct probe *body)
{
    assert_int_equal(mag_sched_post(sched, &body->continuation.job), 0);
    assert_true(test_wait_for(&body->runs, 1));
}

#endif

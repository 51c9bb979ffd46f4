/*
 * probe.h - what tests of value tasks share: a continuation that counts its runs, short
 * forms of the calls to a core, and an executor that keeps its jobs.
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
    pthread_t thread;              /* where it last ran */
    struct mag_sched *sched;       /* whose worker that thread was */
    uint32_t worker;               /* and which worker */
    struct mag_executor *executor; /* the current executor there */
    void (*then)(struct probe *probe);
    void *arg;       /* of `then` */
    unsigned *clock; /* counts the runs of the probes that share it; or NULL */
    unsigned order;  /* its place in their last runs, from 1 */
};

static inline void probe_run(struct mag_job *job)
{
    struct probe *probe = (struct probe *)(void *)job;

    probe->thread = pthread_self();
    probe->sched = mag_sched_self();
    probe->worker = mag_sched_worker();
    probe->executor = mag_executor_current();
    if (probe->clock != NULL)
        probe->order = ++*probe->clock;
    if (probe->then != NULL)
        probe->then(probe);
    /* release: everything the probe has written is visible to a test that waits for the
     * count. */
    (void)atomic_fetch_add_explicit(&probe->runs, 1, memory_order_release);
}

static inline struct probe probe_make(void)
{
    return (struct probe){.continuation.job.run = probe_run};
}

/* Prepares a probe and returns its continuation. */
static inline struct mag_continuation *probe_begin(struct probe *probe, unsigned *clock)
{
    *probe = probe_make();
    probe->clock = clock;
    return &probe->continuation;
}

static inline uint64_t probe_runs(struct probe *probe)
{
    /* acquire: pairs with probe_run. */
    return atomic_load_explicit(&probe->runs, memory_order_acquire);
}

/* Waits for the first run, and gives a second run, which must not come, time to show. */
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

/* Reads the outcome of the current operation: 0 and a word, or the code. */
static inline int core_get(struct mag_core *core, uint64_t *ret_result)
{
    return mag_core_get(core, core_token(core), ret_result, sizeof(*ret_result), NULL);
}

/* ----------------------------------------------------------------- an executor */

enum { SHELF_JOBS = 16 };

/* An executor that keeps its jobs until the test runs them; for one thread. */
struct shelf {
    struct mag_executor executor;
    unsigned posts;
    unsigned waiting;
    int refuse; /* if not 0, what a post returns */
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

/* Runs the waiting jobs, with the shelf as the current executor. */
static inline void shelf_run(struct shelf *shelf)
{
    struct mag_executor *before = mag_executor_enter(&shelf->executor);

    for (unsigned i = 0; i < shelf->waiting; i++)
        shelf->jobs[i]->run(shelf->jobs[i]);
    shelf->waiting = 0;
    (void)mag_executor_enter(before);
}

/* Registers a continuation with the shelf as the current executor. */
static inline int shelf_register(struct shelf *shelf, struct mag_core *core,
                                 struct probe *probe)
{
    struct mag_executor *before = mag_executor_enter(&shelf->executor);
    int r = core_register(core, probe, MAG_AWAIT_CONTEXT);

    (void)mag_executor_enter(before);
    return r;
}

/* Runs `body` as a job of `sched` and waits for it. */
static inline void probe_run_as_job(struct mag_sched *sched, struct probe *body)
{
    assert_int_equal(mag_sched_post(sched, &body->continuation.job), 0);
    assert_true(test_wait_for(&body->runs, 1));
}

#endif

/*
 * submission.c - the pool of submissions; how one runs, and how one is dropped.
 *
 * Edges: release end -> acquire end : what crosses
 *   made   mag_pool_publish (submissions) -> mag_submission_take (submissions) : the pool
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sched/submit/submission.h"

#include "sched/submit/limit.h"
#include "sched/worker/self.h"
#include "sched/worker/worker.h"

#include <magpie/pool.h>

#include <errno.h>
#include <stdatomic.h>

static _Atomic(struct mag_pool *) submissions; /* [A] NULL: not made yet */

static void run_submission(struct mag_job *job)
{
    struct mag_submission *submission = (struct mag_submission *)(void *)job;
    void (*function)(void *arg) = submission->function;
    void *arg = submission->arg;
    struct mag_submit_limit *limit = submission->limit;
    struct mag_worker *worker = mag_self_get()->worker;

    /* The function may submit the same object again; that job is a new one. */
    if (worker != NULL)
        worker->running = NULL;
    /* Before the call: the function may end its thread. */
    mag_submission_give(submission);
    mag_limit_leave(limit);
    function(arg);
}

static void drop_submission(struct mag_job *job, const struct mag_job_stop *stop)
{
    struct mag_submission *submission = (struct mag_submission *)(void *)job;
    void (*dropped)(void *arg) = submission->dropped;
    void *arg = submission->arg;
    struct mag_submit_limit *limit = submission->limit;
    (void)stop;

    mag_submission_give(submission);
    mag_limit_leave(limit);
    if (dropped != NULL)
        dropped(arg);
}

static void name_submission(const struct mag_job *job,
                            struct mag_job_description *ret_description)
{
    const struct mag_submission *submission =
        (const struct mag_submission *)(const void *)job;

    *ret_description = (struct mag_job_description){
        .name = submission->name, .function = (void (*)(void))submission->function};
}

static struct mag_job_kind submission_kind = {
    .run = run_submission, .dropped = drop_submission, .describe = name_submission};

static __attribute__((constructor(101))) void add_submission_kind(void)
{
    mag_job_kind_add(&submission_kind);
}

static void prepare_submission(void *object, void *arg)
{
    (void)arg;
    ((struct mag_submission *)object)->job.run = run_submission;
}

static MAG_COLD struct mag_pool *make_submission_pool(void)
{
    struct mag_pool_config config;

    mag_pool_config_init(&config);
    config.object_size = sizeof(struct mag_submission);
    /* Neighbors are used by different threads. */
    config.alignment = MAG_CACHE_LINE;
    config.prepare = prepare_submission;
    return mag_pool_publish(&submissions, &config);
}

int mag_submission_take(struct mag_submission **ret_submission)
{
    /* made, acquire: the pool is visible. */
    struct mag_pool *pool = atomic_load_explicit(&submissions, memory_order_acquire);
    void *object;

    if (MAG_UNLIKELY(pool == NULL))
        pool = make_submission_pool();
    if (MAG_UNLIKELY(pool == NULL || mag_pool_take(pool, &object) != 0))
        return -ENOMEM;
    *ret_submission = object;
    return 0;
}

void mag_submission_give(struct mag_submission *submission)
{
    /* relaxed: the submission came from the pool, so the pool's address is visible. */
    mag_pool_give(atomic_load_explicit(&submissions, memory_order_relaxed), submission);
}

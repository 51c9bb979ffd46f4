/*
 * executor.h - where continuations go: executors, and what surrounds the calling thread.
 *
 * The model.  An executor is anything that runs jobs: one function, `post`, in a struct
 * that a strand, a bound executor (below) or an event loop (event_loop.h) embeds.  Code
 * that waits without blocking comes back to its context: the current executor of the
 * thread where it waits; where there is none, the scheduler whose worker the thread is;
 * on a thread that has neither, there is nothing to come back to.
 * docs/guide/own-executor.md shows how to write an executor.
 *
 * NULL in the place of an executor means the scheduler itself, any worker of it: the
 * scheduler whose worker the calling thread is, and on other threads the default one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_EXECUTOR_H
#define MAGPIE_EXECUTOR_H

#include <magpie/detail/executor.h>
#include <magpie/error.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/*
 * What runs jobs.  `post` takes a job from any thread; the job then runs once, later, and
 * never inside the call.  `post` returns 0, or a negative errno if it did not take the
 * job.  From the call until the job runs, `job->next` is the executor's.
 *
 * An executor must stay alive until every operation awaited under it has completed: the
 * completer posts to it.  The same holds for a scheduler and what is awaited on its
 * workers (mag_sched_destroy).
 */
struct mag_executor {
    int (*post)(struct mag_executor *executor, struct mag_job *job);
};

/*
 * The current executor of the calling thread.
 *
 *   Returns    the executor; NULL if there is none: then the context is the scheduler
 *              whose worker the thread is, if it is one
 */
MAG_INLINE struct mag_executor *mag_executor_current(void)
{
    uintptr_t context = mag_here_get()->context;

    if ((context & MAG_HOME_TAGS) != 0)
        return MAG_NULL;
    return MAG_RECAST(struct mag_executor *, context);
}

/*
 * Makes `executor` the current one of the calling thread: an event loop does so around
 * its jobs.  NULL: none.
 *
 *   Returns    the executor that was current before; pass it to the next call when the
 *              job is over
 */
MAG_INLINE struct mag_executor *mag_executor_enter(struct mag_executor *executor)
{
    struct mag_here *here = mag_here_get();
    struct mag_executor *before = mag_executor_current();

    here->inside = 0;
    if (executor == MAG_NULL)
        here->inside = here->roaming & ~MAG_CAST(uintptr_t, MAG_HOME_ROAMING);
    here->context = executor != MAG_NULL ? MAG_RECAST(uintptr_t, executor) : here->inside;
    return before;
}

/*
 * The executor of a whole scheduler: its jobs run on any worker of `sched`, as those of
 * mag_sched_post_any.  Code that is not on a worker of `sched` continues there by
 * MAG_CONTINUE_ON or MAG_AWAIT_ON with this executor.  A job posted through it is an
 * ordinary job of the scheduler: it has no current executor.
 *
 *   Returns    the executor, which lives as long as `sched`
 */
MAG_API struct mag_executor *mag_sched_executor(struct mag_sched *sched);

/* ------------------------------------------- executors bound to workers */

/*
 * An executor that is bound to one worker, or to the workers of one NUMA node.
 *
 * It only sends jobs to those workers: unlike a strand, it is not the current executor of
 * its jobs.  So what such a job awaits comes back to the scheduler, on any worker.  To
 * come back to the same workers, say so at each await, with MAG_AWAIT_ON; or make the
 * executor current inside the job, with mag_executor_enter.
 */
struct mag_bound_executor {
    struct mag_executor executor;
    struct mag_sched *sched;
    uint32_t index;
};

/*
 * Binds an executor to one worker of a scheduler: jobs run there and nowhere else.
 * `sched` must stay alive, and `bound` where it is, as long as anything may be posted or
 * come back to it.
 *
 *   Returns    0; -EINVAL no such worker
 */
MAG_API MAG_MUST_CHECK int mag_executor_bind_worker(struct mag_bound_executor *bound,
                                                    struct mag_sched *sched,
                                                    uint32_t worker);

/*
 * Binds an executor to a NUMA node, an index of the scheduler's topology: the node's
 * workers look for its jobs first, the others only when they have nothing else to do.
 * Otherwise as mag_executor_bind_worker.
 *
 *   Returns    0; -EINVAL no such node
 */
MAG_API MAG_MUST_CHECK int mag_executor_bind_node(struct mag_bound_executor *bound,
                                                  struct mag_sched *sched, uint32_t node);

MAG_EXTERN_C_END

#endif

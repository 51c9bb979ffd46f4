/*
 * executor.h - executors: whatever jobs can be posted to, and where code comes back to
 * after it has waited.
 *
 *     #include <magpie/executor.h>
 *
 *     struct probe {
 *         struct mag_job job;
 *         uint32_t worker;
 *     };
 *
 *     static void look(struct mag_job *job)
 *     {
 *         ((struct probe *)job)->worker = mag_sched_worker();
 *     }
 *
 *     int main(void)
 *     {
 *         struct mag_sched_config config;
 *         struct mag_sched *sched;
 *         struct mag_bound_executor bound;
 *         struct mag_executor *executor = &bound.executor;
 *         struct probe probe;
 *
 *         mag_sched_config_init(&config);
 *         config.workers = 2;
 *         if (mag_sched_start(&config, &sched) != 0)
 *             return 1;
 *         if (mag_executor_bind_worker(&bound, sched, 1) != 0)
 *             return 1;
 *         probe.job.run = look;
 *         if (executor->post(executor, &probe.job) != 0) // runs on worker 1
 *             return 1;
 *         return mag_sched_destroy(sched) == 0 && probe.worker == 1 ? 0 : 1;
 *     }
 *
 * The model.  An executor is anything that runs jobs: a struct with one function, `post`.
 * Strands (strand.h), bound executors (below), event loops (event_loop.h) and schedulers
 * (mag_sched_executor) have one; docs/guide/own-executor.md shows how to write your own.
 *
 * Code that waits without holding its thread comes back to the context in which it
 * waited.  The context of a thread is
 *   - its current executor, if it has one;
 *   - else the scheduler whose worker the thread is;
 *   - else nothing: code that waits there continues in the thread that completes what it
 *     waits for.
 *
 * NULL in the place of an executor means any worker of a scheduler: of the calling
 * worker's scheduler; on a thread that is not a worker, of the default scheduler.
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
 * An executor.  `post` may be called on any thread.  It returns 0 if it took the job,
 * which then runs once, later, never inside the call; or a negative code if it did not
 * take the job.  From the post until the job runs, `job->next` is the executor's.
 *
 * An executor must stay alive until every operation awaited under it has completed: the
 * completer posts to it.  So must a scheduler on whose workers operations are awaited
 * (mag_sched_destroy).
 */
struct mag_executor {
    int (*post)(struct mag_executor *executor, struct mag_job *job);
};

/*
 * The current executor of the calling thread.
 *
 *   Returns    the executor; NULL if there is none
 */
MAG_INLINE struct mag_executor *mag_executor_current(void)
{
    uintptr_t context = mag_here_get()->context;

    if ((context & MAG_HOME_TAGS) != 0)
        return MAG_NULL;
    return MAG_RECAST(struct mag_executor *, context);
}

/*
 * Makes `executor` the current executor of the calling thread.  An executor calls this
 * before each of its jobs, and again after the job, with the executor of before.  NULL:
 * the thread has no current executor.
 *
 *   Returns    the executor that was current before, or NULL
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
 * mag_sched_post_any.  An async function moves to `sched` when it passes this executor to
 * MAG_CONTINUE_ON or MAG_AWAIT_ON.  A job posted through it is an ordinary job of the
 * scheduler: it has no current executor.
 *
 *   Returns    the executor, which lives as long as `sched`
 */
MAG_API struct mag_executor *mag_sched_executor(struct mag_sched *sched);

/* ------------------------------------------- executors bound to workers */

/*
 * An executor that is bound to one worker, or to the workers of one NUMA node.
 *
 * It only sends jobs to those workers: unlike a strand, it is not the current executor of
 * its jobs.  So a job that awaits comes back to the scheduler, on any worker.  To come
 * back to the same workers, say so at each await, with MAG_AWAIT_ON; or make the executor
 * current inside the job, with mag_executor_enter.  The members are the library's, but
 * `executor` may be handed to any function that takes one.
 */
struct mag_bound_executor {
    struct mag_executor executor;
    struct mag_sched *sched;
    uint32_t index;
};

/*
 * Binds an executor to one worker of a scheduler: jobs run there and nowhere else.  As
 * long as anything may be posted to `bound`, `sched` must stay alive, and `bound` must
 * not move.
 *
 *   Returns    0; -EINVAL no such worker
 */
MAG_API MAG_MUST_CHECK int mag_executor_bind_worker(struct mag_bound_executor *bound,
                                                    struct mag_sched *sched,
                                                    uint32_t worker);

/*
 * Binds an executor to a NUMA node, an index of the scheduler's topology.  Its jobs run
 * as those of mag_sched_post_node.  Otherwise as mag_executor_bind_worker.
 *
 *   Returns    0; -EINVAL no such node
 */
MAG_API MAG_MUST_CHECK int mag_executor_bind_node(struct mag_bound_executor *bound,
                                                  struct mag_sched *sched, uint32_t node);

MAG_EXTERN_C_END

#endif

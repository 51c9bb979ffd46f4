/*
 * executor.h - where continuations go: executors, and what surrounds the calling thread.
 *
 * The model.  An executor is anything that runs jobs: one function, `post`, in a struct
 * that a strand, a place on the machine or an event loop embeds.  A thread may have a
 * current executor; whoever waits there without blocking comes back there.  A
 * worker that runs an ordinary job has none: the pool itself is never captured.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_EXECUTOR_H
#define MAGPIE_EXECUTOR_H

#include <magpie/base.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/*
 * What runs jobs.  `post` takes a job from any thread and has it run once, later, and
 * never inside the call.  It returns 0, or a negative errno and the job was not taken.
 * From the call until it runs the job, `job->next` is the executor's.
 * An executor must outlive every operation that is awaited under it, until that is
 * complete: where it was, the completer posts.  So must the scheduler of its jobs, and of
 * all that is awaited on its workers (mag_sched_destroy).
 */
struct mag_executor {
    int (*post)(struct mag_executor *executor, struct mag_job *job);
};

/* What surrounds the calling thread.  For the library; read it through the functions. */
struct mag_here {
    struct mag_sched *sched;       /* whose worker this is, or NULL */
    uintptr_t home;                /* `sched` | 1: where continuations belong */
    struct mag_executor *executor; /* the current one, or NULL */
    uint32_t depth;                /* continuations running inside one another */
    uint32_t bias_rest;            /* operations until the thread is biased to again */
    uintptr_t bias;                /* of operations that begin here, see source.h */
    const MAG_ATOMIC(uint32_t) * bias_lost; /* how often threads like this lost a bias */
    uint32_t bias_seen;                     /* of that count */
    uint32_t bias_level;                    /* how long the next rest is */
};

/* __thread and not thread_local: C++ would call a wrapper at each use. */
extern MAG_API __thread struct mag_here mag_here MAG_TLS_MODEL;

/*
 * The current executor of the calling thread.
 *
 *   Returns    it; NULL where continuations belong to the pool
 */
MAG_INLINE struct mag_executor *mag_executor_current(void)
{
    return mag_here.executor;
}

/*
 * Makes `executor` the current one of the calling thread, for an event loop around its
 * jobs.  NULL: none.
 *
 *   Returns    the one before, to be handed to the next call when the job is over
 */
MAG_INLINE struct mag_executor *mag_executor_enter(struct mag_executor *executor)
{
    struct mag_executor *before = mag_here.executor;

    mag_here.executor = executor;
    return before;
}

/* -------------------------------------------------- places on the machine */

/*
 * An executor that is one worker, or the workers of one NUMA node.
 *
 * It sends jobs to where it is, and is not their surroundings: a job of a place has no
 * current executor, unlike one of a strand, so what the job awaits next goes on like
 * anything else of the pool, on any worker.  To come back each time say so each time,
 * with MAG_AWAIT_ON; or make the place current in the job, with mag_executor_enter.
 * (VT-107, VT-115: a place is captured where it is current, as any executor; only that
 * nobody makes it current by itself.)
 */
struct mag_place {
    struct mag_executor executor;
    struct mag_sched *sched;
    uint32_t index;
};

/*
 * Makes `place` one worker of a scheduler: jobs run there and nowhere else.  `sched` is
 * borrowed, and `place` stays where it is, as long as anything may be posted or come back
 * to it.
 *
 *   Returns    0; -EINVAL no such worker
 */
MAG_API MAG_MUST_CHECK int mag_place_worker(struct mag_place *place,
                                            struct mag_sched *sched, uint32_t worker);

/*
 * Makes `place` a NUMA node, an index of the scheduler's topology: its workers look there
 * first, the others only when they have nothing else to do.  Otherwise as
 * mag_place_worker.
 *
 *   Returns    0; -EINVAL no such node
 */
MAG_API MAG_MUST_CHECK int mag_place_node(struct mag_place *place,
                                          struct mag_sched *sched, uint32_t node);

MAG_EXTERN_C_END

#endif

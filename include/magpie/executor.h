/*
 * executor.h - where continuations go: executors, and what surrounds the calling thread.
 *
 * The model.  An executor is anything that runs jobs: one function, `post`, in a struct
 * that a strand, a place on the machine or an event loop (loop.h) embeds.  Code that
 * waits without blocking comes back to its context: the current executor of the thread
 * where it waits; where there is none, the scheduler whose worker the thread is; on a
 * thread that has neither, there is nothing to come back to.  docs/guide/own-executor.md
 * shows how to write an executor.
 *
 * NULL in the place of an executor means the scheduler itself, any worker of it: the
 * scheduler whose worker the calling thread is, and on other threads the default one.
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
    uintptr_t roaming;  /* sched | 3: of what need not come back; sched: of this worker */
    uintptr_t context;  /* of what comes back: the current executor, or sched | 1 */
    uintptr_t inside;   /* what may run in a completing call: sched | 1; 0: see context */
    uint32_t depth;     /* continuations running inside one another */
    uint32_t bias_rest; /* operations until the thread is biased to again */
    uintptr_t bias;     /* of operations that begin here, see source.h */
    const MAG_ATOMIC(uint32_t) * bias_lost; /* how often threads like this lost a bias */
    uint32_t bias_seen;                     /* of that count */
    uint32_t bias_level;                    /* how long the next rest is */
};

/* __thread and not thread_local: C++ would call a wrapper at each use. */
extern MAG_API __thread struct mag_here mag_here MAG_TLS_MODEL;

/* What surrounds the calling thread: the one way to it.  For the library. */
MAG_INLINE struct mag_here *mag_here_get(void)
{
    return &mag_here;
}

/* Tags of a place to come back to; the address of an executor has none. */
enum {
    MAG_HOME_SCHED = 1,   /* a scheduler's address, or nothing */
    MAG_HOME_ROAMING = 2, /* besides: need not come back, is only queued there */
    MAG_HOME_DEFAULT = 5, /* the default scheduler */
    MAG_HOME_TAGS = 7,
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
 * Makes `executor` the current one of the calling thread, for an event loop around its
 * jobs.  NULL: none.
 *
 *   Returns    the one before, to be handed to the next call when the job is over
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
 * mag_sched_post_pool.  For code that is not on a worker of `sched` and wants to go
 * there, with MAG_CONTINUE_ON or MAG_AWAIT_ON.  A job posted through it is an ordinary
 * job of the scheduler: it has no current executor.
 *
 *   Returns    the executor, which lives as long as `sched`
 */
MAG_API struct mag_executor *mag_sched_executor(struct mag_sched *sched);

/* -------------------------------------------------- places on the machine */

/*
 * An executor that is one worker, or the workers of one NUMA node.
 *
 * It sends jobs to where it is, and is not their surroundings: a job of a place has no
 * current executor, unlike one of a strand, so what the job awaits next comes back to the
 * scheduler, on any worker.  To come back to the place each time say so each time, with
 * MAG_AWAIT_ON; or make the place current in the job, with mag_executor_enter.  (A
 * current place is captured like any executor, but the library never makes one
 * current by itself.)
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

/*
 * submit.h - submitting a function: it runs on a worker, and nothing of the caller's has
 * to be embedded, kept or freed.
 *
 *     #include <magpie/submit.h>
 *
 *     static void square(void *arg)
 *     {
 *         int *number = (int *)arg;
 *
 *         *number *= *number;
 *     }
 *
 *     int main(void)
 *     {
 *         static struct mag_submit_options options;    // zero: every default
 *         struct mag_sched *sched;
 *         int numbers[100];
 *
 *         for (int i = 0; i < 100; i++)
 *             numbers[i] = i;
 *         if (mag_sched_start(NULL, &sched) != 0)
 *             return 1;
 *         if (mag_submit(sched, square, &numbers[0]) != 0)
 *             return 1;
 *         options.priority = MAG_PRIORITY_HIGH;
 *         options.name = "square";
 *         if (mag_submit_with(sched, &options, square, &numbers[1]) != 0)
 *             return 1;
 *         // 98 calls at once: square(&numbers[2]) to square(&numbers[99])
 *         if (mag_submit_all(sched, NULL, square, &numbers[2], sizeof(int), 98) != 0)
 *             return 1;
 *         // runs what was submitted, then ends the threads
 *         return mag_sched_destroy(sched) == 0 && numbers[9] == 81 ? 0 : 1;
 *     }
 *
 * The model.  A submission is a call that a worker will make: function(arg).  The library
 * takes the memory for it from a pool on the caller's node, and gives it back when the
 * call begins.  So once as many submissions have waited as ever will, nothing is
 * allocated.  Nobody waits for a submission: for a result use MAG_SUBMIT_TASK
 * (submit_task.h), or fork.h.  A function that blocks holds its worker, as any job does
 * (sched.h, Blocking).
 *
 * Where it runs.  Without options a submission runs where a job of mag_sched_post would:
 * one that a worker submits runs next on that worker, unless an idle worker steals it;
 * one from another thread goes to the caller's node.  The options name a node, a worker,
 * or any executor: a strand, an event loop (executor.h).
 *
 * Priorities.  A worker takes submissions of MAG_PRIORITY_HIGH of its node before the
 * jobs that wait on it, and those of MAG_PRIORITY_LOW when no other job waits.  No
 * priority starves, whatever is submitted meanwhile.  If a worker runs jobs at all, and
 * the scheduler has one node
 *   - at most MAG_PRIORITY_TURNS jobs in a row are MAG_PRIORITY_HIGH while others wait;
 *   - while jobs of MAG_PRIORITY_HIGH wait, at most three of ten jobs in a row are
 *     others.  Only the scheduler's very first may have to wait longer, for
 *     MAG_SCHED_FAIR_TICKS jobs;
 *   - a job of MAG_PRIORITY_NORMAL, or one that was posted, with n before it in its
 *     node's queue runs after at most 256 * (n + 1) jobs;
 *   - one of MAG_PRIORITY_LOW with n before it runs after at most 1024 * (n + 1) jobs.
 * docs/design/submit.md says why.  Priorities order what waits; nothing that runs is
 * interrupted.
 *
 * What becomes of submissions that never begin.  A stop with MAG_SCHED_CANCEL frees them.
 * It hands none to its own `on_dropped`: the program knows nothing of the job inside.
 * Instead it calls the `dropped` of the options, with the submission's argument, on the
 * stopping thread: free there what `arg` owns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_SUBMIT_H
#define MAGPIE_SUBMIT_H

#include <magpie/executor.h>
#include <magpie/sched.h>

MAG_EXTERN_C_BEGIN

/* How urgent a submission is. */
enum mag_priority {
    MAG_PRIORITY_LOW = -1,
    MAG_PRIORITY_NORMAL = 0,
    MAG_PRIORITY_HIGH = 1,
};

/* How often the other priorities have their turn: see "Priorities". */
#define MAG_PRIORITY_TURNS 8

/*
 * Submits function(arg).
 *
 * Calls that one thread from outside submits to a scheduler are taken in their order, and
 * in turn with what else it posts there.  Those of different threads have no order: while
 * an earlier call of its thread waits, a call is taken together with that one, and so may
 * come before what other threads have submitted in between.
 *
 *   sched      NULL: the scheduler of the calling worker; if the thread is no worker, the
 *              default scheduler
 *   Thread     any, also inside a job; not a signal handler
 *   Blocks     as mag_pool_take; at the first submission also as mag_pool_create, and if
 *              it starts the default scheduler as mag_sched_default
 *   Allocates  as mag_pool_take: nothing once as many objects exist as wait
 *   Returns    0 the function will be called exactly once, or the submission is dropped
 *              (above); -EINVAL there is no function; -ENOMEM; the errors of
 *              mag_sched_post; with NULL also those of mag_sched_default.  After an error
 *              nothing was submitted
 */
MAG_API MAG_MUST_CHECK int mag_submit(struct mag_sched *sched,
                                      void (*function)(void *arg), void *arg);

/* ----------------------------------------------------------------- with options */

/* Which workers a submission may run on. */
enum mag_submit_where {
    MAG_SUBMIT_ANYWHERE = 0, /* as mag_sched_post */
    MAG_SUBMIT_TO_NODE,      /* `index`: a node, as mag_sched_post_node */
    MAG_SUBMIT_TO_WORKER,    /* `index`: a worker, as mag_sched_post_worker */
};

struct mag_submit_limit;

/* What a submission does whose limit is reached (submit_limit.h). */
enum mag_when_full {
    MAG_FULL_REFUSE = 0, /* is refused with -EAGAIN */
    MAG_FULL_BLOCK,      /* the caller waits; a worker may not: -EDEADLK */
    MAG_FULL_RUN,        /* the caller calls the function */
};

/*
 * How to submit.  A field that is zero has its default, so
 *
 *     struct mag_submit_options options = {.name = "decode"};
 *
 * is complete.  The struct is read during the call only.
 */
struct mag_submit_options {
    /* Default MAG_PRIORITY_NORMAL.  Jobs of one worker, and of an executor, have an order
     * of their own: another priority is refused there. */
    enum mag_priority priority;

    enum mag_submit_where where; /* default MAG_SUBMIT_ANYWHERE */
    uint32_t index;              /* of the node or the worker */

    /* Not NULL: the submission goes to this executor, and `sched` does not matter. */
    struct mag_executor *executor;

    /* What debuggers and traces call the submission: a string that outlives it. */
    const char *name;

    /* Not NULL: called with the submission's argument, instead of its function, if the
     * submission will never run.  On the thread that stops the scheduler. */
    void (*dropped)(void *arg);

    /* How many submissions may wait, and what to do if so many do.  Default: any number.
     * MAG_FULL_RUN is refused for one worker and for an executor, whose jobs must run
     * there. */
    struct mag_submit_limit *limit;
    enum mag_when_full when_full;
};

/* As mag_submit_with; `size` is that of the options that the caller knows.  For callers
 * from other languages. */
MAG_API MAG_MUST_CHECK int mag_submit_sized(struct mag_sched *sched,
                                            const struct mag_submit_options *options,
                                            size_t size, void (*function)(void *arg),
                                            void *arg);

/*
 * Submits function(arg) with options; NULL means the defaults.
 *
 *   Thread, Blocks, Allocates  as mag_submit; MAG_FULL_BLOCK waits for room; an executor
 *              may do as it likes
 *   Returns    as mag_submit; -EINVAL no such node or worker, or options that contradict
 *              each other: a priority for one worker or for an executor, an executor
 *              beside `where`; -EAGAIN the limit is reached; -EDEADLK it is reached, and
 *              a worker may not wait (MAG_FULL_BLOCK); whatever the executor returned
 */
MAG_MUST_CHECK MAG_INLINE int mag_submit_with(struct mag_sched *sched,
                                              const struct mag_submit_options *options,
                                              void (*function)(void *arg), void *arg)
{
    return mag_submit_sized(sched, options, sizeof(*options), function, arg);
}

/* As mag_submit_job; `size` as for mag_submit_sized. */
MAG_API MAG_MUST_CHECK int mag_submit_job_sized(struct mag_sched *sched,
                                                const struct mag_submit_options *options,
                                                size_t size, struct mag_job *job);

/*
 * Posts a job of the caller's with options, where they say and with their priority.  For
 * libraries that have a job already.  The job stays what it is: the name is not used, and
 * `dropped` is refused, because a stop asks the job's kind (job_kind.h) or the program;
 * so is a limit, because nobody would notice that the job begins.
 *
 *   Thread     as mag_sched_post
 *   Returns    as mag_submit_with, but not -ENOMEM; -EINVAL also if there is a `dropped`.
 *              After an error the job was not taken and stays the caller's
 */
MAG_MUST_CHECK MAG_INLINE int mag_submit_job(struct mag_sched *sched,
                                             const struct mag_submit_options *options,
                                             struct mag_job *job)
{
    return mag_submit_job_sized(sched, options, sizeof(*options), job);
}

/* ------------------------------------------------------------------ many at once */

/* As mag_submit_all; `size` as for mag_submit_sized. */
MAG_API MAG_MUST_CHECK int mag_submit_all_sized(struct mag_sched *sched,
                                                const struct mag_submit_options *options,
                                                size_t size, void (*function)(void *arg),
                                                void *args, size_t stride, size_t count);

/*
 * Submits `count` calls at once: the function is called with `args`, with the address
 * `stride` bytes behind it, and so on; with a stride of 0 each time with `args`.  All of
 * them or none are submitted.  That costs a fraction of as many calls of mag_submit: they
 * are published in one step, share jobs of up to 255 calls, and idle workers wake each
 * other.  No call waits behind another one: while one runs, any worker may make the next.
 * There is no order between them.
 *
 * They go to the queue of a node, as after mag_sched_post_any, also if a worker submits
 * them.
 *
 *   args       an array whose elements must stay until the function has used them
 *   options    as for mag_submit_with, but neither one worker nor an executor nor a
 *              limit.  NULL: the defaults
 *   Thread, Blocks, Allocates  as mag_submit
 *   Returns    as mag_submit_with; 0 for a count of 0.  After an error nothing was
 *              submitted
 */
MAG_MUST_CHECK MAG_INLINE int mag_submit_all(struct mag_sched *sched,
                                             const struct mag_submit_options *options,
                                             void (*function)(void *arg), void *args,
                                             size_t stride, size_t count)
{
    return mag_submit_all_sized(sched, options, sizeof(*options), function, args, stride,
                                count);
}

MAG_EXTERN_C_END

#endif

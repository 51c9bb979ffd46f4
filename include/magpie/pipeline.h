/*
 * pipeline.h - pipelines: items that go through stages, many at a time and in order.
 *
 *     #include <magpie/pipeline.h>
 *
 *     struct line {
 *         int number, square;
 *     };
 *     struct squares {
 *         int next, last, sum;
 *     };
 *
 *     MAG_PIPELINE(squares, struct line, struct squares)
 *
 *     static int read_line(struct line *line, struct squares *all)
 *     {
 *         if (all->next > all->last)
 *             return MAG_STAGE_END;
 *         line->number = all->next++;
 *         return 0;
 *     }
 *
 *     static int square(struct line *line, struct squares *all)
 *     {
 *         (void)all;
 *         line->square = line->number * line->number;
 *         return 0;
 *     }
 *
 *     static int add_line(struct line *line, struct squares *all)
 *     {
 *         all->sum += line->square;
 *         return 0;
 *     }
 *
 *     int main(void)
 *     {
 *         static const struct squares_stage stages[] = {
 *             MAG_STAGE(read_line, MAG_STAGE_IN_ORDER),
 *             MAG_STAGE(square, MAG_STAGE_PARALLEL),
 *             MAG_STAGE(add_line, MAG_STAGE_IN_ORDER),
 *         };
 *         struct squares all = {1, 100, 0};
 *
 *         // From any thread; NULL: the default scheduler.  8 lines at a time at most.
 *         if (squares_run(NULL, stages, 3, 8, &all) != 0)
 *             return 1;
 *         return all.sum == 338350 ? 0 : 1;
 *     }
 *
 * The model.  An item goes through all stages, one after the other.  The first stage
 * makes the items: each call of it fills one, until it returns MAG_STAGE_END.  The later
 * stages work on the item in place.  An item lies in a token: a struct of the caller's
 * type, which is used again for a later item when the last stage has returned.  There are
 * never more tokens than asked for, so they bound the items that are in the pipeline at a
 * time, and its memory.
 *
 * The mode of a stage says which of its calls may run at the same time.
 *   MAG_STAGE_PARALLEL   all of them
 *   MAG_STAGE_IN_ORDER   one at a time, in the order of the items
 *   MAG_STAGE_ANY_ORDER  one at a time, in the order in which the items arrive
 *   MAG_STAGE_ON_CALLER  one at a time, in the order of the items, and all of them on the
 *                        thread that called name_run: for code that is bound to a thread
 * A call of a stage that is not parallel sees what its earlier calls have written, so it
 * needs no lock.
 *
 * Where it runs.  The thread that calls name_run takes part, as a guest (guest.h) if it
 * is no worker, and sleeps when it has nothing to do.  Workers take part while they find
 * work: a pipeline whose items take less than about a microsecond stays on one thread.  A
 * thread goes on with its item from stage to stage while the item need not wait.  An item
 * that comes to a stage out of turn is put down; the thread that ends the turn before
 * goes on with it.
 *
 * Stages that await.  MAG_STAGE_ASYNC makes a stage of a function that returns a mag_task
 * (vtask.h), such as one of MAG_ASYNC.  While the task is pending the item waits without
 * a thread.  Its stage is still at work on it: a serial stage begins its next item when
 * the task is complete.
 *
 * Errors.  A stage returns 0, and the item goes on; or MAG_STAGE_SKIP, and no later stage
 * is called for this item; the first stage MAG_STAGE_END, if there are no more items and
 * it has made none.  Anything else ends the pipeline early, and name_run returns it, as a
 * serial loop over the items would: items before the failed one still go through all
 * stages, and if several fail, the first of them in order counts.  Items behind it may
 * have gone through some stages or none.  So the last stage, if it is in order, has seen
 * all items before the failed one and no others.  (A stage in any order may have seen any
 * of those behind it as well.)
 *
 * What items own.  If an item that was made does not reach the end of the last stage, as
 * the pipeline fails or is canceled, `drop` of the options is called for it once: close
 * its file there.  It is not called for an item that a stage has skipped, or whose stage
 * has failed: that stage cleans up itself.  `prepare` and `release` are called once for
 * each token, to give it parts that stay with it from item to item, such as a buffer or
 * the state of a compressor.
 *
 * Nesting.  A stage may call anything, also a pipeline or a loop.  While a worker waits
 * for a pipeline it runs calls of its stages only, and no other job.
 *
 * Memory.  Tokens come from pools, each on the node of the thread that needs it first,
 * and that node's threads use it again by preference.  Nothing is allocated while items
 * go through, nor by a later pipeline of the same kind.
 *
 * docs/design/pipelines.md explains the protocol, its proof and its price.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_PIPELINE_H
#define MAGPIE_PIPELINE_H

#include <magpie/cancel.h>
#include <magpie/detail/pipeline.h>
#include <magpie/error.h>
#include <magpie/sched.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/* ------------------------------------------------------------------------ stages */

/* Which calls of a stage may run at the same time: see "The mode". */
enum mag_stage_mode {
    MAG_STAGE_PARALLEL,
    MAG_STAGE_IN_ORDER,
    MAG_STAGE_ANY_ORDER,
    MAG_STAGE_ON_CALLER,
};

/* What a stage may return beside 0 and errors. */
enum mag_stage_outcome {
    MAG_STAGE_END = 1,  /* the first stage: there are no more items; this is none */
    MAG_STAGE_SKIP = 2, /* no later stage is called for this item */
};

/* The task that an async stage returns for 0, for an outcome above, or for an error.  An
 * async stage that succeeds returns any task that succeeds; mag_task_done() is one. */
MAG_MUST_CHECK MAG_INLINE mag_task mag_stage_task(int outcome)
{
    return outcome == 0 ? mag_task_done() : mag_task_of(mag_vtask_failed(outcome, 0));
}

/* The elements of an array of stages: a function of the program, and its mode.  The stage
 * has the function's name. */
#define MAG_STAGE(function, mode)       MAG_STAGE_OF(function, mode)
#define MAG_STAGE_ASYNC(function, mode) MAG_STAGE_ASYNC_OF(function, mode)

#define MAG_PIPELINE_STAGES_MAX 16
#define MAG_PIPELINE_TOKENS_MAX 65536

/*
 * The number of the item in a token, from 0: 1 for the second item that the first stage
 * has made, and so on.
 *
 *   Thread     inside a stage or `drop`, for the token given there
 */
MAG_INLINE uint64_t mag_pipeline_number(const void *token)
{
    return (MAG_CAST(const uint64_t *, token))[-1];
}

/* ------------------------------------------------------------------------ options */

struct mag_pipeline_report;

/* What a pipeline may be told.  A field that is 0 or NULL stands for the usual. */
struct mag_pipeline_options {
    /* Ends the pipeline when it fires: no call of a stage begins any more, and the result
     * is -ECANCELED, unless a stage has failed.  A stage that awaits should await
     * something that the same cancel object ends.  NULL: nobody cancels. */
    struct mag_cancel *cancel;
    /* Is filled in when the pipeline ends, see "what it did".  NULL: not wanted. */
    struct mag_pipeline_report *report;
    /* The calling thread runs only stages of MAG_STAGE_ON_CALLER, and sleeps otherwise.
     * For a thread with a small C stack, or if no more threads than workers should be
     * busy. */
    bool caller_sleeps;
    /* With a report: measures each call.  Otherwise only some calls of short stages are
     * measured, and `busy_ns` is an estimate. */
    bool exact;
};

/* ------------------------------------------------------------------------ pipelines */

/*
 * MAG_PIPELINE(name, token_type, arg_type) declares the functions of pipelines whose
 * tokens are `token_type` and whose stages get an `arg_type *` besides; write char for
 * arg_type, and pass NULL, if they need none.  A token is at most MAG_PIPELINE_TOKEN_MAX
 * bytes, and is all zeroes when its first item is made.
 *
 *   struct name_stage                      a stage: use MAG_STAGE and MAG_STAGE_ASYNC
 *     int function(token_type *token, arg_type *arg)
 *     mag_task function(token_type *token, arg_type *arg)
 *   struct name_options                    zeroed, or
 *     struct mag_pipeline_options common
 *     int (*prepare)(token_type *token, arg_type *arg)   0; an error: see name_run
 *     void (*release)(token_type *token, arg_type *arg)
 *     void (*drop)(token_type *token, arg_type *arg)
 *
 *   int name_run(struct mag_sched *sched, const struct name_stage *stages, size_t count,
 *                uint32_t tokens, arg_type *arg)
 *   int name_run_with(struct mag_sched *sched, const struct name_options *options,
 *                     const struct name_stage *stages, size_t count, uint32_t tokens,
 *                     arg_type *arg)
 *   mag_task name_start(struct mag_sched *sched, const struct name_options *options,
 *                       const struct name_stage *stages, size_t count, uint32_t tokens,
 *                       arg_type *arg)
 *
 * `name_run`, `name_run_with`: runs items through the stages, to the last one.
 *   sched      NULL: that of the calling worker; on any other thread the default
 *              scheduler
 *   options    NULL: the usual
 *   tokens     at most MAG_PIPELINE_TOKENS_MAX; 0: two for each worker, and two more
 *   Thread     any; waiting is no cancellation point
 *   Blocks     until all items have left the pipeline
 *   Allocates  tokens, and the pipeline's own memory, from pools
 *   Returns    0; what a stage has returned; -ECANCELED `cancel` has fired; -ENOMEM there
 *              is no memory for a single token, or the error of its `prepare` (if there
 *              is a token, the pipeline goes on with those that there are); -EOWNERDEAD a
 *              stage ended its worker's thread; -ECANCELED the scheduler was canceled
 *              while items were awaited.  No stage was called: -EINVAL there are no
 *              stages, or more than MAG_PIPELINE_STAGES_MAX, or too many tokens; -EDEADLK
 *              a worker calls, and a stage is async: the worker's thread may be needed
 *              for what is awaited, so use name_start; -ESHUTDOWN the scheduler is
 *              stopping; MAG_E_FORKED it belongs to the parent process; with NULL also an
 *              error of mag_sched_default
 *
 * `name_start`: the same as a value task: await it, or wait for it (vtask.h).
 *   stages, options, arg  stay valid until the task is complete
 *   Thread, Allocates  as name_run
 *   Blocks     no
 *   Returns    a task, whose errors are those above; -EINVAL also for a stage of
 *              MAG_STAGE_ON_CALLER, since there is no caller
 */
#define MAG_PIPELINE(name, token_type, arg_type)                           \
    MAG_CHECK_TYPE(name, "a token needs a type, a struct say", token_type) \
    MAG_STATIC_ASSERT(!MAG_IS_VOID(arg_type),                              \
                      "stages that need no argument get a char *");        \
    MAG_PIPELINE_DECLARE(name, token_type, arg_type)

#define MAG_PIPELINE_TOKEN_MAX ((size_t)1 << 30)

/* Untyped: what MAG_PIPELINE is built on; see detail/pipeline.h. */
MAG_API MAG_MUST_CHECK int
mag_pipeline_run(struct mag_sched *sched, const struct mag_pipeline *pipeline, void *arg);
MAG_API MAG_MUST_CHECK mag_vtask mag_pipeline_start(struct mag_sched *sched,
                                                    const struct mag_pipeline *pipeline,
                                                    void *arg);

/* ------------------------------------------------------------------------ what it did */

/* What a stage did. */
struct mag_stage_report {
    const char *name;
    enum mag_stage_mode mode;
    bool is_async;
    uint64_t items;   /* calls */
    uint64_t busy_ns; /* time in these calls; an async stage's last until its task is
                       * complete */
    /* How often the stage had nothing to do, and had to wait for an item.  Parallel
     * stages do not wait: 0. */
    uint64_t waits_for_input;
    /* How often an item that the stage had finished had to wait for its turn in the next
     * one.  Of the first stage also: how often all tokens were in use. */
    uint64_t waits_for_room;
};

/* What a pipeline did. */
struct mag_pipeline_report {
    uint64_t elapsed_ns; /* from its beginning to its end */
    uint64_t items;      /* items that were made */
    uint64_t failed;     /* the number of the failed item; UINT64_MAX: none */
    uint32_t threads;    /* how many threads took part at a time, at most */
    uint32_t tokens;     /* tokens that were made */
    uint32_t token_limit;
    uint32_t stage_count;
    struct mag_stage_report stages[MAG_PIPELINE_STAGES_MAX];
};

/*
 * Writes what a report says: a line for each stage, and a sentence that names the
 * bottleneck and says what would help.
 *
 *     3 stages, 10000 items, 8 of 8 tokens, 2 threads, 812.4 ms
 *       read_block       in order       10001 items       98.1 ms  busy 12% of the time
 *       compress         parallel       10000 items     1490.0 ms  1.83 threads busy
 *       write_block      in order       10000 items       30.2 ms  busy 4% of the time
 *     Bottleneck: compress. The threads are busy, 92% of their time with this stage; more
 *     workers would help.
 *
 *   text, size  as for snprintf: what does not fit is cut off; at most `size` bytes are
 *               written, with a zero at the end
 *   Returns     the length of the whole text
 */
MAG_API size_t mag_pipeline_explain(const struct mag_pipeline_report *report, char *text,
                                    size_t size);

MAG_EXTERN_C_END

#endif

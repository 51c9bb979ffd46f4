/*
 * async.h - async functions: straight code that waits without holding a thread.
 *
 *     #include <magpie/magpie.h>
 *
 *     MAG_VTASK_DEFINE(long_task, long)
 *
 *     MAG_ASYNC(long_task, next_item, (int, i), mag_vtask delay;)
 *     {
 *         MAG_BEGIN(f);
 *         if (f->i % 2 == 1 && mag_delay(MAG_NULL, 1000000, &f->delay) == 0)
 *             MAG_AWAIT_DONE(f, mag_task_of(f->delay));       // holds no thread
 *         return long_task_result(f->i);
 *         MAG_END(f);
 *     }
 *
 *     MAG_ASYNC(long_task, sum, (int, count), int i; long item; long total;)
 *     {
 *         MAG_BEGIN(f);
 *         for (f->i = 0; f->i < f->count; f->i++) {
 *             MAG_AWAIT(f, f->item, next_item(f->i));
 *             f->total += f->item;
 *         }
 *         return long_task_result(f->total);
 *         MAG_END(f);
 *     }
 *
 *     int main(void)
 *     {
 *         long total = 0;
 *
 *         // called like any function; main may block for the result
 *         return long_task_wait(sum(20), &total) == 0 && total == 190 ? 0 : 1;
 *     }
 *
 * The model.  MAG_ASYNC(task type, name, (arguments), locals) defines a function `name`
 * that takes the arguments and returns the task.  Its body runs at once, on the caller's
 * thread, up to the first await of something that is not complete.  If there is no such
 * await, the task that it returns is complete and nothing was allocated.  Otherwise
 * arguments and locals move from the caller's stack into a pooled frame, the caller gets
 * a task that is backed by the frame, and the body goes on from that line when the
 * awaited operation is complete.  The frame returns to its pool when the task is
 * consumed.
 *
 * The rules for a body
 *   - What must survive an await lies in the frame: arguments and locals, as `f->name`.
 *     They begin as zeroes.  C variables of the body are lost at each await.
 *   - The frame moves once, at the first await that waits.  To hand out the address of
 *     something in it (a buffer to read into), say MAG_PIN(f) first.
 *   - No `switch` around an await: the async function cannot resume inside a `switch` of
 *     its own, and ends with MAG_E_STATE.  At most one await in a source line, and none
 *     behind line 65535 of a file.
 *   - In C++, no variable with an initialiser before an await in the same block: the body
 *     jumps to the line where it goes on.  Declare the variable before MAG_BEGIN or in a
 *     block of its own.
 *   - Every task that it gets must be awaited or given away (vtask.h).
 *
 * Errors.  MAG_AWAIT passes an error on: the function ends with it.  To clean something
 * up first, use MAG_TRY, which hands the error to the body.  Misuse (a stale task) ends
 * the function in the same way, with its MAG_E code.
 *
 * docs/guide/async-functions.md explains three async functions line by line, and what
 * each thing costs.
 *
 * Where the body goes on.  After an await that had to wait the body comes back to the
 * context in which it waited:
 *   - the current executor (executor.h), always as a job that is posted to it;
 *   - without one, the scheduler whose worker the body waited on: inside the call that
 *     completes the awaited operation, if a worker of the same scheduler makes that call;
 *     otherwise as a job of that scheduler, on any of its workers;
 *   - on a thread that has neither: inside the completing call.
 * If the task was configured not to come back (mag_vtask_configure), the body goes on
 * inside the completing call, whatever thread makes it.  MAG_AWAIT_ON and the like name
 * another place.  An await of a complete task goes on at once, on the same thread.
 *
 * A scheduler or executor that is stopping refuses the body.  The body then goes on
 * inside the completing call, on a thread that does not belong to it: mag_sched_worker
 * tells. One that is destroyed cannot refuse: see mag_sched_destroy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_ASYNC_H
#define MAGPIE_ASYNC_H

#include <magpie/detail/async.h>

MAG_EXTERN_C_BEGIN

/* -------------------------------------------------- writing async functions */

/*
 * Defines the static function `name`; the body follows.  `result_task` is a type made by
 * MAG_VTASK_DEFINE, or mag_task for a function without result.  `arguments` are up to
 * eight pairs, (type, name, type, name), or (void).  The rest are the locals, declared as
 * in a struct; there may be none.  `name_frame` is the frame's struct.
 *
 * `name` may be called from any thread.  Its task may be
 *   MAG_E_TOKEN ...  what MAG_AWAIT or MAG_FAIL ended the function with
 *   -ENOMEM          there was no memory for the frame (MAG_TRY sees this, too).  The
 *                    awaited task has been discarded: do not await it again.  A pending
 *                    source of yours that is not a core needs memory to be discarded
 *                    (mag_vtask_discard); without it the source is as it was, and its
 *                    task may be awaited or discarded again
 */
#define MAG_ASYNC(result_task, name, arguments, ...)                               \
    MAG_CHECK_TASK_TYPE(result_task)                                               \
    MAG_ASYNC_CHECK(name, arguments)                                               \
    MAG_ASYNC_FRAME(result_task, name, arguments, __VA_ARGS__)                     \
    static result_task name##_body(struct name##_frame *f);                        \
    MAG_ASYNC_TYPE(result_task, name)                                              \
    MAG_STATIC_ASSERT(sizeof(struct name##_frame) <= MAG_ASYNC_BYTES_MAX,          \
                      "the arguments and locals of " #name " are too large");      \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name(                \
        MAG_PAIRS_PARAMS arguments)                                                \
    {                                                                              \
        struct name##_frame mag_local, *args_ = &mag_local;                        \
        mag_local.frame.core.type = &name##_type.core;                             \
        mag_local.frame.core.flags = 0;                                            \
        mag_local.frame.core.step = 0;                                             \
        mag_local.frame.core.value = 0;                                            \
        memset(MAG_RECAST(char *, &mag_local) + sizeof(mag_local.frame), 0,        \
               sizeof(mag_local) - sizeof(mag_local.frame));                       \
        MAG_PAIRS_FILL arguments;                                                  \
        result_task mag_returned = name##_body(args_);                             \
        if (MAG_UNLIKELY(mag_local.frame.core.flags != 0))                         \
            mag_frame_unpin(&mag_local.frame, mag_returned.task);                  \
        return mag_returned;                                                       \
    }                                                                              \
    /* NOLINTNEXTLINE(readability-function-*): MAG_AWAIT is more than it looks. */ \
    static result_task name##_body(struct name##_frame *f)

/*
 * The first and the last line of a body.  A body that gets to the end returns 0.  A body
 * that would go on at an await inside a `switch` of its own ends with MAG_E_STATE.
 */
#define MAG_BEGIN(f)                \
    switch ((f)->frame.core.step) { \
    case 0:

#define MAG_END(f)                            \
    MAG_ASYNC_RETURN(f, MAG_VTASK_COMPLETED); \
default:                                      \
    (f)->frame.core.step = 0;                 \
    break;                                    \
    }                                         \
    MAG_FAIL(f, mag_debug_tell(MAG_E_STATE, MAG_VTASK_COMPLETED))

/*
 * Waits for `task`, an expression of a typed task, and puts its result into `place`,
 * which has the result's type.  If it fails the function ends with its error.
 */
#define MAG_AWAIT(f, place, awaited) \
    MAG_ASYNC_AWAIT(f, &(place), sizeof(place), awaited, MAG_AWAIT_CONTEXT)

/*
 * Waits for a task whose result does not matter: a mag_task, or any typed task.
 */
#define MAG_AWAIT_DONE(f, awaited) \
    MAG_ASYNC_AWAIT(f, MAG_NULL, 0, awaited, MAG_AWAIT_CONTEXT)

/*
 * As MAG_AWAIT and MAG_AWAIT_DONE, but an error does not end the function: `error`, an
 * int, becomes 0 or the error, and mag_async_detail(f) its detail.
 */
#define MAG_TRY(f, error, place, awaited) \
    MAG_ASYNC_TRY(f, error, &(place), sizeof(place), awaited, MAG_AWAIT_CONTEXT)

#define MAG_TRY_DONE(f, error, awaited) \
    MAG_ASYNC_TRY(f, error, MAG_NULL, 0, awaited, MAG_AWAIT_CONTEXT)

/*
 * As MAG_AWAIT, MAG_AWAIT_DONE, MAG_TRY and MAG_TRY_DONE; but if the function has to wait
 * it goes on under `executor`, whatever the context is and however the task is
 * configured.
 *
 *   executor   NULL: any worker of the calling worker's scheduler; if the thread is no
 *              worker, of the default scheduler.  NULL means the same in MAG_CONTINUE_ON
 */
#define MAG_AWAIT_ON(f, executor, place, awaited)                             \
    do {                                                                      \
        mag_continuation_home(&(f)->frame.continuation, (executor));          \
        MAG_ASYNC_AWAIT(f, &(place), sizeof(place), awaited, MAG_AWAIT_HOME); \
    } while (0)

#define MAG_AWAIT_DONE_ON(f, executor, awaited)                      \
    do {                                                             \
        mag_continuation_home(&(f)->frame.continuation, (executor)); \
        MAG_ASYNC_AWAIT(f, NULL, 0, awaited, MAG_AWAIT_HOME);        \
    } while (0)

#define MAG_TRY_ON(f, executor, error, place, awaited)                             \
    do {                                                                           \
        mag_continuation_home(&(f)->frame.continuation, (executor));               \
        MAG_ASYNC_TRY(f, error, &(place), sizeof(place), awaited, MAG_AWAIT_HOME); \
    } while (0)

#define MAG_TRY_DONE_ON(f, executor, error, awaited)                 \
    do {                                                             \
        mag_continuation_home(&(f)->frame.continuation, (executor)); \
        MAG_ASYNC_TRY(f, error, NULL, 0, awaited, MAG_AWAIT_HOME);   \
    } while (0)

/*
 * Leaves the thread and goes on as a job of `executor`, behind the jobs that wait there.
 * If the executor refuses the job, the function ends with that error.
 *
 *   executor   NULL: as above
 */
#define MAG_CONTINUE_ON(f, executor)                                 \
    do {                                                             \
        MAG_ASYNC_LINE_FITS;                                         \
        (f)->frame.core.step = __LINE__;                             \
        MAG_ASYNC_RETURN(f, mag_frame_hop(&(f)->frame, (executor))); \
    case __LINE__:                                                   \
        (f)->frame.core.step = 0;                                    \
    } while (0)

/*
 * Ends the function with an error; `code` and `detail` as in mag_vtask_from_error.
 * Code 0 is no error: it becomes MAG_E_ARG.
 */
#define MAG_FAIL(f, code) MAG_FAIL_WITH(f, code, 0)
#define MAG_FAIL_WITH(f, code, detail) \
    MAG_ASYNC_RETURN(f, mag_async_failed((code), (detail)))

/*
 * Moves the frame to the place where it stays, so that the address of an argument or a
 * local may be handed out.  Ends the function with -ENOMEM if there is no memory.
 */
#define MAG_PIN(f)                                                   \
    do {                                                             \
        MAG_POINTER(mag_frame) mag_box = mag_frame_pin(&(f)->frame); \
        if (MAG_UNLIKELY(mag_box == MAG_NULL))                       \
            MAG_FAIL(f, -ENOMEM);                                    \
        (f) = MAG_CAST(__typeof__(f), MAG_CAST(void *, mag_box));    \
    } while (0)

/* The detail of the last error that MAG_TRY handed out; 0: there was none. */
#define mag_async_detail(f) ((f)->frame.core.value)

/* Bytes that arguments and locals may take together. */
#define MAG_ASYNC_BYTES_MAX 65000

MAG_EXTERN_C_END

#endif

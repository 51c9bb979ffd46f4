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
 *         if (f->i % 2 == 1 && mag_delay(NULL, 1000000, &f->delay) == 0)
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
 * thread, up to the first await of a task that is not complete.  If there is no such
 * await, the task that the function returns is complete and nothing was allocated.
 * Otherwise arguments and locals move from the caller's stack into a pooled frame, the
 * caller gets a task that is backed by the frame, and the body continues from that line
 * when the awaited task is complete.  The frame returns to its pool when the task is
 * consumed.  A task that nobody consumes leaks its frame: wait for it, await it, or
 * discard it (mag_vtask_discard).
 *
 * The rules for a body
 *   - Arguments and locals survive an await: the body uses them as `f->name`.  Locals
 *     begin as zeroes.  C variables of the body are lost at each await.
 *   - The frame moves once, at the first await that waits.  To hand out the address of
 *     something in it (a buffer to read into), say MAG_PIN(f) first.
 *   - No `switch` around an await: the async function cannot resume inside a `switch` of
 *     its own, and ends with MAG_E_STATE.  At most one await in a source line, and none
 *     behind line 65535 of a file.
 *   - In C++, no variable with an initialiser before an await in the same block: the body
 *     jumps to the line where it continues.  Declare the variable before MAG_BEGIN or in
 *     a block of its own.
 *   - Every task that the body obtains must be consumed or given away (vtask.h).
 *
 * Errors.  If an awaited task fails, MAG_AWAIT ends the function with the same error.  To
 * clean up first, use MAG_TRY, which gives the error to the body.  Misuse, such as an
 * await of a stale task, ends the function in the same way, with its MAG_E code.
 *
 * docs/guide/async-functions.md explains three async functions line by line, and what
 * they cost.
 *
 * Where the body continues.  After an await that had to wait, the body comes back to the
 * context in which it waited:
 *   - the current executor (executor.h), always as a job that is posted to it;
 *   - without one, the scheduler whose worker the body waited on: inside the call that
 *     completes the awaited operation, if a worker of the same scheduler makes that call;
 *     otherwise as a job of that scheduler, on any of its workers;
 *   - on a thread that has neither: inside the completing call.
 * If the task was configured not to come back (mag_vtask_configure), the body continues
 * inside the completing call, whatever thread makes it.  MAG_AWAIT_ON and its like name
 * an executor.  An await of a complete task continues at once, on the same thread.
 *
 * A scheduler or executor that is stopping refuses the body.  The body then continues
 * inside the completing call, on a thread of somebody else; mag_sched_worker tells
 * whether that is a worker.  A scheduler or executor must not be destroyed while a body
 * awaits under it: see mag_sched_destroy.
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
 * eight pairs, (type, name, type, name), or (void).  Locals follow, declared as the
 * members of a struct; there may be none.  `struct name_frame` is the frame, which the
 * body knows as `f`.
 *
 * `name` may be called from any thread.  Its task fails with the error with which
 * MAG_AWAIT or MAG_FAIL ended the function; or with -ENOMEM if there was no memory for
 * the frame, which MAG_TRY sees too.  In that case the awaited task has been discarded:
 * do not await it again.  But to discard a pending source of yours that is not a core
 * takes memory (mag_vtask_discard); if there is none for that, the source is as it was
 * before, and its task may be awaited or discarded again.
 */
#define MAG_ASYNC(result_task, name, arguments, ...)                                  \
    MAG_CHECK_TASK_TYPE(result_task)                                                  \
    MAG_ASYNC_CHECK(name, arguments)                                                  \
    MAG_ASYNC_FRAME(result_task, name, char, arguments, __VA_ARGS__)                  \
    static result_task name##_body(struct name##_frame *f);                           \
    MAG_ASYNC_TYPE(result_task, name)                                                 \
    MAG_ASYNC_RESUME(result_task, name)                                               \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name(                   \
        MAG_PAIRS_PARAMS arguments)                                                   \
    {                                                                                 \
        struct name##_frame mag_local, *args_ = &mag_local;                           \
        mag_local.frame.core.type = &name##_type.core;                                \
        mag_local.frame.core.flags = 0;                                               \
        mag_local.frame.core.step = 0;                                                \
        mag_local.frame.core.value = 0;                                               \
        memset(MAG_RECAST(char *, &mag_local) + sizeof(mag_local.frame), 0,           \
               sizeof(mag_local) - sizeof(mag_local.frame));                          \
        MAG_PAIRS_FILL arguments;                                                     \
        result_task mag_returned = name##_body(args_);                                \
        if (MAG_UNLIKELY(mag_local.frame.core.flags != 0))                            \
            mag_returned.task = mag_frame_leave(&mag_local.frame, mag_returned.task); \
        return mag_returned;                                                          \
    }                                                                                 \
    MAG_ASYNC_BEGIN(result_task, name, name##_resume, arguments)                      \
    /* NOLINTNEXTLINE(readability-function-*): MAG_AWAIT is more than it looks. */    \
    static result_task name##_body(struct name##_frame *f)

/*
 * The first and the last line of a body.  A body that gets to the end succeeds with 0.  A
 * body that awaited inside a `switch` of its own, and had to wait, ends with MAG_E_STATE.
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
 * Waits for `awaited`, an expression that yields a typed task, and puts the result into
 * `place`, an lvalue of the result's type, such as `f->item`.  If the task fails the
 * function ends with its error.
 */
#define MAG_AWAIT(f, place, awaited) \
    MAG_ASYNC_AWAIT(f, &(place), sizeof(place), awaited, MAG_AWAIT_CONTEXT)

/*
 * Waits for a task whose result does not matter: a mag_task, or any typed task.  For an
 * untyped one, such as that of mag_delay, write mag_task_of(task).
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
 * As MAG_AWAIT, MAG_AWAIT_DONE, MAG_TRY and MAG_TRY_DONE; but if the function has to
 * wait, it continues under `executor`, whatever its context is and however the task is
 * configured.
 *
 *   executor   NULL: any worker of the calling worker's scheduler; if the thread is no
 *              worker, of the default scheduler.  NULL means the same in MAG_CONTINUE_ON
 */
#define MAG_AWAIT_ON(f, executor, place, awaited)                             \
    do {                                                                      \
        mag_continuation_home(&(f)->frame.waiter.continuation, (executor));   \
        MAG_ASYNC_AWAIT(f, &(place), sizeof(place), awaited, MAG_AWAIT_HOME); \
    } while (0)

#define MAG_AWAIT_DONE_ON(f, executor, awaited)                             \
    do {                                                                    \
        mag_continuation_home(&(f)->frame.waiter.continuation, (executor)); \
        MAG_ASYNC_AWAIT(f, NULL, 0, awaited, MAG_AWAIT_HOME);               \
    } while (0)

#define MAG_TRY_ON(f, executor, error, place, awaited)                             \
    do {                                                                           \
        mag_continuation_home(&(f)->frame.waiter.continuation, (executor));        \
        MAG_ASYNC_TRY(f, error, &(place), sizeof(place), awaited, MAG_AWAIT_HOME); \
    } while (0)

#define MAG_TRY_DONE_ON(f, executor, error, awaited)                        \
    do {                                                                    \
        mag_continuation_home(&(f)->frame.waiter.continuation, (executor)); \
        MAG_ASYNC_TRY(f, error, NULL, 0, awaited, MAG_AWAIT_HOME);          \
    } while (0)

/*
 * Leaves the thread and continues as a job of `executor`, behind the jobs that wait
 * there.  If the executor refuses the job, the function ends with that error.
 *
 *   executor   NULL: as for MAG_AWAIT_ON
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
 * Moves the frame to the memory where it stays, so that the address of an argument or a
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

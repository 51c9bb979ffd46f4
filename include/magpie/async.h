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

#include <magpie/pairs.h>
#include <magpie/source.h>

MAG_EXTERN_C_BEGIN

/* -------------------------------------------------- writing async functions */

/*
 * Defines the static function `name`; the body follows.  `task` is a type made by
 * MAG_VTASK_DEFINE, or mag_task for a function without result.  `arguments` are up to six
 * pairs, (type, name, type, name), or (void).  The rest are the locals, declared as in a
 * struct; there may be none.  `name_frame` is the frame's struct.
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

/* ------------------------------------------------------------------ frames */

/*
 * What every frame begins with.
 *
 * Ownership: the running body alone; while it waits, the awaited operation.  Handing the
 * continuation over publishes it all.
 */
struct mag_frame {
    struct mag_core core; /* the source of the function's task */
    struct mag_continuation continuation;
    mag_vtask awaited;
};

/* What is known of an async function. */
struct mag_frame_type {
    struct mag_core_type core; /* first */
    void (*resume)(struct mag_job *job);
    uint32_t size; /* of the frame */
};

/*
 * For the macros below only.  mag_frame_await and mag_frame_end return {0} and have put
 * the result in its place; or an error; or the frame's own task: the body must return,
 * and will be called again (the second only if it was called too early).
 */
MAG_API MAG_MUST_CHECK mag_vtask mag_frame_await(struct mag_frame *frame, mag_vtask task,
                                                 void *place, size_t size,
                                                 unsigned flags);
MAG_API MAG_MUST_CHECK mag_vtask mag_frame_end(struct mag_frame *frame, void *place,
                                               size_t size);
MAG_API MAG_MUST_CHECK mag_vtask mag_frame_hop(struct mag_frame *frame,
                                               struct mag_executor *executor);
MAG_API struct mag_frame *mag_frame_pin(struct mag_frame *frame);
MAG_API void mag_frame_unpin(struct mag_frame *local, mag_vtask returned);
MAG_API void mag_frame_finish(struct mag_frame *frame, mag_vtask returned,
                              const void *large);
MAG_API void mag_frame_recycle(struct mag_core *core);
MAG_API struct mag_frame *mag_frame_rent(const struct mag_frame_type *type);

/* The frame that a continuation's job resumes. */
MAG_INLINE struct mag_frame *mag_frame_of(struct mag_job *job)
{
    return MAG_CAST(struct mag_frame *,
                    MAG_CAST(void *, MAG_RECAST(char *, job) -
                                         offsetof(struct mag_frame, continuation)));
}

/* Whether a continuation's job is to be believed: it is a frame's of this function, and
 * the frame waits.  The step is 0 while the body runs, and when it has ended. */
MAG_INLINE bool mag_frame_waits(struct mag_job *job, void (*resume)(struct mag_job *))
{
    return job != MAG_NULL && job->run == resume && mag_frame_of(job)->core.step != 0;
}

/* For MAG_FAIL. */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_async_failed(int code, uint64_t detail)
{
    if (MAG_UNLIKELY(code == 0))
        code = mag_debug_tell(MAG_E_ARG, mag_vtask_failed(MAG_E_ARG, 0));
    return mag_vtask_failed(code, detail);
}

/* The result of a task that is complete. */
MAG_INLINE void mag_frame_copy(void *place, size_t size, const mag_vtask *task,
                               const void *large)
{
    if (size != 0)
        memcpy(place, size > sizeof(task->payload) ? large : &task->payload, size);
}

/* Whether an await's outcome is that the body must return. */
MAG_INLINE bool mag_frame_suspends(mag_vtask outcome)
{
    return (outcome.backing & MAG_VTASK_KIND) == MAG_VTASK_CORE;
}

/* An await's outcome as MAG_TRY tells it. */
MAG_INLINE int mag_frame_error(struct mag_frame *frame, mag_vtask outcome)
{
    if (MAG_LIKELY(outcome.backing == 0))
        return 0;
    frame->core.value = outcome.payload;
    return mag_vtask_code(outcome);
}

/* --------------------------------------------- the macros behind MAG_ASYNC */

#define MAG_ASYNC_RETURN(f, untyped)                                      \
    do {                                                                  \
        __typeof__((f)->mag_result[0]) mag_returned;                      \
        memset(MAG_CAST(void *, &mag_returned), 0, sizeof(mag_returned)); \
        mag_returned.task = (untyped);                                    \
        return mag_returned;                                              \
    } while (0)

/* A frame keeps the line where it waits in its step, which has 16 bits. */
#define MAG_ASYNC_LINE_FITS                                \
    MAG_STATIC_ASSERT(__LINE__ >= 1 && __LINE__ <= 0xffff, \
                      "an await behind line 65535 of its file")

/* `mag_outcome` of waiting for a task; the rest of the body's way goes through here.
 * `mag_to` has the compiler compare the type of the place with that of the result; its
 * warning may be lost where this is a system header, hence the assertion. */
#define MAG_ASYNC_WAIT(f, place, size, awaited, flags)                                 \
    {                                                                                  \
        MAG_ASYNC_LINE_FITS;                                                           \
        MAG_CHECK_TASK_TYPE(__typeof__(awaited))                                       \
        __typeof__(awaited) mag_now = (awaited);                                       \
        MAG_STATIC_ASSERT((size) == 0 || (size) == sizeof(mag_now.large[0]),           \
                          "the place has another size than the result");               \
        __typeof__(mag_now.large[0]) *mag_to = (place);                                \
        if (MAG_LIKELY(mag_now.task.backing == 0)) {                                   \
            mag_frame_copy(mag_to, size, &mag_now.task, mag_now.large);                \
            break;                                                                     \
        }                                                                              \
        (f)->frame.core.step = __LINE__;                                               \
        mag_outcome = mag_frame_await(&(f)->frame, mag_now.task, mag_to, size, flags); \
    }                                                                                  \
    if (0) {                                                                           \
    case __LINE__:                                                                     \
        mag_outcome = mag_frame_end(&(f)->frame, place, size);                         \
    }

#define MAG_ASYNC_AWAIT(f, place, size, awaited, flags) \
    do {                                                \
        mag_vtask mag_outcome;                          \
        MAG_ASYNC_WAIT(f, place, size, awaited, flags)  \
        if (mag_outcome.backing != 0)                   \
            MAG_ASYNC_RETURN(f, mag_outcome);           \
    } while (0)

#define MAG_ASYNC_TRY(f, error, place, size, awaited, flags) \
    do {                                                     \
        mag_vtask mag_outcome;                               \
        (error) = 0;                                         \
        MAG_ASYNC_WAIT(f, place, size, awaited, flags)       \
        if (mag_frame_suspends(mag_outcome))                 \
            MAG_ASYNC_RETURN(f, mag_outcome);                \
        (error) = mag_frame_error(&(f)->frame, mag_outcome); \
    } while (0)

/* A large result lies behind the locals. */
#define MAG_ASYNC_FRAME(result_task, name, arguments, ...)               \
    __extension__ struct name##_frame {                                  \
        MAG_STRUCT(mag_frame) frame;                                     \
        MAG_PAIRS_FIELDS arguments __VA_ARGS__ __extension__ result_task \
            mag_result[sizeof(result_task) > sizeof(mag_vtask) ? 1 : 0]; \
    };

#define MAG_ASYNC_TYPE(result_task, name)                                              \
    static void name##_resume(MAG_POINTER(mag_job) mag_job_);                          \
    static const MAG_STRUCT(mag_frame_type) name##_type = {                            \
        {sizeof(result_task) > sizeof(mag_vtask)                                       \
             ? MAG_CAST(uint32_t, offsetof(struct name##_frame, mag_result) +          \
                                      offsetof(result_task, large))                    \
             : 0,                                                                      \
         MAG_CAST(uint32_t, MAG_SIZEOF_MEMBER(result_task, large)), mag_frame_recycle, \
         MAG_NULL},                                                                    \
        name##_resume,                                                                 \
        MAG_CAST(uint32_t, sizeof(struct name##_frame))};                              \
    static void name##_resume(MAG_POINTER(mag_job) mag_job_)                           \
    {                                                                                  \
        if (MAG_UNLIKELY(!mag_frame_waits(mag_job_, name##_resume)))                   \
            return;                                                                    \
        struct name##_frame *mag_f =                                                   \
            MAG_CAST(struct name##_frame *, MAG_CAST(void *, mag_frame_of(mag_job_))); \
        result_task mag_returned = name##_body(mag_f);                                 \
        if (mag_returned.task.backing !=                                               \
            (MAG_RECAST(uintptr_t, mag_f) | MAG_VTASK_CORE))                           \
            mag_frame_finish(&mag_f->frame, mag_returned.task, mag_returned.large);    \
    }

/* The list of arguments stands in parentheses, and is one. */
#define MAG_ASYNC_CHECK(name, arguments) \
    MAG_PAIRS_CAT(MAG_ASYNC_CHECK_, MAG_PAIRS_IS_LIST(arguments))(name, arguments)
#define MAG_ASYNC_CHECK_LIST(name, arguments) \
    MAG_ASYNC_CHECK_PAIRS(name, MAG_PAIRS_STRIP arguments)
#define MAG_ASYNC_CHECK_PAIRS(name, ...) MAG_CHECK_PAIRS(name, __VA_ARGS__)
#define MAG_ASYNC_CHECK_WORD(name, arguments)                                          \
    MAG_STATIC_ASSERT(0, "the arguments of " #name " stand in parentheses: (int, n), " \
                         "or (void) where there are none");

MAG_EXTERN_C_END

#endif

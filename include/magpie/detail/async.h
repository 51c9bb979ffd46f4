/*
 * async.h - the frames of async functions, and what the macros of async.h expand to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_ASYNC_H
#define MAGPIE_DETAIL_ASYNC_H

#include <magpie/debug.h>
#include <magpie/detail/connected.h>
#include <magpie/detail/pairs.h>
#include <magpie/pool.h>

MAG_EXTERN_C_BEGIN

/* ------------------------------------------------------------------ frames */

/*
 * The beginning of every frame.
 *
 * Ownership: the running body alone; while it waits, the awaited operation.  Handing over
 * the continuation publishes the frame.
 */
struct mag_frame {
    struct mag_core core;     /* the source of the function's task; or, of a connected
                               * frame, `slot` is the address of who waits for it */
    struct mag_waiter waiter; /* who waits for what the body awaits.  `outcome` is that
                               * task until it is complete */
};

/* An async function, as the library knows it. */
struct mag_frame_type {
    struct mag_core_type core; /* first */
    void (*resume)(struct mag_job *job);
    uint32_t size; /* of the frame */
};

/* The pools of frames of up to MAG_FRAME_SMALL bytes, which are MAG_FRAME_STEP apart, and
 * of larger ones.  A pool is made when it is first needed, and is never destroyed. */
enum { MAG_FRAME_STEP = 8, MAG_FRAME_SMALL = 512, MAG_FRAME_LARGE = 8 };
#define MAG_FRAME_POOLS      (MAG_FRAME_SMALL / MAG_FRAME_STEP + MAG_FRAME_LARGE)
#define MAG_FRAME_POOL(size) ((size) <= MAG_FRAME_SMALL ? ((size)-1) / MAG_FRAME_STEP : 0)
extern MAG_API MAG_ATOMIC(struct mag_pool *) mag_frame_pools[MAG_FRAME_POOLS];

/*
 * For the macros below.  mag_frame_await and mag_frame_end return {0}, and the result is
 * at `place`; or an error; or MAG_STARTED: then the body must return it without touching
 * the frame, and will be called again.  mag_frame_end and mag_frame_answered return that
 * only if they were called too early.
 */
MAG_API MAG_MUST_CHECK mag_vtask mag_frame_await(struct mag_frame *frame, mag_vtask task,
                                                 void *place, size_t size,
                                                 unsigned flags);
MAG_API MAG_MUST_CHECK mag_vtask mag_frame_end(struct mag_frame *frame, void *place,
                                               size_t size);
MAG_API MAG_MUST_CHECK mag_vtask mag_frame_answered(struct mag_frame *frame, void *place,
                                                    size_t size);
MAG_API MAG_MUST_CHECK mag_vtask mag_frame_hop(struct mag_frame *frame,
                                               struct mag_executor *executor);
MAG_API struct mag_frame *mag_frame_pin(struct mag_frame *frame);
MAG_API void mag_frame_unpin(struct mag_frame *local);
MAG_API void mag_frame_return(struct mag_frame *frame);
MAG_API void mag_frame_finish(struct mag_frame *frame, mag_vtask returned,
                              const void *large);
MAG_API void mag_frame_recycle(struct mag_core *core);
MAG_API struct mag_frame *mag_frame_rent(const struct mag_frame_type *type);

/* As mag_core_prepare, for a frame of the pools: its last consumer has renewed its core,
 * or nobody has used it.  `slot` is from mag_core_bias. */
MAG_INLINE void mag_frame_begin(struct mag_frame *frame,
                                const struct mag_frame_type *type, uintptr_t slot)
{
    frame->core.type = &type->core;
    frame->core.flags = MAG_CORE_BOX;
    frame->core.easy = type->core.result_size == 0;
    /* relaxed: the frame is handed out later, which publishes it. */
    MAG_STORE(&frame->core.slot, slot, relaxed);
    mag_debug_core_began(&frame->core);
}

/* Rents a frame whose body has not begun.  `size`, a constant, is that of the type;
 * `again` calls the body again.  NULL: no memory. */
MAG_INLINE_ALWAYS struct mag_frame *mag_frame_take(const struct mag_frame_type *type,
                                                   size_t size,
                                                   void (*again)(struct mag_job *job))
{
    struct mag_frame *frame = MAG_NULL;
    void *object;

    if (size <= MAG_FRAME_SMALL) {
        /* acquire: the pool is visible. */
        struct mag_pool *pool = MAG_LOAD(&mag_frame_pools[MAG_FRAME_POOL(size)], acquire);

        if (MAG_LIKELY(pool != MAG_NULL && mag_pool_take(pool, &object) == 0)) {
            frame = MAG_CAST(struct mag_frame *, object);
            mag_frame_begin(frame, type, mag_core_bias());
        }
    }
    if (MAG_UNLIKELY(frame == MAG_NULL))
        frame = mag_frame_rent(type);
    if (MAG_UNLIKELY(frame == MAG_NULL))
        return MAG_NULL;
    frame->core.step = 0;
    frame->core.value = 0;
    frame->waiter.continuation.job.run = again;
    return frame;
}

/* The frame that a continuation's job resumes. */
MAG_INLINE struct mag_frame *mag_frame_of(struct mag_job *job)
{
    return MAG_CAST(
        struct mag_frame *,
        MAG_CAST(void *, MAG_RECAST(char *, job) - offsetof(struct mag_frame, waiter)));
}

/* Whether a job is the continuation of a frame of this function, and the frame waits.
 * The step is 0 while the body runs, and when it has ended. */
MAG_INLINE bool mag_frame_waits(struct mag_job *job, void (*resume)(struct mag_job *))
{
    return job != MAG_NULL && job->run == resume && mag_frame_of(job)->core.step != 0;
}

/* The task that the caller of an async function gets whose frame has moved to the pool:
 * the pooled frame's if the body waits, or else what the body has returned. */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_frame_leave(struct mag_frame *local,
                                                    mag_vtask returned)
{
    if (MAG_UNLIKELY(!mag_vtask_is_started(returned))) {
        mag_frame_unpin(local);
        return returned;
    }
    /* relaxed, both: this thread wrote them. */
    returned.backing = MAG_LOAD(&local->core.slot, relaxed) | MAG_VTASK_CORE;
    /* relaxed: as above. */
    returned.payload = MAG_LOAD(&local->core.token, relaxed);
    return returned;
}

/* Makes a frame in the caller's memory ready to run for a waiter. */
MAG_INLINE void mag_frame_connect(struct mag_frame *frame,
                                  const struct mag_frame_type *type,
                                  void (*again)(struct mag_job *job),
                                  struct mag_waiter *waiter)
{
    frame->core.type = &type->core;
    frame->core.flags = MAG_CORE_BOX | MAG_CORE_CONNECTED;
    frame->core.step = 0;
    frame->core.value = 0;
    /* relaxed: only the running body uses it. */
    MAG_STORE(&frame->core.slot, MAG_RECAST(uintptr_t, waiter), relaxed);
    frame->waiter.continuation.job.run = again;
}

/* For MAG_FAIL. */
MAG_MUST_CHECK MAG_INLINE mag_vtask mag_async_failed(int code, uint64_t detail)
{
    if (MAG_UNLIKELY(code == 0))
        code = mag_debug_tell(MAG_E_ARG, mag_vtask_failed(MAG_E_ARG, 0));
    return mag_vtask_failed(code, detail);
}

/* Copies the result of a task that has succeeded. */
MAG_INLINE void mag_frame_copy(void *place, size_t size, const mag_vtask *task,
                               const void *large)
{
    if (size != 0)
        memcpy(place, size > sizeof(task->payload) ? large : &task->payload, size);
}

/* Whether the body must return, after an await with this outcome. */
MAG_INLINE bool mag_frame_suspends(mag_vtask outcome)
{
    return mag_vtask_is_started(outcome);
}

/* Whether a frame is in place from the first line of its body on: the type of a member
 * without size tells. */
#define MAG_FRAME_IN_PLACE(f) (sizeof((f)->mag_in_place[0]) == sizeof(uint16_t))

/* As mag_frame_finish; the commonest end of a connected frame without a call. */
MAG_INLINE void mag_frame_end_of(struct mag_frame *frame, mag_vtask returned,
                                 const void *large)
{
    if (MAG_UNLIKELY(returned.backing != 0 || large != MAG_NULL ||
                     (frame->core.flags & MAG_CORE_CONNECTED) == 0)) {
        mag_frame_finish(frame, returned, large);
        return;
    }
    /* relaxed: only the running body uses it. */
    (void)mag_waiter_settle(
        MAG_RECAST(struct mag_waiter *, MAG_LOAD(&frame->core.slot, relaxed)), returned);
}

/* Before a frame in place awaits a task: its source may call back wrongly (VT-32). */
MAG_INLINE void mag_frame_guard(struct mag_frame *frame)
{
    frame->waiter.continuation.job.run =
        MAG_RECAST(const struct mag_frame_type *, frame->core.type)->resume;
}

/* The outcome of an await, for MAG_TRY. */
MAG_INLINE int mag_frame_error(struct mag_frame *frame, mag_vtask outcome)
{
    if (MAG_LIKELY(outcome.backing == 0))
        return 0;
    frame->core.value = outcome.payload;
    return mag_vtask_code(outcome);
}

/* --------------------------------------------- the macros behind MAG_ASYNC */

/* Hides from the compiler how a pointer was computed, and what it stored there: it would
 * keep two pointers to one frame in registers, or the addresses of its members. */
#define MAG_ONE_POINTER(pointer) __asm__("" : "+r"(pointer))

#define MAG_ASYNC_RETURN(f, untyped)                                      \
    do {                                                                  \
        __typeof__((f)->mag_result[0]) mag_returned;                      \
        memset(MAG_CAST(void *, &mag_returned), 0, sizeof(mag_returned)); \
        mag_returned.task = (untyped);                                    \
        return mag_returned;                                              \
    } while (0)

/* A waiting frame has the line of its await in `step`, which has 16 bits. */
#define MAG_ASYNC_LINE_FITS                                \
    MAG_STATIC_ASSERT(__LINE__ >= 1 && __LINE__ <= 0xffff, \
                      "an await behind line 65535 of its file")

/* Sets `mag_outcome` to the outcome of an await, now or when the body is called again.
 * Because of `mag_to` the compiler compares the type of the place with that of the
 * result; its warning may be lost if this is a system header, hence the assertion. */
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
        if (MAG_FRAME_IN_PLACE(f))                                                     \
            mag_frame_guard(&(f)->frame);                                              \
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

/* A large result follows the locals.  `placed` is uint16_t of a frame that is in place
 * from the start, and otherwise char. */
#define MAG_ASYNC_FRAME(result_task, name, placed, arguments, ...)        \
    __extension__ struct name##_frame {                                   \
        MAG_STRUCT(mag_frame) frame;                                      \
        __extension__ placed mag_in_place[0];                             \
        MAG_PAIRS_FIELDS arguments __VA_ARGS__ __extension__ result_task  \
            mag_result[sizeof(result_task) > sizeof(mag_vtask) ? 1 : 0];  \
    };                                                                    \
    MAG_STATIC_ASSERT(sizeof(struct name##_frame) <= MAG_ASYNC_BYTES_MAX, \
                      "the arguments and locals of " #name " are too large");

/* The type of a function's frames, and the address of its large result, or none. */
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
        MAG_CAST(uint32_t, sizeof(struct name##_frame))};
#define MAG_ASYNC_LARGE(returned)                                                    \
    (sizeof(returned) > sizeof(mag_vtask) ? MAG_CAST(const void *, (returned).large) \
                                          : MAG_NULL)

/* Calls the body again, and ends the frame if the body has ended. */
#define MAG_ASYNC_RESUME(result_task, name)                                            \
    static void name##_resume(MAG_POINTER(mag_job) mag_job_)                           \
    {                                                                                  \
        if (MAG_UNLIKELY(!mag_frame_waits(mag_job_, name##_resume)))                   \
            return;                                                                    \
        struct name##_frame *mag_f =                                                   \
            MAG_CAST(struct name##_frame *, MAG_CAST(void *, mag_frame_of(mag_job_))); \
        result_task mag_returned = name##_body(mag_f);                                 \
        if (!mag_vtask_is_started(mag_returned.task))                                  \
            mag_frame_finish(&mag_f->frame, mag_returned.task,                         \
                             MAG_ASYNC_LARGE(mag_returned));                           \
    }

/* The same of a function whose frames are in place. */
#define MAG_ASYNC_ANSWER(result_task, name)                                            \
    static void name##_answer(MAG_POINTER(mag_job) mag_job_);                          \
    static void name##_resume(MAG_POINTER(mag_job) mag_job_)                           \
    {                                                                                  \
        if (MAG_LIKELY(mag_frame_waits(mag_job_, name##_resume)))                      \
            name##_answer(mag_job_);                                                   \
    }                                                                                  \
    static void name##_answer(MAG_POINTER(mag_job) mag_job_)                           \
    {                                                                                  \
        struct name##_frame *mag_f =                                                   \
            MAG_CAST(struct name##_frame *, MAG_CAST(void *, mag_frame_of(mag_job_))); \
        MAG_ONE_POINTER(mag_f);                                                        \
        if (MAG_UNLIKELY(mag_f->frame.core.step == 0))                                 \
            return;                                                                    \
        result_task mag_returned = name##_body(mag_f);                                 \
        if (!mag_vtask_is_started(mag_returned.task))                                  \
            mag_frame_end_of(&mag_f->frame, mag_returned.task,                         \
                             MAG_ASYNC_LARGE(mag_returned));                           \
    }

/* The function as its callers know it, whose frame is in the pool from the start. */
#define MAG_ASYNC_RENT(result_task, name, arguments)                                  \
    MAG_MUST_CHECK static inline result_task name##_failed(int mag_code)              \
    {                                                                                 \
        result_task mag_failed;                                                       \
        memset(MAG_CAST(void *, &mag_failed), 0, sizeof(mag_failed));                 \
        mag_failed.task = mag_vtask_failed(mag_code, 0);                              \
        return mag_failed;                                                            \
    }                                                                                 \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name(                   \
        MAG_PAIRS_PARAMS arguments)                                                   \
    {                                                                                 \
        MAG_POINTER(mag_frame)                                                        \
        mag_box =                                                                     \
            mag_frame_take(&name##_type, sizeof(struct name##_frame), name##_answer); \
        struct name##_frame *args_ =                                                  \
            MAG_CAST(struct name##_frame *, MAG_CAST(void *, mag_box));               \
        if (MAG_UNLIKELY(args_ == MAG_NULL))                                          \
            return name##_failed(-ENOMEM);                                            \
        memset(MAG_RECAST(char *, args_) + sizeof(args_->frame), 0,                   \
               sizeof(*args_) - sizeof(args_->frame));                                \
        MAG_PAIRS_FILL arguments;                                                     \
        mag_vtask mag_own = mag_core_task(&mag_box->core);                            \
        MAG_ONE_POINTER(args_);                                                       \
        result_task mag_returned = name##_body(args_);                                \
        if (MAG_LIKELY(mag_vtask_is_started(mag_returned.task)))                      \
            mag_returned.task = mag_own;                                              \
        else                                                                          \
            mag_frame_return(mag_box);                                                \
        return mag_returned;                                                          \
    }

/* The function in its connected form: the caller has the frame. */
#define MAG_ASYNC_BEGIN(result_task, name, answers, arguments)                \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name##_begin(   \
        MAG_POINTER(mag_waiter) mag_waiter_,                                  \
        struct name##_frame *args_ MAG_PAIRS_BEHIND arguments)                \
    {                                                                         \
        mag_frame_connect(&args_->frame, &name##_type, answers, mag_waiter_); \
        memset(MAG_RECAST(char *, args_) + sizeof(args_->frame), 0,           \
               sizeof(*args_) - sizeof(args_->frame));                        \
        MAG_PAIRS_FILL arguments;                                             \
        MAG_ONE_POINTER(args_);                                               \
        return name##_body(args_);                                            \
    }

/* Checks that the arguments are in parentheses, and are a list of pairs. */
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

/*
 * async.h - the frames of async functions, and what the macros of async.h expand to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_ASYNC_H
#define MAGPIE_DETAIL_ASYNC_H

#include <magpie/debug.h>
#include <magpie/detail/pairs.h>
#include <magpie/source.h>

MAG_EXTERN_C_BEGIN

/* ------------------------------------------------------------------ frames */

/*
 * The beginning of every frame.
 *
 * Ownership: the running body alone; while it waits, the awaited operation.  Handing over
 * the continuation publishes the frame.
 */
struct mag_frame {
    struct mag_core core; /* the source of the function's task */
    struct mag_continuation continuation;
    mag_vtask awaited;
};

/* An async function, as the library knows it. */
struct mag_frame_type {
    struct mag_core_type core; /* first */
    void (*resume)(struct mag_job *job);
    uint32_t size; /* of the frame */
};

/*
 * For the macros below.  mag_frame_await and mag_frame_end return {0}, and the result is
 * at `place`; or an error; or the frame's own task: then the body must return, and will
 * be called again.  mag_frame_end returns that only if it was called too early.
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

/* Whether a job is the continuation of a frame of this function, and the frame waits.
 * The step is 0 while the body runs, and when it has ended. */
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
    return (outcome.backing & MAG_VTASK_KIND) == MAG_VTASK_CORE;
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

/* A large result follows the locals. */
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

/*
 * submit_task.h - what MAG_SUBMIT_TASK expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SUBMIT_TASK_H
#define MAGPIE_DETAIL_SUBMIT_TASK_H

#include <magpie/async.h>
#include <magpie/submit_limit.h>

MAG_EXTERN_C_BEGIN

/*
 * A function whose calls are jobs and whose outcomes are tasks.  A call is a frame: the
 * arguments, the task, and the job, which is the frame's continuation until the function
 * has returned.
 */
struct mag_submit_task_type {
    struct mag_frame_type frame;           /* first; `resume` is mag_submit_task_run */
    void (*call)(struct mag_frame *frame); /* ends with mag_submit_task_finish */
    const char *name;                      /* of the function, for debuggers */
};

/*
 * Takes a frame for a call.  The caller fills in the arguments, and then posts its job
 * with mag_submit_task_post, or hands it to something that runs it once, on any thread,
 * or drops it by the job's kind (job_kind.h).
 *
 *   Returns    NULL: there is no memory
 */
MAG_API struct mag_frame *mag_submit_task_rent(const struct mag_submit_task_type *type);

/* The `run` of these jobs: makes the call. */
MAG_API void mag_submit_task_run(struct mag_job *job);

/*
 * Posts the job of a frame that mag_submit_task_rent returned; NULL: there was none.
 *
 *   Returns    the task of the call; if the post is refused, a task with that error
 */
MAG_API MAG_MUST_CHECK mag_vtask
mag_submit_task_post(struct mag_frame *frame, struct mag_sched *sched,
                     const struct mag_submit_options *options, size_t size);

/*
 * The same in the connected form, for a frame in the caller's memory.
 *
 *   Returns    MAG_STARTED, and the frame may be gone; if the post is refused, a task
 *              with that error
 */
MAG_API MAG_MUST_CHECK mag_vtask
mag_submit_task_begin(struct mag_frame *frame, struct mag_sched *sched,
                      const struct mag_submit_options *options, size_t size);

/* Gives back a frame whose job was not posted after all. */
MAG_API void mag_submit_task_return(struct mag_frame *frame);

/* Completes the call with what the function has returned. */
MAG_API void mag_submit_task_finish(struct mag_frame *frame, mag_vtask returned,
                                    const void *large);

/* The frame of a call, its type, and the function that makes it. */
#define MAG_SUBMIT_TASK_FRAME(result_task, name, ...)                          \
    __extension__ struct name##_submission {                                   \
        MAG_STRUCT(mag_frame) frame;                                           \
        MAG_PAIRS_FIELDS(__VA_ARGS__)                                          \
        __extension__ result_task                                              \
            mag_result[sizeof(result_task) > sizeof(mag_vtask) ? 1 : 0];       \
    };                                                                         \
    MAG_STATIC_ASSERT(sizeof(struct name##_submission) <= MAG_ASYNC_BYTES_MAX, \
                      "the arguments and the result of " #name " are too large");

#define MAG_SUBMIT_TASK_TYPE(result_task, name)                                         \
    static void name##_call(MAG_POINTER(mag_frame) mag_frame_);                         \
    static const MAG_STRUCT(mag_submit_task_type) name##_submit_type = {                \
        {{sizeof(result_task) > sizeof(mag_vtask)                                       \
              ? MAG_CAST(uint32_t, offsetof(struct name##_submission, mag_result) +     \
                                       offsetof(result_task, large))                    \
              : 0,                                                                      \
          MAG_CAST(uint32_t, MAG_SIZEOF_MEMBER(result_task, large)), mag_frame_recycle, \
          MAG_NULL},                                                                    \
         mag_submit_task_run,                                                           \
         MAG_CAST(uint32_t, sizeof(struct name##_submission))},                         \
        name##_call,                                                                    \
        #name};

#define MAG_SUBMIT_TASK_CALL(result_task, name, ...)                            \
    static void name##_call(MAG_POINTER(mag_frame) mag_frame_)                  \
    {                                                                           \
        struct name##_submission *args_ =                                       \
            MAG_CAST(struct name##_submission *, MAG_CAST(void *, mag_frame_)); \
        (void)args_;                                                            \
        result_task mag_value = name(MAG_PAIRS_ARGS(__VA_ARGS__));              \
        mag_submit_task_finish(mag_frame_, mag_value.task,                      \
                               MAG_CAST(const void *, mag_value.large));        \
    }

/* Defines a function that takes a frame and fills in the arguments; `args_` is NULL where
 * there is no memory. */
#define MAG_SUBMIT_TASK_FILL(name, ...)                                        \
    struct name##_submission *args_ =                                          \
        MAG_CAST(struct name##_submission *,                                   \
                 MAG_CAST(void *, mag_submit_task_rent(&name##_submit_type))); \
    if (MAG_LIKELY(args_ != MAG_NULL)) {                                       \
        MAG_PAIRS_FILL(__VA_ARGS__)                                            \
    }

/* The body of a begin function: makes the call ready in its state, and hands it over by
 * `begin`, a call. */
#define MAG_SUBMIT_TASK_CONNECT(result_task, name, begin, ...)                          \
    result_task mag_made;                                                               \
    struct name##_submission *args_ = &mag_state_->call;                                \
    mag_frame_connect(&args_->frame, &name##_submit_type.frame, MAG_NULL, mag_waiter_); \
    MAG_PAIRS_FILL(__VA_ARGS__)                                                         \
    memset(MAG_CAST(void *, &mag_made), 0, sizeof(mag_made));                           \
    mag_made.task = begin;                                                              \
    return mag_made;

#define MAG_SUBMIT_TASK_BEGIN(result_task, name, ...)                                   \
    __extension__ struct name##_submit_state {                                          \
        struct name##_submission call;                                                  \
    };                                                                                  \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name##_submit_with_begin( \
        MAG_POINTER(mag_waiter) mag_waiter_, struct name##_submit_state *mag_state_,    \
        MAG_POINTER(mag_sched) mag_sched_,                                              \
        const MAG_STRUCT(mag_submit_options) *                                          \
            mag_options_ MAG_PAIRS_BEHIND(__VA_ARGS__))                                 \
    {                                                                                   \
        MAG_SUBMIT_TASK_CONNECT(result_task, name,                                      \
                                mag_submit_task_begin(&args_->frame, mag_sched_,        \
                                                      mag_options_,                     \
                                                      sizeof(*mag_options_)),           \
                                __VA_ARGS__)                                            \
    }                                                                                   \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name##_submit_begin(      \
        MAG_POINTER(mag_waiter) mag_waiter_, struct name##_submit_state *mag_state_,    \
        MAG_POINTER(mag_sched) mag_sched_ MAG_PAIRS_BEHIND(__VA_ARGS__))                \
    {                                                                                   \
        MAG_SUBMIT_TASK_CONNECT(                                                        \
            result_task, name,                                                          \
            mag_submit_task_begin(&args_->frame, mag_sched_, MAG_NULL, 0), __VA_ARGS__) \
    }

#define MAG_SUBMIT_TASK_POST(result_task, name, ...)                               \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name##_submit_with(  \
        MAG_POINTER(mag_sched) mag_sched_,                                         \
        const MAG_STRUCT(mag_submit_options) *                                     \
            mag_options_ MAG_PAIRS_BEHIND(__VA_ARGS__))                            \
    {                                                                              \
        result_task mag_made;                                                      \
        MAG_SUBMIT_TASK_FILL(name, __VA_ARGS__)                                    \
        memset(MAG_CAST(void *, &mag_made), 0, sizeof(mag_made));                  \
        mag_made.task = mag_submit_task_post(                                      \
            MAG_CAST(MAG_POINTER(mag_frame), MAG_CAST(void *, args_)), mag_sched_, \
            mag_options_, sizeof(*mag_options_));                                  \
        return mag_made;                                                           \
    }                                                                              \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name##_submit(       \
        MAG_POINTER(mag_sched) mag_sched_ MAG_PAIRS_BEHIND(__VA_ARGS__))           \
    {                                                                              \
        result_task mag_made;                                                      \
        MAG_SUBMIT_TASK_FILL(name, __VA_ARGS__)                                    \
        memset(MAG_CAST(void *, &mag_made), 0, sizeof(mag_made));                  \
        mag_made.task = mag_submit_task_post(                                      \
            MAG_CAST(MAG_POINTER(mag_frame), MAG_CAST(void *, args_)), mag_sched_, \
            MAG_NULL, 0);                                                          \
        return mag_made;                                                           \
    }

MAG_EXTERN_C_END

#endif

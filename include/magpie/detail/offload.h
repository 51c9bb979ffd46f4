/*
 * offload.h - what MAG_OFFLOAD_TASK expands to, besides what MAG_SUBMIT_TASK does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_OFFLOAD_H
#define MAGPIE_DETAIL_OFFLOAD_H

#include <magpie/detail/submit_task.h>

MAG_EXTERN_C_BEGIN

/* Hands over the frame of a call, as mag_submit_task_post does, to a thread for jobs that
 * block. */
MAG_API MAG_MUST_CHECK mag_vtask mag_offload_post(struct mag_frame *frame);

/* The same in the connected form, for a frame in the caller's memory. */
MAG_API MAG_MUST_CHECK mag_vtask mag_offload_begin_call(struct mag_frame *frame);

#define MAG_OFFLOAD_TASK_BEGIN(result_task, name, ...)                              \
    __extension__ struct name##_offload_state {                                     \
        struct name##_submission call;                                              \
    };                                                                              \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name##_offload_begin( \
        MAG_POINTER(mag_waiter) mag_waiter_,                                        \
        struct name##_offload_state *mag_state_ MAG_PAIRS_BEHIND(__VA_ARGS__))      \
    {                                                                               \
        MAG_SUBMIT_TASK_CONNECT(result_task, name,                                  \
                                mag_offload_begin_call(&args_->frame), __VA_ARGS__) \
    }

#define MAG_OFFLOAD_TASK_POST(result_task, name, ...)                                    \
    __attribute__((unused))                                                              \
    MAG_MUST_CHECK static result_task name##_offload(MAG_PAIRS_PARAMS(__VA_ARGS__))      \
    {                                                                                    \
        result_task mag_made;                                                            \
        MAG_SUBMIT_TASK_FILL(name, __VA_ARGS__)                                          \
        memset(MAG_CAST(void *, &mag_made), 0, sizeof(mag_made));                        \
        mag_made.task =                                                                  \
            mag_offload_post(MAG_CAST(MAG_POINTER(mag_frame), MAG_CAST(void *, args_))); \
        return mag_made;                                                                 \
    }

/* What mag_offload calls, and the state of its connected form. */
typedef int mag_offload_function(void *arg);
MAG_SUBMIT_TASK_FRAME(mag_task, mag_offload_plainly, mag_offload_function *, function,
                      void *, arg)

__extension__ struct mag_offload_state {
    struct mag_offload_plainly_submission call;
};

MAG_EXTERN_C_END

#endif

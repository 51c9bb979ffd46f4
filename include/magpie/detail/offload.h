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

MAG_EXTERN_C_END

#endif

/*
 * fork_task.h - what MAG_FORK_TASK expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_FORK_TASK_H
#define MAGPIE_DETAIL_FORK_TASK_H

#include <magpie/async.h>
#include <magpie/fork.h>

MAG_EXTERN_C_BEGIN

/*
 * Called by a child's body before it calls its function.  If the child is stolen, answers
 * its join at once, with the task of a new frame.
 *
 *   Returns    the frame, which mag_fork_task_finish must complete; NULL: the child was
 *              not stolen, or there is no memory; its join is answered when it has ended
 */
MAG_API struct mag_frame *mag_fork_task_begin(mag_fork w, const void *payload,
                                              void *block,
                                              const struct mag_frame_type *type);

/*
 * Completes the task of a stolen child that has returned.
 *
 *   frame      as mag_fork_task_begin returned it, not NULL
 *   large      a large result; NULL: it is part of `returned`
 */
MAG_API void mag_fork_task_finish(struct mag_frame *frame, mag_vtask returned,
                                  const void *large);

/* A large result follows the frame in memory. */
#define MAG_FORK_TASK_TYPE(result_task, name)                                          \
    struct name##_frame {                                                              \
        MAG_STRUCT(mag_frame) frame;                                                   \
        __extension__ result_task                                                      \
            mag_result[sizeof(result_task) > sizeof(mag_vtask) ? 1 : 0];               \
    };                                                                                 \
    static const MAG_STRUCT(mag_frame_type) name##_type = {                            \
        {sizeof(result_task) > sizeof(mag_vtask)                                       \
             ? MAG_CAST(uint32_t, offsetof(struct name##_frame, mag_result) +          \
                                      offsetof(result_task, large))                    \
             : 0,                                                                      \
         MAG_CAST(uint32_t, MAG_SIZEOF_MEMBER(result_task, large)), mag_frame_recycle, \
         MAG_NULL},                                                                    \
        MAG_NULL,                                                                      \
        MAG_CAST(uint32_t, sizeof(struct name##_frame))};                              \
    MAG_STATIC_ASSERT(sizeof(struct name##_frame) <= MAG_ASYNC_BYTES_MAX,              \
                      "the result of " #name " is too large");

#define MAG_FORK_TASK_STOLEN(result_task, name, ...)                             \
    static void name##_stolen(mag_fork mag_w, void *payload_)                    \
    {                                                                            \
        struct name##_args copy_, *args_ = &copy_;                               \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_;    \
        memcpy(args_, block_, sizeof(*args_));                                   \
        MAG_POINTER(mag_frame)                                                   \
        frame_ = mag_fork_task_begin(mag_w, payload_, block_, &name##_type);     \
        MAG_FORK_TRY                                                             \
        {                                                                        \
            result_task value_ = name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));        \
            MAG_FORK_CHECK_END(&mag_w, name);                                    \
            if (frame_ != MAG_NULL)                                              \
                mag_fork_task_finish(frame_, value_.task, value_.large);         \
            else                                                                 \
                memcpy(block_, MAG_CAST(const void *, &value_), sizeof(value_)); \
        }                                                                        \
        MAG_FORK_CATCH                                                           \
    }

MAG_EXTERN_C_END

#endif

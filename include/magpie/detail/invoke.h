/*
 * invoke.h - what MAG_INVOKE expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_INVOKE_H
#define MAGPIE_DETAIL_INVOKE_H

#include <magpie/detail/check.h>
#include <magpie/detail/loop.h>
#include <string.h>

MAG_EXTERN_C_BEGIN

/* MAG_INVOKE without the checks. */
#define MAG_INVOKE_DECLARE(name, type, arg, ...)                                       \
    typedef int (*name##_called)(type arg);                                            \
    static const name##_called name##_calls[] = {__VA_ARGS__};                         \
    enum { name##_call_count = sizeof(name##_calls) / sizeof(name##_calls[0]) };       \
    MAG_STATIC_ASSERT(name##_call_count > 1, "list two functions or more, behind the " \
                                             "type and the name of their argument");   \
    static int name##_call_range(MAG_STRUCT(mag_range) range_, uint32_t slot_,         \
                                 void *passed_)                                        \
    {                                                                                  \
        int error_ = 0;                                                                \
        (void)slot_;                                                                   \
        for (size_t i_ = range_.begin; i_ < range_.end && error_ == 0; i_++)           \
            error_ = name##_calls[i_](*MAG_CAST(type *, passed_));                     \
        return error_;                                                                 \
    }                                                                                  \
    MAG_LOOP_UNUSED static inline int name##_invoke_with(                              \
        MAG_POINTER(mag_sched) sched_, const MAG_STRUCT(mag_for_options) * options_,   \
        MAG_POINTER(mag_range) ret_failed_, type arg)                                  \
    {                                                                                  \
        MAG_STRUCT(mag_for_options) one_by_one_;                                       \
        memset(&one_by_one_, 0, sizeof(one_by_one_));                                  \
        if (options_ != MAG_NULL)                                                      \
            one_by_one_ = *options_;                                                   \
        one_by_one_.grain = 1;                                                         \
        return mag_for_with(sched_, &one_by_one_, ret_failed_, 0, name##_call_count,   \
                            name##_call_range, &arg);                                  \
    }                                                                                  \
    MAG_LOOP_UNUSED static inline int name##_invoke(MAG_POINTER(mag_sched) sched_,     \
                                                    type arg)                          \
    {                                                                                  \
        return name##_invoke_with(sched_, MAG_NULL, MAG_NULL, arg);                    \
    }                                                                                  \
    MAG_LOOP_UNUSED static inline int name##_invoke_in(mag_fork mag_w, type arg)       \
    {                                                                                  \
        MAG_STRUCT(mag_for_options) one_by_one_;                                       \
        memset(&one_by_one_, 0, sizeof(one_by_one_));                                  \
        one_by_one_.grain = 1;                                                         \
        return mag_for_in(mag_w, &one_by_one_, MAG_NULL, 0, name##_call_count,         \
                          name##_call_range, &arg);                                    \
    }

MAG_EXTERN_C_END

#endif

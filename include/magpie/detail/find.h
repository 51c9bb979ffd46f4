/*
 * find.h - what MAG_FIND expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_FIND_H
#define MAGPIE_DETAIL_FIND_H

#include <magpie/detail/loop.h>

MAG_EXTERN_C_BEGIN

/* MAG_FIND without the check of its list. */
#define MAG_FIND_DECLARE(name, ...)                                                      \
    struct name##_args {                                                                 \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                                    \
    };                                                                                   \
    static bool name(size_t index_ MAG_PAIRS_BEHIND(__VA_ARGS__));                       \
    static size_t name##_first(MAG_STRUCT(mag_range) range_, uint32_t slot_,             \
                               void *passed_)                                            \
    {                                                                                    \
        const struct name##_args *args_ = MAG_CAST(const struct name##_args *, passed_); \
        size_t index_ = range_.begin;                                                    \
        (void)args_;                                                                     \
        (void)slot_;                                                                     \
        while (index_ < range_.end && !name(index_ MAG_PAIRS_PASS(__VA_ARGS__)))         \
            index_++;                                                                    \
        return index_;                                                                   \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_find(                                       \
        MAG_POINTER(mag_sched) sched_, size_t *ret_index_, size_t begin_,                \
        size_t end_ MAG_PAIRS_BEHIND(__VA_ARGS__))                                       \
    {                                                                                    \
        MAG_LOOP_CALL(name,                                                              \
                      mag_find(sched_, ret_index_, begin_, end_, name##_first, args_),   \
                      __VA_ARGS__);                                                      \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_find_with(                                  \
        MAG_POINTER(mag_sched) sched_, const MAG_STRUCT(mag_for_options) * options_,     \
        size_t * ret_index_, size_t begin_, size_t end_ MAG_PAIRS_BEHIND(__VA_ARGS__))   \
    {                                                                                    \
        MAG_LOOP_CALL(name,                                                              \
                      mag_find_with(sched_, options_, ret_index_, begin_, end_,          \
                                    name##_first, args_),                                \
                      __VA_ARGS__);                                                      \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_find_in(                                    \
        mag_fork mag_w, size_t *ret_index_, size_t begin_,                               \
        size_t end_ MAG_PAIRS_BEHIND(__VA_ARGS__))                                       \
    {                                                                                    \
        MAG_LOOP_CALL(                                                                   \
            name,                                                                        \
            mag_find_in(mag_w, MAG_NULL, ret_index_, begin_, end_, name##_first, args_), \
            __VA_ARGS__);                                                                \
    }

MAG_EXTERN_C_END

#endif

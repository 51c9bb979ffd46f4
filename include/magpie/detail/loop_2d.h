/*
 * loop_2d.h - what MAG_LOOP_2D expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_LOOP_2D_H
#define MAGPIE_DETAIL_LOOP_2D_H

#include <magpie/detail/loop.h>

MAG_EXTERN_C_BEGIN

/* All pairs of a row and a column. */
struct mag_block {
    struct mag_range rows;
    struct mag_range columns;
};

/* The body of a loop over blocks.  It returns 0; any other value ends the loop. */
typedef int (*mag_for_block_body)(struct mag_block block, uint32_t slot, void *arg);

/* MAG_LOOP_2D without the check of its list. */
#define MAG_LOOP_2D_DECLARE(name, ...)                                                   \
    struct name##_args {                                                                 \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                                    \
    };                                                                                   \
    static int name(MAG_STRUCT(mag_block) block_,                                        \
                    uint32_t slot_ MAG_PAIRS_BEHIND(__VA_ARGS__));                       \
    static int name##_body(MAG_STRUCT(mag_block) block_, uint32_t slot_, void *passed_)  \
    {                                                                                    \
        const struct name##_args *args_ = MAG_CAST(const struct name##_args *, passed_); \
        (void)args_;                                                                     \
        return name(block_, slot_ MAG_PAIRS_PASS(__VA_ARGS__));                          \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_for_with(                                   \
        MAG_POINTER(mag_sched) sched_, const MAG_STRUCT(mag_for_options) * options_,     \
        MAG_STRUCT(mag_block) whole_ MAG_PAIRS_BEHIND(__VA_ARGS__))                      \
    {                                                                                    \
        MAG_LOOP_CALL(name, mag_for_2d(sched_, options_, whole_, name##_body, args_),    \
                      __VA_ARGS__);                                                      \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_for(                                        \
        MAG_POINTER(mag_sched) sched_, size_t rows_,                                     \
        size_t columns_ MAG_PAIRS_BEHIND(__VA_ARGS__))                                   \
    {                                                                                    \
        MAG_STRUCT(mag_block) whole_ = {{0, rows_}, {0, columns_}};                      \
        MAG_LOOP_CALL(name, mag_for_2d(sched_, MAG_NULL, whole_, name##_body, args_),    \
                      __VA_ARGS__);                                                      \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_for_in(                                     \
        mag_fork mag_w, const MAG_STRUCT(mag_for_options) * options_,                    \
        MAG_STRUCT(mag_block) whole_ MAG_PAIRS_BEHIND(__VA_ARGS__))                      \
    {                                                                                    \
        MAG_LOOP_CALL(name, mag_for_2d_in(mag_w, options_, whole_, name##_body, args_),  \
                      __VA_ARGS__);                                                      \
    }

MAG_EXTERN_C_END

#endif

/*
 * scan.h - what MAG_SCAN expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SCAN_H
#define MAGPIE_DETAIL_SCAN_H

#include <magpie/detail/reduce.h>

MAG_EXTERN_C_BEGIN

/* MAG_SCAN without the checks. */
#define MAG_SCAN_DECLARE(name, type, ...)                                                \
    struct name##_args {                                                                 \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                                    \
    };                                                                                   \
    MAG_REDUCE_LEAF_DECLARE(name##_scanned, name, name##_args, type, __VA_ARGS__)        \
    MAG_REDUCE_LEAF_DECLARE(name##_folded, name##_fold, name##_args, type, __VA_ARGS__)  \
    MAG_COMBINE_DECLARE(name, type)                                                      \
    static const MAG_STRUCT(mag_scanner)                                                 \
        name##_scanner = {name##_scanned, name##_folded, name##_combined, sizeof(type)}; \
    MAG_LOOP_UNUSED static inline int name##_scan(                                       \
        MAG_POINTER(mag_sched) sched_, type *value_, size_t begin_,                      \
        size_t end_ MAG_PAIRS_BEHIND(__VA_ARGS__))                                       \
    {                                                                                    \
        struct name##_args copy_, *args_ = &copy_;                                       \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                               \
        return mag_scan(sched_, &name##_scanner, value_, begin_, end_, args_);           \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_scan_with(                                  \
        MAG_POINTER(mag_sched) sched_, const MAG_STRUCT(mag_for_options) * options_,     \
        MAG_POINTER(mag_range) ret_failed_, type * value_, size_t begin_,                \
        size_t end_ MAG_PAIRS_BEHIND(__VA_ARGS__))                                       \
    {                                                                                    \
        struct name##_args copy_, *args_ = &copy_;                                       \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                               \
        return mag_scan_with(sched_, options_, ret_failed_, &name##_scanner, value_,     \
                             begin_, end_, args_);                                       \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_scan_in(                                    \
        mag_fork mag_w, type *value_, size_t begin_,                                     \
        size_t end_ MAG_PAIRS_BEHIND(__VA_ARGS__))                                       \
    {                                                                                    \
        struct name##_args copy_, *args_ = &copy_;                                       \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                               \
        return mag_scan_in(mag_w, MAG_NULL, MAG_NULL, &name##_scanner, value_, begin_,   \
                           end_, args_);                                                 \
    }

MAG_EXTERN_C_END

#endif

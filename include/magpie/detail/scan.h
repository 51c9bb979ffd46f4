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
    MAG_LOOP_CALLS(name, scan, mag_scan, (type * value_, size_t begin_, size_t end_),    \
                   (&name##_scanner, value_, begin_, end_), __VA_ARGS__)

MAG_EXTERN_C_END

#endif

/*
 * reduce.h - what MAG_REDUCE expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_REDUCE_H
#define MAGPIE_DETAIL_REDUCE_H

#include <magpie/detail/loop.h>

MAG_EXTERN_C_BEGIN

/* Values of at most so many bytes are copied to a local variable for a call of the leaf,
 * so that the compiler keeps them in registers, whatever the leaf's pointers point to. */
#define MAG_REDUCE_LOCAL 64

/* The function `untyped`, a leaf without types, which calls `typed`. */
#define MAG_REDUCE_LEAF_DECLARE(untyped, typed, args, type, ...)                       \
    static int typed(MAG_STRUCT(mag_range) range_, uint32_t slot_,                     \
                     type *value_ MAG_PAIRS_BEHIND(__VA_ARGS__));                      \
    static int untyped(MAG_STRUCT(mag_range) range_, uint32_t slot_, void *passed_to_, \
                       void *passed_)                                                  \
    {                                                                                  \
        const struct args *args_ = MAG_CAST(const struct args *, passed_);             \
        type *value_ = MAG_CAST(type *, passed_to_);                                   \
        (void)args_;                                                                   \
        if (sizeof(type) > MAG_REDUCE_LOCAL)                                           \
            return typed(range_, slot_, value_ MAG_PAIRS_PASS(__VA_ARGS__));           \
        type local_ = *value_;                                                         \
        int error_ = typed(range_, slot_, &local_ MAG_PAIRS_PASS(__VA_ARGS__));        \
        *value_ = local_;                                                              \
        return error_;                                                                 \
    }

/* A combine that is given as `name_combine`, without types. */
#define MAG_COMBINE_DECLARE(name, type)                                           \
    static void name##_combine(type *value_, const type *later_);                 \
    static void name##_combined(void *value_, const void *later_)                 \
    {                                                                             \
        name##_combine(MAG_CAST(type *, value_), MAG_CAST(const type *, later_)); \
    }

#define MAG_REDUCE_CHECKED(name, fixed, type, ...)                                      \
    MAG_CHECK_PAIRS(name, __VA_ARGS__)                                                  \
    MAG_CHECK_TYPE(name, "a reduction has a value: give its type before the arguments", \
                   type)                                                                \
    MAG_REDUCE_DECLARE(name, fixed, type, __VA_ARGS__)

/* MAG_REDUCE and MAG_REDUCE_FIXED without the checks. */
#define MAG_REDUCE_DECLARE(name, fixed, type, ...)                              \
    struct name##_args {                                                        \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                           \
    };                                                                          \
    MAG_REDUCE_LEAF_DECLARE(name##_leaf, name, name##_args, type, __VA_ARGS__)  \
    MAG_COMBINE_DECLARE(name, type)                                             \
    static const MAG_STRUCT(mag_reduction)                                      \
        name##_reduction = {name##_leaf, name##_combined, sizeof(type), fixed}; \
    MAG_LOOP_CALLS(name, reduce, mag_reduce,                                    \
                   (type * value_, size_t begin_, size_t end_),                 \
                   (&name##_reduction, value_, begin_, end_), __VA_ARGS__)

MAG_EXTERN_C_END

#endif

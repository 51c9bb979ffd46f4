/*
 * loop.h - what MAG_LOOP expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_LOOP_H
#define MAGPIE_DETAIL_LOOP_H

#include <magpie/detail/base.h>
#include <magpie/detail/pairs.h>

MAG_EXTERN_C_BEGIN

/* The indices from `begin` to `end` - 1. */
struct mag_range {
    size_t begin;
    size_t end;
};

/* The body of a loop.  It runs over the indices of `range`, and returns 0; any other
 * value ends the loop. */
typedef int (*mag_for_body)(struct mag_range range, uint32_t slot, void *arg);

#define MAG_LOOP_UNUSED __attribute__((unused)) MAG_MUST_CHECK

/* The body of a function with a list of pairs: fills in the struct of the arguments, and
 * returns the result of `call`, which passes that struct on as `args_`. */
#define MAG_LOOP_CALL(name, call, ...)         \
    struct name##_args copy_, *args_ = &copy_; \
    MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)         \
    return call

/* The functions name_verb, name_verb_with and name_verb_in of a loop or its like, which
 * call `function`, `function`_with and `function`_in.  `params` is a list in parentheses,
 * of their parameters before the pairs, `passed` what is passed on before `args_`. */
#define MAG_LOOP_CALLS(name, verb, function, params, passed, ...)                        \
    MAG_LOOP_UNUSED static inline int name##_##verb(                                     \
        MAG_POINTER(mag_sched) sched_,                                                   \
        MAG_LOOP_LIST params MAG_PAIRS_BEHIND(__VA_ARGS__))                              \
    {                                                                                    \
        MAG_LOOP_CALL(name, function(sched_, MAG_LOOP_LIST passed, args_), __VA_ARGS__); \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_##verb##_with(                              \
        MAG_POINTER(mag_sched) sched_, const MAG_STRUCT(mag_for_options) * options_,     \
        MAG_POINTER(mag_range) ret_failed_,                                              \
        MAG_LOOP_LIST params MAG_PAIRS_BEHIND(__VA_ARGS__))                              \
    {                                                                                    \
        MAG_LOOP_CALL(                                                                   \
            name,                                                                        \
            function##_with(sched_, options_, ret_failed_, MAG_LOOP_LIST passed, args_), \
            __VA_ARGS__);                                                                \
    }                                                                                    \
    MAG_LOOP_UNUSED static inline int name##_##verb##_in(                                \
        mag_fork mag_w, MAG_LOOP_LIST params MAG_PAIRS_BEHIND(__VA_ARGS__))              \
    {                                                                                    \
        MAG_LOOP_CALL(                                                                   \
            name, function##_in(mag_w, MAG_NULL, MAG_NULL, MAG_LOOP_LIST passed, args_), \
            __VA_ARGS__);                                                                \
    }
#define MAG_LOOP_LIST(...) __VA_ARGS__

/* MAG_LOOP without the check of its list. */
#define MAG_LOOP_DECLARE(name, ...)                                                      \
    struct name##_args {                                                                 \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                                    \
    };                                                                                   \
    static int name(MAG_STRUCT(mag_range) range_,                                        \
                    uint32_t slot_ MAG_PAIRS_BEHIND(__VA_ARGS__));                       \
    static int name##_body(MAG_STRUCT(mag_range) range_, uint32_t slot_, void *passed_)  \
    {                                                                                    \
        const struct name##_args *args_ = MAG_CAST(const struct name##_args *, passed_); \
        (void)args_;                                                                     \
        return name(range_, slot_ MAG_PAIRS_PASS(__VA_ARGS__));                          \
    }                                                                                    \
    MAG_LOOP_CALLS(name, for, mag_for, (size_t begin_, size_t end_), \
                   (begin_, end_, name##_body), __VA_ARGS__)

MAG_EXTERN_C_END

#endif

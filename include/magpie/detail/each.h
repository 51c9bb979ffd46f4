/*
 * each.h - what MAG_EACH expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_EACH_H
#define MAGPIE_DETAIL_EACH_H

#include <magpie/detail/async.h>

MAG_EXTERN_C_BEGIN

struct mag_each_options;
struct mag_each_state;

/* The beginning of the object behind a loop's task; the arguments follow. */
struct mag_each_run {
    struct mag_frame frame; /* first: its core is the source */
    struct mag_each_state *state;
};

/* A loop's body, as the library knows it. */
struct mag_each_type {
    struct mag_frame_type frame; /* first */
    mag_vtask (*call)(size_t index, struct mag_each_run *run);
};

/*
 * Takes the object of a loop, for its arguments to be filled in.
 *
 *   Returns    NULL: there is no memory
 */
MAG_API struct mag_each_run *mag_each_rent(const struct mag_each_type *type);

/*
 * Begins a loop over an object that mag_each_rent returned; NULL: there was none.
 *
 *   Returns    the loop's task
 */
MAG_API MAG_MUST_CHECK mag_vtask mag_each_start(struct mag_each_run *run,
                                                struct mag_sched *sched,
                                                const struct mag_each_options *options,
                                                size_t begin, size_t end);

/* MAG_EACH without the check of its list. */
#define MAG_EACH_DECLARE(name, ...)                                             \
    static mag_task name(size_t index_ MAG_PAIRS_BEHIND(__VA_ARGS__));          \
    struct name##_loop {                                                        \
        MAG_STRUCT(mag_each_run) run;                                           \
        MAG_PAIRS_FIELDS(__VA_ARGS__)                                           \
    };                                                                          \
    MAG_STATIC_ASSERT(sizeof(struct name##_loop) <= MAG_ASYNC_BYTES_MAX,        \
                      "the arguments of " #name " are too large");              \
    static mag_vtask name##_call(size_t index_, MAG_POINTER(mag_each_run) run_) \
    {                                                                           \
        struct name##_loop *args_ =                                             \
            MAG_CAST(struct name##_loop *, MAG_CAST(void *, run_));             \
        (void)args_;                                                            \
        return name(index_ MAG_PAIRS_PASS(__VA_ARGS__)).task;                   \
    }                                                                           \
    static const MAG_STRUCT(mag_each_type)                                      \
        name##_each_type = {{{0, 0, mag_frame_recycle, MAG_NULL},               \
                             MAG_NULL,                                          \
                             MAG_CAST(uint32_t, sizeof(struct name##_loop))},   \
                            name##_call};                                       \
    __attribute__((unused)) MAG_MUST_CHECK static mag_task name##_each_with(    \
        MAG_POINTER(mag_sched) mag_sched_,                                      \
        const MAG_STRUCT(mag_each_options) * mag_options_, size_t mag_begin_,   \
        size_t mag_end_ MAG_PAIRS_BEHIND(__VA_ARGS__))                          \
    {                                                                           \
        MAG_EACH_START(name, mag_options_, __VA_ARGS__)                         \
    }                                                                           \
    __attribute__((unused)) MAG_MUST_CHECK static mag_task name##_each(         \
        MAG_POINTER(mag_sched) mag_sched_, size_t mag_begin_,                   \
        size_t mag_end_ MAG_PAIRS_BEHIND(__VA_ARGS__))                          \
    {                                                                           \
        MAG_EACH_START(name, MAG_NULL, __VA_ARGS__)                             \
    }

/* Fills in the arguments and begins the loop. */
#define MAG_EACH_START(name, options, ...)                                           \
    struct name##_loop *args_ = MAG_CAST(                                            \
        struct name##_loop *, MAG_CAST(void *, mag_each_rent(&name##_each_type)));   \
    if (MAG_LIKELY(args_ != MAG_NULL)) {                                             \
        MAG_PAIRS_FILL(__VA_ARGS__)                                                  \
    }                                                                                \
    return mag_task_of(                                                              \
        mag_each_start(MAG_CAST(MAG_POINTER(mag_each_run), MAG_CAST(void *, args_)), \
                       mag_sched_, (options), mag_begin_, mag_end_));

MAG_EXTERN_C_END

#endif

/*
 * each.h - what MAG_EACH expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_EACH_H
#define MAGPIE_DETAIL_EACH_H

#include <magpie/detail/async.h>
#include <magpie/detail/sequence.h>

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
MAG_API struct mag_each_run *mag_each_rent(const struct mag_frame_type *type);

/*
 * Begins a loop over an object that mag_each_rent returned; NULL: there was none.
 *
 *   Returns    the loop's task
 */
MAG_API MAG_MUST_CHECK mag_vtask mag_each_start(struct mag_each_run *run,
                                                struct mag_sched *sched,
                                                const struct mag_each_options *options,
                                                size_t begin, size_t end);

/* A lane of a loop over values; the value follows. */
struct mag_each_lane {
    struct mag_frame frame; /* first: its continuation is the lane's job */
    struct mag_each_state *state;
    struct mag_each_lane *next; /* that waits for the turn */
    size_t index;               /* of the value, from 0 */
    unsigned phase;
};

/* The body of a loop over values, as the library knows it. */
struct mag_each_item_type {
    struct mag_frame_type frame; /* first */
    struct mag_frame_type lane;
    mag_vtask (*call)(struct mag_each_run *run, const void *item);
    mag_vtask (*pull)(struct mag_sequence *items, void *ret_item);
    uint32_t item_offset; /* in a lane */
    uint32_t item_size;
};

/*
 * As mag_each_start, for the values of a sequence, which it ends.
 *
 *   run, items NULL: there was no memory
 */
MAG_API MAG_MUST_CHECK mag_vtask
mag_each_start_items(struct mag_each_run *run, struct mag_sched *sched,
                     const struct mag_each_options *options, struct mag_sequence *items);

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
#define MAG_EACH_START(name, options, ...)                                               \
    struct name##_loop *args_ = MAG_CAST(                                                \
        struct name##_loop *, MAG_CAST(void *, mag_each_rent(&name##_each_type.frame))); \
    if (MAG_LIKELY(args_ != MAG_NULL)) {                                                 \
        MAG_PAIRS_FILL(__VA_ARGS__)                                                      \
    }                                                                                    \
    return mag_task_of(                                                                  \
        mag_each_start(MAG_CAST(MAG_POINTER(mag_each_run), MAG_CAST(void *, args_)),     \
                       mag_sched_, (options), mag_begin_, mag_end_));

/* MAG_EACH_OF without the check of its list. */
#define MAG_EACH_OF_DECLARE(sequence_type, name, ...)                                \
    static mag_task name(                                                            \
        sequence_type##_task_value mag_item_ MAG_PAIRS_BEHIND(__VA_ARGS__));         \
    struct name##_loop {                                                             \
        MAG_STRUCT(mag_each_run) run;                                                \
        MAG_PAIRS_FIELDS(__VA_ARGS__)                                                \
    };                                                                               \
    struct name##_lane {                                                             \
        MAG_STRUCT(mag_each_lane) lane;                                              \
        sequence_type##_task_value item;                                             \
    };                                                                               \
    MAG_STATIC_ASSERT(sizeof(struct name##_loop) <= MAG_ASYNC_BYTES_MAX &&           \
                          sizeof(struct name##_lane) <= MAG_ASYNC_BYTES_MAX,         \
                      "the arguments of " #name " are too large");                   \
    static mag_vtask name##_call(MAG_POINTER(mag_each_run) run_, const void *item_)  \
    {                                                                                \
        struct name##_loop *args_ =                                                  \
            MAG_CAST(struct name##_loop *, MAG_CAST(void *, run_));                  \
        (void)args_;                                                                 \
        return name(*MAG_CAST(const sequence_type##_task_value *, item_)             \
                        MAG_PAIRS_PASS(__VA_ARGS__))                                 \
            .task;                                                                   \
    }                                                                                \
    static mag_vtask name##_pull(MAG_POINTER(mag_sequence) items_, void *ret_item_)  \
    {                                                                                \
        sequence_type##_task mag_next = sequence_type##_next(                        \
            MAG_CAST(struct sequence_type *, MAG_CAST(void *, items_)));             \
        if (mag_next.task.backing == 0)                                              \
            memcpy(ret_item_,                                                        \
                   sizeof(sequence_type##_task_value) > sizeof(uint64_t)             \
                       ? MAG_CAST(const void *, mag_next.large)                      \
                       : MAG_CAST(const void *, &mag_next.task.payload),             \
                   sizeof(sequence_type##_task_value));                              \
        return mag_next.task;                                                        \
    }                                                                                \
    static const MAG_STRUCT(mag_each_item_type)                                      \
        name##_each_type = {{{0, 0, mag_frame_recycle, MAG_NULL},                    \
                             MAG_NULL,                                               \
                             MAG_CAST(uint32_t, sizeof(struct name##_loop))},        \
                            {{0, 0, mag_frame_recycle, MAG_NULL},                    \
                             MAG_NULL,                                               \
                             MAG_CAST(uint32_t, sizeof(struct name##_lane))},        \
                            name##_call,                                             \
                            name##_pull,                                             \
                            MAG_CAST(uint32_t, offsetof(struct name##_lane, item)),  \
                            MAG_CAST(uint32_t, sizeof(sequence_type##_task_value))}; \
    __attribute__((unused)) MAG_MUST_CHECK static mag_task name##_each_with(         \
        MAG_POINTER(mag_sched) mag_sched_,                                           \
        const MAG_STRUCT(mag_each_options) * mag_options_,                           \
        struct sequence_type * mag_items_ MAG_PAIRS_BEHIND(__VA_ARGS__))             \
    {                                                                                \
        MAG_EACH_START_ITEMS(name, mag_options_, __VA_ARGS__)                        \
    }                                                                                \
    __attribute__((unused)) MAG_MUST_CHECK static mag_task name##_each(              \
        MAG_POINTER(mag_sched) mag_sched_,                                           \
        struct sequence_type *mag_items_ MAG_PAIRS_BEHIND(__VA_ARGS__))              \
    {                                                                                \
        MAG_EACH_START_ITEMS(name, MAG_NULL, __VA_ARGS__)                            \
    }

/* Fills in the arguments and begins the loop over values. */
#define MAG_EACH_START_ITEMS(name, options, ...)                                         \
    struct name##_loop *args_ = MAG_CAST(                                                \
        struct name##_loop *, MAG_CAST(void *, mag_each_rent(&name##_each_type.frame))); \
    if (MAG_LIKELY(args_ != MAG_NULL)) {                                                 \
        MAG_PAIRS_FILL(__VA_ARGS__)                                                      \
    }                                                                                    \
    return mag_task_of(mag_each_start_items(                                             \
        MAG_CAST(MAG_POINTER(mag_each_run), MAG_CAST(void *, args_)), mag_sched_,        \
        (options), MAG_SEQUENCE_OF(mag_items_)));

MAG_EXTERN_C_END

#endif

/*
 * sort.h - what MAG_SORT expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SORT_H
#define MAGPIE_DETAIL_SORT_H

#include <magpie/detail/pairs.h>
#include <magpie/detail/sort_serial.h>

MAG_EXTERN_C_BEGIN

/* What MAG_SORT makes of a type and an order: functions that one thread calls for items
 * that lie together.  The last argument of each is the order's. */
struct mag_sort_kind {
    size_t size; /* of an item */
    mag_sort_before before;
    void (*sort)(void *items, size_t count, const void *order);
    void (*sort_stable)(void *items, void *scratch, size_t count, const void *order);
    bool (*is_run)(void *items, size_t count, bool falling, const void *order);
    /* See mag_sort_divide and mag_sort_merge. */
    size_t (*divide)(void *items, size_t count, const void *pivot, bool equal,
                     const void *order);
    void (*merge)(const struct mag_sort_runs *runs, const void *order);
};

/* One call of a sort. */
struct mag_sort_call {
    const struct mag_sort_kind *kind;
    const void *order;
    void *items;
    size_t count;
    void *scratch; /* room for all items, or NULL */
    /* Sorts leaves, or NULL. */
    void (*leaf)(void *items, size_t count, const void *order);
    size_t leaf_count; /* how many items a leaf has at most; 0: the library chooses */
    bool stable;
};

#define MAG_SORT_UNUSED __attribute__((unused)) MAG_MUST_CHECK
#define MAG_SORT_ALIGNED(type) \
    __attribute__((aligned(__alignof__(type) < 8 ? 8 : __alignof__(type))))

/* Room for items, and the kit. */
#define MAG_SORT_KIT(name, type)                                                  \
    char one_[sizeof(type)] MAG_SORT_ALIGNED(type);                               \
    char pivot_[sizeof(type)] MAG_SORT_ALIGNED(type);                             \
    char few_[MAG_SORT_ROOM(sizeof(type)) * sizeof(type)] MAG_SORT_ALIGNED(type); \
    const MAG_STRUCT(mag_sort_kit)                                                \
        kit_ = {sizeof(type), name##_before, order_, one_, pivot_, few_};

/* The functions of one thread. */
#define MAG_SORT_LEAVES(name, type, ...)                                                 \
    static inline bool name##_before(const void *a_, const void *b_, const void *order_) \
    {                                                                                    \
        const struct name##_order *args_ =                                               \
            MAG_CAST(const struct name##_order *, order_);                               \
        (void)args_;                                                                     \
        return name(MAG_CAST(const type *, a_),                                          \
                    MAG_CAST(const type *, b_) MAG_PAIRS_PASS(__VA_ARGS__));             \
    }                                                                                    \
    static void name##_quick(void *items_, size_t count_, const void *order_)            \
    {                                                                                    \
        MAG_SORT_KIT(name, type)                                                         \
        mag_sort_quick(MAG_CAST(char *, items_), count_, &kit_);                         \
    }                                                                                    \
    static void name##_quick_stable(void *items_, void *scratch_, size_t count_,         \
                                    const void *order_)                                  \
    {                                                                                    \
        MAG_SORT_KIT(name, type)                                                         \
        mag_sort_quick_stable(MAG_CAST(char *, items_), MAG_CAST(char *, scratch_),      \
                              count_, &kit_);                                            \
    }                                                                                    \
    static bool name##_is_run(void *items_, size_t count_, bool falling_,                \
                              const void *order_)                                        \
    {                                                                                    \
        MAG_SORT_KIT(name, type)                                                         \
        return mag_sort_is_run(MAG_CAST(char *, items_), count_, falling_, &kit_);       \
    }                                                                                    \
    static size_t name##_divide(void *items_, size_t count_, const void *at_,            \
                                bool equal_, const void *order_)                         \
    {                                                                                    \
        MAG_SORT_KIT(name, type)                                                         \
        return mag_sort_divide(MAG_CAST(char *, items_), count_,                         \
                               MAG_CAST(const char *, at_), equal_, &kit_);              \
    }                                                                                    \
    static void name##_merge(const MAG_STRUCT(mag_sort_runs) * runs_,                    \
                             const void *order_)                                         \
    {                                                                                    \
        MAG_SORT_KIT(name, type)                                                         \
        mag_sort_merge(*runs_, &kit_);                                                   \
    }                                                                                    \
    static void name##_leaf(void *items_, size_t count_, const void *order_)             \
    {                                                                                    \
        MAG_CAST(const struct name##_order *, order_)                                    \
            ->leaf_(MAG_CAST(type *, items_), count_);                                   \
    }                                                                                    \
    static const MAG_STRUCT(mag_sort_kind)                                               \
        name##_kind = {sizeof(type),  name##_before, name##_quick, name##_quick_stable,  \
                       name##_is_run, name##_divide, name##_merge};

/* One call, by `run`, which is mag_sort_run or mag_sort_run_in. */
#define MAG_SORT_CALL(name, run, where, options)                      \
    call_.kind = &name##_kind;                                        \
    call_.order = args_;                                              \
    call_.items = items_;                                             \
    call_.count = count_;                                             \
    call_.scratch = (options).scratch;                                \
    call_.leaf = (options).leaf != MAG_NULL ? name##_leaf : MAG_NULL; \
    call_.leaf_count = (options).leaf_count;                          \
    call_.stable = (options).stable;                                  \
    return run(where, &call_);

/* The functions that a program calls. */
#define MAG_SORT_CALLS(name, type, ...)                                            \
    MAG_SORT_UNUSED static inline int name##_sort_with(                            \
        MAG_POINTER(mag_sched) sched_, const struct name##_sort_options *options_, \
        type *items_, size_t count_ MAG_PAIRS_BEHIND(__VA_ARGS__))                 \
    {                                                                              \
        struct name##_order copy_, *args_ = &copy_;                                \
        MAG_STRUCT(mag_sort_call) call_;                                           \
        MAG_PAIRS_FILL(__VA_ARGS__)                                                \
        copy_.leaf_ = options_->leaf;                                              \
        MAG_SORT_CALL(name, mag_sort_run, sched_, *options_)                       \
    }                                                                              \
    MAG_SORT_UNUSED static inline int name##_sort_in(                              \
        mag_fork mag_w, const struct name##_sort_options *options_, type *items_,  \
        size_t count_ MAG_PAIRS_BEHIND(__VA_ARGS__))                               \
    {                                                                              \
        struct name##_order copy_, *args_ = &copy_;                                \
        MAG_STRUCT(mag_sort_call) call_;                                           \
        const struct name##_sort_options usual_ = {false, MAG_NULL, MAG_NULL, 0};  \
        MAG_PAIRS_FILL(__VA_ARGS__)                                                \
        if (options_ == MAG_NULL)                                                  \
            options_ = &usual_;                                                    \
        copy_.leaf_ = options_->leaf;                                              \
        MAG_SORT_CALL(name, mag_sort_run_in, mag_w, *options_)                     \
    }                                                                              \
    MAG_SORT_UNUSED static inline int name##_sort(                                 \
        MAG_POINTER(mag_sched) sched_, type *items_,                               \
        size_t count_ MAG_PAIRS_BEHIND(__VA_ARGS__))                               \
    {                                                                              \
        struct name##_order copy_, *args_ = &copy_;                                \
        MAG_STRUCT(mag_sort_call) call_;                                           \
        const struct name##_sort_options usual_ = {false, MAG_NULL, MAG_NULL, 0};  \
        MAG_PAIRS_FILL(__VA_ARGS__)                                                \
        copy_.leaf_ = MAG_NULL;                                                    \
        if (count_ <= MAG_SORT_ALONE) {                                            \
            name##_quick(items_, count_, args_);                                   \
            return 0;                                                              \
        }                                                                          \
        MAG_SORT_CALL(name, mag_sort_run, sched_, usual_)                          \
    }                                                                              \
    MAG_SORT_UNUSED static inline int name##_sort_stable(                          \
        MAG_POINTER(mag_sched) sched_, type *items_,                               \
        size_t count_ MAG_PAIRS_BEHIND(__VA_ARGS__))                               \
    {                                                                              \
        struct name##_order copy_, *args_ = &copy_;                                \
        MAG_STRUCT(mag_sort_call) call_;                                           \
        const struct name##_sort_options stable_ = {true, MAG_NULL, MAG_NULL, 0};  \
        MAG_PAIRS_FILL(__VA_ARGS__)                                                \
        copy_.leaf_ = MAG_NULL;                                                    \
        MAG_SORT_CALL(name, mag_sort_run, sched_, stable_)                         \
    }

/* MAG_SORT without the checks of its lists. */
#define MAG_SORT_DECLARE(name, type, ...)                                                \
    struct name##_order {                                                                \
        void (*leaf_)(type * items, size_t count);                                       \
        MAG_PAIRS_FIELDS(__VA_ARGS__)                                                    \
    };                                                                                   \
    struct name##_sort_options {                                                         \
        bool stable;                                                                     \
        type *scratch;                                                                   \
        void (*leaf)(type * items, size_t count);                                        \
        size_t leaf_count;                                                               \
    };                                                                                   \
    MAG_STATIC_ASSERT(__alignof__(type) <= 64, "items are aligned to 64 bytes at most"); \
    static inline bool name(const type *, const type *MAG_PAIRS_BEHIND(__VA_ARGS__));    \
    MAG_SORT_LEAVES(name, type, __VA_ARGS__)                                             \
    MAG_SORT_CALLS(name, type, __VA_ARGS__)

MAG_EXTERN_C_END

#endif

/*
 * fork_range.h - what MAG_FORKABLE_RANGE expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_FORK_RANGE_H
#define MAGPIE_DETAIL_FORK_RANGE_H

#include <magpie/detail/forkable.h>

MAG_EXTERN_C_BEGIN

/*
 * The first words of a range's payload.  The owner claims index after index by `next`;
 * the thief that takes the rest cuts the range there.  Not cut: next < end.  The protocol
 * and its proof are in docs/design/wide-forks.md.
 */
struct mag_fork_range {
    MAG_ATOMIC(size_t) next; /* [W] the owner's next index; thieves read it by the lock */
    MAG_ATOMIC(size_t) end;  /* [L] */
};

/* A model has its own words in place of these. */
#ifndef MAG_FORK_RANGE_AT
#    define MAG_FORK_RANGE_AT(payload) MAG_CAST(struct mag_fork_range *, payload)
#endif

/* Where the arguments lie in the payload, and the result behind them.  Neither lies where
 * something else was: the owner may look at the arguments while a thief runs. */
#define MAG_FORK_RANGE_ARGS_AT 16
#define MAG_FORK_RANGE_RESULT_AT(args_bytes) \
    (MAG_FORK_RANGE_ARGS_AT + ((args_bytes) + 7) / 8 * 8)

/* The arguments in the payload of a range. */
MAG_INLINE void *mag_fork_range_args(void *payload)
{
    return MAG_CAST(char *, payload) + MAG_FORK_RANGE_ARGS_AT;
}

/* The part of a range that its thief runs. */
struct mag_fork_part {
    size_t begin;
    size_t end;
};

/* By the thief of a range, before it runs anything: cuts the range where its owner
 * stands, and returns what lies beyond.  `payload` may also be a copy; then the part is
 * all that is left of the range. */
MAG_API struct mag_fork_part mag_fork_range_cut(mag_fork w, void *payload);

/* The slow half of mag_fork_range_claim; `tag` is the slot's, not 0. */
MAG_API MAG_COLD bool mag_fork_range_claim_slow(uintptr_t tag, size_t index);

/* The first half of the push of a range; mag_fork_publish is the second. */
MAG_INLINE_ALWAYS void mag_fork_range_fill(mag_fork w, size_t begin, size_t end)
{
    MAG_POINTER(mag_fork_range)
    range = MAG_FORK_RANGE_AT(MAG_CAST(void *, w.top->payload));

    /* relaxed, both: published with the child. */
    MAG_STORE(&range->next, begin, relaxed);
    /* relaxed: as above. */
    MAG_STORE(&range->end, end, relaxed);
}

/*
 * By the owner of the range in `slot`: claims an index that is not the last one.
 *
 *   Returns    true: the index is the caller's.  False: a thief has taken this index and
 *              all behind it, and has run them; the slot is popped, and its payload holds
 *              the result until the next push
 */
MAG_INLINE_ALWAYS bool mag_fork_range_claim(struct mag_fork_slot *slot, size_t index)
{
    MAG_POINTER(mag_fork_range)
    range = MAG_FORK_RANGE_AT(MAG_CAST(void *, slot->payload));

    /* owner-or-thief (1): ordered before (2) by the thief's heavy barrier. */
    MAG_FOLD_STORE(size_t, &range->next, index + 1);
    /* Keeps the compiler from moving (2) up; the processor is the thief's concern. */
    MAG_OWNER_FENCE();
    /* owner-or-thief (2). */
    uintptr_t tag = MAG_FOLD_LOAD(uintptr_t, &slot->tag);
    if (MAG_LIKELY(tag == 0))
        return true;
    return mag_fork_range_claim_slow(tag, index);
}

/* Whether a range has one child or none. */
MAG_INLINE_ALWAYS bool mag_fork_range_is_few(size_t begin, size_t end)
{
    return begin >= end || begin == end - 1;
}

/* `result_bytes` is 0 for a function without result. */
#define MAG_FORK_RANGE_DECLARE(result, name, result_bytes, ...)                       \
    struct __attribute__((may_alias)) name##_args {                                   \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                                 \
    };                                                                                \
    typedef struct name##_args name##_payload __attribute__((aligned(8), unused));    \
    struct name##_range {                                                             \
        size_t begin_;                                                                \
        size_t end_;                                                                  \
    };                                                                                \
    enum { name##_result_at = MAG_FORK_RANGE_RESULT_AT(sizeof(struct name##_args)) }; \
    MAG_STATIC_ASSERT(MAG_CAST(size_t, name##_result_at) + (result_bytes) <=          \
                          MAG_FORK_PAYLOAD,                                           \
                      "the arguments and the result of " #name                        \
                      " are too large for a range: pass a pointer");                  \
    static inline result name(mag_fork mag_w,                                         \
                              size_t index_ MAG_PAIRS_BEHIND(__VA_ARGS__));           \
    static void name##_stolen(mag_fork mag_w, void *payload_);                        \
    MAG_FORK_NAME(name, name##_stolen)                                                \
    MAG_MUST_CHECK static MAG_FORK_INLINE struct name##_range name##_fork_range(      \
        mag_fork *mag_w, size_t begin_, size_t end_ MAG_PAIRS_BEHIND(__VA_ARGS__))    \
    {                                                                                 \
        struct name##_range range_ = {begin_, end_};                                  \
        MAG_FORK_CHECK_FORK(mag_w, name);                                             \
        name##_payload *args_ =                                                       \
            MAG_CAST(name##_payload *, mag_fork_range_args(mag_w->top->payload));     \
        mag_fork_range_fill(*mag_w, begin_, end_);                                    \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                            \
        mag_fork_publish(mag_w, name##_stolen);                                       \
        return range_;                                                                \
    }

/* The arguments of the range in `slot`. */
#define MAG_FORK_RANGE_COPY(name, slot)                                          \
    const struct name##_args copy_ =                                             \
        *MAG_CAST(const name##_payload *, mag_fork_range_args((slot)->payload)); \
    const struct name##_args *args_ = &copy_;                                    \
    (void)args_;

/*
 * The join is one function, not inlined: then the compiler has its registers for the loop
 * over the children, and inlines a small child into the loop.  When it unrolled the
 * recursion around the loop instead, the words of the loop lay in memory, and skynet took
 * twice as long.  Thieves have the same function once more.  So the compiler knows in the
 * join where ranges begin and end, if the ranges of the program do so at fixed numbers.
 * `give` is `return`, or nothing for a function without result.
 */
#define MAG_FORK_RANGE_JOIN(give, result, name)                                        \
    static MAG_NOINLINE result name##_rest(mag_fork mag_w, struct name##_range range_) \
    {                                                                                  \
        MAG_FORK_TRY                                                                   \
        {                                                                              \
            give name##_each(mag_w, range_);                                           \
        }                                                                              \
        MAG_FORK_CATCH                                                                 \
    }                                                                                  \
    static MAG_NOINLINE result name##_half(mag_fork mag_w, struct name##_range range_) \
    {                                                                                  \
        mag_w.top--;                                                                   \
        MAG_FORK_TRY                                                                   \
        {                                                                              \
            give name##_each(mag_w, range_);                                           \
        }                                                                              \
        MAG_FORK_CATCH                                                                 \
    }                                                                                  \
    static MAG_FORK_INLINE result name##_join_range(mag_fork *mag_w,                   \
                                                    struct name##_range range_)        \
    {                                                                                  \
        MAG_FORK_CHECK(mag_w, name);                                                   \
        mag_w->top--;                                                                  \
        give name##_rest(*mag_w, range_);                                              \
    }

/* What the thief of a range has: its part and the arguments. */
#define MAG_FORK_RANGE_TAKE(name)                                          \
    MAG_STRUCT(mag_fork_part) part_ = mag_fork_range_cut(mag_w, payload_); \
    size_t middle_ = part_.begin + (part_.end - part_.begin + 1) / 2;      \
    struct name##_args copy_, *args_ = &copy_;                             \
    memcpy(args_, mag_fork_range_args(payload_), sizeof(*args_));

/* Forks its two halves.  Another thief takes the far one next, from the lower slot. */
#define MAG_FORK_RANGE_HALVES(name, ...)                                           \
    struct name##_range far_ =                                                     \
        name##_fork_range(&mag_w, middle_, part_.end MAG_PAIRS_PASS(__VA_ARGS__)); \
    mag_fork far_w_ = mag_w;                                                       \
    struct name##_range near_ =                                                    \
        name##_fork_range(&mag_w, part_.begin, middle_ MAG_PAIRS_PASS(__VA_ARGS__));

/* A range of one child or none. */
#define MAG_FORK_RANGE_FEW(result, name, ...)                                    \
    static result name##_few(mag_fork mag_w, struct name##_range range_)         \
    {                                                                            \
        const char *found_ =                                                     \
            MAG_CAST(const char *, MAG_CAST(const void *, mag_w.top->payload)) + \
            name##_result_at;                                                    \
        result value_;                                                           \
        MAG_FORK_RANGE_COPY(name, mag_w.top)                                     \
        mag_w.top++;                                                             \
        if (!mag_fork_pop(&mag_w)) {                                             \
            memcpy(&value_, found_, sizeof(value_));                             \
        } else if (range_.begin_ < range_.end_) {                                \
            value_ = name(mag_w, range_.begin_ MAG_PAIRS_PASS(__VA_ARGS__));     \
            MAG_FORK_CHECK_END(&mag_w, name);                                    \
        } else {                                                                 \
            memset(&value_, 0, sizeof(value_));                                  \
        }                                                                        \
        return value_;                                                           \
    }

#define MAG_FORK_RANGE_EACH(result, name, ...)                               \
    static MAG_FORK_INLINE result name##_each(mag_fork mag_w,                \
                                              struct name##_range range_)    \
    {                                                                        \
        MAG_POINTER(mag_fork_slot) slot_ = mag_w.top;                        \
        const char *found_ =                                                 \
            MAG_CAST(const char *, MAG_CAST(const void *, slot_->payload)) + \
            name##_result_at;                                                \
        size_t index_ = range_.begin_, last_ = range_.end_ - 1;              \
        result value_, later_;                                               \
        if (MAG_UNLIKELY(mag_fork_range_is_few(index_, range_.end_)))        \
            return name##_few(mag_w, range_);                                \
        MAG_FORK_RANGE_COPY(name, slot_)                                     \
        mag_w.top = slot_ + 1;                                               \
        if (MAG_UNLIKELY(!mag_fork_range_claim(slot_, index_))) {            \
            memcpy(&value_, found_, sizeof(value_));                         \
            return value_;                                                   \
        }                                                                    \
        value_ = name(mag_w, index_ MAG_PAIRS_PASS(__VA_ARGS__));            \
        MAG_FORK_CHECK_END(&mag_w, name);                                    \
        while (++index_ < last_) {                                           \
            if (MAG_UNLIKELY(!mag_fork_range_claim(slot_, index_))) {        \
                memcpy(&later_, found_, sizeof(later_));                     \
                name##_combine(&value_, &later_);                            \
                return value_;                                               \
            }                                                                \
            later_ = name(mag_w, index_ MAG_PAIRS_PASS(__VA_ARGS__));        \
            MAG_FORK_CHECK_END(&mag_w, name);                                \
            name##_combine(&value_, &later_);                                \
        }                                                                    \
        if (MAG_LIKELY(mag_fork_pop(&mag_w))) {                              \
            later_ = name(mag_w, index_ MAG_PAIRS_PASS(__VA_ARGS__));        \
            MAG_FORK_CHECK_END(&mag_w, name);                                \
        } else {                                                             \
            memcpy(&later_, found_, sizeof(later_));                         \
        }                                                                    \
        name##_combine(&value_, &later_);                                    \
        return value_;                                                       \
    }

#define MAG_FORK_RANGE_STOLEN(result, name, ...)                               \
    static void name##_stolen(mag_fork mag_w, void *payload_)                  \
    {                                                                          \
        char *found_ = MAG_CAST(char *, payload_) + name##_result_at;          \
        result value_, later_;                                                 \
        MAG_FORK_RANGE_TAKE(name)                                              \
        /* The result of no child, and if a function ends its thread. */       \
        memset(found_, 0, sizeof(result));                                     \
        if (part_.begin >= part_.end)                                          \
            return;                                                            \
        MAG_FORK_TRY                                                           \
        {                                                                      \
            if (middle_ == part_.end) {                                        \
                value_ = name(mag_w, part_.begin MAG_PAIRS_PASS(__VA_ARGS__)); \
                MAG_FORK_CHECK_END(&mag_w, name);                              \
            } else {                                                           \
                MAG_FORK_RANGE_HALVES(name, __VA_ARGS__)                       \
                value_ = name##_half(mag_w, near_);                            \
                later_ = name##_half(far_w_, far_);                            \
                name##_combine(&value_, &later_);                              \
            }                                                                  \
            memcpy(found_, &value_, sizeof(value_));                           \
        }                                                                      \
        MAG_FORK_CATCH                                                         \
    }

#define MAG_FORK_RANGE_RESULT(result, name, ...)                             \
    static inline void name##_combine(result *value_, const result *later_); \
    MAG_FORK_RANGE_FEW(result, name, __VA_ARGS__)                            \
    MAG_FORK_RANGE_EACH(result, name, __VA_ARGS__)                           \
    MAG_FORK_RANGE_JOIN(return, result, name)                                \
    MAG_FORK_RANGE_STOLEN(result, name, __VA_ARGS__)

#define MAG_FORK_RANGE_EACH_VOID(name, ...)                                             \
    static MAG_FORK_INLINE void name##_each(mag_fork mag_w, struct name##_range range_) \
    {                                                                                   \
        MAG_POINTER(mag_fork_slot) slot_ = mag_w.top;                                   \
        size_t index_ = range_.begin_;                                                  \
        MAG_FORK_RANGE_COPY(name, slot_)                                                \
        mag_w.top = slot_ + 1;                                                          \
        for (; index_ < range_.end_ && index_ < range_.end_ - 1; index_++) {            \
            if (MAG_UNLIKELY(!mag_fork_range_claim(slot_, index_)))                     \
                return;                                                                 \
            name(mag_w, index_ MAG_PAIRS_PASS(__VA_ARGS__));                            \
            MAG_FORK_CHECK_END(&mag_w, name);                                           \
        }                                                                               \
        if (MAG_LIKELY(mag_fork_pop(&mag_w)) && index_ < range_.end_) {                 \
            name(mag_w, index_ MAG_PAIRS_PASS(__VA_ARGS__));                            \
            MAG_FORK_CHECK_END(&mag_w, name);                                           \
        }                                                                               \
    }

#define MAG_FORK_RANGE_NO_RESULT(name, ...)                           \
    MAG_FORK_RANGE_EACH_VOID(name, __VA_ARGS__)                       \
    MAG_FORK_RANGE_JOIN(, void, name)                                 \
    static void name##_stolen(mag_fork mag_w, void *payload_)         \
    {                                                                 \
        MAG_FORK_RANGE_TAKE(name)                                     \
        if (part_.begin >= part_.end)                                 \
            return;                                                   \
        MAG_FORK_TRY                                                  \
        {                                                             \
            if (middle_ == part_.end) {                               \
                name(mag_w, part_.begin MAG_PAIRS_PASS(__VA_ARGS__)); \
                MAG_FORK_CHECK_END(&mag_w, name);                     \
            } else {                                                  \
                MAG_FORK_RANGE_HALVES(name, __VA_ARGS__)              \
                name##_half(mag_w, near_);                            \
                name##_half(far_w_, far_);                            \
            }                                                         \
        }                                                             \
        MAG_FORK_CATCH                                                \
    }

MAG_EXTERN_C_END

#endif

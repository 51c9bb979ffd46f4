/*
 * forkable.h - what MAG_FORKABLE and MAG_SPAWNABLE expand to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_FORKABLE_H
#define MAGPIE_DETAIL_FORKABLE_H

#include <magpie/detail/fork.h>

MAG_EXTERN_C_BEGIN

/* The block that holds a large child's arguments and result. */
MAG_INLINE void *mag_fork_block(const void *payload)
{
    void *block;

    memcpy(&block, payload, sizeof(block));
    return block;
}

/* `attribute` is that of the function itself. */
#define MAG_FORK_DECLARE(attribute, result, name, result_bytes, ...)               \
    struct __attribute__((may_alias)) name##_args {                                \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                              \
    };                                                                             \
    typedef struct name##_args name##_payload __attribute__((aligned(8), unused)); \
    struct name##_child {                                                          \
        char forked_;                                                              \
    };                                                                             \
    enum {                                                                         \
        name##_bytes = sizeof(struct name##_args) > (result_bytes)                 \
                           ? sizeof(struct name##_args)                            \
                           : (result_bytes),                                       \
        name##_is_large = name##_bytes > MAG_FORK_PAYLOAD                          \
    };                                                                             \
    attribute static inline result name(mag_fork MAG_PAIRS_BEHIND(__VA_ARGS__));   \
    static void name##_stolen(mag_fork mag_w, void *payload_);                     \
    MAG_FORK_NAME(name, name##_stolen)                                             \
    MAG_MUST_CHECK static MAG_FORK_INLINE struct name##_child name##_fork(         \
        mag_fork *mag_w MAG_PAIRS_BEHIND(__VA_ARGS__))                             \
    {                                                                              \
        struct name##_child child_ = {1};                                          \
        MAG_FORK_CHECK_FORK(mag_w, name);                                          \
        void *block_ = mag_w->top->payload;                                        \
        name##_payload *args_;                                                     \
        if (name##_is_large) {                                                     \
            block_ = mag_fork_spill(*mag_w, name##_bytes);                         \
            memcpy(mag_w->top->payload, &block_, sizeof(block_));                  \
        }                                                                          \
        args_ = MAG_CAST(name##_payload *, block_);                                \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                         \
        mag_fork_publish(mag_w, name##_stolen);                                    \
        return child_;                                                             \
    }

#define MAG_FORK_RESULT(result, name, ...)                \
    MAG_FORK_STOLEN(result, name, __VA_ARGS__)            \
    MAG_FORK_JOIN(result, name, name##_join, __VA_ARGS__) \
    MAG_FORK_ROOT(result, name, __VA_ARGS__)

#define MAG_FORK_STOLEN(result, name, ...)                                    \
    static void name##_stolen(mag_fork mag_w, void *payload_)                 \
    {                                                                         \
        struct name##_args copy_, *args_ = &copy_;                            \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_; \
        memcpy(args_, block_, sizeof(*args_));                                \
        /* The result if the function ends its thread. */                     \
        memset(block_, 0, sizeof(result));                                    \
        MAG_FORK_TRY                                                          \
        {                                                                     \
            result value_ = name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));          \
            MAG_FORK_CHECK_END(&mag_w, name);                                 \
            memcpy(block_, &value_, sizeof(value_));                          \
        }                                                                     \
        MAG_FORK_CATCH                                                        \
    }

/* `joined` is the name of the function that joins: name_join, or name_task. */
#define MAG_FORK_JOIN(result, name, joined, ...)                                      \
    static MAG_FORK_INLINE result joined(mag_fork *mag_w, struct name##_child child_) \
    {                                                                                 \
        MAG_FORK_CHECK(mag_w, name);                                                  \
        bool ours_ = mag_fork_pop(mag_w);                                             \
        void *payload_ = mag_w->top->payload;                                         \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_;         \
        (void)child_;                                                                 \
        result value_;                                                                \
        if (MAG_LIKELY(ours_)) {                                                      \
            const name##_payload *args_ = MAG_CAST(const name##_payload *, block_);   \
            (void)args_;                                                              \
            MAG_FORK_TRY                                                              \
            {                                                                         \
                if (!name##_is_large && !MAG_FORK_CHECKS)                             \
                    return name(*mag_w MAG_PAIRS_PASS(__VA_ARGS__));                  \
                value_ = name(*mag_w MAG_PAIRS_PASS(__VA_ARGS__));                    \
                MAG_FORK_CHECK_END(mag_w, name);                                      \
            }                                                                         \
            MAG_FORK_CATCH                                                            \
        } else {                                                                      \
            memcpy(&value_, block_, sizeof(value_));                                  \
        }                                                                             \
        if (name##_is_large)                                                          \
            mag_fork_unspill(*mag_w, block_);                                         \
        return value_;                                                                \
    }

#define MAG_FORK_ROOT(result, name, ...)                                                 \
    __attribute__((unused)) MAG_MUST_CHECK static inline int name##_run(                 \
        MAG_POINTER(mag_sched) sched_,                                                   \
        result *ret_result_ MAG_PAIRS_BEHIND(__VA_ARGS__))                               \
    {                                                                                    \
        struct name##_args copy_, *args_ = &copy_;                                       \
        uint64_t bytes_[(name##_bytes + 7) / 8];                                         \
        void *block_ = bytes_;                                                           \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                               \
        memcpy(bytes_, args_, sizeof(*args_));                                           \
        int error_ = mag_fork_run(sched_, name##_stolen,                                 \
                                  name##_is_large ? MAG_CAST(void *, &block_) : block_); \
        if (error_ == 0)                                                                 \
            memcpy(ret_result_, bytes_, sizeof(*ret_result_));                           \
        return error_;                                                                   \
    }

#define MAG_FORK_NO_RESULT(name, ...)                                                    \
    static void name##_stolen(mag_fork mag_w, void *payload_)                            \
    {                                                                                    \
        struct name##_args copy_, *args_ = &copy_;                                       \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_;            \
        memcpy(args_, block_, sizeof(*args_));                                           \
        MAG_FORK_TRY                                                                     \
        {                                                                                \
            name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));                                     \
            MAG_FORK_CHECK_END(&mag_w, name);                                            \
        }                                                                                \
        MAG_FORK_CATCH                                                                   \
    }                                                                                    \
    static MAG_FORK_INLINE void name##_join(mag_fork *mag_w, struct name##_child child_) \
    {                                                                                    \
        MAG_FORK_CHECK(mag_w, name);                                                     \
        bool ours_ = mag_fork_pop(mag_w);                                                \
        void *payload_ = mag_w->top->payload;                                            \
        void *block_ = name##_is_large ? mag_fork_block(payload_) : payload_;            \
        const name##_payload *args_ = MAG_CAST(const name##_payload *, block_);          \
        (void)args_;                                                                     \
        (void)child_;                                                                    \
        if (MAG_LIKELY(ours_)) {                                                         \
            MAG_FORK_TRY                                                                 \
            {                                                                            \
                name(*mag_w MAG_PAIRS_PASS(__VA_ARGS__));                                \
                MAG_FORK_CHECK_END(mag_w, name);                                         \
            }                                                                            \
            MAG_FORK_CATCH                                                               \
        }                                                                                \
        if (name##_is_large)                                                             \
            mag_fork_unspill(*mag_w, block_);                                            \
    }                                                                                    \
    __attribute__((unused)) MAG_MUST_CHECK static inline int name##_run(                 \
        MAG_POINTER(mag_sched) sched_ MAG_PAIRS_BEHIND(__VA_ARGS__))                     \
    {                                                                                    \
        struct name##_args copy_, *args_ = &copy_;                                       \
        void *block_ = args_;                                                            \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                               \
        return mag_fork_run(sched_, name##_stolen,                                       \
                            name##_is_large ? MAG_CAST(void *, &block_) : block_);       \
    }

/* MAG_SPAWNABLE without the check of its list. */
#define MAG_FORK_SPAWNABLE(name, ...)                                                  \
    struct name##_args {                                                               \
        MAG_PAIRS_STRUCT(__VA_ARGS__)                                                  \
    };                                                                                 \
    static int name(mag_fork MAG_PAIRS_BEHIND(__VA_ARGS__));                           \
    static void name##_spawned(mag_fork mag_w, void *payload_);                        \
    MAG_FORK_NAME(name, name##_spawned)                                                \
    static void name##_spawned(mag_fork mag_w, void *payload_)                         \
    {                                                                                  \
        MAG_POINTER(mag_scope) scope_;                                                 \
        struct name##_args copy_, *args_ = &copy_;                                     \
        memcpy(&scope_, payload_, sizeof(scope_));                                     \
        memcpy(args_, MAG_CAST(char *, payload_) + sizeof(scope_), sizeof(*args_));    \
        if (!mag_scope_canceled(scope_)) {                                             \
            int error_ = name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));                      \
            if (MAG_UNLIKELY(error_ != 0))                                             \
                mag_scope_fail(scope_, error_);                                        \
            MAG_FORK_CHECK_END(&mag_w, name);                                          \
        }                                                                              \
    }                                                                                  \
    __attribute__((unused)) static inline void name##_spawn(                           \
        mag_fork *mag_w, MAG_POINTER(mag_scope) scope_ MAG_PAIRS_BEHIND(__VA_ARGS__))  \
    {                                                                                  \
        struct name##_args copy_, *args_ = &copy_;                                     \
        MAG_STATIC_ASSERT(sizeof(*args_) <= MAG_SCOPE_PAYLOAD,                         \
                          "the arguments of " #name " are too large: pass a pointer"); \
        MAG_FORK_CHECK_FORK(mag_w, name);                                              \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                             \
        int error_ =                                                                   \
            mag_scope_spawn(mag_w, scope_, name##_spawned, args_, sizeof(*args_));     \
        (void)error_;                                                                  \
    }                                                                                  \
    static void name##_rooted(mag_fork mag_w, void *payload_)                          \
    {                                                                                  \
        struct name##_args copy_, *args_ = &copy_;                                     \
        memcpy(args_, payload_, sizeof(*args_));                                       \
        int error_ = name(mag_w MAG_PAIRS_PASS(__VA_ARGS__));                          \
        MAG_FORK_CHECK_END(&mag_w, name);                                              \
        memcpy(payload_, &error_, sizeof(error_));                                     \
    }                                                                                  \
    __attribute__((unused)) MAG_MUST_CHECK static inline int name##_run(               \
        MAG_POINTER(mag_sched) sched_ MAG_PAIRS_BEHIND(__VA_ARGS__))                   \
    {                                                                                  \
        struct name##_args copy_, *args_ = &copy_;                                     \
        uint64_t bytes_[(sizeof(*args_) + 7) / 8];                                     \
        MAG_PAIRS_FILL_STRUCT(__VA_ARGS__)                                             \
        memcpy(bytes_, args_, sizeof(*args_));                                         \
        int error_ = mag_fork_run(sched_, name##_rooted, bytes_);                      \
        if (error_ == 0)                                                               \
            memcpy(&error_, bytes_, sizeof(error_));                                   \
        return error_;                                                                 \
    }

MAG_EXTERN_C_END

#endif

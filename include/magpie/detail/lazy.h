/*
 * lazy.h - the untyped half of lazy values, and what MAG_LAZY expands to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_LAZY_H
#define MAGPIE_DETAIL_LAZY_H

#include <magpie/detail/waiter.h>
#include <string.h>

MAG_EXTERN_C_BEGIN

struct mag_cancel;

/*
 * What all lazy values have in common.  The value of the line is a phase, in two bits,
 * and the number of resets.  docs/design/lazy.md has the protocol.
 *
 * Ownership
 *   [I] immutable   [L] the thread that has locked the line
 *
 * Edges: release end -> acquire end : what crosses
 *   words  mag_lazy_land (words) -> mag_lazy_read (words) : the phase before, FLYING
 */
struct mag_lazy {
    struct mag_line line;
    uint32_t keeps;  /* [I] not 0: errors are kept too */
    uint32_t flight; /* [L] the number of resets when the flight began */
    int error;       /* [L] in the phase FAILED */
    uint64_t detail; /* [L] likewise */
};

enum {
    MAG_LAZY_EMPTY = 0,
    MAG_LAZY_FLYING = 1, /* a call of the function is under way */
    MAG_LAZY_READY = 2,
    MAG_LAZY_FAILED = 3, /* and the error is kept */
    MAG_LAZY_PHASE = 3,
};

/* Words that hold a value of `size` bytes. */
#define MAG_LAZY_WORDS(size) (((size) + sizeof(uint64_t) - 1) / sizeof(uint64_t))

/*
 * Copies the value, if there is one.  Writes no memory that is shared, and takes no lock:
 * a value that has changed meanwhile is not taken.
 */
MAG_INLINE bool mag_lazy_read(const struct mag_lazy *lazy,
                              const MAG_ATOMIC(uint64_t) * words, void *ret_value,
                              size_t size)
{
    uint32_t value = mag_line_value(&lazy->line);
    char *to = MAG_CAST(char *, ret_value);

    if (MAG_UNLIKELY((value & MAG_LAZY_PHASE) != MAG_LAZY_READY))
        return false;
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        /* words, acquire: a word of the next flight makes the look below fail. */
        uint64_t word = MAG_LOAD(&words[at / sizeof(uint64_t)], acquire);

        memcpy(to + at, &word, size - at < sizeof(word) ? size - at : sizeof(word));
    }
    /* relaxed: behind the acquires above. */
    return MAG_LOAD(&lazy->line.state, relaxed) >> MAG_LINE_SHIFT == value;
}

/* The answers to a caller that found no value. */
enum mag_lazy_answer {
    MAG_LAZY_AGAIN, /* there is a value now */
    MAG_LAZY_WAITS, /* `*ret_task` is the caller's task */
    MAG_LAZY_FLIES, /* likewise; and the caller begins the flight */
};

/* Waits for the value; `type` is an operation that begins with a waiter. */
MAG_API enum mag_lazy_answer mag_lazy_enter(struct mag_lazy *lazy,
                                            struct mag_operation_type *type,
                                            struct mag_cancel *cancel,
                                            struct mag_vtask *ret_task);

/* The state of a wait in the connected form; what lies around it has the value. */
struct mag_lazy_state {
    struct mag_wait_state wait; /* first; its waiter is set */
    void *value;                /* where a value goes that is larger than a word */
};

/* The connected form of mag_lazy_enter.  Once it has begun a wait, the state may be
 * gone. */
MAG_API enum mag_lazy_answer mag_lazy_begin(struct mag_lazy *lazy,
                                            struct mag_lazy_state *state,
                                            struct mag_cancel *cancel,
                                            struct mag_vtask *ret_task);

/*
 * The end of a flight: keeps its outcome, and tells it those who have waited for it.
 *
 *   error      0: `value` has the result, of `size` bytes
 *   Returns    true: the caller begins another flight, for those who came after a reset;
 *              false: the lazy value may be gone
 */
MAG_API bool mag_lazy_land(struct mag_lazy *lazy, MAG_ATOMIC(uint64_t) * words, int error,
                           uint64_t detail, const void *value, size_t size);

/* A lazy value, and those who wait for it, in either form. */
#define MAG_LAZY_STRUCTS(name, result_task, arg_type)                            \
    struct name {                                                                \
        MAG_STRUCT(mag_lazy) lazy;                                               \
        result_task (*start)(arg_type);                                          \
        arg_type arg;                                                            \
        MAG_ATOMIC(uint64_t) words[MAG_LAZY_WORDS(sizeof(result_task##_value))]; \
    };                                                                           \
    struct name##_waiter {                                                       \
        __extension__ union {                                                    \
            MAG_STRUCT(mag_operation) operation;                                 \
            MAG_STRUCT(mag_line_waiter) waiter;                                  \
        };                                                                       \
        result_task##_value value;                                               \
    };                                                                           \
    struct name##_state {                                                        \
        MAG_STRUCT(mag_lazy_state) waiting;                                      \
        result_task##_value value;                                               \
    };                                                                           \
    static MAG_STRUCT(mag_operation_type) name##_waiter_type =                   \
        MAG_OPERATION_TYPE(struct name##_waiter, MAG_RESULT(value));

/* The flight: calls the function until nobody waits for another call. */
#define MAG_LAZY_FLIGHT(name, result_task)                                               \
    MAG_ASYNC(mag_task, name##_fly, (struct name *, mag_lazy_), int error; bool again;   \
              result_task##_value value;)                                                \
    {                                                                                    \
        MAG_BEGIN(f);                                                                    \
        do {                                                                             \
            MAG_TRY(f, f->error, f->value, f->mag_lazy_->start(f->mag_lazy_->arg));      \
            f->again = mag_lazy_land(                                                    \
                &f->mag_lazy_->lazy, f->mag_lazy_->words, f->error, mag_async_detail(f), \
                MAG_CAST(const void *, &f->value), sizeof(f->value));                    \
        } while (f->again);                                                              \
        return mag_task_done();                                                          \
        MAG_END(f);                                                                      \
    }

/* Waits for a value that was not there; the last argument is the call that does it, and
 * sets `mag_waits`.  The flight begins on this thread. */
#define MAG_LAZY_WAIT(name, result_task, ...)                     \
    result_task##_value mag_value;                                \
    for (;;) {                                                    \
        mag_vtask mag_waits = MAG_VTASK_COMPLETED;                \
        enum mag_lazy_answer mag_answer = __VA_ARGS__;            \
        if (mag_answer == MAG_LAZY_FLIES)                         \
            (void)!mag_vtask_discard(name##_fly(mag_lazy_).task); \
        if (mag_answer != MAG_LAZY_AGAIN)                         \
            return result_task##_of(mag_waits);                   \
        if (name##_peek(mag_lazy_, &mag_value))                   \
            return result_task##_result(mag_value);               \
    }

#define MAG_LAZY_FUNCTIONS(name, result_task, arg_type)                                  \
    MAG_TYPED bool name##_peek(const struct name *mag_lazy_,                             \
                               result_task##_value *mag_ret)                             \
    {                                                                                    \
        result_task##_value mag_value;                                                   \
        bool mag_is_here =                                                               \
            mag_lazy_read(&mag_lazy_->lazy, mag_lazy_->words,                            \
                          MAG_CAST(void *, &mag_value), sizeof(mag_value));              \
        if (MAG_LIKELY(mag_is_here))                                                     \
            *mag_ret = mag_value;                                                        \
        return mag_is_here;                                                              \
    }                                                                                    \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name##_get_slow(           \
        struct name *mag_lazy_, MAG_POINTER(mag_cancel) mag_cancel_){                    \
        MAG_LAZY_WAIT(name, result_task,                                                 \
                      mag_lazy_enter(&mag_lazy_->lazy, &name##_waiter_type, mag_cancel_, \
                                     &mag_waits))} MAG_TYPED result_task                 \
        name##_get(struct name *mag_lazy_, MAG_POINTER(mag_cancel) mag_cancel_)          \
    {                                                                                    \
        result_task##_value mag_value;                                                   \
        if (MAG_LIKELY(name##_peek(mag_lazy_, &mag_value)))                              \
            return result_task##_result(mag_value);                                      \
        return name##_get_slow(mag_lazy_, mag_cancel_);                                  \
    }                                                                                    \
    __attribute__((unused)) MAG_MUST_CHECK static result_task name##_begin_slow(         \
        struct name##_state *mag_state, struct name *mag_lazy_,                          \
        MAG_POINTER(mag_cancel) mag_cancel_){                                            \
        MAG_LAZY_WAIT(name, result_task,                                                 \
                      mag_lazy_begin(&mag_lazy_->lazy, &mag_state->waiting, mag_cancel_, \
                                     &mag_waits))} MAG_TYPED result_task                 \
        name##_get_begin(MAG_POINTER(mag_waiter) mag_waiter_,                            \
                         struct name##_state *mag_state, struct name *mag_lazy_,         \
                         MAG_POINTER(mag_cancel) mag_cancel_)                            \
    {                                                                                    \
        result_task##_value mag_value;                                                   \
        if (MAG_LIKELY(name##_peek(mag_lazy_, &mag_value)))                              \
            return result_task##_result(mag_value);                                      \
        mag_state->waiting.wait.waiter = mag_waiter_;                                    \
        mag_state->waiting.value = MAG_CAST(void *, &mag_state->value);                  \
        return name##_begin_slow(mag_state, mag_lazy_, mag_cancel_);                     \
    }                                                                                    \
    __attribute__((unused)) static void name##_init(struct name *mag_lazy_,              \
                                                    result_task (*mag_start)(arg_type),  \
                                                    arg_type mag_arg, bool mag_keeps)    \
    {                                                                                    \
        memset(MAG_CAST(void *, mag_lazy_), 0, sizeof(*mag_lazy_));                      \
        mag_lazy_->lazy.keeps = mag_keeps ? 1 : 0;                                       \
        mag_lazy_->start = mag_start;                                                    \
        mag_lazy_->arg = mag_arg;                                                        \
    }                                                                                    \
    __attribute__((unused)) static void name##_reset(struct name *mag_lazy_)             \
    {                                                                                    \
        mag_lazy_reset(&mag_lazy_->lazy);                                                \
    }

/* Takes the last outcome away; see MAG_LAZY's name_reset. */
MAG_API void mag_lazy_reset(struct mag_lazy *lazy);

MAG_EXTERN_C_END

#endif

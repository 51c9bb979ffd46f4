/*
 * channel.h - what MAG_CHANNEL_DEFINE expands to, and the untyped functions below it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_CHANNEL_H
#define MAGPIE_DETAIL_CHANNEL_H

#include <magpie/cancel.h>
#include <magpie/operation.h>
#include <magpie/submit.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

/* A channel, whatever its items are. */
struct mag_channel;
struct mag_channel_info;
struct mag_channel_case;

/* Bytes that an item may have. */
#define MAG_CHANNEL_ITEM_MAX 16384

struct mag_selection;
struct mag_waiter;

/*
 * A send or a receive that waits, in a list of its channel.
 *
 * Ownership: the thread that made it, until it is in the list; then both locks of the
 * channel; then the thread that took it out.
 */
struct mag_channel_wait {
    struct mag_channel_wait *next; /* in the list; or among those that are completed */
    struct mag_channel_wait *before;
    struct mag_channel *channel;
    struct mag_waiter *waiter;    /* who waits in the connected form; else NULL, and: */
    struct mag_core *core;        /* the operation whose task was handed out */
    struct mag_selection *select; /* what it is a part of, or NULL */
    const char *items;            /* the items that are still to be sent */
    size_t left;                  /* how many these are */
    void *place;                  /* where a received item is to be */
    size_t moved;                 /* items that were sent or received */
    size_t *ret_moved;            /* gets `moved` at the end; or NULL */
    uint8_t state;                /* whose it is, see above */
    uint8_t level;                /* of the items to be sent */
    bool is_send;
    uint32_t item_size; /* of the item in `place`; or MAG_CHANNEL_COUNTS */
    struct mag_cancel_registration registration;
};

/* In place of an item's size: the result of a connected receive is `moved`. */
#define MAG_CHANNEL_COUNTS UINT32_MAX

/* The operation behind the task of a send or a receive that waits; the item follows. */
struct mag_channel_waiter {
    struct mag_operation operation; /* first */
    struct mag_channel_wait wait;
};

/* What the library knows of a type of items: static, filled by MAG_CHANNEL_DEFINE. */
struct mag_channel_type {
    struct mag_operation_type waiters; /* first; their result is an item */
    uint32_t item_size;
    uint32_t item_offset;                   /* of the item in a waiter */
    MAG_ATOMIC(struct mag_pool *) segments; /* made when first needed */
};

/* The untyped forms of the functions in channel.h. */
MAG_API MAG_MUST_CHECK int mag_channel_create(struct mag_channel_type *type,
                                              size_t capacity, bool has_levels,
                                              struct mag_channel **ret_channel);
MAG_API void mag_channel_destroy(struct mag_channel *channel);
MAG_API MAG_MUST_CHECK mag_vtask mag_channel_send(struct mag_channel *channel,
                                                  const void *item, int priority,
                                                  struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK int mag_channel_try_send(struct mag_channel *channel,
                                                const void *item, int priority);
MAG_API MAG_MUST_CHECK mag_vtask mag_channel_receive(struct mag_channel *channel,
                                                     void *ret_item,
                                                     struct mag_cancel *cancel);
/* The connected forms: `wait->waiter` is set, and `place` in the same state holds the
 * item while it waits. */
MAG_API MAG_MUST_CHECK mag_vtask mag_channel_send_begin(struct mag_channel *channel,
                                                        const void *item,
                                                        struct mag_channel_wait *wait,
                                                        void *place,
                                                        struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK mag_vtask mag_channel_receive_begin(struct mag_channel *channel,
                                                           void *ret_item,
                                                           struct mag_channel_wait *wait,
                                                           void *place,
                                                           struct mag_cancel *cancel);
/* The same, with a priority; `wait->place` is set too. */
MAG_API MAG_MUST_CHECK mag_vtask mag_channel_send_at_begin(struct mag_channel *channel,
                                                           const void *item, int priority,
                                                           struct mag_channel_wait *wait,
                                                           struct mag_cancel *cancel);
/* The same for many items: `wait` says which to send (`items`, `left`), and where their
 * number goes (`ret_moved`). */
MAG_API MAG_MUST_CHECK mag_vtask
mag_channel_send_many_begin(struct mag_channel *channel, struct mag_channel_wait *wait,
                            struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK mag_vtask
mag_channel_receive_many_begin(struct mag_channel *channel, void *ret_items, size_t room,
                               struct mag_channel_wait *wait, struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK int mag_channel_try_receive(struct mag_channel *channel,
                                                   void *ret_item);
MAG_API MAG_MUST_CHECK mag_vtask mag_channel_send_many(struct mag_channel *channel,
                                                       const void *items, size_t count,
                                                       struct mag_cancel *cancel,
                                                       size_t *ret_sent);
MAG_API MAG_MUST_CHECK int mag_channel_try_send_many(struct mag_channel *channel,
                                                     const void *items, size_t count,
                                                     size_t *ret_sent);
MAG_API MAG_MUST_CHECK mag_vtask mag_channel_receive_many(struct mag_channel *channel,
                                                          void *ret_items, size_t room,
                                                          struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK int mag_channel_try_receive_many(struct mag_channel *channel,
                                                        void *ret_items, size_t room,
                                                        size_t *ret_count);
MAG_API bool mag_channel_close(struct mag_channel *channel, int error);
MAG_API void mag_channel_query(struct mag_channel *channel,
                               struct mag_channel_info *ret_info);

/* As mag_select. */
MAG_API MAG_MUST_CHECK mag_vtask mag_channel_select(const struct mag_channel_case *cases,
                                                    size_t count,
                                                    struct mag_cancel *cancel);

/* A typed channel is the untyped one. */
#define MAG_CHANNEL_OF(channel) \
    MAG_CAST(MAG_POINTER(mag_channel), MAG_CAST(void *, channel))

/* The type of items, as the library knows it. */
#define MAG_CHANNEL_TYPE(name, T)                                                     \
    struct name;                                                                      \
    __extension__ struct name##_waiter {                                              \
        MAG_STRUCT(mag_operation) operation;                                          \
        MAG_STRUCT(mag_channel_wait) wait;                                            \
        T item;                                                                       \
    };                                                                                \
    struct name##_state {                                                             \
        MAG_STRUCT(mag_channel_wait) wait;                                            \
        T item;                                                                       \
    };                                                                                \
    MAG_STATIC_ASSERT(sizeof(T) <= MAG_CHANNEL_ITEM_MAX,                              \
                      "the items of " #name " are too large: send pointers to them"); \
    MAG_STATIC_ASSERT(__alignof__(T) <= 16,                                           \
                      "an item of " #name " may be aligned to 16 bytes at most");     \
    static MAG_STRUCT(mag_channel_type) name##_channel_type = {                       \
        MAG_OPERATION_TYPE(struct name##_waiter, MAG_RESULT(item)),                   \
        MAG_CAST(uint32_t, sizeof(T)),                                                \
        MAG_CAST(uint32_t, offsetof(struct name##_waiter, item)), MAG_NULL};

/* Making, ending and asking a channel. */
#define MAG_CHANNEL_MAKE(name, suffix, has_levels)                                     \
    MAG_TYPED int name##_create##suffix(size_t mag_capacity, struct name **mag_ret)    \
    {                                                                                  \
        MAG_POINTER(mag_channel) mag_made;                                             \
        int mag_r = mag_channel_create(&name##_channel_type, mag_capacity, has_levels, \
                                       &mag_made);                                     \
        if (mag_r == 0)                                                                \
            *mag_ret = MAG_CAST(struct name *, MAG_CAST(void *, mag_made));            \
        return mag_r;                                                                  \
    }
#define MAG_CHANNEL_LIFE(name)                                                \
    MAG_CHANNEL_MAKE(name, , false)                                           \
    MAG_CHANNEL_MAKE(name, _ordered, true)                                    \
    MAG_CHANNEL_DO void name##_destroy(struct name *mag_channel_)             \
    {                                                                         \
        mag_channel_destroy(MAG_CHANNEL_OF(mag_channel_));                    \
    }                                                                         \
    MAG_CHANNEL_DO bool name##_close(struct name *mag_channel_)               \
    {                                                                         \
        return mag_channel_close(MAG_CHANNEL_OF(mag_channel_), 0);            \
    }                                                                         \
    MAG_CHANNEL_DO bool name##_fail(struct name *mag_channel_, int mag_error) \
    {                                                                         \
        return mag_channel_close(MAG_CHANNEL_OF(mag_channel_), mag_error);    \
    }                                                                         \
    MAG_CHANNEL_DO void name##_query(struct name *mag_channel_,               \
                                     MAG_POINTER(mag_channel_info) mag_ret)   \
    {                                                                         \
        mag_channel_query(MAG_CHANNEL_OF(mag_channel_), mag_ret);             \
    }                                                                         \
    MAG_CHANNEL_DO MAG_STRUCT(mag_channel_case)                               \
        name##_case(struct name *mag_channel_, name##_task_value *mag_ret)    \
    {                                                                         \
        MAG_STRUCT(mag_channel_case) mag_made;                                \
        mag_made.channel = MAG_CHANNEL_OF(mag_channel_);                      \
        mag_made.ret_item = MAG_CAST(void *, mag_ret);                        \
        return mag_made;                                                      \
    }

/* The beginning of functions whose result may be left alone. */
#define MAG_CHANNEL_DO __attribute__((unused)) static inline

/* Sending. */
#define MAG_CHANNEL_SEND(name, T)                                                        \
    MAG_TYPED mag_task name##_send(struct name *mag_channel_, T mag_item)                \
    {                                                                                    \
        return mag_task_of(mag_channel_send(MAG_CHANNEL_OF(mag_channel_),                \
                                            MAG_CAST(const void *, &mag_item), 0,        \
                                            MAG_NULL));                                  \
    }                                                                                    \
    MAG_TYPED mag_task name##_send_until(struct name *mag_channel_, T mag_item,          \
                                         MAG_POINTER(mag_cancel) mag_cancel_)            \
    {                                                                                    \
        return mag_task_of(mag_channel_send(MAG_CHANNEL_OF(mag_channel_),                \
                                            MAG_CAST(const void *, &mag_item), 0,        \
                                            mag_cancel_));                               \
    }                                                                                    \
    MAG_TYPED mag_task name##_send_at(struct name *mag_channel_, T mag_item,             \
                                      enum mag_priority mag_priority_,                   \
                                      MAG_POINTER(mag_cancel) mag_cancel_)               \
    {                                                                                    \
        return mag_task_of(mag_channel_send(MAG_CHANNEL_OF(mag_channel_),                \
                                            MAG_CAST(const void *, &mag_item),           \
                                            MAG_CAST(int, mag_priority_), mag_cancel_)); \
    }                                                                                    \
    MAG_TYPED int name##_try_send(struct name *mag_channel_, T mag_item)                 \
    {                                                                                    \
        return mag_channel_try_send(MAG_CHANNEL_OF(mag_channel_),                        \
                                    MAG_CAST(const void *, &mag_item), 0);               \
    }                                                                                    \
    MAG_TYPED int name##_try_send_at(struct name *mag_channel_, T mag_item,              \
                                     enum mag_priority mag_priority_)                    \
    {                                                                                    \
        return mag_channel_try_send(MAG_CHANNEL_OF(mag_channel_),                        \
                                    MAG_CAST(const void *, &mag_item),                   \
                                    MAG_CAST(int, mag_priority_));                       \
    }

/* Receiving.  An item of at most a word becomes the payload of the task. */
#define MAG_CHANNEL_RECEIVE(name, T)                                                \
    MAG_TYPED name##_task name##_receive_until(struct name *mag_channel_,           \
                                               MAG_POINTER(mag_cancel) mag_cancel_) \
    {                                                                               \
        name##_task mag_made;                                                       \
        uint64_t mag_word = 0;                                                      \
        mag_made.task = mag_channel_receive(MAG_CHANNEL_OF(mag_channel_),           \
                                            sizeof(T) > sizeof(mag_word)            \
                                                ? MAG_CAST(void *, mag_made.large)  \
                                                : MAG_CAST(void *, &mag_word),      \
                                            mag_cancel_);                           \
        if (MAG_LIKELY(mag_made.task.backing == 0))                                 \
            mag_made.task.payload = mag_word;                                       \
        return mag_made;                                                            \
    }                                                                               \
    MAG_TYPED name##_task name##_receive(struct name *mag_channel_)                 \
    {                                                                               \
        return name##_receive_until(mag_channel_, MAG_NULL);                        \
    }                                                                               \
    MAG_TYPED int name##_try_receive(struct name *mag_channel_, T *mag_ret)         \
    {                                                                               \
        return mag_channel_try_receive(MAG_CHANNEL_OF(mag_channel_),                \
                                       MAG_CAST(void *, mag_ret));                  \
    }

/* The connected forms. */
#define MAG_CHANNEL_CONNECTED(name, T)                                                 \
    MAG_TYPED mag_task name##_send_until_begin(                                        \
        MAG_POINTER(mag_waiter) mag_waiter_, struct name##_state *mag_state,           \
        struct name *mag_channel_, T mag_item, MAG_POINTER(mag_cancel) mag_cancel_)    \
    {                                                                                  \
        mag_state->wait.waiter = mag_waiter_;                                          \
        return mag_task_of(mag_channel_send_begin(                                     \
            MAG_CHANNEL_OF(mag_channel_), MAG_CAST(const void *, &mag_item),           \
            &mag_state->wait, MAG_CAST(void *, &mag_state->item), mag_cancel_));       \
    }                                                                                  \
    MAG_TYPED mag_task name##_send_begin(MAG_POINTER(mag_waiter) mag_waiter_,          \
                                         struct name##_state *mag_state,               \
                                         struct name *mag_channel_, T mag_item)        \
    {                                                                                  \
        return name##_send_until_begin(mag_waiter_, mag_state, mag_channel_, mag_item, \
                                       MAG_NULL);                                      \
    }                                                                                  \
    MAG_TYPED name##_task name##_receive_until_begin(                                  \
        MAG_POINTER(mag_waiter) mag_waiter_, struct name##_state *mag_state,           \
        struct name *mag_channel_, MAG_POINTER(mag_cancel) mag_cancel_)                \
    {                                                                                  \
        name##_task mag_made;                                                          \
        uint64_t mag_word = 0;                                                         \
        mag_state->wait.waiter = mag_waiter_;                                          \
        mag_made.task = mag_channel_receive_begin(                                     \
            MAG_CHANNEL_OF(mag_channel_),                                              \
            sizeof(T) > sizeof(mag_word) ? MAG_CAST(void *, mag_made.large)            \
                                         : MAG_CAST(void *, &mag_word),                \
            &mag_state->wait, MAG_CAST(void *, &mag_state->item), mag_cancel_);        \
        if (MAG_LIKELY(mag_made.task.backing == 0))                                    \
            mag_made.task.payload = mag_word;                                          \
        return mag_made;                                                               \
    }                                                                                  \
    MAG_TYPED name##_task name##_receive_begin(MAG_POINTER(mag_waiter) mag_waiter_,    \
                                               struct name##_state *mag_state,         \
                                               struct name *mag_channel_)              \
    {                                                                                  \
        return name##_receive_until_begin(mag_waiter_, mag_state, mag_channel_,        \
                                          MAG_NULL);                                   \
    }

/* The connected forms of sends with a priority, and of batches. */
#define MAG_CHANNEL_CONNECTED_MORE(name, T)                                             \
    MAG_TYPED mag_task name##_send_at_begin(                                            \
        MAG_POINTER(mag_waiter) mag_waiter_, struct name##_state *mag_state,            \
        struct name *mag_channel_, T mag_item, enum mag_priority mag_priority_,         \
        MAG_POINTER(mag_cancel) mag_cancel_)                                            \
    {                                                                                   \
        mag_state->wait.waiter = mag_waiter_;                                           \
        mag_state->wait.place = MAG_CAST(void *, &mag_state->item);                     \
        return mag_task_of(mag_channel_send_at_begin(                                   \
            MAG_CHANNEL_OF(mag_channel_), MAG_CAST(const void *, &mag_item),            \
            MAG_CAST(int, mag_priority_), &mag_state->wait, mag_cancel_));              \
    }                                                                                   \
    MAG_TYPED mag_task name##_send_many_begin(                                          \
        MAG_POINTER(mag_waiter) mag_waiter_, struct name##_state *mag_state,            \
        struct name *mag_channel_, const T *mag_items, size_t mag_count,                \
        MAG_POINTER(mag_cancel) mag_cancel_, size_t *mag_ret_sent)                      \
    {                                                                                   \
        mag_state->wait.waiter = mag_waiter_;                                           \
        mag_state->wait.items =                                                         \
            MAG_CAST(const char *, MAG_CAST(const void *, mag_items));                  \
        mag_state->wait.left = mag_count;                                               \
        mag_state->wait.ret_moved = mag_ret_sent;                                       \
        return mag_task_of(mag_channel_send_many_begin(MAG_CHANNEL_OF(mag_channel_),    \
                                                       &mag_state->wait, mag_cancel_)); \
    }                                                                                   \
    MAG_TYPED mag_count_task name##_receive_many_begin(                                 \
        MAG_POINTER(mag_waiter) mag_waiter_, struct name##_state *mag_state,            \
        struct name *mag_channel_, T *mag_ret_items, size_t mag_room,                   \
        MAG_POINTER(mag_cancel) mag_cancel_)                                            \
    {                                                                                   \
        mag_state->wait.waiter = mag_waiter_;                                           \
        return mag_count_task_of(mag_channel_receive_many_begin(                        \
            MAG_CHANNEL_OF(mag_channel_), MAG_CAST(void *, mag_ret_items), mag_room,    \
            &mag_state->wait, mag_cancel_));                                            \
    }

/* Many items at once. */
#define MAG_CHANNEL_MANY(name, T)                                                        \
    MAG_TYPED mag_task name##_send_many(                                                 \
        struct name *mag_channel_, const T *mag_items, size_t mag_count,                 \
        MAG_POINTER(mag_cancel) mag_cancel_, size_t *mag_ret_sent)                       \
    {                                                                                    \
        return mag_task_of(mag_channel_send_many(MAG_CHANNEL_OF(mag_channel_),           \
                                                 MAG_CAST(const void *, mag_items),      \
                                                 mag_count, mag_cancel_, mag_ret_sent)); \
    }                                                                                    \
    MAG_TYPED int name##_try_send_many(struct name *mag_channel_, const T *mag_items,    \
                                       size_t mag_count, size_t *mag_ret_sent)           \
    {                                                                                    \
        return mag_channel_try_send_many(MAG_CHANNEL_OF(mag_channel_),                   \
                                         MAG_CAST(const void *, mag_items), mag_count,   \
                                         mag_ret_sent);                                  \
    }                                                                                    \
    MAG_TYPED mag_count_task name##_receive_many(struct name *mag_channel_,              \
                                                 T *mag_ret_items, size_t mag_room,      \
                                                 MAG_POINTER(mag_cancel) mag_cancel_)    \
    {                                                                                    \
        return mag_count_task_of(mag_channel_receive_many(                               \
            MAG_CHANNEL_OF(mag_channel_), MAG_CAST(void *, mag_ret_items), mag_room,     \
            mag_cancel_));                                                               \
    }                                                                                    \
    MAG_TYPED int name##_try_receive_many(struct name *mag_channel_, T *mag_ret_items,   \
                                          size_t mag_room, size_t *mag_ret_count)        \
    {                                                                                    \
        return mag_channel_try_receive_many(MAG_CHANNEL_OF(mag_channel_),                \
                                            MAG_CAST(void *, mag_ret_items), mag_room,   \
                                            mag_ret_count);                              \
    }

MAG_EXTERN_C_END

#endif

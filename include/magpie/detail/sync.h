/*
 * sync.h - how the values of semaphores, locks and events change (pure functions, rules
 * of detail/line.h), and the slow halves of their functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SYNC_H
#define MAGPIE_DETAIL_SYNC_H

#include <magpie/detail/line_place.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

struct mag_semaphore;
struct mag_mutex;
struct mag_rwlock;
struct mag_event;
struct mag_latch;

/* The slow halves of the functions of semaphore.h, mutex.h, rwlock.h, event.h and
 * latch.h. */
MAG_API MAG_MUST_CHECK mag_task
mag_semaphore_acquire_slow(struct mag_semaphore *semaphore, struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK mag_task mag_semaphore_begin_slow(struct mag_waiter *waiter,
                                                         struct mag_wait_state *state,
                                                         struct mag_semaphore *semaphore,
                                                         struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK bool mag_semaphore_try_slow(struct mag_semaphore *semaphore);
MAG_API MAG_MUST_CHECK int mag_semaphore_release_slow(struct mag_semaphore *semaphore,
                                                      uint32_t count);
MAG_API MAG_MUST_CHECK mag_task mag_mutex_lock_slow(struct mag_mutex *mutex,
                                                    struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK mag_task mag_mutex_begin_slow(struct mag_waiter *waiter,
                                                     struct mag_wait_state *state,
                                                     struct mag_mutex *mutex,
                                                     struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK bool mag_mutex_try_slow(struct mag_mutex *mutex);
MAG_API MAG_MUST_CHECK int mag_mutex_unlock_slow(struct mag_mutex *mutex);
MAG_API MAG_MUST_CHECK mag_task mag_rwlock_lock_slow(struct mag_rwlock *lock,
                                                     uint32_t writes,
                                                     struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK mag_task mag_rwlock_begin_slow(struct mag_waiter *waiter,
                                                      struct mag_wait_state *state,
                                                      struct mag_rwlock *lock,
                                                      uint32_t writes,
                                                      struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK bool mag_rwlock_try_slow(struct mag_rwlock *lock, uint32_t writes);
MAG_API MAG_MUST_CHECK int mag_rwlock_unlock_slow(struct mag_rwlock *lock,
                                                  uint32_t writes);
MAG_API MAG_MUST_CHECK mag_task mag_event_wait_slow(struct mag_event *event,
                                                    struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK mag_task mag_event_begin_slow(struct mag_waiter *waiter,
                                                     struct mag_wait_state *state,
                                                     struct mag_event *event,
                                                     struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK bool mag_event_try_slow(struct mag_event *event);
MAG_API void mag_event_change_slow(struct mag_event *event, uint32_t is_set);
MAG_API MAG_MUST_CHECK mag_task mag_latch_wait_slow(struct mag_latch *latch,
                                                    struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK mag_task mag_latch_begin_slow(struct mag_waiter *waiter,
                                                     struct mag_wait_state *state,
                                                     struct mag_latch *latch,
                                                     struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK int mag_latch_count_slow(struct mag_latch *latch, uint32_t count);

/* A semaphore's value is the number of permits that are taken; a mutex is a semaphore of
 * one permit. */
MAG_INLINE bool mag_semaphore_take(uint32_t *taken, uint32_t most)
{
    bool is_free = *taken < most;

    *taken += is_free ? 1 : 0;
    return is_free;
}

/* Gives `count` permits back. */
MAG_INLINE bool mag_semaphore_give(uint32_t *taken, uint32_t count)
{
    bool were_taken = count <= *taken;

    *taken -= were_taken ? count : 0;
    return were_taken;
}

/* The value of a read-write lock is the number of readers, or this: a writer has it. */
#define MAG_RWLOCK_WRITER (MAG_LINE_VALUES >> 1)

/* Takes a read-write lock; `writes` 1: for a writer, 0: for one more reader. */
MAG_INLINE bool mag_rwlock_take(uint32_t *holders, uint32_t writes)
{
    bool is_free = writes != 0 ? *holders == 0 : *holders < MAG_RWLOCK_WRITER - 1;

    *holders += is_free ? (writes != 0 ? MAG_RWLOCK_WRITER : 1) : 0;
    return is_free;
}

/* Gives a read-write lock back. */
MAG_INLINE bool mag_rwlock_give(uint32_t *holders, uint32_t writes)
{
    bool was_taken = writes != 0 ? *holders == MAG_RWLOCK_WRITER
                                 : *holders - 1 < MAG_RWLOCK_WRITER - 1;

    *holders -= was_taken ? (writes != 0 ? MAG_RWLOCK_WRITER : 1) : 0;
    return was_taken;
}

/* An event's value is 1 if it is set.  A wait takes `takes` of it: 1 if the event is
 * automatic, 0 if not. */
MAG_INLINE bool mag_event_take(uint32_t *is_set, uint32_t takes)
{
    bool was_set = *is_set != 0;

    *is_set -= was_set ? takes : 0;
    return was_set;
}

/* Sets or resets an event. */
MAG_INLINE bool mag_event_change(uint32_t *is_set, uint32_t to)
{
    *is_set = to;
    return true;
}

/* A latch's value is the number that is still to be counted down. */
MAG_INLINE bool mag_latch_pass(uint32_t *left, uint32_t unused)
{
    (void)unused;
    return *left == 0;
}

/* Counts a latch down. */
MAG_INLINE bool mag_latch_count(uint32_t *left, uint32_t count)
{
    bool were_left = count <= *left;

    *left -= were_left ? count : 0;
    return were_left;
}

MAG_EXTERN_C_END

#endif

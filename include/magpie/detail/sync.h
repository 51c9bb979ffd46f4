/*
 * sync.h - how the values of semaphores and locks change (pure functions, rules of
 * detail/line.h), and the slow halves of their functions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SYNC_H
#define MAGPIE_DETAIL_SYNC_H

#include <magpie/detail/line.h>
#include <magpie/vtask.h>

MAG_EXTERN_C_BEGIN

struct mag_semaphore;
struct mag_mutex;

/* The slow halves of the functions of semaphore.h and mutex.h. */
MAG_API MAG_MUST_CHECK mag_task
mag_semaphore_acquire_slow(struct mag_semaphore *semaphore, struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK bool mag_semaphore_try_slow(struct mag_semaphore *semaphore);
MAG_API MAG_MUST_CHECK int mag_semaphore_release_slow(struct mag_semaphore *semaphore,
                                                      uint32_t count);
MAG_API MAG_MUST_CHECK mag_task mag_mutex_lock_slow(struct mag_mutex *mutex,
                                                    struct mag_cancel *cancel);
MAG_API MAG_MUST_CHECK bool mag_mutex_try_slow(struct mag_mutex *mutex);
MAG_API MAG_MUST_CHECK int mag_mutex_unlock_slow(struct mag_mutex *mutex);

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

MAG_EXTERN_C_END

#endif

/*
 * sync.h - how the values of semaphores and locks change: pure functions, rules of
 * detail/line.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_DETAIL_SYNC_H
#define MAGPIE_DETAIL_SYNC_H

#include <magpie/detail/line.h>

MAG_EXTERN_C_BEGIN

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

/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/timer/wheel.h"

#include <stddef.h>

void mag_wheel_init(struct mag_wheel *wheel)
{
    *wheel = (struct mag_wheel){.moving = MAG_WHEEL_DUE};
}

static uint32_t level_of(const struct mag_wheel *wheel, uint64_t tick)
{
    uint64_t differs = (wheel->present ^ tick) | (MAG_WHEEL_SLOTS - 1);

    return (63 - (uint32_t)__builtin_clzll(differs)) / MAG_WHEEL_BITS;
}

static uint32_t place_of(const struct mag_wheel *wheel, uint64_t tick)
{
    if (tick <= wheel->present)
        return MAG_WHEEL_DUE;

    uint32_t level = level_of(wheel, tick);
    uint64_t slot = tick >> level * MAG_WHEEL_BITS & (MAG_WHEEL_SLOTS - 1);

    return level * MAG_WHEEL_SLOTS + (uint32_t)slot;
}

/* The first tick of an occupied slot. */
static uint64_t begin_of(const struct mag_wheel *wheel, uint32_t place)
{
    if (place == MAG_WHEEL_DUE)
        return wheel->present;

    uint32_t shift = place / MAG_WHEEL_SLOTS * MAG_WHEEL_BITS;
    uint64_t above = wheel->present >> shift >> MAG_WHEEL_BITS;

    return (above << MAG_WHEEL_BITS | place % MAG_WHEEL_SLOTS) << shift;
}

/* The occupied slot that begins first; MAG_WHEEL_PLACES: no slot is occupied. */
static uint32_t next_slot(const struct mag_wheel *wheel)
{
    for (uint32_t level = 0; level < MAG_WHEEL_LEVELS; level++) {
        if (wheel->occupied[level] != 0)
            return level * MAG_WHEEL_SLOTS +
                   (uint32_t)__builtin_ctzll(wheel->occupied[level]);
    }
    return MAG_WHEEL_PLACES;
}

uint64_t mag_wheel_next(const struct mag_wheel *wheel)
{
    if (wheel->first[MAG_WHEEL_DUE] != NULL || wheel->moving != MAG_WHEEL_DUE)
        return wheel->present;

    uint32_t place = next_slot(wheel);
    return place < MAG_WHEEL_PLACES ? begin_of(wheel, place) : MAG_WHEEL_NEVER;
}

uint64_t mag_wheel_add(struct mag_wheel *wheel, struct mag_timer *timer)
{
    uint32_t place = place_of(wheel, timer->tick);
    struct mag_timer **first = &wheel->first[place];

    timer->place = place;
    timer->next = NULL;
    if (*first == NULL) {
        *first = timer;
        timer->prev = timer;
        if (place != MAG_WHEEL_DUE)
            wheel->occupied[place / MAG_WHEEL_SLOTS] |= (uint64_t)1
                                                        << place % MAG_WHEEL_SLOTS;
    } else {
        timer->prev = (*first)->prev;
        timer->prev->next = timer;
        (*first)->prev = timer;
    }
    return begin_of(wheel, place);
}

void mag_wheel_remove(struct mag_wheel *wheel, struct mag_timer *timer)
{
    uint32_t place = timer->place;
    struct mag_timer **first = &wheel->first[place];

    if (timer->next != NULL)
        timer->next->prev = timer->prev;
    else
        (*first)->prev = timer->prev;
    if (timer == *first)
        *first = timer->next;
    else
        timer->prev->next = timer->next;
    if (*first == NULL && place != MAG_WHEEL_DUE)
        wheel->occupied[place / MAG_WHEEL_SLOTS] &=
            ~((uint64_t)1 << place % MAG_WHEEL_SLOTS);
}

void mag_wheel_advance(struct mag_wheel *wheel, uint64_t now)
{
    uint64_t next = mag_wheel_next(wheel);

    if (wheel->present < now && wheel->present < next)
        wheel->present = now < next ? now : next - 1;
}

struct mag_timer *mag_wheel_take(struct mag_wheel *wheel, uint64_t now, uint32_t *budget)
{
    for (; *budget != 0; (*budget)--) {
        struct mag_timer *timer = wheel->first[MAG_WHEEL_DUE];

        if (timer == NULL)
            timer = wheel->first[wheel->moving];
        if (timer != NULL) {
            mag_wheel_remove(wheel, timer);
            if (timer->tick <= wheel->present)
                return timer;
            (void)mag_wheel_add(wheel, timer);
            continue;
        }
        wheel->moving = MAG_WHEEL_DUE;
        mag_wheel_advance(wheel, now);
        uint32_t place = next_slot(wheel);
        if (place == MAG_WHEEL_PLACES || begin_of(wheel, place) > now)
            return NULL;
        wheel->present = begin_of(wheel, place);
        wheel->moving = place;
    }
    return NULL;
}

struct mag_timer *mag_wheel_take_any(struct mag_wheel *wheel)
{
    uint32_t place = next_slot(wheel);
    struct mag_timer *timer =
        place < MAG_WHEEL_PLACES ? wheel->first[place] : wheel->first[MAG_WHEEL_DUE];

    if (timer != NULL)
        mag_wheel_remove(wheel, timer);
    return timer;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/submit/limit.h"

#include <stddef.h>

void mag_submit_limit_init(struct mag_submit_limit *limit, uint32_t most)
{
    atomic_init(&limit->state, 0);
    limit->most = most != 0 ? most : 1;
    (void)pthread_mutex_init(&limit->lock, NULL);
    limit->first = limit->last = NULL;
}

uint32_t mag_submit_limit_waiting(const struct mag_submit_limit *limit)
{
    /* relaxed: a number of the moment. */
    return mag_limit_taken(atomic_load_explicit(&limit->state, memory_order_relaxed));
}

/* Changes the word by `change` if `state` is its value. */
/* NOLINTNEXTLINE(readability-non-const-parameter): a swap that fails writes `state`. */
static bool change_state(struct mag_submit_limit *limit, uint64_t *state, uint64_t change)
{
    /* relaxed, both: see "Edges". */
    return atomic_compare_exchange_weak_explicit(&limit->state, state, *state + change,
                                                 memory_order_relaxed,
                                                 memory_order_relaxed);
}

/* While somebody waits, all places are taken: see limit.h. */
static bool has_room(const struct mag_submit_limit *limit, uint64_t state)
{
    return mag_limit_taken(state) < limit->most;
}

bool mag_limit_try(struct mag_submit_limit *limit)
{
    /* relaxed: the swap decides. */
    uint64_t state = atomic_load_explicit(&limit->state, memory_order_relaxed);

    while (has_room(limit, state)) {
        if (change_state(limit, &state, MAG_LIMIT_TAKEN))
            return true;
    }
    return false;
}

static void queue_waiter(struct mag_submit_limit *limit, struct mag_limit_waiter *waiter)
{
    waiter->next = NULL;
    if (limit->first == NULL)
        limit->first = waiter;
    else
        limit->last->next = waiter;
    limit->last = waiter;
}

bool mag_limit_enter(struct mag_submit_limit *limit, struct mag_limit_waiter *waiter)
{
    (void)pthread_mutex_lock(&limit->lock);
    /* relaxed: the swap decides. */
    uint64_t state = atomic_load_explicit(&limit->state, memory_order_relaxed);
    bool room;
    do {
        room = has_room(limit, state);
    } while (!change_state(limit, &state, room ? MAG_LIMIT_TAKEN : MAG_LIMIT_QUEUE));
    if (!room)
        queue_waiter(limit, waiter);
    (void)pthread_mutex_unlock(&limit->lock);
    return room;
}

/* The oldest waiter, which no longer waits; NULL: another thread took it. */
static struct mag_limit_waiter *take_waiter(struct mag_submit_limit *limit)
{
    (void)pthread_mutex_lock(&limit->lock);
    struct mag_limit_waiter *waiter = limit->first;
    if (waiter != NULL) {
        limit->first = waiter->next;
        /* relaxed: the queue itself is under the lock. */
        (void)atomic_fetch_sub_explicit(&limit->state, MAG_LIMIT_QUEUE,
                                        memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&limit->lock);
    return waiter;
}

void mag_limit_leave_slow(struct mag_submit_limit *limit)
{
    /* relaxed: the swap decides. */
    uint64_t state = atomic_load_explicit(&limit->state, memory_order_relaxed);

    for (;;) {
        if (mag_limit_queue(state) == 0) {
            if (change_state(limit, &state, -MAG_LIMIT_TAKEN))
                return;
            continue;
        }
        struct mag_limit_waiter *waiter = take_waiter(limit);
        if (waiter != NULL && waiter->grant(waiter))
            return;
        /* relaxed: as above. */
        state = atomic_load_explicit(&limit->state, memory_order_relaxed);
    }
}

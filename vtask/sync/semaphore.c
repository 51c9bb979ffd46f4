/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/debug/debug.h"
#include "vtask/sync/line.h"

#include <magpie/mutex.h>
#include <magpie/semaphore.h>

static const struct mag_line_kind semaphore_kind = {mag_semaphore_take};

int mag_semaphore_init(struct mag_semaphore *semaphore, uint32_t permits,
                       uint32_t available)
{
    if (permits == 0 || permits > MAG_SEMAPHORE_MAX || available > permits)
        return mag_misuse_argument(MAG_E_ARG);
    mag_line_init(&semaphore->line, permits - available);
    semaphore->permits = permits;
    return 0;
}

mag_task mag_semaphore_acquire_slow(struct mag_semaphore *semaphore,
                                    struct mag_cancel *cancel)
{
    return mag_task_of(
        mag_line_wait(&semaphore->line, &semaphore_kind, semaphore->permits, cancel));
}

mag_task mag_semaphore_begin_slow(struct mag_waiter *waiter, struct mag_wait_state *state,
                                  struct mag_semaphore *semaphore,
                                  struct mag_cancel *cancel)
{
    state->waiter = waiter;
    return mag_task_of(mag_line_begin(&semaphore->line, &semaphore_kind,
                                      semaphore->permits, cancel, state));
}

bool mag_semaphore_try_slow(struct mag_semaphore *semaphore)
{
    return mag_line_try(&semaphore->line, &semaphore_kind, semaphore->permits);
}

int mag_semaphore_release_slow(struct mag_semaphore *semaphore, uint32_t count)
{
    if (mag_line_put(&semaphore->line, &semaphore_kind, mag_semaphore_give, count))
        return 0;
    return mag_misuse_argument(MAG_E_RELEASE);
}

/* ----------------------------------------------------------- a mutex: one permit */

void mag_mutex_init(struct mag_mutex *mutex)
{
    mag_line_init(&mutex->line, 0);
}

mag_task mag_mutex_lock_slow(struct mag_mutex *mutex, struct mag_cancel *cancel)
{
    return mag_task_of(mag_line_wait(&mutex->line, &semaphore_kind, 1, cancel));
}

mag_task mag_mutex_begin_slow(struct mag_waiter *waiter, struct mag_wait_state *state,
                              struct mag_mutex *mutex, struct mag_cancel *cancel)
{
    state->waiter = waiter;
    return mag_task_of(mag_line_begin(&mutex->line, &semaphore_kind, 1, cancel, state));
}

bool mag_mutex_try_slow(struct mag_mutex *mutex)
{
    return mag_line_try(&mutex->line, &semaphore_kind, 1);
}

int mag_mutex_unlock_slow(struct mag_mutex *mutex)
{
    if (mag_line_put(&mutex->line, &semaphore_kind, mag_semaphore_give, 1))
        return 0;
    return mag_misuse_argument(MAG_E_RELEASE);
}

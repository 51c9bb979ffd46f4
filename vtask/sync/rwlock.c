/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/debug/debug.h"
#include "vtask/sync/line.h"

#include <magpie/rwlock.h>

static const struct mag_line_kind rwlock_kind = {mag_rwlock_take};

void mag_rwlock_init(struct mag_rwlock *lock)
{
    mag_line_init(&lock->line, 0);
}

mag_task mag_rwlock_lock_slow(struct mag_rwlock *lock, uint32_t writes,
                              struct mag_cancel *cancel)
{
    return mag_task_of(mag_line_wait(&lock->line, &rwlock_kind, writes, cancel));
}

/* NOLINTNEXTLINE(readability-function-size): the header fills in the arguments. */
mag_task mag_rwlock_begin_slow(struct mag_waiter *waiter, struct mag_wait_state *state,
                               struct mag_rwlock *lock, uint32_t writes,
                               struct mag_cancel *cancel)
{
    state->waiter = waiter;
    return mag_task_of(mag_line_begin(&lock->line, &rwlock_kind, writes, cancel, state));
}

bool mag_rwlock_try_slow(struct mag_rwlock *lock, uint32_t writes)
{
    return mag_line_try(&lock->line, &rwlock_kind, writes);
}

int mag_rwlock_unlock_slow(struct mag_rwlock *lock, uint32_t writes)
{
    if (mag_line_put(&lock->line, &rwlock_kind, mag_rwlock_give, writes))
        return 0;
    return mag_misuse_argument(MAG_E_RELEASE);
}

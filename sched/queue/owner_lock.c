/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/queue/owner_lock.h"

void mag_owner_lock_enter_slow(struct mag_owner_lock *lock)
{
    /* owner-out, release: as in mag_owner_lock_leave; the thief may be waiting for it. */
    atomic_store_explicit(&lock->busy, 0, memory_order_release);
    mag_spin_lock(&lock->word);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/queue/owner_lock.h"

bool mag_owner_lock_enter_slow(struct mag_owner_lock *lock)
{
    if (mag_owner_lock_usual(lock) != 0) {
        /* Dekker (1), relaxed: ordered before (2) by the fence. */
        atomic_store_explicit(&lock->busy, 1, memory_order_relaxed);
        mag_asym_light(true);
        /* Dekker (2); thief-out, acquire: as in mag_owner_lock_try_enter. */
        if ((atomic_load_explicit(&lock->unusual, memory_order_acquire) &
             MAG_OWNER_LOCK_REVOKED) == 0)
            return true;
        mag_owner_lock_leave_fast(lock);
    }
    mag_spin_lock(&lock->word);
    return false;
}

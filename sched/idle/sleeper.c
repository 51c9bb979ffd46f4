/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/idle/sleeper.h"

#include "base/os.h"

bool mag_sleeper_sleep(struct mag_sleeper *sleeper, int64_t timeout_ns)
{
    /* woken, acquire: names the other end; nothing but the wake crosses. */
    if (atomic_load_explicit(&sleeper->woken, memory_order_acquire) != 0)
        return true;
    if (sleeper->bed != NULL)
        sleeper->bed->rest(sleeper, timeout_ns);
    else
        mag_os_wait(&sleeper->woken, 0, timeout_ns);
    /* woken, acquire: as above. */
    return atomic_load_explicit(&sleeper->woken, memory_order_acquire) != 0;
}

void mag_sleeper_wake(struct mag_sleeper *sleeper)
{
    const struct mag_bed *bed = sleeper->bed;

    /* woken, release: names the other end; nothing but the wake crosses. */
    atomic_store_explicit(&sleeper->woken, 1, memory_order_release);
    if (bed != NULL)
        bed->wake(sleeper);
    else
        mag_os_wake(&sleeper->woken, 1);
}

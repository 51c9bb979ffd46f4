/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/barrier.h>

#include "sched/asym.h"
#include "sched/os.h"

#include <stdint.h>

/* A store has left its processor long before this time is over. */
enum { STORE_BUFFER_NS = 1000000 };

bool mag_barrier_is_asymmetric(void)
{
    return !mag_asym_init();
}

void mag_barrier_heavy(void)
{
    _Atomic(uint32_t) never;

    if (mag_asym_heavy())
        return;
    atomic_init(&never, 0);
    mag_os_wait(&never, 0, STORE_BUFFER_NS);
}

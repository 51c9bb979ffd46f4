/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/barrier.h>

#include "base/asym.h"
#include "base/os.h"

#include <stdint.h>

/* Longer than any store stays in its processor's store buffer. */
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
    /* A signal may end a wait early. */
    int64_t until = mag_os_now_ns() + STORE_BUFFER_NS;
    for (int64_t left = STORE_BUFFER_NS; left > 0; left = until - mag_os_now_ns())
        mag_os_wait(&never, 0, left);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/os/yield.h"

#include "base/os/futex.h"

#include <sched.h>

void mag_os_yield(void)
{
    (void)sched_yield();
}

void mag_os_nap(int64_t nap_ns)
{
    _Atomic(uint32_t) never;

    atomic_init(&never, 0);
    mag_os_wait(&never, 0, nap_ns);
}

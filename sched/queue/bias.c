/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/queue/bias.h"

void mag_bias_enter_slow(struct mag_bias *bias)
{
    /* owner-out, release: as in mag_bias_leave; the thief may be waiting for it. */
    atomic_store_explicit(&bias->busy, 0, memory_order_release);
    mag_spin_lock(&bias->word);
}

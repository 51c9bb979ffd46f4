/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"

#include <magpie/barrier.h>

#include <stdatomic.h>

/*
 * How often operations that were biased to a thread were completed on another thread
 * before anybody had registered.  Each time costs a barrier on every core.  So when a
 * thread's count grows, operations are not biased to that thread for a while: for REST
 * operations at first, for twice as many each time, up to REST << LEVELS.  Threads share
 * counts by their addresses; a count is only a hint.
 */
enum { COUNTS = 256, REST = 4096, LEVELS = 12 };

static struct {
    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) lost;
} counts[COUNTS];

/* The count of a thread; `thread` is the address of its struct mag_here. */
static _Atomic(uint32_t) *count_of(uintptr_t thread)
{
    /* The thread-local blocks of threads lie whole pages apart. */
    return &counts[(thread >> 12 ^ thread >> 20) % COUNTS].lost;
}

static uint32_t read_count(const _Atomic(uint32_t) *count)
{
    /* relaxed: a hint. */
    return atomic_load_explicit(count, memory_order_relaxed);
}

static uintptr_t rest(struct mag_here *here)
{
    if (here->bias_level < LEVELS)
        here->bias_level++;
    here->bias_rest = (uint32_t)REST << (here->bias_level - 1);
    here->bias = 0;
    return MAG_SLOT_EMPTY;
}

MAG_COLD uintptr_t mag_core_bias_slow(void)
{
    struct mag_here *here = mag_here_get();

    if (here->bias_lost == NULL) {
        if (!mag_barrier_is_asymmetric())
            return MAG_SLOT_EMPTY;
        here->bias_lost = count_of((uintptr_t)here);
    } else if (here->bias != 0) {
        return rest(here);
    } else if (--here->bias_rest != 0) {
        return MAG_SLOT_EMPTY;
    }
    here->bias_seen = read_count(here->bias_lost);
    here->bias = mag_slot_biased_here();
    return here->bias;
}

void mag_core_bias_lost(uintptr_t thread)
{
    /* relaxed: a hint. */
    (void)atomic_fetch_add_explicit(count_of(thread), 1, memory_order_relaxed);
}

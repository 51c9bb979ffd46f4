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
 *
 * A thread does not look at its count for each operation, but counts down until it looks.
 * It looks at each of the first operations that are biased to it, and then rarer, each
 * time after twice as many operations, at last after LOOK.  So a thread whose operations
 * always end elsewhere pays one barrier before each rest, and one to which that happens
 * late pays at most LOOK.
 */
enum { COUNTS = 256, REST = 4096, LEVELS = 12, LOOK = 64 };

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
    here->bias_rest = (int32_t)REST << (here->bias_level - 1);
    here->bias = MAG_SLOT_EMPTY;
    here->bias_span = 0;
    return here->bias;
}

/* The next operations are biased, this one too. */
static uintptr_t go_on_biased(struct mag_here *here)
{
    here->bias = here->name;
    here->bias_rest = here->bias_span;
    if (here->bias_span < LOOK)
        here->bias_span = 2 * here->bias_span + 1;
    return here->bias;
}

MAG_COLD uintptr_t mag_core_bias_slow(void)
{
    struct mag_here *here = mag_here_get();

    if (here->bias_lost == NULL) {
        here->bias_rest = REST;
        if (!mag_barrier_is_asymmetric())
            return MAG_SLOT_EMPTY;
        here->bias_lost = count_of((uintptr_t)here);
        here->name = (uintptr_t)here | MAG_SLOT_BIASED;
    } else if (here->bias != MAG_SLOT_EMPTY) {
        if (read_count(here->bias_lost) != here->bias_seen)
            return rest(here);
        return go_on_biased(here);
    }
    here->bias_seen = read_count(here->bias_lost);
    return go_on_biased(here);
}

void mag_core_bias_lost(uintptr_t thread)
{
    /* relaxed: a hint. */
    (void)atomic_fetch_add_explicit(count_of(thread), 1, memory_order_relaxed);
}

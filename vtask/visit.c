/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core.h"

#include <magpie/barrier.h>

#include <sched.h>
#include <stdatomic.h>

/*
 * How often operations that were biased to a thread were completed elsewhere before
 * anybody had registered.  Each time costs a barrier of every core, so a thread whose
 * count moves is not biased to for a while: REST operations at first, twice as many each
 * time, up to REST << LEVELS.  Threads share a count by their addresses, which is a hint
 * and no more.
 */
enum { COUNTS = 256, REST = 4096, LEVELS = 12 };

static struct {
    _Alignas(MAG_CACHE_LINE) _Atomic(uint32_t) lost;
} counts[COUNTS];

/* `thread` is the address of its struct mag_here. */
static _Atomic(uint32_t) *count_of(uintptr_t thread)
{
    /* Threads' blocks lie whole pages apart. */
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
    struct mag_here *here = &mag_here;

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

/* ------------------------------------------------------------------- the visitor */

/* Its last touch of the core, but for what it has taken from there. */
static void leave(struct mag_core *core)
{
    /* left, release: what the visitor did precedes it. */
    atomic_store_explicit(&core->visitor, MAG_VISITOR_LEFT, memory_order_release);
}

/* (4), for a continuation that stands in the slot.  False: it has been taken back. */
static bool take(struct mag_core *core, uintptr_t slot)
{
    /* done, release: the outcome precedes RAN; relaxed on failure: nothing is read. */
    return atomic_compare_exchange_strong_explicit(
        &core->slot, &slot, MAG_SLOT_RAN, memory_order_release, memory_order_relaxed);
}

MAG_COLD struct mag_continuation *mag_core_visit(struct mag_core *core, uintptr_t biased)
{
    _Atomic(uint32_t) *count = count_of(biased & ~(uintptr_t)MAG_SLOT_BIASED);
    uintptr_t slot = biased;

    /* (3), release: the outcome precedes it, for who takes the continuation back. */
    atomic_store_explicit(&core->visitor, MAG_VISITOR_INSIDE, memory_order_release);
    mag_barrier_heavy();
    /* relaxed: a hint. */
    (void)atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    /* (4), both halves:
     *   done, release: the outcome precedes DONE;
     *   waiting, acquire on failure: the continuation that came first is visible. */
    if (atomic_compare_exchange_strong_explicit(&core->slot, &slot, MAG_SLOT_DONE,
                                                memory_order_release,
                                                memory_order_acquire)) {
        leave(core);
        return NULL;
    }
    bool dropped = slot == MAG_SLOT_DROP;
    bool taken = false;
    /* DONE: it was there and has been taken back already. */
    if (!dropped && slot != MAG_SLOT_DONE)
        taken = take(core, slot);
    leave(core);
    if (dropped)
        mag_core_drop(core);
    return taken ? (struct mag_continuation *)slot : NULL;
}

/* -------------------------------------------------------------- who meets a visitor */

MAG_COLD void mag_core_see_off(struct mag_core *core)
{
    while (mag_core_is_visited(core))
        (void)sched_yield();
}

MAG_COLD bool mag_core_meet(struct mag_core *core, struct mag_continuation *continuation)
{
    uintptr_t slot = (uintptr_t)continuation;

    /* done, release: for who polls; relaxed on failure: the visitor runs it. */
    if (!atomic_compare_exchange_strong_explicit(&core->slot, &slot, MAG_SLOT_DONE,
                                                 memory_order_release,
                                                 memory_order_relaxed))
        return true;
    mag_core_see_off(core);
    return false;
}

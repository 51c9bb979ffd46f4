/* SPDX-License-Identifier: Apache-2.0 */
#include "vtask/core/core.h"

#include "base/turns.h"

#include <magpie/barrier.h>

#include <stdatomic.h>

/* ------------------------------------------------------------------- the visitor */

/* The visitor's last access to the core. */
static void leave(struct mag_core *core, uint64_t word)
{
    /* left, release: all that the visitor did precedes it. */
    atomic_store_explicit(&core->token, word, memory_order_release);
}

MAG_COLD struct mag_continuation *mag_core_visit(struct mag_core *core, uintptr_t biased)
{
    /* relaxed: the token of a pending operation does not change. */
    uint64_t token = atomic_load_explicit(&core->token, memory_order_relaxed);
    uintptr_t slot = biased;

    core->easy = 0;
    /* (3), release: the outcome precedes it, for a thread that registers meanwhile. */
    atomic_store_explicit(&core->token, token | MAG_VISITOR_INSIDE, memory_order_release);
    mag_barrier_heavy();
    mag_core_bias_lost(biased & ~(uintptr_t)MAG_SLOT_BIASED);
    /* (4), both halves:
     *   done, release: the outcome precedes DONE;
     *   waiting, acquire on failure: the continuation that came first is visible. */
    if (atomic_compare_exchange_strong_explicit(&core->slot, &slot, MAG_SLOT_DONE,
                                                memory_order_release,
                                                memory_order_acquire)) {
        leave(core, token | MAG_VISITOR_LEFT);
        return NULL;
    }
    /* Misuse: a second completer was faster, and has run the continuation. */
    if (mag_slot_is_done(slot)) {
        leave(core, token | MAG_VISITOR_LEFT);
        return NULL;
    }
    if (slot == MAG_SLOT_DROP) {
        leave(core, token | MAG_VISITOR_LEFT);
        mag_core_drop(core);
        return NULL;
    }
    /* (4), done, release: the outcome precedes RAN. */
    atomic_store_explicit(&core->slot, MAG_SLOT_RAN, memory_order_release);
    leave(core, token | MAG_VISITOR_TOOK);
    return (struct mag_continuation *)slot;
}

/* ---------------------------------------------------------------- meeting a visitor */

MAG_COLD void mag_core_see_off(struct mag_core *core)
{
    for (unsigned tries = 0; mag_core_is_visited(core); tries++)
        mag_give_way(tries);
}

MAG_COLD bool mag_core_meet(struct mag_core *core, uint64_t token)
{
    unsigned tries = 0;
    uint64_t word;

    /* left, acquire: the outcome is visible. */
    while ((word = atomic_load_explicit(&core->token, memory_order_acquire)) ==
           (token | MAG_VISITOR_INSIDE))
        mag_give_way(tries++);
    if (word != (token | MAG_VISITOR_LEFT))
        return true;
    /* done, release: the outcome precedes it for threads that poll.  (1) covered it. */
    atomic_store_explicit(&core->slot, MAG_SLOT_DONE, memory_order_release);
    return false;
}

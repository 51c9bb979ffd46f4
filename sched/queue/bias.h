/*
 * bias.h - a lock that costs its owner no read-modify-write.  Private to sched/.
 *
 * The owner enters and leaves with plain stores.  A thief first revokes the bias, which
 * costs the thief a heavy barrier; then both use the lock word.
 *
 * Ownership
 *   [W] the owner, through atomics that only it writes     [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   owner-out   mag_bias_leave (busy) -> mag_bias_revoke (busy) : what the owner did
 *   thief-out   mag_bias_restore (revoked) -> mag_bias_enter (revoked) : what thieves did
 *   word        mag_bias_unlock -> mag_bias_lock / mag_bias_try_lock : what both did
 *
 * Exclusion.  Owner and thief are Dekker's two sides (asym.h):
 *
 *     owner                           thief
 *     (1) busy <- 1                   (3) revoked <- 1
 *     (2) read revoked                (4) read busy
 *
 * If the owner read revoked == 0 at (2), the thief reads busy == 1 at (4) until the owner
 * has left, and gives up or waits.  If the owner read 1, it takes the lock word instead.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_QUEUE_BIAS_H
#define SCHED_QUEUE_BIAS_H

#include "base/asym.h"
#include "base/spin.h"

#include <magpie/detail/base.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mag_bias {
    _Atomic(uint32_t) busy;    /* [W] the owner is inside, or tries to enter */
    _Atomic(uint32_t) revoked; /* [A] a thief is inside, or tries to enter */
    struct mag_spin word;      /* [A] of a thief, or of an owner that saw one */
};

/* How often a thief looks whether the owner has left.  The owner leaves within a few
 * instructions, unless it has lost its CPU. */
enum { MAG_BIAS_PATIENCE = 64 };

static inline void mag_bias_init(struct mag_bias *bias)
{
    atomic_init(&bias->busy, 0);
    atomic_init(&bias->revoked, 0);
    mag_spin_init(&bias->word);
}

/* The slow half of mag_bias_enter: a thief is inside, or tries to enter. */
MAG_COLD void mag_bias_enter_slow(struct mag_bias *bias);

/* Owner only.  Returns whether the owner entered the fast way; pass that to
 * mag_bias_leave. */
static inline bool mag_bias_enter(struct mag_bias *bias, bool fenced)
{
    /* Dekker (1), relaxed: ordered before (2) by the asymmetric pair. */
    atomic_store_explicit(&bias->busy, 1, memory_order_relaxed);
    mag_asym_light(fenced);
    /* Dekker (2); thief-out, acquire: what the last thief did is visible. */
    if (MAG_LIKELY(atomic_load_explicit(&bias->revoked, memory_order_acquire) == 0))
        return true;
    mag_bias_enter_slow(bias);
    return false;
}

/* Owner only.  `fast` is what mag_bias_enter returned. */
static inline void mag_bias_leave(struct mag_bias *bias, bool fast)
{
    if (MAG_LIKELY(fast)) {
        /* owner-out, release: what the owner did precedes its leaving. */
        atomic_store_explicit(&bias->busy, 0, memory_order_release);
    } else {
        mag_spin_unlock(&bias->word);
    }
}

/* Any other thread, after its work inside or when it gives up. */
static inline void mag_bias_restore(struct mag_bias *bias)
{
    /* thief-out, release: what the thief did precedes the owner's next fast entry. */
    atomic_store_explicit(&bias->revoked, 0, memory_order_release);
}

/* Waits a short while for the owner to leave; false: the owner is still inside. */
static inline bool mag_bias_owner_left(struct mag_bias *bias)
{
    for (int i = 0; i < MAG_BIAS_PATIENCE; i++) {
        /* Dekker (4); owner-out, acquire: what the owner did inside is visible. */
        if (atomic_load_explicit(&bias->busy, memory_order_acquire) == 0)
            return true;
        mag_os_pause();
    }
    return false;
}

/* Any other thread.  True: the caller is inside and leaves with mag_bias_release.  False:
 * another thief or the owner is inside; nothing has changed. */
static inline bool mag_bias_try_revoke(struct mag_bias *bias)
{
    uint32_t free = 0;

    /* Dekker (3), relaxed: ordered before (4) by the heavy barrier, which also keeps what
     * follows after the win over other thieves.  On success acquire: thief-out of the
     * last thief. */
    if (!atomic_compare_exchange_strong_explicit(
            &bias->revoked, &free, 1, memory_order_acquire, memory_order_relaxed))
        return false;
    if (mag_asym_heavy() && mag_bias_owner_left(bias) && mag_spin_try_lock(&bias->word))
        return true;
    mag_bias_restore(bias);
    return false;
}

/* For a thief whose mag_bias_try_revoke returned true: leaves. */
static inline void mag_bias_release(struct mag_bias *bias)
{
    mag_spin_unlock(&bias->word);
    mag_bias_restore(bias);
}

#endif

/*
 * owner_lock.h - a lock that costs its owner no read-modify-write.  Private to sched/.
 *
 * The owner enters and leaves with plain stores.  A thief first revokes the lock, which
 * costs the thief a heavy barrier; then both use the lock word.
 *
 * The word that the owner reads has a bit for each reason to do more than that: a thief,
 * and a process whose owners must fence (asym.h).  So the usual case is one comparison
 * with 0.
 *
 * Ownership
 *   [W] the owner, through atomics that only it writes     [A] any thread
 *
 * Edges: release end -> acquire end : what crosses
 *   owner-out   mag_owner_lock_leave (busy) -> mag_owner_lock_is_left (busy) : what the
 *               owner did
 *   thief-out   mag_owner_lock_restore (unusual) -> mag_owner_lock_try_enter (unusual),
 *               mag_owner_lock_enter_slow (unusual) : what thieves did
 *   word        mag_spin_unlock -> mag_spin_lock / mag_spin_try_lock : what both did
 *
 * Exclusion.  Owner and thief are Dekker's two sides (asym.h):
 *
 *     owner                           thief
 *     (1) busy <- 1                   (3) unusual <- unusual | REVOKED
 *     (2) read unusual                (4) read busy
 *
 * If the owner did not read REVOKED at (2), the thief reads busy == 1 at (4) until the
 * owner has left, and gives up or waits.  If the owner read it, it takes the lock word
 * instead.  FENCED never changes.  An owner that reads it at (2) was not ordered by a
 * fence, so it fences and reads once more: that is its (2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_QUEUE_OWNER_LOCK_H
#define SCHED_QUEUE_OWNER_LOCK_H

#include "base/asym.h"
#include "base/spin.h"

#include <magpie/detail/base.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Why the owner does more than store and read. */
enum {
    MAG_OWNER_LOCK_REVOKED = 1, /* a thief is inside, or tries to enter */
    MAG_OWNER_LOCK_FENCED = 2,  /* owners must fence, see asym.h; never changes */
};

struct mag_owner_lock {
    _Atomic(uint32_t) busy;    /* [W] the owner is inside, or tries to enter */
    _Atomic(uint32_t) unusual; /* [A] bits as above */
    struct mag_spin word;      /* [A] of a thief, or of an owner that saw one */
};

/* How often a thief looks whether the owner has left.  The owner leaves within a few
 * instructions, unless it has lost its CPU. */
enum { MAG_OWNER_LOCK_PATIENCE = 64 };

static inline void mag_owner_lock_init(struct mag_owner_lock *lock, bool fenced)
{
    atomic_init(&lock->busy, 0);
    atomic_init(&lock->unusual, fenced ? MAG_OWNER_LOCK_FENCED : 0);
    mag_spin_init(&lock->word);
}

static inline void mag_owner_lock_leave_fast(struct mag_owner_lock *lock)
{
    /* owner-out, release: what the owner did precedes its leaving. */
    atomic_store_explicit(&lock->busy, 0, memory_order_release);
}

/* Owner only.  The usual case of mag_owner_lock_enter.  True: the caller is inside, and
 * leaves with mag_owner_lock_leave_fast.  False: nothing has changed. */
static inline bool mag_owner_lock_try_enter(struct mag_owner_lock *lock)
{
    /* Dekker (1), relaxed: ordered before (2) by the asymmetric pair. */
    atomic_store_explicit(&lock->busy, 1, memory_order_relaxed);
    mag_asym_light(false);
    /* Dekker (2); thief-out, acquire: what the last thief did is visible. */
    if (MAG_LIKELY(atomic_load_explicit(&lock->unusual, memory_order_acquire) == 0))
        return true;
    mag_owner_lock_leave_fast(lock);
    return false;
}

/* The slow half of mag_owner_lock_enter: fences, or waits for a thief. */
MAG_COLD bool mag_owner_lock_enter_slow(struct mag_owner_lock *lock);

/* Owner only.  Returns whether the owner entered the fast way; pass that to
 * mag_owner_lock_leave. */
static inline bool mag_owner_lock_enter(struct mag_owner_lock *lock)
{
    return mag_owner_lock_try_enter(lock) || mag_owner_lock_enter_slow(lock);
}

/* Owner only.  `fast` is what mag_owner_lock_enter returned. */
static inline void mag_owner_lock_leave(struct mag_owner_lock *lock, bool fast)
{
    if (MAG_LIKELY(fast))
        mag_owner_lock_leave_fast(lock);
    else
        mag_spin_unlock(&lock->word);
}

/* The word as it is without a thief. */
static inline uint32_t mag_owner_lock_usual(struct mag_owner_lock *lock)
{
    /* relaxed: this bit never changes. */
    return atomic_load_explicit(&lock->unusual, memory_order_relaxed) &
           MAG_OWNER_LOCK_FENCED;
}

/* Any other thread, after its work inside or when it gives up. */
static inline void mag_owner_lock_restore(struct mag_owner_lock *lock)
{
    /* thief-out, release: what the thief did precedes the owner's next fast entry. */
    atomic_store_explicit(&lock->unusual, mag_owner_lock_usual(lock),
                          memory_order_release);
}

/* Waits a short while for the owner to leave; false: the owner is still inside. */
static inline bool mag_owner_lock_is_left(struct mag_owner_lock *lock)
{
    for (int i = 0; i < MAG_OWNER_LOCK_PATIENCE; i++) {
        /* Dekker (4); owner-out, acquire: what the owner did inside is visible. */
        if (atomic_load_explicit(&lock->busy, memory_order_acquire) == 0)
            return true;
        mag_os_pause();
    }
    return false;
}

/* Any other thread.  True: the caller is inside and leaves with mag_owner_lock_release.
 * False: another thief or the owner is inside; nothing has changed. */
static inline bool mag_owner_lock_try_revoke(struct mag_owner_lock *lock)
{
    uint32_t usual = mag_owner_lock_usual(lock);

    /* Dekker (3), relaxed: ordered before (4) by the heavy barrier, which also keeps what
     * follows after the win over other thieves.  On success acquire: thief-out of the
     * last thief. */
    if (!atomic_compare_exchange_strong_explicit(
            &lock->unusual, &usual, usual | MAG_OWNER_LOCK_REVOKED, memory_order_acquire,
            memory_order_relaxed))
        return false;
    if (mag_asym_heavy() && mag_owner_lock_is_left(lock) &&
        mag_spin_try_lock(&lock->word))
        return true;
    mag_owner_lock_restore(lock);
    return false;
}

/* For a thief whose mag_owner_lock_try_revoke returned true: leaves. */
static inline void mag_owner_lock_release(struct mag_owner_lock *lock)
{
    mag_spin_unlock(&lock->word);
    mag_owner_lock_restore(lock);
}

#endif

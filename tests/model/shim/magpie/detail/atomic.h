/*
 * atomic.h - the atomics of the public headers; each operation goes to Relacy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_DETAIL_ATOMIC_H
#define TESTS_MODEL_SHIM_MAGPIE_DETAIL_ATOMIC_H

#include <stdatomic.h>

#define MAG_LOAD(word, order)         (*(word))($).load(rl::mo_##order)
#define MAG_STORE(word, value, order) (*(word))($).store(value, rl::mo_##order)

#define MAG_SWAP(word, expected, value) \
    (*(word))($).compare_exchange_weak(*(expected), value, rl::mo_acq_rel, rl::mo_relaxed)
/* What weaken.py puts in its place. */
#define MAG_LOOSE_SWAP(word, expected, value) \
    (*(word))($).compare_exchange_weak(*(expected), value, rl::mo_relaxed, rl::mo_relaxed)

#define MAG_FOLD_LOAD(type, word)         (*(word))($).load(rl::mo_acquire)
#define MAG_FOLD_STORE(type, word, value) (*(word))($).store(value, rl::mo_release)

/* What weaken.py puts in place of these two. */
#define MAG_LOOSE_LOAD(type, word)         (*(word))($).load(rl::mo_relaxed)
#define MAG_LOOSE_STORE(type, word, value) (*(word))($).store(value, rl::mo_relaxed)

/* A compiler's fence means nothing to the processor. */
#define MAG_COMPILER_FENCE() ((void)0)

/* Whether thieves call membarrier.  Then an owner's fence stands for the full fence that
 * the thieves' calls make of it. */
static bool mag_shim_membarrier;

#define MAG_OWNER_FENCE()                        \
    do {                                         \
        if (mag_shim_membarrier)                 \
            atomic_thread_fence(rl::mo_seq_cst); \
    } while (0)

#endif

/*
 * atomic.h - the atomics of the public headers, each handed to Relacy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_DETAIL_ATOMIC_H
#define TESTS_MODEL_SHIM_MAGPIE_DETAIL_ATOMIC_H

#include <stdatomic.h>

#define MAG_LOAD(word, order)         (*(word))($).load(rl::mo_##order)
#define MAG_STORE(word, value, order) (*(word))($).store(value, rl::mo_##order)

#define MAG_FOLD_LOAD(type, word)         (*(word))($).load(rl::mo_acquire)
#define MAG_FOLD_STORE(type, word, value) (*(word))($).store(value, rl::mo_release)

/* What weaken.py puts in place of those two. */
#define MAG_LOOSE_LOAD(type, word)         (*(word))($).load(rl::mo_relaxed)
#define MAG_LOOSE_STORE(type, word, value) (*(word))($).store(value, rl::mo_relaxed)

/* A compiler's fence is nothing to the processor. */
#define MAG_COMPILER_FENCE() ((void)0)

/* Whether thieves call membarrier: then an owner's fence stands for what they make of it,
 * a full one. */
static bool mag_shim_membarrier;

#define MAG_OWNER_FENCE()                        \
    do {                                         \
        if (mag_shim_membarrier)                 \
            atomic_thread_fence(rl::mo_seq_cst); \
    } while (0)

#endif

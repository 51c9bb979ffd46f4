/*
 * atomic.h - the atomics of the public headers, each handed to Relacy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_MAGPIE_ATOMIC_H
#define TESTS_MODEL_SHIM_MAGPIE_ATOMIC_H

#include <stdatomic.h>

#define MAG_LOAD(word, order)         (*(word))($).load(rl::mo_##order)
#define MAG_STORE(word, value, order) (*(word))($).store(value, rl::mo_##order)

#define MAG_FOLD_LOAD(type, word)         (*(word))($).load(rl::mo_acquire)
#define MAG_FOLD_STORE(type, word, value) (*(word))($).store(value, rl::mo_release)

/* A compiler's fence stands for what a thief's membarrier makes of it: a full one. */
#define MAG_COMPILER_FENCE() atomic_thread_fence(memory_order_seq_cst)

#endif

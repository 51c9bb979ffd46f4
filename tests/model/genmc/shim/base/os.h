/*
 * os.h - the kernel for GenMC: a sleep ends when the word has changed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_GENMC_SHIM_BASE_OS_H
#define TESTS_MODEL_GENMC_SHIM_BASE_OS_H

#include <stdatomic.h>
#include <stdint.h>

static inline void mag_os_pause(void)
{
}

static inline void mag_os_yield(void)
{
}

static inline void mag_os_nap(int64_t nap_ns)
{
    (void)nap_ns;
}

static inline void mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected,
                               int64_t timeout_ns)
{
    (void)timeout_ns;
    /* relaxed: the kernel's own look at the word. */
    while (atomic_load_explicit(word, memory_order_relaxed) == expected) {
    }
}

static inline void mag_os_wake(_Atomic(uint32_t) *word, int count)
{
    (void)word;
    (void)count;
}

#endif

/*
 * os.h - the kernel, modelled.  A sleep ends when the word has changed; one that nobody
 * ends is reported as a thread that makes no progress.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_SCHED_OS_H
#define TESTS_MODEL_SHIM_SCHED_OS_H

#include <stdatomic.h>

#include <stdint.h>

static inline void mag_os_pause()
{
    rl::yield(1, $);
}

static inline void mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t)
{
    /* relaxed: the kernel's own look at the word. */
    while (atomic_load_explicit(word, memory_order_relaxed) == expected)
        rl::yield(1, $);
}

static inline void mag_os_wake(_Atomic(uint32_t) *, int)
{
}

#endif

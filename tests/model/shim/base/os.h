/*
 * os.h - the kernel, modelled.  A sleep ends when the word has changed; one that nobody
 * ends is reported as a thread that makes no progress.  A sleep with an end of its own
 * ends at once where the model says so (mag_shim_naps), else it is like any other: then
 * no nap can hide a wake that was lost.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_BASE_OS_H
#define TESTS_MODEL_SHIM_BASE_OS_H

#include <stdatomic.h>

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* Whether timed sleeps end by themselves. */
static bool mag_shim_naps;

/* Each look at the clock is a microsecond later; what a model starts with. */
static int64_t mag_shim_now;

/* The threads of a model that sleep in the kernel. */
static bool mag_shim_sleeps[8];

static inline void mag_os_pause()
{
    rl::yield(1, $);
}

static inline void mag_os_wait(_Atomic(uint32_t) *word, uint32_t expected,
                               int64_t timeout_ns)
{
    if (timeout_ns >= 0 && mag_shim_naps) {
        rl::yield(1, $);
        return;
    }
    /* relaxed: the kernel's own look at the word. */
    while (atomic_load_explicit(word, memory_order_relaxed) == expected) {
        mag_shim_sleeps[rl::thread_index()] = true;
        rl::yield(1, $);
    }
    mag_shim_sleeps[rl::thread_index()] = false;
}

static inline void mag_os_wake(_Atomic(uint32_t) *, int)
{
}

static inline int64_t mag_os_now_ns()
{
    return mag_shim_now += 1000;
}

static inline void mag_os_yield()
{
    rl::yield(1, $);
}

static inline void mag_os_nap(int64_t)
{
    rl::yield(1, $);
}

/* A model starts its threads itself, they end by themselves, and nobody cancels them. */
static inline int mag_os_create(pthread_t *, size_t, void *(*)(void *), void *)
{
    return 0;
}

static inline void mag_os_name(const char *)
{
}

static inline bool mag_os_join(pthread_t, int64_t)
{
    return true;
}

static inline int mag_os_hold_cancel()
{
    return 0;
}

static inline void mag_os_set_slack(int)
{
}

/* Nobody knows where a thread of a model runs. */
static inline uint32_t mag_os_cpu()
{
    return UINT32_MAX;
}

#endif

/*
 * os.h - a model of the kernel.  A sleep ends when the word has changed; a sleep that
 * never ends is reported as a thread that makes no progress.  A sleep with a timeout ends
 * at once if the model says so (mag_shim_naps).  Otherwise its timeout is ignored, so
 * that no nap can hide a lost wake.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_MODEL_SHIM_BASE_OS_H
#define TESTS_MODEL_SHIM_BASE_OS_H

#include <stdatomic.h>

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* Whether sleeps with a timeout end by themselves. */
static bool mag_shim_naps;

/* Each look at the clock is one microsecond later than the last; a model sets the
 * beginning. */
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

/* A model starts its threads itself.  They end by themselves, and no thread cancels
 * them. */
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

/* The CPU of a model's thread is unknown. */
static inline uint32_t mag_os_cpu()
{
    return UINT32_MAX;
}

#endif

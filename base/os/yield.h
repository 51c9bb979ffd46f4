/*
 * yield.h - what a thread does between two looks at something that changes soon.  Private
 * to the library; see base/os.h, and base/turns.h for the usual mixture of pauses, yields
 * and naps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OS_YIELD_H
#define BASE_OS_YIELD_H

#include <stdatomic.h>
#include <stdint.h>

/* Tells the processor that the thread is in a spin loop. */
static inline void mag_os_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield" ::: "memory");
#else
    /* seq_cst: keeps the loop's loads in the loop. */
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

/* Lets other threads of the same priority run on this CPU. */
void mag_os_yield(void);

/* Sleeps for about that long.  No cancellation point. */
void mag_os_nap(int64_t nap_ns);

#endif

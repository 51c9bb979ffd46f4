/*
 * asym.h - the asymmetric barrier: owners pay nothing, thieves pay a system call.
 * Private to the library.
 *
 * The shape.  Owner and thief each write a word of their own and then read the other's
 * (Dekker).  Each needs a full barrier between its write and its read, or both may miss
 * the other's write:
 *
 *     owner                           thief
 *     (1) mine <- 1                   (3) theirs <- 1
 *         mag_asym_light()                mag_asym_heavy()
 *     (2) read theirs                 (4) read mine
 *
 * With membarrier(2) the owner's barrier is for the compiler only: the thief's call makes
 * every running thread of the process execute a full barrier, so either (1) is visible to
 * (4), or (3) is visible to (2).  If the kernel refuses membarrier, both sides use
 * fences.  The choice is made once, before the first scheduler starts, and never changes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_ASYM_H
#define BASE_ASYM_H

#include <magpie/detail/atomic.h>
#include <stdatomic.h>
#include <stdbool.h>

/*
 * Decides, once per process.  Later calls do nothing.
 *
 *   Returns    whether owners must fence
 */
bool mag_asym_init(void);

/* White-box tests: chooses fences, before anything else is started. */
void mag_asym_force_fences(void);

/* The owner's half; `fenced` is what mag_asym_init returned. */
static inline void mag_asym_light(bool fenced)
{
    if (fenced) {
#ifdef MAG_UNDER_TSAN
        /* ThreadSanitizer does not know fences: a read-modify-write is a full barrier
         * too. */
        _Atomic(int) word;
        atomic_init(&word, 0);
        /* seq_cst: stands in for the fence. */
        (void)atomic_fetch_add_explicit(&word, 1, memory_order_seq_cst);
#else
        /* asymmetric pair, seq_cst: (1) before (2), against mag_asym_heavy. */
        atomic_thread_fence(memory_order_seq_cst);
#endif
    } else {
        /* seq_cst: (1) before (2) for the compiler; membarrier covers the processor. */
        atomic_signal_fence(memory_order_seq_cst);
    }
}

/*
 * The thief's half.  Linux makes one membarrier at a time, and each interrupts every
 * running thread of the process.  So thieves share them: see shared_call.h.
 *
 *   Blocks     while another thread's membarrier lasts
 *   Returns    true; false: the kernel has begun to refuse membarrier (a filter that was
 *              installed late).  Then nothing is ordered, and the thief must give up
 */
bool mag_asym_heavy(void);

/* In the child of a fork(), by its only thread: a membarrier of another thread's will
 * never end. */
void mag_asym_after_fork(void);

#endif

/*
 * barrier.h - the asymmetric barrier, for protocols in which one side is rare.
 *
 *     // the frequent side
 *     atomic_store_explicit(&mine, 1, memory_order_relaxed);
 *     if (mag_barrier_is_asymmetric())
 *         atomic_signal_fence(memory_order_seq_cst); // a compiler barrier
 *     else
 *         atomic_thread_fence(memory_order_seq_cst);
 *     if (atomic_load_explicit(&yours, memory_order_relaxed) == 0) ...
 *
 *     // the rare side
 *     atomic_store_explicit(&yours, 1, memory_order_relaxed);
 *     if (mag_barrier_is_asymmetric())
 *         mag_barrier_heavy();
 *     else
 *         atomic_thread_fence(memory_order_seq_cst);
 *     if (atomic_load_explicit(&mine, memory_order_relaxed) == 0) ...
 *
 * The model.  Two threads each write a word of their own and then read the other's word
 * (Dekker).  Both need a full barrier between the write and the read, or each may miss
 * the other's write.  If the kernel has membarrier(2), a compiler barrier is enough for
 * the frequent side, because the rare side calls mag_barrier_heavy: every running thread
 * of the process then executes a full barrier.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_BARRIER_H
#define MAGPIE_BARRIER_H

#include <magpie/error.h>

MAG_EXTERN_C_BEGIN

/*
 * Whether the frequent side may do without a barrier of its own.  The answer is the same
 * for the whole life of the process.
 */
MAG_API bool mag_barrier_is_asymmetric(void);

/*
 * The barrier of the rare side, between its write and its read.  It takes 0.2 to 5
 * microseconds, and interrupts each core that runs a thread of this process.  Call it
 * only if mag_barrier_is_asymmetric() is true.  If the kernel refuses membarrier later,
 * as under a new seccomp filter, the call sleeps for a millisecond instead: by then every
 * store has left the processor that made it.
 *
 *   Blocks     in that last case, for a millisecond
 */
MAG_API void mag_barrier_heavy(void);

MAG_EXTERN_C_END

#endif

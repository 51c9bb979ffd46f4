/*
 * barrier.h - the asymmetric barrier, for protocols in which one side is rare.
 *
 * Two threads each write a word of their own and then read the other's (Dekker).  Both
 * need a full barrier between the two, or each may miss the other.  Where the kernel has
 * membarrier(2) the frequent side needs a compiler barrier only, if the rare side calls
 * mag_barrier_heavy: every running thread of the process then executes a full barrier.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_BARRIER_H
#define MAGPIE_BARRIER_H

#include <magpie/error.h>

MAG_EXTERN_C_BEGIN

/*
 * Whether the frequent side may do without a barrier of its own.  Decided once per
 * process, never changes.
 */
MAG_API bool mag_barrier_is_asymmetric(void);

/*
 * The rare side, between its write and its read: 0.2 to 5 microseconds and an interrupt
 * for each core that runs a thread of this process.  Only where
 * mag_barrier_is_asymmetric.  Where the kernel has come to refuse the call it sleeps for
 * as long as no store stays in a processor.
 *
 *   Blocks     in that last case, for a millisecond
 */
MAG_API void mag_barrier_heavy(void);

MAG_EXTERN_C_END

#endif

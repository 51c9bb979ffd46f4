/*
 * pin.h - binding threads to one PU.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_PIN_H
#define MAGPIE_PIN_H

#include <magpie/error.h>
#include <magpie/topology.h>

MAG_EXTERN_C_BEGIN

/* What came of pinning a thread. */
enum mag_pinned {
    MAG_PINNED,      /* the thread runs on the PU that was asked for, and only there */
    MAG_PIN_REFUSED, /* the kernel refused (a filter, a cpuset); the mask is as before */
    MAG_PIN_FOREIGN, /* not tried: pinning is off, or the topology is another machine's */
    MAG_PIN_LOST,    /* pinned once, but the thread may run elsewhere now: its PU went
                      * offline or out of the cpuset, or somebody has set its mask */
};

/*
 * Binds the calling thread to one PU.  It stays bound until its affinity mask is set
 * anew; threads and processes that it creates inherit the mask.  The library remembers
 * the mask from before (mag_topology_load uses it).  To recognise the threads that this
 * one creates, it makes the thread's timer slack (prctl(2)) up to 256 nanoseconds longer.
 *
 *   Blocks     in the kernel, while the thread moves
 *   Allocates  yes, for as long as the call
 *   Returns    0, and what was obtained; -EINVAL no such PU
 */
MAG_API int mag_pin_self(const struct mag_topology *topology, uint32_t pu,
                         enum mag_pinned *ret_obtained);

/*
 * Gives the calling thread back the affinity mask from before mag_pin_self.  Call it
 * before you create a thread or a process that must not inherit the single PU.  It works
 * too on a thread that a pinned thread has created.  Jobs use <magpie/unpinned.h>.
 *
 *   Blocks     in the kernel, not for long
 *   Returns    the operating system's number of the PU that the thread was pinned to;
 *              MAG_NONE if nothing has changed: the thread is not pinned, its mask has
 *              been set since, or the kernel refuses
 */
MAG_API uint32_t mag_unpin_self(void);

/*
 * Pins the calling thread again, to the PU that mag_unpin_self has returned.
 *
 *   Blocks     in the kernel, while the thread moves
 *   Returns    true; false if it was not pinned there before, or the kernel refuses
 */
MAG_API bool mag_repin_self(uint32_t os_pu);

MAG_EXTERN_C_END

#endif

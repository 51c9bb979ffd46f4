/*
 * pin.h - threads that are bound to one PU.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAGPIE_PIN_H
#define MAGPIE_PIN_H

#include <magpie/error.h>
#include <magpie/topology.h>

MAG_EXTERN_C_BEGIN

enum mag_pinned {
    MAG_PINNED,      /* the thread runs on the PU that was asked for, and only there */
    MAG_PIN_REFUSED, /* the kernel said no (a filter, a cpuset); the mask is as before */
    MAG_PIN_FOREIGN, /* not asked: pinning is off, or it is not this machine's topology */
    MAG_PIN_LOST,    /* it was pinned, and may run elsewhere now: its PU went offline or
                      * out of the cpuset, or somebody has set its mask anew */
};

/*
 * Binds the calling thread to one PU.  It stays bound until its affinity mask is set
 * anew; threads and processes that it creates inherit the mask.  What the mask was before
 * is kept, see mag_topology_load; so that threads which this one creates can be told from
 * others, its timer slack (prctl(2)) becomes up to 256 nanoseconds longer.
 *
 *   Blocks     in the kernel, while the thread moves
 *   Allocates  yes, for as long as the call
 *   Returns    0, and what was obtained; -EINVAL no such PU
 */
MAG_API int mag_pin_self(const struct mag_topology *topology, uint32_t pu,
                         enum mag_pinned *ret_obtained);

/*
 * Gives the calling thread the affinity mask back that was there before mag_pin_self:
 * before what it creates, so that this does not inherit the one PU.  The same for a
 * thread that a pinned thread has created.  <magpie/unpinned.h> does it for jobs.
 *
 *   Blocks     in the kernel, not for long
 *   Returns    the operating system's number of the PU that it was pinned to; MAG_NONE
 *              and nothing has changed: it is not pinned, its mask has been set anew
 *              since, or the kernel refuses
 */
MAG_API uint32_t mag_unpin_self(void);

/*
 * Pins the calling thread again, to the PU that mag_unpin_self has returned.
 *
 *   Blocks     in the kernel, while the thread moves
 *   Returns    false: it was not pinned there before, or the kernel refuses
 */
MAG_API bool mag_repin_self(uint32_t os_pu);

MAG_EXTERN_C_END

#endif

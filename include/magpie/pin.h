/*
 * pin.h - binding a thread of the program to one PU.  Workers are bound by their
 * scheduler (sched.h).
 *
 *     #include <magpie/pin.h>
 *     #include <stdlib.h>
 *
 *     int main(void)
 *     {
 *         struct mag_topology *topology;
 *         enum mag_pinned pinned;
 *
 *         if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &topology) != 0)
 *             return 1;
 *         if (mag_pin_self(topology, 0, &pinned) != 0) // PU 0 of the topology
 *             return 1;
 *         mag_topology_free(topology);
 *         if (pinned == MAG_PINNED) {
 *             uint32_t os_pu = mag_unpin_self();
 *             int status = system("true"); // may use every processor
 *
 *             (void)mag_repin_self(os_pu);
 *             return status;
 *         }
 *         return 0;
 *     }
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
    MAG_PINNED,      /* the thread runs on that PU, and only there */
    MAG_PIN_REFUSED, /* the kernel refused (a filter, a cpuset); the mask is as before */
    MAG_PIN_FOREIGN, /* not tried: pinning is off, or the topology is another machine's */
    MAG_PIN_LOST,    /* it was pinned, but may run elsewhere now: its PU went offline or
                      * left the cpuset, or somebody has set the thread's mask */
};

/*
 * Binds the calling thread to one PU.  The thread stays bound until its affinity mask is
 * set anew; threads and processes that it creates inherit the mask.  The library
 * remembers the mask from before (mag_topology_load uses it).  It also makes the thread's
 * timer slack (prctl(2)) up to 256 nanoseconds longer, to recognise threads that this
 * thread creates.
 *
 *   pu         an index of `topology`
 *   Blocks     in the kernel, while the thread moves
 *   Allocates  yes, and frees it before it returns
 *   Returns    0, and in `*ret_obtained` what came of it; -EINVAL no such PU
 */
MAG_API int mag_pin_self(const struct mag_topology *topology, uint32_t pu,
                         enum mag_pinned *ret_obtained);

/*
 * Gives the calling thread back the affinity mask from before mag_pin_self.  Call it
 * before you create a thread or a process that must not inherit the single PU.  It also
 * works on a thread that a pinned thread has created.  Jobs use <magpie/unpinned.h>
 * instead.
 *
 *   Blocks     in the kernel, not for long
 *   Returns    the operating system's number of the PU that the thread was pinned to;
 *              MAG_NONE nothing has changed: the thread is not pinned, its mask has been
 *              set since, or the kernel refuses
 */
MAG_API uint32_t mag_unpin_self(void);

/*
 * Pins the calling thread again, to the PU that mag_unpin_self has returned.
 *
 *   Blocks     in the kernel, while the thread moves
 *   Returns    true; false: the thread was not pinned there before, or the kernel refuses
 */
MAG_API bool mag_repin_self(uint32_t os_pu);

MAG_EXTERN_C_END

#endif

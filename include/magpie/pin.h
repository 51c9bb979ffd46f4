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
    MAG_PIN_LOOSENED, /* it was pinned, and may run in a wider range for the time being,
                       * see mag_pin_set_range */
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

/* ------------------------------------------------- loosening a pinned thread */

/* How far a pinned thread may move. */
enum mag_pin_range {
    MAG_PIN_RANGE_PU,    /* not at all: it runs on its PU */
    MAG_PIN_RANGE_CACHE, /* to the PUs that share the last-level cache of its PU */
    MAG_PIN_RANGE_NODE,  /* to the PUs of its node; without one, of its package */
};

struct mag_plan;

/* Where a thread is pinned.  Its two pointers are borrowed for the time of a call. */
struct mag_pin_home {
    const struct mag_topology *topology;
    const struct mag_plan *plan; /* if not NULL, a range has only PUs with a seat */
    uint32_t pu;                 /* an index of `topology` */
};

/*
 * Sets how far a thread may move that mag_pin_self has pinned to `home->pu`.  Any thread
 * of the process may do this; the loosened thread notices nothing.  A thread that it
 * creates while it is loosened still counts as created by a pinned thread: it sees the
 * mask from before the pinning (mag_topology_load), and mag_unpin_self works there.
 *
 *   thread     the thread's number in the kernel, as gettid(2) returns it there
 *   Blocks     in the kernel, while the thread moves
 *   Returns    0, and in `*ret_obtained` what came of it: MAG_PINNED if the range is the
 *              PU alone, MAG_PIN_LOOSENED if it is more, or another value of the enum;
 *              -EINVAL no such PU or range
 */
MAG_API int mag_pin_set_range(const struct mag_pin_home *home, int32_t thread,
                              enum mag_pin_range range, enum mag_pinned *ret_obtained);

/*
 * What the kernel says of a thread that was given this range: MAG_PINNED,
 * MAG_PIN_LOOSENED, or MAG_PIN_LOST if it has another mask.  If the kernel reports no
 * masks, what was asked for.
 */
MAG_API enum mag_pinned mag_pin_look(const struct mag_pin_home *home, int32_t thread,
                                     enum mag_pin_range range);

/* How many PUs a range has; 0: no such PU or range. */
MAG_API uint32_t mag_pin_range_pus(const struct mag_pin_home *home,
                                   enum mag_pin_range range);

MAG_EXTERN_C_END

#endif

/*
 * follow.h - a duty of the monitor: every second it asks which CPUs this process may use,
 * and how much time on them.  If the CPUs have changed, it gives the workers new seats
 * and pins them again; if the budget has, it changes the number of workers.  Private to
 * sched/.
 *
 * Ownership
 *   [I] immutable once the monitor runs   [M] the monitor's thread
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_MONITOR_FOLLOW_H
#define SCHED_MONITOR_FOLLOW_H

#include "base/os.h"
#include "sched/monitor/monitor.h"

#include <magpie/topology.h>

#include <stdbool.h>

struct mag_follow {
    struct mag_sched *sched;       /* [I] */
    bool seats;                    /* [I] workers get new seats */
    bool number;                   /* [I] the number of workers follows the budget */
    struct mag_affinity usable;    /* [M] the CPUs that the monitor may use; none yet:
                                    * unknown */
    struct mag_topology *topology; /* [M] of these; NULL: that of the settings */
};

/* Prepares the duty for a scheduler whose seats are known, and adds it to the monitor if
 * there is something to do. */
void mag_follow_make(struct mag_follow *follow, struct mag_sched *sched,
                     struct mag_monitor *monitor);

/* Frees it; allowed for one that is all zeroes. */
void mag_follow_free(struct mag_follow *follow);

#endif

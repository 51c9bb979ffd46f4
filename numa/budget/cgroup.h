/*
 * cgroup.h - the CPU limits of the control groups around this process.  Private to numa/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMA_BUDGET_CGROUP_H
#define NUMA_BUDGET_CGROUP_H

#include <magpie/budget.h>

/* The limits that were found, the process's own group first; a growing array. */
struct mag_cgroup_levels {
    struct mag_budget_level *level; /* each path is allocated */
    uint32_t count;
};

/*
 * Reads the limits of every group from the process's own to the root of each hierarchy
 * that controls CPU time, below the directory `root`.
 *
 *   Returns    0, also if there are no limits; -ENOMEM: nothing is kept
 */
int mag_cgroup_read(const char *root, struct mag_cgroup_levels *ret_levels);

void mag_cgroup_free(struct mag_cgroup_levels *levels);

#endif

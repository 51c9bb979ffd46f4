/*
 * wait.h - waiting for a group or for one job of it.  Private to sched/group/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_GROUP_WAIT_H
#define SCHED_GROUP_WAIT_H

#include "sched/group/group.h"

/* Under the lock: the entry of a job; NULL: it has ended, or is no job of this group. */
struct mag_group_entry *mag_group_find(struct mag_group *group, struct mag_group_job job);

/* Waits for `job`, or with NULL for the group.  The results of mag_group_wait_job or of
 * mag_group_wait. */
int mag_group_await(struct mag_group *group, const struct mag_group_job *job,
                    int64_t timeout_ns, struct mag_group_error *ret_first);

#endif

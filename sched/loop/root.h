/*
 * root.h - what all loops share: how they are called from any thread, and stopped.
 * Private to sched/loop/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_LOOP_ROOT_H
#define SCHED_LOOP_ROOT_H

#include <magpie/fork.h>
#include <magpie/loop.h>

/*
 * mag_fork_run.
 *
 *   sched      NULL: that of the calling worker, otherwise the default scheduler
 *   Returns    as mag_fork_run; with NULL also an error of mag_sched_default
 */
int mag_loop_root(struct mag_sched *sched, mag_fork_body body, void *payload);

/* The scheduler that NULL stands for.  Returns 0 or an error of mag_sched_default. */
int mag_loop_sched(struct mag_sched **sched);

/* Whether the options have no field that this version does not know. */
static inline bool mag_loop_knows(const struct mag_for_options *options)
{
    return (options->reserved[0] | options->reserved[1] | options->reserved[2]) == 0;
}

/* Whether somebody has asked.  NULL: nobody can. */
bool mag_loop_is_stopped(const struct mag_for_stop *stop);

#endif

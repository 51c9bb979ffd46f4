/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/executor.h>

#include "sched/post/executor.h"
#include "sched/scheduler.h"

#include <errno.h>
#include <stddef.h>

__thread struct mag_here mag_here = {
    .roaming = MAG_HOME_SCHED | MAG_HOME_ROAMING,
    .context = MAG_HOME_SCHED,
    .inside = MAG_HOME_SCHED,
    .room = MAG_HERE_ROOM,
    .name = MAG_HERE_NO_NAME,
};

int mag_sched_executor_post(struct mag_executor *executor, struct mag_job *job)
{
    struct mag_sched *sched =
        (struct mag_sched *)(void *)((char *)executor -
                                     offsetof(struct mag_sched, executor));

    return mag_sched_post_any(sched, job);
}

struct mag_executor *mag_sched_executor(struct mag_sched *sched)
{
    return &sched->executor;
}

static int post_to_worker(struct mag_executor *executor, struct mag_job *job)
{
    struct mag_bound_executor *bound = (struct mag_bound_executor *)(void *)executor;

    return mag_sched_post_worker(bound->sched, job, bound->index);
}

static int post_to_node(struct mag_executor *executor, struct mag_job *job)
{
    struct mag_bound_executor *bound = (struct mag_bound_executor *)(void *)executor;

    return mag_sched_post_node(bound->sched, job, bound->index);
}

int mag_executor_bind_worker(struct mag_bound_executor *bound, struct mag_sched *sched,
                             uint32_t worker)
{
    if (!mag_sched_has_worker(sched, worker))
        return -EINVAL;
    *bound = (struct mag_bound_executor){{post_to_worker}, sched, worker};
    return 0;
}

int mag_executor_bind_node(struct mag_bound_executor *bound, struct mag_sched *sched,
                           uint32_t node)
{
    if (node >= sched->queue_count)
        return -EINVAL;
    *bound = (struct mag_bound_executor){{post_to_node}, sched, node};
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <magpie/executor.h>

#include "sched/core.h"

#include <errno.h>

__thread struct mag_here mag_here = {.home = 1};

static int post_to_worker(struct mag_executor *executor, struct mag_job *job)
{
    struct mag_place *place = (struct mag_place *)(void *)executor;

    return mag_sched_post_worker(place->sched, job, place->index);
}

static int post_to_node(struct mag_executor *executor, struct mag_job *job)
{
    struct mag_place *place = (struct mag_place *)(void *)executor;

    return mag_sched_post_node(place->sched, job, place->index);
}

int mag_place_worker(struct mag_place *place, struct mag_sched *sched, uint32_t worker)
{
    if (worker >= sched->worker_count)
        return -EINVAL;
    *place = (struct mag_place){{post_to_worker}, sched, worker};
    return 0;
}

int mag_place_node(struct mag_place *place, struct mag_sched *sched, uint32_t node)
{
    if (node >= sched->queue_count)
        return -EINVAL;
    *place = (struct mag_place){{post_to_node}, sched, node};
    return 0;
}

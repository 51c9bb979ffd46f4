/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sim/state.h"

#include <stdlib.h>

static bool grow(struct sim_queue *queue)
{
    uint32_t capacity = queue->capacity != 0 ? queue->capacity * 2 : 16;
    struct sim_job *jobs = malloc(capacity * sizeof(*jobs));

    if (jobs == NULL)
        return false;
    for (uint32_t i = 0; i < queue->count; i++)
        jobs[i] = queue->jobs[(queue->first + i) % queue->capacity];
    free(queue->jobs);
    queue->jobs = jobs;
    queue->capacity = capacity;
    queue->first = 0;
    return true;
}

bool sim_queue_push(struct sim_queue *queue, const struct sim_job *job)
{
    if (queue->count == queue->capacity && !grow(queue))
        return false;
    queue->jobs[(queue->first + queue->count++) % queue->capacity] = *job;
    return true;
}

bool sim_queue_pop(struct sim_queue *queue, struct sim_job *ret_job)
{
    if (queue->count == 0)
        return false;
    *ret_job = queue->jobs[queue->first];
    queue->first = (queue->first + 1) % queue->capacity;
    queue->count--;
    return true;
}

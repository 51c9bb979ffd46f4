/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/policy/search.h"

uint32_t mag_search_random(uint64_t *state, uint32_t bound)
{
    uint64_t x = *state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (uint32_t)((x * 0x2545f4914f6cdd1dULL >> 32) * bound >> 32);
}

struct mag_search mag_search_begin(const struct mag_paths *paths, uint64_t random)
{
    struct mag_search search = {
        .paths = paths, .random = random, .where = MAG_SEARCH_OWN};

    return search;
}

/* The next victim in a ring: begins at a random place and goes round the ring once. */
static struct mag_search_step step_in_ring(struct mag_search *search)
{
    const struct mag_paths *paths = search->paths;
    uint32_t size = paths->rings[search->ring].end - search->start;
    struct mag_search_step step = {.where = search->where};

    if (search->done == 0)
        search->first = mag_search_random(&search->random, size);
    uint32_t at = search->first + search->done++;
    step.index = paths->victims[search->start + (at < size ? at : at - size)];
    if (search->done == size) {
        search->start = paths->rings[search->ring++].end;
        search->done = 0;
    }
    return step;
}

static bool has_ring(const struct mag_search *search, bool far)
{
    const struct mag_paths *paths = search->paths;

    return search->ring < paths->ring_count &&
           (paths->rings[search->ring].reach == MAG_REACH_FAR) == far;
}

/* Whether a queue of another node is left.  The first queue is the worker's own. */
static bool has_queue(const struct mag_search *search)
{
    return search->done + 1 < search->paths->queue_count;
}

static struct mag_search_step step_to_queue(struct mag_search *search)
{
    struct mag_search_step step = {.where = MAG_SEARCH_QUEUE};

    step.index = search->paths->queues[++search->done];
    return step;
}

struct mag_search_step mag_search_next(struct mag_search *search)
{
    struct mag_search_step step = {.where = search->where};

    if (search->where == MAG_SEARCH_OWN) {
        search->where = MAG_SEARCH_NEAR;
        return step;
    }
    if (search->where == MAG_SEARCH_NEAR && !has_ring(search, false)) {
        search->where = MAG_SEARCH_QUEUE;
        step.where = MAG_SEARCH_NEAR_SPARE;
        if (search->paths->has_spare)
            return step;
    }
    if (search->where == MAG_SEARCH_QUEUE) {
        if (has_queue(search))
            return step_to_queue(search);
        search->where = MAG_SEARCH_FAR;
        search->done = 0;
    }
    if (search->where == MAG_SEARCH_FAR && !has_ring(search, true)) {
        search->where = MAG_SEARCH_END;
        step.where = MAG_SEARCH_FAR_SPARE;
        if (search->paths->has_spare)
            return step;
    }
    if (search->where != MAG_SEARCH_END)
        return step_in_ring(search);
    step.where = MAG_SEARCH_END;
    return step;
}

uint32_t mag_paths_far_ring(const struct mag_paths *paths, uint32_t victim, uint32_t last)
{
    uint32_t far = 0;
    uint32_t i = 0;

    for (uint32_t ring = 0; ring < paths->ring_count; ring++) {
        bool is_far = paths->rings[ring].reach == MAG_REACH_FAR;

        for (; i < paths->rings[ring].end; i++) {
            if (is_far && paths->victims[i] == victim)
                return far < last ? far : last;
        }
        far += is_far;
    }
    return last;
}

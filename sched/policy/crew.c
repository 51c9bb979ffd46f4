/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/policy/crew.h"

static uint32_t after(uint32_t worker, uint32_t workers)
{
    return worker + 1 < workers ? worker + 1 : 0;
}

static bool is_free(const struct mag_crew_wish *wish, const struct mag_crew *crew,
                    uint32_t worker)
{
    return worker != wish->self && !mag_crew_has(wish->held, worker) &&
           !mag_crew_has(crew->set, worker);
}

/* Goes round once and takes what is free; of these only the workers in `of`, if that is
 * not NULL. */
static void take(const struct mag_crew_wish *wish, const uint64_t *of,
                 struct mag_crew *crew)
{
    uint32_t worker = crew->first;

    for (uint32_t i = 0; i < wish->workers && crew->size < wish->size; i++) {
        if (is_free(wish, crew, worker) && (of == NULL || mag_crew_has(of, worker))) {
            crew->set[worker / 64] |= (uint64_t)1 << worker % 64;
            crew->size++;
        }
        worker = after(worker, wish->workers);
    }
}

static bool is_dense(const struct mag_crew *crew)
{
    uint32_t worker = crew->first;

    for (uint32_t i = 0; i < crew->size; i++) {
        if (!mag_crew_has(crew->set, worker))
            return false;
        worker = after(worker, crew->workers);
    }
    return true;
}

bool mag_crew_choose(const struct mag_crew_wish *wish, struct mag_crew *ret_crew)
{
    ret_crew->workers = wish->workers;
    ret_crew->first = wish->first % wish->workers;
    ret_crew->size = 0;
    for (uint32_t i = 0; i <= (wish->workers - 1) / 64; i++)
        ret_crew->set[i] = 0;
    if (wish->idle != NULL)
        take(wish, wish->idle, ret_crew);
    if (!wish->idle_only)
        take(wish, NULL, ret_crew);
    ret_crew->dense = is_dense(ret_crew);
    return ret_crew->size == wish->size;
}

/* Counts along the order. */
static uint32_t count_to(const struct mag_crew *crew, uint32_t member)
{
    uint32_t worker = crew->first;

    for (uint32_t left = member;; worker = after(worker, crew->workers)) {
        if (mag_crew_has(crew->set, worker) && --left == 0)
            return worker;
    }
}

uint32_t mag_crew_worker(const struct mag_crew *crew, uint32_t member)
{
    if (crew->dense)
        return (crew->first + member - 1) % crew->workers;
    return count_to(crew, member);
}

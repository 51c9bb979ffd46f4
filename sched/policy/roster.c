/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/policy/roster.h"

static uint32_t worker_after(uint32_t worker, uint32_t workers)
{
    return worker + 1 < workers ? worker + 1 : 0;
}

static bool is_free(const struct mag_roster_wish *wish, const struct mag_roster *roster,
                    uint32_t worker)
{
    return worker != wish->self && !mag_roster_has(wish->held, worker) &&
           !mag_roster_has(roster->set, worker);
}

/* Goes round once and takes what is free; of these only the workers in `of`, if that is
 * not NULL. */
static void take_spot(const struct mag_roster_wish *wish, const uint64_t *of,
                      struct mag_roster *roster)
{
    uint32_t worker = roster->first;

    for (uint32_t i = 0; i < wish->workers && roster->size < wish->size; i++) {
        if (is_free(wish, roster, worker) && (of == NULL || mag_roster_has(of, worker))) {
            roster->set[worker / 64] |= (uint64_t)1 << worker % 64;
            roster->size++;
        }
        worker = worker_after(worker, wish->workers);
    }
}

static bool is_dense(const struct mag_roster *roster)
{
    uint32_t worker = roster->first;

    for (uint32_t i = 0; i < roster->size; i++) {
        if (!mag_roster_has(roster->set, worker))
            return false;
        worker = worker_after(worker, roster->workers);
    }
    return true;
}

bool mag_roster_choose(const struct mag_roster_wish *wish, struct mag_roster *ret_roster)
{
    ret_roster->workers = wish->workers;
    ret_roster->first = wish->first % wish->workers;
    ret_roster->size = 0;
    for (uint32_t i = 0; i <= (wish->workers - 1) / 64; i++)
        ret_roster->set[i] = 0;
    if (wish->idle != NULL)
        take_spot(wish, wish->idle, ret_roster);
    if (!wish->idle_only)
        take_spot(wish, NULL, ret_roster);
    ret_roster->dense = is_dense(ret_roster);
    return ret_roster->size == wish->size;
}

/* Counts along the order. */
static uint32_t count_to(const struct mag_roster *roster, uint32_t member)
{
    uint32_t worker = roster->first;

    for (uint32_t left = member;; worker = worker_after(worker, roster->workers)) {
        if (mag_roster_has(roster->set, worker) && --left == 0)
            return worker;
    }
}

uint32_t mag_roster_worker(const struct mag_roster *roster, uint32_t member)
{
    if (roster->dense)
        return (roster->first + member - 1) % roster->workers;
    return count_to(roster, member);
}

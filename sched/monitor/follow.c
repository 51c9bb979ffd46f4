/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/monitor/follow.h"

#include "sched/elastic/resize.h"
#include "sched/seat/seats.h"
#include "sched/worker/worker.h"

#include <magpie/budget.h>

/* How long it is between two looks. */
#define FOLLOW_NS ((int64_t)1000 * 1000 * 1000)

static const struct mag_topology *topology_of(const struct mag_follow *follow)
{
    return follow->topology != NULL ? follow->topology : follow->sched->settings.topology;
}

/* The kernel's number of a worker's thread, if that is pinned; 0: it is not. */
static int32_t pinned_thread(struct mag_sched *sched, uint32_t index)
{
    struct mag_worker *worker = mag_sched_open_at(sched, index);

    if (worker == NULL)
        return 0;
    /* relaxed, both: values of the moment. */
    if (atomic_load_explicit(&worker->pinned, memory_order_relaxed) != MAG_PINNED)
        return 0;
    /* relaxed: as above. */
    return atomic_load_explicit(&worker->thread, memory_order_relaxed);
}

/* All that are lost; or, if the usable CPUs have not changed, those that the kernel has
 * removed between two looks. */
static void repair_pins(struct mag_follow *follow, bool changed)
{
    struct mag_sched *sched = follow->sched;

    for (uint32_t i = 0; i < sched->place_count; i++) {
        int32_t thread = pinned_thread(sched, i);

        if (thread == 0)
            continue;
        if (changed)
            mag_seats_repair(&sched->seats, i, thread, &follow->usable);
        else
            mag_seats_repair_reset(&sched->seats, i, thread, &follow->usable);
    }
}

/* Loads the machine as it is now.  If that fails, the seats stay as they are, and the
 * next look tries again. */
static bool take_new_seats(struct mag_follow *follow)
{
    struct mag_topology *now;

    if (mag_topology_load(MAG_TOPOLOGY_MACHINE, NULL, &now) < 0)
        return false;
    if (mag_seats_move(&follow->sched->seats, now) < 0) {
        mag_topology_free(now);
        return false;
    }
    mag_topology_free(follow->topology);
    follow->topology = now;
    return true;
}

/* Whether the usable CPUs are others than at the last look. */
static bool has_changed(struct mag_follow *follow, struct mag_affinity *ret_now)
{
    if (!mag_affinity_read(ret_now))
        return false;
    if (mag_affinity_count(&follow->usable) == 0)
        follow->usable = *ret_now;
    return !mag_affinity_equal(ret_now, &follow->usable);
}

static void follow_seats(struct mag_follow *follow)
{
    struct mag_affinity now;
    bool changed = has_changed(follow, &now);

    if (changed && follow->seats && !take_new_seats(follow))
        return;
    if (changed)
        follow->usable = now;
    repair_pins(follow, changed);
}

/* As many workers as at a start now.  0: unknown, as there is no memory. */
static uint32_t wanted_workers(const struct mag_follow *follow)
{
    const struct mag_sched_config *config = &follow->sched->settings.config;
    const struct mag_topology *topology = topology_of(follow);
    struct mag_budget *budget;

    if (config->placement == MAG_PLACE_LIST)
        return mag_seats_usable(&follow->sched->seats);
    if (mag_budget_read(topology, MAG_BUDGET_UP, NULL, &budget) < 0)
        return 0;
    uint32_t workers = mag_budget_cap(budget, config->placement == MAG_PLACE_PER_PU
                                                  ? mag_topology_pus(topology)
                                                  : mag_topology_cores(topology));
    mag_budget_free(budget);
    return workers;
}

static int64_t look_at_budget(void *state)
{
    struct mag_follow *follow = state;

    follow_seats(follow);
    if (follow->number) {
        uint32_t workers = wanted_workers(follow);
        uint32_t places = follow->sched->place_count;

        if (workers > places)
            workers = places;
        /* If a thread is refused, the next look tries again. */
        if (workers != 0)
            (void)mag_sched_follow(follow->sched, workers);
    }
    return FOLLOW_NS;
}

void mag_follow_make(struct mag_follow *follow, struct mag_sched *sched,
                     struct mag_monitor *monitor)
{
    bool follows = sched->settings.follows;

    *follow = (struct mag_follow){
        .sched = sched,
        .seats = follows,
        .number = follows && sched->settings.counts,
    };
    if (!mag_topology_is_this_machine(sched->settings.topology) ||
        (!follow->number && !sched->seats.pins))
        return;
    mag_monitor_add(monitor, (struct mag_duty){
                                 .look = look_at_budget,
                                 .state = follow,
                                 .first_ns = FOLLOW_NS,
                             });
}

void mag_follow_free(struct mag_follow *follow)
{
    mag_topology_free(follow->topology);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/policy/reseat.h"
#include "sched/seat/seats.h"

#include <magpie/plan.h>

#include <errno.h>
#include <stdlib.h>

/* A new order of seats in the making. */
struct move {
    const struct mag_topology *topology;
    struct mag_plan *plan; /* all PUs to sit on, best first */
    uint32_t *homes;
    uint32_t *usable;
    uint32_t *seats;
    bool *taken;
    uint32_t count;
};

static uint32_t find_pu(const struct mag_topology *topology, uint32_t os_pu)
{
    for (uint32_t i = 0; i < mag_topology_pus(topology); i++) {
        if (mag_topology_pu(topology, i)->os_index == os_pu)
            return i;
    }
    return MAG_NONE;
}

/* The usable PUs of the scheduler's list; or all, in the order in which workers fill the
 * machine. */
static int plan_move(const struct mag_seats *seats, struct move *move)
{
    uint32_t pus = mag_topology_pus(move->topology);
    enum mag_placement placement = seats->listed ? MAG_PLACE_LIST : MAG_PLACE_PER_CORE;

    for (uint32_t i = 0; seats->listed && i < seats->count; i++) {
        if (find_pu(move->topology, move->homes[i]) != MAG_NONE)
            move->usable[move->count++] = move->homes[i];
    }
    if (seats->listed && move->count == 0)
        return -ENOENT;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): mag_seats_move frees it all. */
    int r = mag_plan_make(move->topology, placement, seats->listed ? 0 : pus,
                          move->usable, move->count, &move->plan);
    if (r < 0)
        return r;
    move->count = mag_plan_workers(move->plan);
    for (uint32_t i = 0; i < move->count; i++)
        move->usable[i] = mag_plan_seat(move->plan, i)->os_pu;
    return 0;
}

static int make_move(const struct mag_seats *seats, struct move *move)
{
    uint32_t pus = mag_topology_pus(move->topology);
    uint32_t room = pus > seats->count ? pus : seats->count;

    move->homes = calloc(seats->count, sizeof(move->homes[0]));
    move->seats = calloc(seats->count, sizeof(move->seats[0]));
    move->usable = calloc(room, sizeof(move->usable[0]));
    move->taken = calloc(room, sizeof(move->taken[0]));
    if (move->homes == NULL || move->seats == NULL || move->usable == NULL ||
        move->taken == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < seats->count; i++)
        move->homes[i] = mag_plan_seat(seats->first, i)->os_pu;
    int r = plan_move(seats, move);
    if (r < 0)
        return r;
    struct mag_reseat all = {move->homes, seats->count, move->usable, move->count};
    mag_reseat(&all, move->seats, move->taken);
    return 0;
}

static void take_move(struct mag_seats *seats, struct move *move)
{
    (void)pthread_mutex_lock(&seats->lock);
    for (uint32_t i = 0; i < seats->count; i++) {
        const struct mag_seat *seat = mag_plan_seat(move->plan, move->seats[i]);

        seats->states[i].pu = seat->pu;
        seats->states[i].os_pu = seat->os_pu;
        seats->states[i].range = MAG_PIN_RANGE_PU;
    }
    mag_plan_free(seats->own);
    seats->own = move->plan;
    seats->plan = move->plan;
    seats->topology = move->topology;
    seats->usable = move->count;
    (void)pthread_mutex_unlock(&seats->lock);
}

int mag_seats_move(struct mag_seats *seats, const struct mag_topology *topology)
{
    struct move move = {.topology = topology};
    int r = make_move(seats, &move);

    if (r == 0)
        take_move(seats, &move);
    else
        mag_plan_free(move.plan);
    free(move.homes);
    free(move.seats);
    free(move.usable);
    free(move.taken);
    return r;
}

uint32_t mag_seats_usable(struct mag_seats *seats)
{
    (void)pthread_mutex_lock(&seats->lock);
    uint32_t usable = seats->usable;
    (void)pthread_mutex_unlock(&seats->lock);
    return usable;
}

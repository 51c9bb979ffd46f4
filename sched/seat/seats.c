/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/seat/seats.h"

#include "base/os.h"

#include <magpie/plan.h>

#include <errno.h>
#include <stdlib.h>

int mag_seats_init(struct mag_seats *seats, const struct mag_sched_config *config,
                   const struct mag_topology *topology, const struct mag_plan *plan)
{
    uint32_t count = mag_plan_workers(plan);

    seats->states = calloc(count, sizeof(seats->states[0]));
    if (seats->states == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++) {
        seats->states[i].pu = mag_plan_seat(plan, i)->pu;
        seats->states[i].os_pu = mag_plan_seat(plan, i)->os_pu;
    }
    seats->count = count;
    seats->topology = topology;
    seats->plan = plan;
    seats->first = plan;
    seats->usable = config->placement == MAG_PLACE_LIST ? config->os_pu_count
                                                        : mag_topology_pus(topology);
    seats->pins = config->pin != MAG_PIN_NEVER;
    seats->listed = config->placement == MAG_PLACE_LIST;
    (void)pthread_mutex_init(&seats->lock, NULL);
    return 0;
}

void mag_seats_fini(struct mag_seats *seats)
{
    if (seats->states == NULL)
        return;
    free(seats->states);
    mag_plan_free(seats->own);
    (void)pthread_mutex_destroy(&seats->lock);
}

void mag_seats_orphan(struct mag_seats *seats)
{
    (void)pthread_mutex_init(&seats->lock, NULL);
}

static struct mag_pin_home home_of(const struct mag_seats *seats, uint32_t worker)
{
    return (struct mag_pin_home){.topology = seats->topology,
                                 .plan = seats->listed ? seats->plan : NULL,
                                 .pu = seats->states[worker].pu};
}

enum mag_pinned mag_seats_sit_down(struct mag_seats *seats, uint32_t worker)
{
    enum mag_pinned obtained = MAG_PIN_FOREIGN;

    if (!seats->pins)
        return obtained;
    (void)pthread_mutex_lock(&seats->lock);
    (void)mag_pin_self(seats->topology, seats->states[worker].pu, &obtained);
    seats->states[worker].range = MAG_PIN_RANGE_PU;
    seats->states[worker].unpinned = false;
    (void)pthread_mutex_unlock(&seats->lock);
    return obtained;
}

/* A worker that gives threads of its own the mask of the program (unpinned.h) is on its
 * PU alone afterwards, whatever range it had. */
static enum mag_pinned look_at_seat(const struct mag_seats *seats, uint32_t worker,
                                    int32_t thread)
{
    struct mag_pin_home home = home_of(seats, worker);
    enum mag_pinned pinned = mag_pin_look(&home, thread, seats->states[worker].range);

    return pinned != MAG_PIN_LOST ? pinned
                                  : mag_pin_look(&home, thread, MAG_PIN_RANGE_PU);
}

enum mag_pinned mag_seats_look(struct mag_seats *seats, uint32_t worker, int32_t thread)
{
    (void)pthread_mutex_lock(&seats->lock);
    enum mag_pinned pinned = look_at_seat(seats, worker, thread);
    (void)pthread_mutex_unlock(&seats->lock);
    return pinned;
}

struct mag_seat_state mag_seats_read(struct mag_seats *seats, uint32_t worker)
{
    (void)pthread_mutex_lock(&seats->lock);
    struct mag_seat_state state = seats->states[worker];
    (void)pthread_mutex_unlock(&seats->lock);
    return state;
}

static enum mag_pin_range widest_range(const struct mag_pin_home *home)
{
    uint32_t in_cache = mag_pin_range_pus(home, MAG_PIN_RANGE_CACHE);

    if (mag_pin_range_pus(home, MAG_PIN_RANGE_NODE) > in_cache)
        return MAG_PIN_RANGE_NODE;
    return in_cache > 1 ? MAG_PIN_RANGE_CACHE : MAG_PIN_RANGE_PU;
}

enum mag_pin_range mag_seats_widest(struct mag_seats *seats, uint32_t worker)
{
    (void)pthread_mutex_lock(&seats->lock);
    struct mag_pin_home home = home_of(seats, worker);
    (void)pthread_mutex_unlock(&seats->lock);
    return widest_range(&home);
}

/* Whether the kernel gave the worker that range. */
static bool give_range(const struct mag_pin_home *home, int32_t thread,
                       enum mag_pin_range range)
{
    enum mag_pinned obtained = MAG_PIN_LOST;

    return mag_pin_set_range(home, thread, range, &obtained) == 0 &&
           (obtained == MAG_PINNED || obtained == MAG_PIN_LOOSENED);
}

enum mag_pinned mag_seats_sit_beside(struct mag_seats *seats, uint32_t worker)
{
    enum mag_pinned obtained = MAG_PIN_FOREIGN;

    if (!seats->pins)
        return obtained;
    (void)pthread_mutex_lock(&seats->lock);
    struct mag_pin_home home = home_of(seats, worker);
    enum mag_pin_range range = widest_range(&home);
    (void)mag_pin_self(seats->topology, home.pu, &obtained);
    if (obtained == MAG_PINNED && range != MAG_PIN_RANGE_PU)
        (void)mag_pin_set_range(&home, mag_os_thread(), range, &obtained);
    (void)pthread_mutex_unlock(&seats->lock);
    return obtained;
}

enum mag_pin_range mag_seats_set_range(struct mag_seats *seats, uint32_t worker,
                                       int32_t thread, enum mag_pin_range range)
{
    (void)pthread_mutex_lock(&seats->lock);
    struct mag_seat_state *state = &seats->states[worker];
    struct mag_pin_home home = home_of(seats, worker);

    if (mag_pin_look(&home, thread, range) == MAG_PIN_LOST &&
        look_at_seat(seats, worker, thread) != MAG_PIN_LOST &&
        give_range(&home, thread, range)) {
        state->loosened += range > state->range;
        state->range = range;
    }
    enum mag_pin_range has = state->range;
    (void)pthread_mutex_unlock(&seats->lock);
    return has;
}

/* Under the lock. */
static void repair(struct mag_seats *seats, uint32_t worker, int32_t thread,
                   const struct mag_affinity *usable)
{
    struct mag_seat_state *state = &seats->states[worker];
    struct mag_pin_home home = home_of(seats, worker);
    uint32_t os_pu = mag_topology_pu(home.topology, home.pu)->os_index;

    if (!state->unpinned && mag_affinity_has(usable, os_pu) &&
        look_at_seat(seats, worker, thread) == MAG_PIN_LOST &&
        give_range(&home, thread, state->range))
        state->repaired++;
}

void mag_seats_repair(struct mag_seats *seats, uint32_t worker, int32_t thread,
                      const struct mag_affinity *usable)
{
    (void)pthread_mutex_lock(&seats->lock);
    repair(seats, worker, thread, usable);
    (void)pthread_mutex_unlock(&seats->lock);
}

void mag_seats_repair_reset(struct mag_seats *seats, uint32_t worker, int32_t thread,
                            const struct mag_affinity *usable)
{
    struct mag_affinity now;

    (void)pthread_mutex_lock(&seats->lock);
    if (mag_affinity_read_of(thread, &now) && mag_affinity_equal(&now, usable))
        repair(seats, worker, thread, usable);
    (void)pthread_mutex_unlock(&seats->lock);
}

bool mag_seats_note_unpinned(struct mag_seats *seats, uint32_t worker, bool unpinned)
{
    (void)pthread_mutex_lock(&seats->lock);
    bool before = seats->states[worker].unpinned;
    seats->states[worker].unpinned = unpinned;
    (void)pthread_mutex_unlock(&seats->lock);
    return before;
}

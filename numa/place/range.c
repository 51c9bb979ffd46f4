/*
 * range.c - how far a pinned thread may move.
 *
 * Ownership
 *   [A] any thread: 0, then a number for ever
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numa/place/range.h"

#include "numa/machine/topology.h"

#include <magpie/pin.h>
#include <magpie/plan.h>

#include <errno.h>

/* How many masks are remembered; a machine has one for each cache and each node.  When
 * all are in use, threads stay on their PUs. */
enum { KNOWN_MAX = 1024 };

static _Atomic(uint64_t) known[KNOWN_MAX]; /* [A] */

/* Different masks have different numbers but for a chance of about 2^-54. */
static uint64_t number_of(const struct mag_affinity *mask)
{
    const unsigned char *bytes = (const unsigned char *)mask;
    uint64_t number = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < sizeof(*mask); i++)
        number = (number ^ bytes[i]) * 0x100000001b3ULL;
    return number != 0 ? number : 1;
}

/* The first entry that is `number` or free; KNOWN_MAX: there is none. */
static uint32_t find_known(uint64_t number)
{
    for (uint32_t i = 0; i < KNOWN_MAX; i++) {
        /* relaxed: the number itself is all there is.  It is written before the mask is
         * set, so a thread that has the mask finds it. */
        uint64_t there = atomic_load_explicit(&known[i], memory_order_relaxed);

        if (there == number || there == 0)
            return i;
    }
    return KNOWN_MAX;
}

bool mag_range_is_known(const struct mag_affinity *mask)
{
    uint64_t number = number_of(mask);
    uint32_t i = find_known(number);

    /* relaxed: as in find_known. */
    return i < KNOWN_MAX &&
           atomic_load_explicit(&known[i], memory_order_relaxed) == number;
}

/* False: there is no room. */
static bool note_known(const struct mag_affinity *mask)
{
    uint64_t number = number_of(mask);

    for (;;) {
        uint32_t i = find_known(number);
        uint64_t there = 0;

        if (i == KNOWN_MAX)
            return false;
        /* relaxed, both: as in find_known. */
        if (atomic_compare_exchange_strong_explicit(
                &known[i], &there, number, memory_order_relaxed, memory_order_relaxed) ||
            there == number)
            return true;
    }
}

static bool is_within(const struct mag_pu *pu, const struct mag_pu *home,
                      enum mag_pin_range range)
{
    if (range == MAG_PIN_RANGE_PU)
        return pu == home;
    return range == MAG_PIN_RANGE_CACHE
               ? pu->cache == home->cache
               : pu->node == home->node &&
                     (pu->node != MAG_NONE || pu->package == home->package);
}

static void add_seated(struct mag_affinity *mask, const struct mag_topology *topology,
                       const struct mag_plan *plan, const struct mag_pu *home,
                       enum mag_pin_range range)
{
    for (uint32_t i = 0; i < mag_plan_workers(plan); i++) {
        const struct mag_pu *pu = mag_topology_pu(topology, mag_plan_seat(plan, i)->pu);

        if (is_within(pu, home, range))
            mag_affinity_add(mask, pu->os_index);
    }
}

static void make_range_mask(const struct mag_pin_home *home, enum mag_pin_range range,
                            struct mag_affinity *ret_mask)
{
    const struct mag_topology *topology = home->topology;
    const struct mag_pu *at = mag_topology_pu(topology, home->pu);

    mag_affinity_clear(ret_mask);
    if (home->plan != NULL && range != MAG_PIN_RANGE_PU)
        add_seated(ret_mask, topology, home->plan, at, range);
    for (uint32_t i = 0; home->plan == NULL && i < topology->pu_count; i++) {
        if (is_within(&topology->pus[i], at, range))
            mag_affinity_add(ret_mask, topology->pus[i].os_index);
    }
    mag_affinity_add(ret_mask, at->os_index);
}

static bool is_range_valid(const struct mag_pin_home *home, enum mag_pin_range range)
{
    return home->pu < home->topology->pu_count &&
           (unsigned)range <= (unsigned)MAG_PIN_RANGE_NODE;
}

uint32_t mag_pin_range_pus(const struct mag_pin_home *home, enum mag_pin_range range)
{
    struct mag_affinity mask;

    if (!is_range_valid(home, range))
        return 0;
    make_range_mask(home, range, &mask);
    return mag_affinity_count(&mask);
}

int mag_pin_set_range(const struct mag_pin_home *home, int32_t thread,
                      enum mag_pin_range range, enum mag_pinned *ret_obtained)
{
    struct mag_affinity mask;
    enum mag_pinned obtained = MAG_PIN_FOREIGN;

    if (!is_range_valid(home, range))
        return -EINVAL;
    if (mag_topology_is_this_machine(home->topology)) {
        make_range_mask(home, range, &mask);
        if ((mag_affinity_count(&mask) > 1 && !note_known(&mask)) ||
            !mag_affinity_set_of(thread, &mask))
            obtained = MAG_PIN_REFUSED;
        else
            obtained = mag_pin_look(home, thread, range);
    }
    *ret_obtained = obtained;
    return 0;
}

enum mag_pinned mag_pin_look(const struct mag_pin_home *home, int32_t thread,
                             enum mag_pin_range range)
{
    struct mag_affinity wanted;
    struct mag_affinity now;

    if (!is_range_valid(home, range))
        return MAG_PIN_LOST;
    make_range_mask(home, range, &wanted);
    if (mag_affinity_read_of(thread, &now) && !mag_affinity_equal(&now, &wanted))
        return MAG_PIN_LOST;
    return mag_affinity_count(&wanted) > 1 ? MAG_PIN_LOOSENED : MAG_PINNED;
}

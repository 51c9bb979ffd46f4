/*
 * reseat.h - where workers sit when the usable PUs have changed.  Private to sched/.
 * Pure functions of values.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_POLICY_RESEAT_H
#define SCHED_POLICY_RESEAT_H

#include <stdbool.h>
#include <stdint.h>

/* The PUs and workers that a new order of seats is made of. */
struct mag_reseat {
    const uint32_t *homes; /* the system's number of each worker's own PU */
    uint32_t workers;
    const uint32_t *usable; /* the system's numbers of the usable PUs, best first */
    uint32_t count;         /* at least 1 */
};

/*
 * Seats the workers: on its own PU each worker that has a usable one; the others, in the
 * order of their numbers, on the usable PUs that are left, best first.  If none is left,
 * the PUs are given out again from the first on.
 *
 *   ret_seats   for each worker an index of `usable`
 *   taken       room for `count` flags
 */
void mag_reseat(const struct mag_reseat *all, uint32_t *ret_seats, bool *taken);

#endif

/*
 * routes.h - the routes of a scheduler, from its machine and its plan.  Private to
 * sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_LIFE_ROUTES_H
#define SCHED_LIFE_ROUTES_H

#include "sched/policy/route.h"

/* Makes the routes of `berths` workers: those of the plan, and spare ones that share
 * their seats.  Keeps neither `topology` nor `plan`.  0 or -ENOMEM. */
int mag_routes_load(const struct mag_topology *topology, const struct mag_plan *plan,
                    uint32_t berths, struct mag_routes *ret_routes);

/* Frees routes that were loaded, or that are all zeroes. */
void mag_routes_free(struct mag_routes *routes);

#endif

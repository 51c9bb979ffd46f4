/*
 * routes.h - the routes of a scheduler, from its machine and its plan.  Private to
 * sched/.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHED_LIFE_ROUTES_H
#define SCHED_LIFE_ROUTES_H

#include "sched/policy/route.h"

/* Makes the routes of `berths` workers: those of the plan, and others at their sides.
 * Neither `topology` nor `plan` is needed any
 * more afterwards.  0 or -ENOMEM. */
int mag_routes_load(const struct mag_topology *topology, const struct mag_plan *plan,
                    uint32_t berths, struct mag_routes *ret_routes);

/* Frees routes that were loaded, or are all zeroes. */
void mag_routes_free(struct mag_routes *routes);

#endif
